package main

import "math"

// vectorNEON writes the elementwise functions. Counts are multiples of eight
// values and not 0.
func vectorNEON(a *arm64) {
	args := func(names ...string) {
		for i, n := range names {
			a.line("MOVD %s+%d(FP), R%d", n, 8*i, i)
		}
	}
	a.text("dotNEON", 28, "dotNEON is the inner product of x and y.", "(x, y *float32, n int) float32")
	args("x", "y", "n")
	a.zero(16)
	a.zero(17)
	a.label("loop")
	for i := range 2 {
		a.load(0, 0, 16*i, 16)
		a.load(1, 1, 16*i, 16)
		a.fmla(16+i, 0, 1)
	}
	a.line("ADD $32, R0")
	a.line("ADD $32, R1")
	a.line("SUBS $8, R2")
	a.line("BNE loop")
	a.fadd(16, 16, 17)
	a.faddp(16, 16, 16)
	a.faddp(16, 16, 16)
	a.line("FMOVS F16, ret+24(FP)")
	a.line("RET")

	a.text("addNEON", 24, "addNEON adds y to x.", "(x, y *float32, n int)")
	args("x", "y", "n")
	a.label("loop")
	for i := range 2 {
		a.load(0, 0, 16*i, 16)
		a.load(1, 1, 16*i, 16)
		a.fadd(0, 0, 1)
		a.store(0, 0, 16*i, 16)
	}
	a.line("ADD $32, R0")
	a.line("ADD $32, R1")
	a.line("SUBS $8, R2")
	a.line("BNE loop")
	a.line("RET")

	a.text("scaleNEON", 40, "scaleNEON stores x times s times weight.", "(dst, x, weight *float32, s float32, n int)")
	args("dst", "x", "weight")
	a.line("FMOVS s+24(FP), F2")
	a.line("MOVD n+32(FP), R3")
	a.label("loop")
	for i := range 2 {
		a.load(0, 1, 16*i, 16)
		a.load(1, 2, 16*i, 16)
		a.fmulBy(0, 0, 2, 0)
		a.fmul(0, 0, 1)
		a.store(0, 0, 16*i, 16)
	}
	for r := range 3 {
		a.line("ADD $32, R%d", r)
	}
	a.line("SUBS $8, R3")
	a.line("BNE loop")
	a.line("RET")

	a.text("expNEON", 28, "expNEON replaces each value of x by exp((x - shift) · factor) and returns their sum.", "(x *float32, shift, factor float32, n int) float32")
	a.line("MOVD x+0(FP), R0")
	a.line("FMOVS shift+8(FP), F6")
	a.line("FMOVS factor+12(FP), F7")
	a.line("MOVD n+16(FP), R1")
	a.line("VDUP V6.S[0], V6.S4")
	a.expConstants()
	a.zero(16)
	a.label("loop")
	a.load(0, 0, 0, 16)
	a.fsub(0, 0, 6)
	a.fmulBy(0, 0, 7, 0)
	a.exp()
	a.store(0, 0, 0, 16)
	a.fadd(16, 16, 0)
	a.line("ADD $16, R0")
	a.line("SUBS $4, R1")
	a.line("BNE loop")
	a.faddp(16, 16, 16)
	a.faddp(16, 16, 16)
	a.line("FMOVS F16, ret+24(FP)")
	a.line("RET")

	a.text("swigluNEON", 32, "swigluNEON stores gate / (1 + exp(-gate)) times up.", "(dst, gate, up *float32, n int)")
	args("dst", "gate", "up", "n")
	a.line("MOVD R0, R4")
	a.expConstants()
	a.label("loop")
	a.load(4, 1, 0, 16)
	a.fneg(0, 4)
	a.exp()
	a.fadd(0, 0, vOne)
	a.fdiv(0, 4, 0)
	a.load(1, 2, 0, 16)
	a.fmul(0, 0, 1)
	a.store(0, 4, 0, 16)
	for _, r := range []int{1, 2, 4} {
		a.line("ADD $16, R%d", r)
	}
	a.line("SUBS $4, R3")
	a.line("BNE loop")
	a.line("RET")

	a.text("storeHalfNEON", 24, "storeHalfNEON rounds to half precision.", "(dst *uint16, src *float32, n int)")
	args("dst", "src", "n")
	a.label("loop")
	a.load(0, 1, 0, 16)
	a.load(1, 1, 16, 16)
	a.fcvtn(2, 0)
	a.fcvtn2(2, 1)
	a.store(2, 0, 0, 16)
	a.line("ADD $16, R0")
	a.line("ADD $32, R1")
	a.line("SUBS $8, R2")
	a.line("BNE loop")
	a.line("RET")

	a.text("scaleRoundNEON", 24, "scaleRoundNEON replaces x by s times x, rounded to half precision.", "(x *float32, s float32, n int)")
	a.line("MOVD x+0(FP), R0")
	a.line("FMOVS s+8(FP), F2")
	a.line("MOVD n+16(FP), R1")
	a.label("loop")
	a.load(0, 0, 0, 16)
	a.fmulBy(0, 0, 2, 0)
	a.fcvtn(0, 0)
	a.fcvtl(0, 0)
	a.store(0, 0, 0, 16)
	a.line("ADD $16, R0")
	a.line("SUBS $4, R1")
	a.line("BNE loop")
	a.line("RET")

	quantizeNEON(a, args)
	attentionNEON(a)
}

