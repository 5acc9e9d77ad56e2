package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// panelRows512 is the number of rows whose values lie side by side in a panel
// for AVX-512: two registers of 16 places.
const panelRows512 = 32

// Offsets in gemmArgs.
const (
	gemmDst = 8 * iota
	gemmDstStride
	gemmPanel
	gemmScale
	gemmOffset
	gemmX
	gemmXStride
	gemmXScale
	gemmXStart
	gemmXSum
	gemmXScaleStride
	gemmN
	gemmMask
)

// vectorMem addresses vector t of up to 12: bases[i] is vector 3i.
func vectorMem(bases []Register, stride Register, t, disp int) Mem {
	m := Mem{Base: bases[t/3], Disp: disp}
	if t%3 != 0 {
		m.Index, m.Scale = stride, uint8(t%3)
	}
	return m
}

// vectorBases returns pointers to vectors 0, 3, 6, ... of n.
func vectorBases(base, stride Register, n int) []Register {
	bases := []Register{base}
	for t := 3; t < n; t += 3 {
		bases = append(bases, third(bases[len(bases)-1], stride))
	}
	return bases
}

func gemm512() {
	for _, n := range []int{12, 8, 4, 2, 1} {
		gemmFloat512(n)
	}
}

// gemmFloat512 writes the product of a panel of floats with n vectors: one
// step takes a column of 32 rows and one value of each vector.
func gemmFloat512(n int) {
	name := fmt.Sprintf("gemmFloat%dAVX512", n)
	TEXT(name, attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("%s multiplies a panel of %d rows of floats with %d vectors.", name, panelRows512, n))
	args := Load(Param("a"), GP64())
	panel := loadArg(args, gemmPanel)
	stride := loadArg(args, gemmXStride)
	xs := vectorBases(loadArg(args, gemmX), stride, n)
	k := loadArg(args, gemmN)
	acc := accumulators(n)
	Label("loop")
	w0, w1 := ZMM(), ZMM()
	VMOVUPS(Mem{Base: panel}, w0)
	VMOVUPS(Mem{Base: panel, Disp: 64}, w1)
	for t := range n {
		x := ZMM()
		VBROADCASTSS(vectorMem(xs, stride, t, 0), x)
		VFMADD231PS(x, w0, acc[t][0])
		VFMADD231PS(x, w1, acc[t][1])
	}
	advance(panel, 4*panelRows512)
	for _, x := range xs {
		advance(x, 4)
	}
	DECQ(k)
	JNE(LabelRef("loop"))
	storePanel(args, acc)
	VZEROUPPER()
	RET()
}

// accumulators returns zeroed pairs of registers: 32 rows of n vectors.
func accumulators(n int) [][2]VecVirtual {
	acc := make([][2]VecVirtual, n)
	for t := range acc {
		for h := range acc[t] {
			acc[t][h] = avx512.zero()
		}
	}
	return acc
}

// storePanel stores the rows whose bits in the mask are set.
func storePanel(args Register, acc [][2]VecVirtual) {
	low, high := K(), K()
	m := GP64()
	MOVQ(field(args, gemmMask), m)
	KMOVW(m.As32(), low)
	SHRQ(Imm(16), m)
	KMOVW(m.As32(), high)
	stride := loadArg(args, gemmDstStride)
	dst := loadArg(args, gemmDst)
	for t := range acc {
		VMOVUPS(acc[t][0], low, Mem{Base: dst})
		VMOVUPS(acc[t][1], high, Mem{Base: dst, Disp: 64})
		if t+1 < len(acc) {
			ADDQ(stride, dst)
		}
	}
}

// gemmVNNI writes the products of panels of codes with up to six vectors.
func gemmVNNI() {
	for _, group := range []int{32, 16} {
		for _, n := range []int{6, 4, 2, 1} {
			gemmCodes(group, n)
		}
	}
}

