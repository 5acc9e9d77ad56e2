package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// panelRows256 is the number of rows of a panel for AVX2.
const panelRows256 = 16

func gemmAVX2() {
	for _, n := range []int{6, 4, 2, 1} {
		gemmFloat256(n)
	}
}

// gemmFloat256 writes the product of a panel of floats with n vectors.
func gemmFloat256(n int) {
	bits := constant(fmt.Sprintf("rowBits%d", n), 1, 2, 4, 8, 16, 32, 64, 128)
	name := fmt.Sprintf("gemmFloat%dAVX2", n)
	TEXT(name, attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("%s multiplies a panel of %d rows of floats with %d vectors.", name, panelRows256, n))
	args := Load(Param("a"), GP64())
	panel := loadArg(args, gemmPanel)
	stride := loadArg(args, gemmXStride)
	xs := vectorBases(loadArg(args, gemmX), stride, n)
	k := loadArg(args, gemmN)
	acc := make([][2]VecVirtual, n)
	for t := range acc {
		acc[t] = [2]VecVirtual{avx2.zero(), avx2.zero()}
	}
	Label("loop")
	w0, w1, x := YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: panel}, w0)
	VMOVUPS(Mem{Base: panel, Disp: 32}, w1)
	for t := range n {
		VBROADCASTSS(vectorMem(xs, stride, t, 0), x)
		VFMADD231PS(x, w0, acc[t][0])
		VFMADD231PS(x, w1, acc[t][1])
	}
	advance(panel, 4*panelRows256)
	for _, x := range xs {
		advance(x, 4)
	}
	DECQ(k)
	JNE(LabelRef("loop"))

	dst, dstStride := loadArg(args, gemmDst), loadArg(args, gemmDstStride)
	m := loadArg(args, gemmMask)
	lane, mask := YMM(), YMM()
	VMOVDQU(bits, lane)
	for h := range 2 {
		VMOVD(m.(GPVirtual).As32(), mask.AsX())
		VPBROADCASTD(mask.AsX(), mask)
		VPAND(lane, mask, mask)
		VPCMPEQD(lane, mask, mask)
		at := GP64()
		MOVQ(dst, at)
		for t := range acc {
			VMASKMOVPS(acc[t][h], mask, Mem{Base: at, Disp: 32 * h})
			ADDQ(dstStride, at)
		}
		SHRQ(Imm(8), m)
	}
	VZEROUPPER()
	RET()
}

func interleaveAVX2() {
	for _, s := range []interleaveSource{
		{"32", 4, func(m Mem, _ Register, y VecVirtual) { VMOVDQU(m, y) }},
		{"F16", 2, func(m Mem, _ Register, y VecVirtual) { VCVTPH2PS(m, y) }},
		{"BF16", 2, func(m Mem, _ Register, y VecVirtual) {
			VPMOVZXWD(m, y)
			VPSLLD(Imm(16), y, y)
		}},
	} {
		s.generate256()
	}
}