// Registers of exp's constants.
const (
	vExpLow = 20 + iota
	vExpHigh
	vLog2e
	vLn2High
	vLn2Low
	vOne
	vExpBias
	vPoly // to 31: five of the six coefficients; the first one is in 5
)

func (a *arm64) expConstants() {
	f := func(d v, x float64) { a.constant(d, math.Float32bits(float32(x))) }
	f(vExpLow, -87.3)
	f(vExpHigh, 88.3)
	f(vLog2e, math.Log2E)
	f(vLn2High, 0.693359375)
	f(vLn2Low, -2.12194440e-4)
	f(vOne, 1)
	a.constant(vExpBias, 127)
	f(5, 1.9875691500e-4)
	for i, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		f(vPoly+i, c)
	}
}

// exp replaces register 0 by its exponential: the Cephes library's reduction
// and polynomial. It uses 1, 2 and 3.
func (a *arm64) exp() {
	a.fmax(0, 0, vExpLow)
	a.fmin(0, 0, vExpHigh)
	a.fmul(1, 0, vLog2e)
	a.frintn(1, 1)
	a.fmls(0, 1, vLn2High)
	a.fmls(0, 1, vLn2Low)
	a.line("VMOV V5.B16, V2.B16")
	for i := range 5 {
		a.line("VMOV V%d.B16, V3.B16", vPoly+i)
		a.fmla(3, 2, 0)
		a.line("VMOV V3.B16, V2.B16")
	}
	a.fmul(3, 0, 0)
	a.fmla(0, 2, 3)
	a.fadd(0, 0, vOne)
	a.fcvtns(1, 1)
	a.add(1, 1, vExpBias)
	a.shl23(1, 1)
	a.fmul(0, 0, 1)
}