// gemmCodes writes the product of a panel of unsigned codes with n int8
// vectors. A step takes four columns of 32 rows and four values of each
// vector; after a group of columns the integer sums are scaled.
func gemmCodes(group, n int) {
	name := fmt.Sprintf("gemmCodes%dx%dVNNI", group, n)
	TEXT(name, attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("%s multiplies a panel of %d rows of codes in groups of %d with %d vectors.", name, panelRows512, group, n))
	args := Load(Param("a"), GP64())
	acc := accumulators(n)

	// Offsets first, while registers are free: sum over groups of offset
	// times the sum of the activations.
	offsets := loadArg(args, gemmOffset)
	TESTQ(offsets, offsets)
	JE(LabelRef("products"))
	{
		stride := loadArg(args, gemmXScaleStride)
		sums := vectorBases(loadArg(args, gemmXSum), stride, n)
		k := loadArg(args, gemmN)
		Label("offset")
		o0, o1 := ZMM(), ZMM()
		VMOVUPS(Mem{Base: offsets}, o0)
		VMOVUPS(Mem{Base: offsets, Disp: 64}, o1)
		for t := range n {
			x := ZMM()
			VBROADCASTSS(vectorMem(sums, stride, t, 0), x)
			VFMADD231PS(x, o0, acc[t][0])
			VFMADD231PS(x, o1, acc[t][1])
		}
		advance(offsets, 4*panelRows512)
		for _, s := range sums {
			advance(s, 4)
		}
		DECQ(k)
		JNE(LabelRef("offset"))
	}

	Label("products")
	panel := loadArg(args, gemmPanel)
	scale := loadArg(args, gemmScale)
	stride := loadArg(args, gemmXStride)
	xs := vectorBases(loadArg(args, gemmX), stride, n)
	xScaleStride := loadArg(args, gemmXScaleStride)
	xScales := vectorBases(loadArg(args, gemmXScale), xScaleStride, n)
	// The starts lie at a constant distance from the scales.
	starts := loadArg(args, gemmXStart)
	SUBQ(field(args, gemmXScale), starts)
	k := loadArg(args, gemmN)
	Label("group")
	sum := make([][2]VecVirtual, n)
	startAt := vectorStarts(xScales, xScaleStride, starts, n)
	for t := range n {
		sum[t][0], sum[t][1] = ZMM(), ZMM()
		VPBROADCASTD(startAt(t), sum[t][0])
		VMOVDQA64(sum[t][0], sum[t][1])
	}
	for q := range group / 4 {
		w0, w1 := ZMM(), ZMM()
		VMOVDQU64(Mem{Base: panel, Disp: 4 * panelRows512 * q}, w0)
		VMOVDQU64(Mem{Base: panel, Disp: 4*panelRows512*q + 64}, w1)
		for t := range n {
			x := ZMM()
			VPBROADCASTD(vectorMem(xs, stride, t, 4*q), x)
			vpdpbusd(x, w0, sum[t][0])
			vpdpbusd(x, w1, sum[t][1])
		}
	}
	s := [2]VecVirtual{ZMM(), ZMM()}
	VMOVUPS(Mem{Base: scale}, s[0])
	VMOVUPS(Mem{Base: scale, Disp: 64}, s[1])
	for t := range n {
		x := ZMM()
		VBROADCASTSS(vectorMem(xScales, xScaleStride, t, 0), x)
		for h := range 2 {
			VCVTDQ2PS(sum[t][h], sum[t][h])
			f := ZMM()
			VMULPS(s[h], x, f)
			VFMADD231PS(f, sum[t][h], acc[t][h])
		}
	}
	advance(panel, group*panelRows512)
	advance(scale, 4*panelRows512)
	for _, x := range xs {
		advance(x, group)
	}
	for _, x := range xScales {
		advance(x, 4)
	}
	DECQ(k)
	JNE(LabelRef("group"))
	storePanel(args, acc)
	VZEROUPPER()
	RET()
}

// vectorStarts addresses the starting sums of vectors: the addresses of their
// scales plus a distance.
func vectorStarts(scales []Register, stride, distance Register, n int) func(t int) Mem {
	var bases []Register
	for _, s := range scales {
		b := GP64()
		LEAQ(Mem{Base: s, Index: distance, Scale: 1}, b)
		bases = append(bases, b)
	}
	return func(t int) Mem { return vectorMem(bases, stride, t, 0) }
}

// interleaveSource is how rows are read into a panel: places of 32 bits.
type interleaveSource struct {
	name  string
	bytes int // of a place in memory
	load  func(m Mem, k Register, z VecVirtual)
}

