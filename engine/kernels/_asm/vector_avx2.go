package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// vectorAVX2 writes the elementwise functions. Counts are multiples of eight
// values and not 0, unless said otherwise.
func vectorAVX2() {
	dotAVX2()
	addAVX2()
	scaleAVX2()
	maximumAVX2()
	expAVX2()
	swigluAVX2()
	quantizeAVX2()
	quantizeWideAVX2()
	toHalfAVX2()
	widenAVX2()
	scaleRoundAVX2()
	rotateInterleavedAVX2()
	rotateHalvesAVX2()
	readAVX2()
}

// float returns a 256-bit constant of eight equal floats.
func float(name string, f float64) Mem {
	return constant(name, repeat(8, math.Float32bits(float32(f)))...)
}

// each writes a loop over the parameters, in steps of eight values.
func each(label string, n Register, pointers []Register, body func()) {
	Label(label)
	body()
	for _, p := range pointers {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(8), n)
	JNE(LabelRef(label))
}

func pointer(name string) Register { return Load(Param(name), GP64()) }

func at(r Register) Mem { return Mem{Base: r} }

func dotAVX2() {
	TEXT("dotAVX2", attr.NOSPLIT, "func(x, y *float32, n int) float32")
	Doc("dotAVX2 is the inner product of x and y.")
	x, y, n := pointer("x"), pointer("y"), pointer("n")
	acc := [4]VecVirtual{avx2.zero(), avx2.zero(), avx2.zero(), avx2.zero()}
	v := YMM()
	SUBQ(Imm(32), n)
	JL(LabelRef("rest"))
	Label("four")
	for i, a := range acc {
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, v)
		VFMADD231PS(Mem{Base: y, Disp: 32 * i}, v, a)
	}
	advance(x, 128)
	advance(y, 128)
	SUBQ(Imm(32), n)
	JGE(LabelRef("four"))
	Label("rest")
	ADDQ(Imm(32), n)
	JE(LabelRef("sum"))
	each("one", n, []Register{x, y}, func() {
		VMOVUPS(at(x), v)
		VFMADD231PS(at(y), v, acc[0])
	})
	Label("sum")
	VADDPS(acc[1], acc[0], acc[0])
	VADDPS(acc[3], acc[2], acc[2])
	VADDPS(acc[2], acc[0], acc[0])
	r := avx2.reduce(acc[0])
	Store(r, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func addAVX2() {
	TEXT("addAVX2", attr.NOSPLIT, "func(x, y *float32, n int)")
	Doc("addAVX2 adds y to x.")
	x, y, n := pointer("x"), pointer("y"), pointer("n")
	v := YMM()
	each("loop", n, []Register{x, y}, func() {
		VMOVUPS(at(x), v)
		VADDPS(at(y), v, v)
		VMOVUPS(v, at(x))
	})
	VZEROUPPER()
	RET()
}

func scaleAVX2() {
	TEXT("scaleAVX2", attr.NOSPLIT, "func(dst, x, weight *float32, scale float32, n int)")
	Doc("scaleAVX2 stores x times scale times weight.")
	dst, x, weight, n := pointer("dst"), pointer("x"), pointer("weight"), pointer("n")
	s := YMM()
	VBROADCASTSS(NewParamAddr("scale", 24), s)
	v := YMM()
	each("loop", n, []Register{dst, x, weight}, func() {
		VMULPS(at(x), s, v)
		VMULPS(at(weight), v, v)
		VMOVUPS(v, at(dst))
	})
	VZEROUPPER()
	RET()
}

func maximumAVX2() {
	TEXT("maximumAVX2", attr.NOSPLIT, "func(x *float32, n int) float32")
	Doc("maximumAVX2 is the largest value of x.")
	x, n := pointer("x"), pointer("n")
	m := YMM()
	VMOVUPS(at(x), m)
	each("loop", n, []Register{x}, func() { VMAXPS(at(x), m, m) })
	r := reduceMax(m)
	Store(r, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// reduceMax returns the largest value of y.
func reduceMax(y VecVirtual) VecVirtual {
	x, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), y, x)
	VMAXPS(y.AsX(), x, x)
	VPERMILPS(Imm(0x4e), x, t)
	VMAXPS(t, x, x)
	VPERMILPS(Imm(0xb1), x, t)
	VMAXPS(t, x, x)
	return x
}

// exponent is what exp needs.
type exponent struct {
	low, high, log2e, ln2High, ln2Low, one Mem
	poly                                   []Mem
	bias                                   Mem
}

// newExponent defines the constants of exp for a function: the Cephes
// library's reduction and polynomial.
func newExponent(function string) *exponent {
	f := func(name string, v float64) Mem { return float(function+name, v) }
	e := &exponent{
		low:     f("Low", -87.3),
		high:    f("High", 88.3),
		log2e:   f("Log2e", math.Log2E),
		ln2High: f("Ln2High", 0.693359375),
		ln2Low:  f("Ln2Low", -2.12194440e-4),
		one:     f("One", 1),
		bias:    constant(function+"Bias", repeat(8, 127)...),
	}
	for i, c := range []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		e.poly = append(e.poly, f("P"+string(rune('0'+i)), c))
	}
	return e
}