func quantizeNEON(a *arm64, args func(...string)) {
	a.text("quantizeNEON", 40, "quantizeNEON rounds blocks of 32 values to int8.", "(q *int8, scale *float32, sum *int32, row *float32, blocks int)")
	args("q", "scale", "sum", "row", "blocks")
	a.constant(20, math.Float32bits(127))
	a.label("block")
	for i := range 8 {
		a.load(i, 3, 16*i, 16)
		if i == 0 {
			a.fabs(16, i)
			continue
		}
		a.fabs(17, i)
		a.fmax(16, 16, 17)
	}
	a.fmaxv(16, 16)
	a.fdivS(17, 16, 20)
	a.store(17, 1, 0, 4)
	a.line("FCMPS $(0.0), F16")
	a.line("BNE scaled")
	a.zero(18)
	a.line("B round")
	a.label("scaled")
	a.fdivS(18, 20, 16)
	a.label("round")
	for i := range 8 {
		a.fmulBy(i, i, 18, 0)
		a.fcvtns(i, i)
	}
	a.add(16, 0, 1)
	for i := 2; i < 8; i++ {
		a.add(16, 16, i)
	}
	a.addv(16, 16)
	a.store(16, 2, 0, 4)
	for i := 0; i < 8; i += 2 { // 32 to 16 bits
		a.two(0x0e614800, "SQXTN.4H", 21+i/2, i)
		a.two(0x4e614800, "SQXTN2.8H", 21+i/2, i+1)
	}
	for i := range 2 { // 16 to 8 bits
		a.two(0x0e214800, "SQXTN.8B", i, 21+2*i)
		a.two(0x4e214800, "SQXTN2.16B", i, 22+2*i)
		a.store(i, 0, 16*i, 16)
	}
	a.line("ADD $32, R0")
	a.line("ADD $4, R1")
	a.line("ADD $4, R2")
	a.line("ADD $128, R3")
	a.line("SUBS $1, R4")
	a.line("BNE block")
	a.line("RET")
}

func attentionNEON(a *arm64) {
	a.text("scoresNEON", 48, "scoresNEON stores the inner products of q with n keys, stride bytes apart; n is a multiple of 4, dim of 16.",
		"(scores, q *float32, k *uint16, stride, n, dim int)")
	for i, n := range []string{"scores", "q", "k", "stride", "n"} {
		a.line("MOVD %s+%d(FP), R%d", n, 8*i, i)
	}
	a.label("four")
	a.line("MOVD R2, R6")
	for r := 1; r < 4; r++ {
		a.line("ADD R3, R%d, R%d", 5+r, 6+r)
	}
	a.line("MOVD R1, R10")
	a.line("MOVD dim+40(FP), R11")
	for r := range 4 {
		a.zero(vAcc + r)
	}
	a.label("loop")
	a.load(0, 10, 0, 16)
	a.load(1, 10, 16, 16)
	for r := range 4 {
		a.load(3, 6+r, 0, 16)
		a.fcvtl(2, 3)
		a.fcvtl2(3, 3)
		a.fmla(vAcc+r, 2, 0)
		a.fmla(vAcc+r, 3, 1)
		a.line("ADD $16, R%d", 6+r)
	}
	a.line("ADD $32, R10")
	a.line("SUBS $8, R11")
	a.line("BNE loop")
	a.faddp(16, 16, 17)
	a.faddp(18, 18, 19)
	a.faddp(16, 16, 18)
	a.store(16, 0, 0, 16)
	a.line("ADD $16, R0")
	a.line("ADD R3<<2, R2")
	a.line("SUBS $4, R4")
	a.line("BNE four")
	a.line("RET")

	a.text("mixNEON", 48, "mixNEON stores the sum of n rows of values, stride bytes apart, weighted by p; dim is a multiple of 16.",
		"(out, p *float32, v *uint16, stride, n, dim int)")
	for i, n := range []string{"out", "p", "v", "stride"} {
		a.line("MOVD %s+%d(FP), R%d", n, 8*i, i)
	}
	a.line("MOVD dim+40(FP), R5")
	a.label("part")
	a.line("MOVD R1, R6")
	a.line("MOVD R2, R7")
	a.line("MOVD n+32(FP), R4")
	for i := range 4 {
		a.zero(vAcc + i)
	}
	a.label("loop")
	a.load(4, 6, 0, 4)
	for i := range 2 {
		a.load(1, 7, 16*i, 16)
		a.fcvtl(0, 1)
		a.fcvtl2(1, 1)
		a.fmlaBy(vAcc+2*i, 0, 4, 0)
		a.fmlaBy(vAcc+2*i+1, 1, 4, 0)
	}
	a.line("ADD $4, R6")
	a.line("ADD R3, R7")
	a.line("SUBS $1, R4")
	a.line("BNE loop")
	for i := range 4 {
		a.store(vAcc+i, 0, 16*i, 16)
	}
	a.line("ADD $64, R0")
	a.line("ADD $32, R2")
	a.line("SUBS $16, R5")
	a.line("BNE part")
	a.line("RET")
}