func interleave512() {
	for _, s := range []interleaveSource{
		{"32", 4, func(m Mem, k Register, z VecVirtual) { VMOVDQU32_Z(m, k, z) }},
		{"F16", 2, func(m Mem, k Register, z VecVirtual) {
			VMOVDQU16_Z(m, k, z.AsY())
			VCVTPH2PS(z.AsY(), z)
		}},
		{"BF16", 2, func(m Mem, k Register, z VecVirtual) {
			VMOVDQU16_Z(m, k, z.AsY())
			VPMOVZXWD(z.AsY(), z)
			VPSLLD(Imm(16), z, z)
		}},
	} {
		s.generate()
	}
}

// generate writes a transposition: place j of row r goes to dst[32·j + r], for
// 16 rows. Four rounds of exchanges between registers transpose 16 × 16.
func (s interleaveSource) generate() {
	name := "interleave" + s.name + "AVX512"
	TEXT(name, attr.NOSPLIT, "func(dst *uint32, src *byte, stride, n int)")
	Doc(name + " lays n places of each of 16 rows, stride bytes apart, side by side in a panel of 32 rows.")
	dst := Load(Param("dst"), GP64())
	src := Load(Param("src"), GP64())
	stride := Load(Param("stride"), GP64())
	n := Load(Param("n"), GP64())
	all := GP32()
	mask := K()
	Label("block")
	MOVL(U32(0xffff), all)
	CMPQ(n, Imm(16))
	JGE(LabelRef("whole"))
	BZHIL(n.(GPVirtual).As32(), all, all)
	Label("whole")
	KMOVW(all, mask)
	at := GP64()
	MOVQ(src, at)
	var z []VecVirtual
	for r := range 16 {
		v := ZMM()
		s.load(Mem{Base: at}, mask, v)
		z = append(z, v)
		if r < 15 {
			ADDQ(stride, at)
		}
	}
	z = transpose(z)
	MOVQ(dst, at)
	for j, v := range z {
		VMOVDQU64(v, Mem{Base: dst, Disp: 4 * panelRows512 * j})
		if j == 15 {
			break
		}
		CMPQ(n, Imm(uint64(j+1)))
		JE(LabelRef("done"))
	}
	advance(src, 16*s.bytes)
	advance(dst, 16*4*panelRows512)
	SUBQ(Imm(16), n)
	JG(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transpose returns the columns of a square of 16 × 16.
func transpose(z []VecVirtual) []VecVirtual {
	// Pairs of rows: within each 128 bits, places 0 0 1 1 and 2 2 3 3.
	a := make([]VecVirtual, 16)
	for i := 0; i < 16; i += 2 {
		a[i], a[i+1] = ZMM(), ZMM()
		VPUNPCKLDQ(z[i+1], z[i], a[i])
		VPUNPCKHDQ(z[i+1], z[i], a[i+1])
	}
	// Fours of rows: one place of four rows in each 128 bits.
	b := make([]VecVirtual, 16)
	for i := 0; i < 16; i += 4 {
		for h := range 2 {
			b[i+2*h], b[i+2*h+1] = ZMM(), ZMM()
			VPUNPCKLQDQ(a[i+h+2], a[i+h], b[i+2*h])
			VPUNPCKHQDQ(a[i+h+2], a[i+h], b[i+2*h+1])
		}
	}
	// b[4g+p] holds place p, 4+p, 8+p, 12+p of rows 4g to 4g+3. Exchange
	// 128-bit parts between the four g.
	out := make([]VecVirtual, 16)
	for p := range 4 {
		even01, odd01, even23, odd23 := ZMM(), ZMM(), ZMM(), ZMM()
		VSHUFI32X4(Imm(0x88), b[4+p], b[p], even01) // places p, 8+p of rows 0-3, 4-7
		VSHUFI32X4(Imm(0xdd), b[4+p], b[p], odd01)  // places 4+p, 12+p
		VSHUFI32X4(Imm(0x88), b[12+p], b[8+p], even23)
		VSHUFI32X4(Imm(0xdd), b[12+p], b[8+p], odd23)
		for i := range 4 {
			out[4*i+p] = ZMM()
		}
		VSHUFI32X4(Imm(0x88), even23, even01, out[p])
		VSHUFI32X4(Imm(0x88), odd23, odd01, out[4+p])
		VSHUFI32X4(Imm(0xdd), even23, even01, out[8+p])
		VSHUFI32X4(Imm(0xdd), odd23, odd01, out[12+p])
	}
	return out
}