// exp replaces x by its exponential.
func (e *exponent) exp(x VecVirtual) {
	n, p, s := YMM(), YMM(), YMM()
	VMAXPS(e.low, x, x)
	VMINPS(e.high, x, x)
	VMULPS(e.log2e, x, n)
	VROUNDPS(Imm(0), n, n)
	VFNMADD231PS(e.ln2High, n, x)
	VFNMADD231PS(e.ln2Low, n, x)
	VMOVUPS(e.poly[0], p)
	for _, c := range e.poly[1:] {
		VFMADD213PS(c, x, p)
	}
	VMULPS(x, x, s)
	VFMADD213PS(x, s, p)
	VADDPS(e.one, p, p)
	VCVTPS2DQ(n, n)
	VPADDD(e.bias, n, n)
	VPSLLD(Imm(23), n, n)
	VMULPS(n, p, x)
}

func expAVX2() {
	e := newExponent("exp")
	TEXT("expAVX2", attr.NOSPLIT, "func(x *float32, shift, factor float32, n int) float32")
	Doc("expAVX2 replaces each value of x by exp((x - shift) · factor) and returns their sum.")
	x, n := pointer("x"), pointer("n")
	shift, factor, sum, v := YMM(), YMM(), avx2.zero(), YMM()
	VBROADCASTSS(NewParamAddr("shift", 8), shift)
	VBROADCASTSS(NewParamAddr("factor", 12), factor)
	each("loop", n, []Register{x}, func() {
		VMOVUPS(at(x), v)
		VSUBPS(shift, v, v)
		VMULPS(factor, v, v)
		e.exp(v)
		VMOVUPS(v, at(x))
		VADDPS(v, sum, sum)
	})
	r := avx2.reduce(sum)
	Store(r, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

func swigluAVX2() {
	e := newExponent("swiglu")
	TEXT("swigluAVX2", attr.NOSPLIT, "func(dst, gate, up *float32, n int)")
	Doc("swigluAVX2 stores gate / (1 + exp(-gate)) times up.")
	dst, gate, up, n := pointer("dst"), pointer("gate"), pointer("up"), pointer("n")
	v, g := YMM(), YMM()
	each("loop", n, []Register{dst, gate, up}, func() {
		VMOVUPS(at(gate), g)
		VXORPS(v, v, v)
		VSUBPS(g, v, v)
		e.exp(v)
		VADDPS(e.one, v, v)
		VDIVPS(v, g, g)
		VMULPS(at(up), g, g)
		VMOVUPS(g, at(dst))
	})
	VZEROUPPER()
	RET()
}

func quantizeAVX2() {
	absMask := constant("absMask", repeat(8, 0x7fffffff)...)
	limit := float("limit127", 127)
	order := constant("packOrder", 0, 4, 1, 5, 2, 6, 3, 7)
	TEXT("quantizeAVX2", attr.NOSPLIT, "func(q *int8, scale *float32, sum *int32, row *float32, blocks int)")
	Doc("quantizeAVX2 rounds blocks of 32 values to int8.")
	q, scale, sum, row, n := pointer("q"), pointer("scale"), pointer("sum"), pointer("row"), pointer("blocks")
	mask, perm := YMM(), YMM()
	VMOVUPS(absMask, mask)
	VMOVDQU(order, perm)
	Label("block")
	var v [4]VecVirtual
	m, t := YMM(), YMM()
	for i := range v {
		v[i] = YMM()
		VMOVUPS(Mem{Base: row, Disp: 32 * i}, v[i])
		if i == 0 {
			VANDPS(mask, v[i], m)
			continue
		}
		VANDPS(mask, v[i], t)
		VMAXPS(t, m, m)
	}
	largest, s, inverse, positive := reduceMax(m), XMM(), YMM(), XMM()
	VDIVSS(limit, largest, s)
	VMOVSS(s, at(scale))
	VMOVSS(limit, inverse.AsX())
	VDIVSS(largest, inverse.AsX(), inverse.AsX())
	VXORPS(positive, positive, positive)
	VCMPSS(Imm(1), largest, positive, positive) // 0 < largest
	VANDPS(positive, inverse.AsX(), inverse.AsX())
	VBROADCASTSS(inverse.AsX(), inverse)
	storeCodes(v, inverse, perm, q, sum)
	advance(q, 32)
	advance(scale, 4)
	advance(sum, 4)
	advance(row, 128)
	DECQ(n)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// quantizeWideAVX2 differs from quantizeAVX2 in that eight blocks share a scale.
func quantizeWideAVX2() {
	absMask := constant("absMaskWide", repeat(8, 0x7fffffff)...)
	limit := float("limit127Wide", 127)
	one := float("oneWide", 1)
	order := constant("packOrderWide", 0, 4, 1, 5, 2, 6, 3, 7)
	TEXT("quantizeWideAVX2", attr.NOSPLIT, "func(q *int8, scale *float32, sum *int32, row *float32, groups int)")
	Doc("quantizeWideAVX2 rounds groups of eight blocks of 32 values to int8.")
	q, scale, sum, row, n := pointer("q"), pointer("scale"), pointer("sum"), pointer("row"), pointer("groups")
	mask, perm, m, t, left := YMM(), YMM(), YMM(), YMM(), GP64()
	VMOVUPS(absMask, mask)
	VMOVDQU(order, perm)
	Label("group")
	VANDPS(at(row), mask, m)
	for i := 1; i < 32; i++ {
		VANDPS(Mem{Base: row, Disp: 32 * i}, mask, t)
		VMAXPS(t, m, m)
	}
	largest, s, inverse, positive := reduceMax(m), YMM(), YMM(), XMM()
	VMOVSS(limit, inverse.AsX())
	VDIVSS(largest, inverse.AsX(), inverse.AsX())
	VMOVSS(one, s.AsX())
	VDIVSS(inverse.AsX(), s.AsX(), s.AsX())
	VXORPS(positive, positive, positive)
	VCMPSS(Imm(1), largest, positive, positive) // 0 < largest
	VANDPS(positive, inverse.AsX(), inverse.AsX())
	VANDPS(positive, s.AsX(), s.AsX())
	VBROADCASTSS(inverse.AsX(), inverse)
	VBROADCASTSS(s.AsX(), s)
	VMOVUPS(s, at(scale))
	MOVQ(U32(8), left)
	Label("part")
	var v [4]VecVirtual
	for i := range v {
		v[i] = YMM()
		VMOVUPS(Mem{Base: row, Disp: 32 * i}, v[i])
	}
	storeCodes(v, inverse, perm, q, sum)
	advance(q, 32)
	advance(sum, 4)
	advance(row, 128)
	DECQ(left)
	JNE(LabelRef("part"))
	advance(scale, 32)
	DECQ(n)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// storeCodes rounds a block's values times inverse to int8, and stores them and
// their sum.
func storeCodes(v [4]VecVirtual, inverse, perm VecVirtual, q, sum Register) {
	for i := range v {
		VMULPS(inverse, v[i], v[i])
		VCVTPS2DQ(v[i], v[i])
	}
	total := YMM()
	VPADDD(v[0], v[1], total)
	VPADDD(v[2], total, total)
	VPADDD(v[3], total, total)
	x := XMM()
	VEXTRACTI128(Imm(1), total, x)
	VPADDD(total.AsX(), x, x)
	VPHADDD(x, x, x)
	VPHADDD(x, x, x)
	VMOVD(x, at(sum))
	VPACKSSDW(v[1], v[0], v[0])
	VPACKSSDW(v[3], v[2], v[2])
	VPACKSSWB(v[2], v[0], v[0])
	VPERMD(v[0], perm, v[0])
	VMOVDQU(v[0], at(q))
}

func toHalfAVX2() {
	TEXT("toHalfAVX2", attr.NOSPLIT, "func(dst *uint16, src *float32, n int)")
	Doc("toHalfAVX2 rounds to half precision.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	Label("loop")
	v := YMM()
	VMOVUPS(at(src), v)
	VCVTPS2PH(Imm(0), v, at(dst))
	advance(src, 32)
	advance(dst, 16)
	SUBQ(Imm(8), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func rotateInterleavedAVX2() {
	TEXT("rotateInterleavedAVX2", attr.NOSPLIT, "func(x, cos, sin *float32, n int)")
	Doc("rotateInterleavedAVX2 turns pairs of neighbours.")
	x, cos, sin, n := pointer("x"), pointer("cos"), pointer("sin"), pointer("n")
	v, swapped := YMM(), YMM()
	each("loop", n, []Register{x, cos, sin}, func() {
		VMOVUPS(at(x), v)
		VPERMILPS(Imm(0xb1), v, swapped)
		VMULPS(at(cos), v, v)
		VFMADD231PS(at(sin), swapped, v)
		VMOVUPS(v, at(x))
	})
	VZEROUPPER()
	RET()
}

func rotateHalvesAVX2() {
	TEXT("rotateHalvesAVX2", attr.NOSPLIT, "func(x, cos, sin *float32, n int)")
	Doc("rotateHalvesAVX2 turns pairs n values apart; cos and sin hold n values, and those of the second half behind them.")
	x, cos, sin, n := pointer("x"), pointer("cos"), pointer("sin"), pointer("n")
	far := GP64()
	MOVQ(n, far)
	second := func(r Register) Mem { return Mem{Base: r, Index: far, Scale: 4} }
	a, b, c, d := YMM(), YMM(), YMM(), YMM()
	each("loop", n, []Register{x, cos, sin}, func() {
		VMOVUPS(at(x), a)
		VMOVUPS(second(x), b)
		VMULPS(at(cos), a, c)
		VFMADD231PS(at(sin), b, c)
		VMULPS(second(cos), b, d)
		VFMADD231PS(second(sin), a, d)
		VMOVUPS(c, at(x))
		VMOVUPS(d, second(x))
	})
	VZEROUPPER()
	RET()
}

func widenAVX2() {
	TEXT("widenAVX2", attr.NOSPLIT, "func(dst *uint32, src *uint16, n int)")
	Doc("widenAVX2 widens half precision to float32.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	Label("loop")
	v := YMM()
	VCVTPH2PS(at(src), v)
	VMOVUPS(v, at(dst))
	advance(src, 16)
	advance(dst, 32)
	SUBQ(Imm(8), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func scaleRoundAVX2() {
	TEXT("scaleRoundAVX2", attr.NOSPLIT, "func(x *float32, s float32, n int)")
	Doc("scaleRoundAVX2 replaces x by s times x, rounded to half precision.")
	x, n := pointer("x"), pointer("n")
	s, v := YMM(), YMM()
	VBROADCASTSS(NewParamAddr("s", 8), s)
	each("loop", n, []Register{x}, func() {
		VMULPS(at(x), s, v)
		VCVTPS2PH(Imm(0), v, v.AsX())
		VCVTPH2PS(v.AsX(), v)
		VMOVUPS(v, at(x))
	})
	VZEROUPPER()
	RET()
}

// readAVX2 loads 512 bytes a turn, and asks for what lies 4 KiB ahead.
func readAVX2() {
	TEXT("readAVX2", attr.NOSPLIT, "func(b *uint64, n int)")
	Doc("readAVX2 loads n words, a multiple of 64.")
	b, n := pointer("b"), pointer("n")
	acc := [4]VecVirtual{avx2.zero(), avx2.zero(), avx2.zero(), avx2.zero()}
	Label("loop")
	for i := range 16 {
		VPXOR(Mem{Base: b, Disp: 32 * i}, acc[i%4], acc[i%4])
		if i%2 == 0 {
			PREFETCHT0(Mem{Base: b, Disp: 4096 + 32*i})
		}
	}
	advance(b, 512)
	SUBQ(Imm(64), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
