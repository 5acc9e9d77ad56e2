package main

import "fmt"

// panelRowsNEON is the number of rows of a panel for NEON: two registers of
// four places.
const panelRowsNEON = 8

// panelNEON writes what products of many vectors need: panels of floats, into
// which quantized rows are decoded.
func panelNEON(a *arm64) {
	for _, n := range []int{8, 4, 2, 1} {
		gemmNEON(a, n)
	}
	interleaveNEON(a)
	unpackNEON(a)
	codesToFloatNEON(a, 32)
	codesToFloatNEON(a, 16)
	int8ToFloatNEON(a)
	widenNEON(a)
}

// gemmNEON writes the product of a panel with n vectors, four columns at a
// time: the sums of vector t are in registers 8+2t and 9+2t, four of its values
// in register t.
func gemmNEON(a *arm64, n int) {
	const rPanel, rN, rX, rDst, rStride, rMask = 1, 2, 3, 12, 13, 14
	name := fmt.Sprintf("gemmFloat%dNEON", n)
	a.text(name, 8, fmt.Sprintf("%s multiplies a panel of %d rows of floats with %d vectors; the columns are a multiple of 4.", name, panelRowsNEON, n), "(a *gemmArgs)")
	a.line("MOVD a+0(FP), R0")
	a.line("MOVD %d(R0), R%d", gemmPanel, rPanel)
	a.line("MOVD %d(R0), R%d", gemmN, rN)
	a.line("MOVD %d(R0), R%d", gemmX, rX)
	a.line("MOVD %d(R0), R%d", gemmXStride, rStride)
	for t := 1; t < n; t++ {
		a.line("ADD R%d, R%d, R%d", rStride, rX+t-1, rX+t)
	}
	for i := range 2 * n {
		a.zero(8 + i)
	}
	a.label("loop")
	for t := range n {
		a.load(t, rX+t, 0, 16)
		a.line("ADD $16, R%d", rX+t)
	}
	for k := range 4 {
		a.load(24, rPanel, 32*k, 16)
		a.load(25, rPanel, 32*k+16, 16)
		for t := range n {
			a.fmlaBy(8+2*t, 24, t, k)
			a.fmlaBy(9+2*t, 25, t, k)
		}
	}
	a.line("ADD $128, R%d", rPanel)
	a.line("SUBS $4, R%d", rN)
	a.line("BNE loop")
	a.line("MOVD %d(R0), R%d", gemmDst, rDst)
	a.line("MOVD %d(R0), R%d", gemmDstStride, rStride)
	a.line("MOVD %d(R0), R%d", gemmMask, rMask)
	a.line("CMP $255, R%d", rMask)
	a.line("BNE masked")
	for t := range n {
		a.store(8+2*t, rDst, 0, 16)
		a.store(9+2*t, rDst, 16, 16)
		a.line("ADD R%d, R%d", rStride, rDst)
	}
	a.line("RET")
	a.label("masked")
	for r := range panelRowsNEON {
		skip := fmt.Sprintf("skip%d", r)
		a.line("TBZ $%d, R%d, %s", r, rMask, skip)
		a.line("ADD $%d, R%d, R15", 4*r, rDst)
		for t := range n {
			a.line("VST1 V%d.S[%d], (R15)", 8+2*t+r/4, r%4)
			a.line("ADD R%d, R15", rStride)
		}
		a.label(skip)
	}
	a.line("RET")
}

func interleaveNEON(a *arm64) {
	for _, s := range []struct {
		name  string
		bytes int // of four places
		load  func(d, row int)
	}{
		{"32", 16, func(d, row int) { a.load(d, row, 0, 16) }},
		{"F16", 8, func(d, row int) {
			a.load(d, row, 0, 8)
			a.fcvtl(d, d)
		}},
		{"BF16", 8, func(d, row int) {
			a.load(d, row, 0, 8)
			a.shll16(d, d)
		}},
	} {
		name := "interleave" + s.name + "NEON"
		a.text(name, 32, name+" lays n places of each of 8 rows, stride bytes apart, side by side; n is a multiple of 4.",
			"(dst *uint32, src *byte, stride, n int)")
		for i, arg := range []string{"dst", "src", "stride", "n"} {
			a.line("MOVD %s+%d(FP), R%d", arg, 8*i, i)
		}
		a.label("block")
		a.line("MOVD R1, R4")
		for r := range 8 {
			s.load(r, 4)
			a.line("ADD R2, R4")
		}
		for h := range 2 { // four rows to four columns
			for i := range 2 {
				x, y := 4*h+2*i, 4*h+2*i+1
				a.line("VTRN1 V%d.S4, V%d.S4, V%d.S4", y, x, 16+2*i)
				a.line("VTRN2 V%d.S4, V%d.S4, V%d.S4", y, x, 17+2*i)
			}
			for i := range 2 {
				a.line("VTRN1 V%d.D2, V%d.D2, V%d.D2", 18+i, 16+i, 20+i)
				a.line("VTRN2 V%d.D2, V%d.D2, V%d.D2", 18+i, 16+i, 22+i)
			}
			for column := range 4 {
				a.store(20+column, 0, 32*column+16*h, 16)
			}
		}
		a.line("ADD $128, R0")
		a.line("ADD $%d, R1", s.bytes)
		a.line("SUBS $4, R3")
		a.line("BNE block")
		a.line("RET")
	}
}