// generate256 writes a transposition of 8 × 8 places; the number of places is
// a multiple of 8.
func (s interleaveSource) generate256() {
	name := "interleave" + s.name + "AVX2"
	TEXT(name, attr.NOSPLIT, "func(dst *uint32, src *byte, stride, n int)")
	Doc(name + " lays n places of each of 8 rows, stride bytes apart, side by side in a panel of 16 rows; n is a multiple of 8.")
	dst, src, stride, n := pointer("dst"), pointer("src"), pointer("stride"), pointer("n")
	Label("block")
	row := GP64()
	MOVQ(src, row)
	var z []VecVirtual
	for r := range 8 {
		v := YMM()
		s.load(at(row), nil, v)
		z = append(z, v)
		if r < 7 {
			ADDQ(stride, row)
		}
	}
	var a, b [8]VecVirtual
	for i := 0; i < 8; i += 2 {
		a[i], a[i+1] = YMM(), YMM()
		VPUNPCKLDQ(z[i+1], z[i], a[i])
		VPUNPCKHDQ(z[i+1], z[i], a[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for h := range 2 {
			b[i+2*h], b[i+2*h+1] = YMM(), YMM()
			VPUNPCKLQDQ(a[i+h+2], a[i+h], b[i+2*h])
			VPUNPCKHQDQ(a[i+h+2], a[i+h], b[i+2*h+1])
		}
	}
	// b[4g+p] holds places p and 4+p of rows 4g to 4g+3.
	out := YMM()
	for p := range 4 {
		VPERM2I128(Imm(0x20), b[4+p], b[p], out)
		VMOVDQU(out, Mem{Base: dst, Disp: 4 * panelRows256 * p})
		VPERM2I128(Imm(0x31), b[4+p], b[p], out)
		VMOVDQU(out, Mem{Base: dst, Disp: 4 * panelRows256 * (4 + p)})
	}
	advance(src, 8*s.bytes)
	advance(dst, 8*4*panelRows256)
	SUBQ(Imm(8), n)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// unpackAVX2 writes functions that unpack rows to unsigned codes, and what
// turns codes into floats.
func unpackAVX2() {
	for _, f := range quantizedAVX2 {
		f.unpack()
	}
	codesToFloat(32)
	codesToFloat(16)
	int8ToFloat()
}

func (f *avx2Format) unpack() {
	name := "unpack" + f.name + "AVX2"
	TEXT(name, attr.NOSPLIT, "func(code *uint8, scale, offset *float32, row *byte, blocks int)")
	Doc(name + " unpacks the codes, without sign, the scales and the offsets of a row.")
	code, scale, offset, w, n := pointer("code"), pointer("scale"), pointer("offset"), pointer("row"), pointer("blocks")
	row := func(disp int) Mem { return Mem{Base: w, Disp: disp} }
	c := map[string]VecVirtual{}
	f.setup(c, "Unpack"+f.name)
	var sign VecVirtual
	if f.signed {
		sign = broadcast2(0x80808080)
	}
	Label("block")
	for j := range f.values / 32 {
		y := YMM()
		f.group(c, y, row, j)
		if f.signed {
			VPXOR(sign, y, y)
		}
		VMOVDQU(y, Mem{Base: code, Disp: 32 * j})
	}
	switch {
	case !f.super():
		x, d := XMM(), GP32()
		for i, p := range []Register{scale, offset} {
			if i == 1 && !f.min {
				continue
			}
			MOVWLZX(row(2*i), d)
			VMOVD(d, x)
			VCVTPH2PS(x, x)
			VMOVSS(x, at(p))
		}
	case f.min:
		s, o := decodeQ45K(row)
		VMOVUPS(s, at(scale))
		zero := avx2.zero()
		VSUBPS(o, zero, zero)
		VMOVUPS(zero, at(offset))
	default:
		s, _ := f.decode(row)
		VMOVUPS(s[0], at(scale))
		VMOVUPS(s[1], Mem{Base: scale, Disp: 32})
	}
	advance(w, f.bytes)
	advance(code, f.values)
	advance(scale, f.factorBytes())
	advance(offset, f.factorBytes())
	SUBQ(Imm(uint64(f.values/32)), n)
	JG(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// codesToFloat writes the conversion of unsigned codes to the values that they
// stand for.
func codesToFloat(group int) {
	name := fmt.Sprintf("codesToFloat%dAVX2", group)
	TEXT(name, attr.NOSPLIT, "func(dst *float32, code *uint8, scale, offset *float32, bias, groups int)")
	Doc(fmt.Sprintf("%s stores scale times (code minus bias) plus offset, for groups of %d codes; without offsets offset is nil.", name, group))
	dst, code, scale, offset, groups := pointer("dst"), pointer("code"), pointer("scale"), pointer("offset"), pointer("groups")
	bias, b := YMM(), pointer("bias")
	VMOVD(b.(GPVirtual).As32(), bias.AsX())
	VPBROADCASTD(bias.AsX(), bias)
	s, o, v := YMM(), avx2.zero(), YMM()
	Label("group")
	VBROADCASTSS(at(scale), s)
	TESTQ(offset, offset)
	JE(LabelRef("codes"))
	VBROADCASTSS(at(offset), o)
	ADDQ(Imm(4), offset)
	Label("codes")
	for i := 0; i < group; i += 8 {
		VPMOVZXBD(Mem{Base: code, Disp: i}, v)
		VPSUBD(bias, v, v)
		VCVTDQ2PS(v, v)
		VFMADD213PS(o, s, v)
		VMOVUPS(v, Mem{Base: dst, Disp: 4 * i})
	}
	advance(dst, 4*group)
	advance(code, group)
	ADDQ(Imm(4), scale)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

func int8ToFloat() {
	TEXT("int8ToFloatAVX2", attr.NOSPLIT, "func(dst *float32, q *int8, scale *float32, blocks int)")
	Doc("int8ToFloatAVX2 decodes blocks of 32 activations.")
	dst, q, scale, n := pointer("dst"), pointer("q"), pointer("scale"), pointer("blocks")
	s, v := YMM(), YMM()
	Label("block")
	VBROADCASTSS(at(scale), s)
	for i := 0; i < 32; i += 8 {
		VPMOVSXBD(Mem{Base: q, Disp: i}, v)
		VCVTDQ2PS(v, v)
		VMULPS(s, v, v)
		VMOVUPS(v, Mem{Base: dst, Disp: 4 * i})
	}
	advance(dst, 128)
	advance(q, 32)
	ADDQ(Imm(4), scale)
	DECQ(n)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