// unpackNEON writes functions that unpack rows to signed codes, scales and
// offsets.
func unpackNEON(a *arm64) {
	begin := func(name string, setup func(*arm64)) {
		a.text(name, 40, name+" unpacks the signed codes, the scales and the offsets of a row.",
			"(code *uint8, scale, offset *float32, row *byte, blocks int)")
		for i, arg := range []string{"code", "scale", "offset", "row", "blocks"} {
			a.line("MOVD %s+%d(FP), R%d", arg, 8*i, i)
		}
		setup(a)
		a.label("block")
	}
	for _, f := range dotFormats(a) {
		begin("unpack"+f.name+"NEON", f.setup)
		f.codes(a, 3)
		a.store(4, 0, 0, 16)
		a.store(5, 0, 16, 16)
		for i, to := range []int{1, 2} {
			if i == 1 && !f.min {
				continue
			}
			a.load(6, 3, 2*i, 2)
			a.fcvtSH(6, 6)
			a.store(6, to, 0, 4)
			a.line("ADD $4, R%d", to)
		}
		a.line("ADD $32, R0")
		a.line("ADD $%d, R3", f.bytes)
		a.line("SUBS $1, R4")
		a.line("BNE block")
		a.line("RET")
	}
	for _, f := range superDots {
		begin("unpack"+f.name+"NEON", f.setup)
		for j := range 8 {
			f.codes(a, 3, j)
			a.store(4, 0, 32*j, 16)
			a.store(5, 0, 32*j+16, 16)
		}
		f.decode(a, 3)
		if f.min {
			for h := range 2 {
				a.fneg(10+h, 10+h)
				a.store(8+h, 1, 16*h, 16)
				a.store(10+h, 2, 16*h, 16)
			}
			a.line("ADD $32, R1")
			a.line("ADD $32, R2")
		} else {
			for i := range 4 {
				a.store(8+i, 1, 16*i, 16)
			}
			a.line("ADD $64, R1")
		}
		a.line("ADD $256, R0")
		a.line("ADD $%d, R3", f.bytes)
		a.line("SUBS $8, R4")
		a.line("BNE block")
		a.line("RET")
	}
}

// widenBytes turns 16 signed bytes of register 0 into floats in 4 to 7.
func (a *arm64) widenBytes() {
	a.sxtl8(1, 0)
	a.two(0x4f08a400, "SXTL2.8H", 2, 0)
	a.sxtl16(4, 1)
	a.sxtl16h(5, 1)
	a.sxtl16(6, 2)
	a.sxtl16h(7, 2)
	for i := range 4 {
		a.scvtf(4+i, 4+i)
	}
}

func codesToFloatNEON(a *arm64, group int) {
	name := fmt.Sprintf("codesToFloat%dNEON", group)
	a.text(name, 48, fmt.Sprintf("%s stores scale times code plus offset, for groups of %d signed codes; without offsets offset is nil. Codes have no bias left.", name, group),
		"(dst *float32, code *uint8, scale, offset *float32, bias, groups int)")
	for i, arg := range []string{"dst", "code", "scale", "offset"} {
		a.line("MOVD %s+%d(FP), R%d", arg, 8*i, i)
	}
	a.line("MOVD groups+40(FP), R4")
	a.zero(17)
	a.label("group")
	a.load(16, 2, 0, 4)
	a.line("CBZ R3, codes")
	a.load(17, 3, 0, 4)
	a.line("VDUP V17.S[0], V17.S4")
	a.line("ADD $4, R3")
	a.label("codes")
	for i := range group / 16 {
		a.load(0, 1, 16*i, 16)
		a.widenBytes()
		for j := range 4 {
			a.line("VMOV V17.B16, V18.B16")
			a.fmlaBy(18, 4+j, 16, 0)
			a.store(18, 0, 64*i+16*j, 16)
		}
	}
	a.line("ADD $%d, R0", 4*group)
	a.line("ADD $%d, R1", group)
	a.line("ADD $4, R2")
	a.line("SUBS $1, R4")
	a.line("BNE group")
	a.line("RET")
}

func int8ToFloatNEON(a *arm64) {
	a.text("int8ToFloatNEON", 32, "int8ToFloatNEON decodes blocks of 32 activations.", "(dst *float32, q *int8, scale *float32, blocks int)")
	for i, arg := range []string{"dst", "q", "scale", "blocks"} {
		a.line("MOVD %s+%d(FP), R%d", arg, 8*i, i)
	}
	a.label("block")
	a.load(16, 2, 0, 4)
	for i := range 2 {
		a.load(0, 1, 16*i, 16)
		a.widenBytes()
		for j := range 4 {
			a.fmulBy(4+j, 4+j, 16, 0)
			a.store(4+j, 0, 64*i+16*j, 16)
		}
	}
	a.line("ADD $128, R0")
	a.line("ADD $32, R1")
	a.line("ADD $4, R2")
	a.line("SUBS $1, R3")
	a.line("BNE block")
	a.line("RET")
}

func widenNEON(a *arm64) {
	a.text("widenNEON", 24, "widenNEON widens half precision to float32; n is a multiple of 8.", "(dst *uint32, src *uint16, n int)")
	for i, arg := range []string{"dst", "src", "n"} {
		a.line("MOVD %s+%d(FP), R%d", arg, 8*i, i)
	}
	a.label("loop")
	a.load(1, 1, 0, 16)
	a.fcvtl(0, 1)
	a.fcvtl2(1, 1)
	a.store(0, 0, 0, 16)
	a.store(1, 0, 16, 16)
	a.line("ADD $32, R0")
	a.line("ADD $16, R1")
	a.line("SUBS $8, R2")
	a.line("BNE loop")
	a.line("RET")
}
