package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// width is the size of a SIMD register in float32 values.
type width int

const (
	avx2   width = 8
	avx512 width = 16
)

func (w width) String() string {
	if w == avx512 {
		return "AVX512"
	}
	return "AVX2"
}

// reg returns a fresh register.
func (w width) reg() VecVirtual {
	if w == avx512 {
		return ZMM()
	}
	return YMM()
}

// half returns the lower half of a register.
func (w width) half(r VecVirtual) Register {
	if w == avx512 {
		return r.AsY()
	}
	return r.AsX()
}

// zero returns a register of zeros.
func (w width) zero() VecVirtual {
	r := w.reg()
	if w == avx512 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// floatFormat describes how a float format is widened to float32.
type floatFormat struct {
	name  string
	bytes int
	// load widens the values at m into r; it may return a memory operand.
	load func(w width, r VecVirtual, m Mem) Op
	// one widens the value at m into the lowest place of r.
	one func(r VecVirtual, m Mem)
}

var floatFormats = []floatFormat{
	{
		name: "F32", bytes: 4,
		load: func(_ width, _ VecVirtual, m Mem) Op { return m },
		one:  func(r VecVirtual, m Mem) { VMOVSS(m, r.AsX()) },
	},
	{
		name: "F16", bytes: 2,
		load: func(_ width, r VecVirtual, m Mem) Op { VCVTPH2PS(m, r); return r },
		one: func(r VecVirtual, m Mem) {
			t := GP32()
			MOVWLZX(m, t)
			VMOVD(t, r.AsX())
			VCVTPH2PS(r.AsX(), r.AsX())
		},
	},
	{
		name: "BF16", bytes: 2,
		load: func(_ width, r VecVirtual, m Mem) Op {
			VPMOVZXWD(m, r)
			VPSLLD(Imm(16), r, r)
			return r
		},
		one: func(r VecVirtual, m Mem) {
			t := GP32()
			MOVWLZX(m, t)
			SHLL(Imm(16), t)
			VMOVD(t, r.AsX())
		},
	},
}

func matvecFloat(w width) {
	for _, f := range floatFormats {
		f.generate(w)
	}
}

func (f *floatFormat) generate(wd width) {
	name := "matvec" + f.name + wd.String()
	TEXT(name, attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("%s multiplies at least %d rows of an %s matrix with a vector.", name, rowsAtOnce, f.name))
	args := Load(Param("a"), GP64())
	rowBytes := loadArg(args, argRowBytes)
	finalRows(args)

	Label("group")
	w := loadArg(args, argW)
	w3 := third(w, rowBytes)
	x := loadArg(args, argX)
	ahead := fetchFrom(args, w)
	n := loadArg(args, argBlocks)
	var acc []VecVirtual
	for range rowsAtOnce {
		acc = append(acc, wd.zero())
	}
	SUBQ(Imm(uint64(wd)), n)
	JL(LabelRef("rest"))
	Label("loop")
	xv := wd.reg()
	VMOVUPS(Mem{Base: x}, xv)
	step := int(wd) * f.bytes
	for r := range rowsAtOnce {
		VFMADD231PS(f.load(wd, wd.reg(), rowMem(w, w3, rowBytes, r, 0)), xv, acc[r])
		fetch(ahead, r*step, (r+1)*step)
	}
	advance(w, int(step))
	advance(w3, int(step))
	advance(ahead, int(rowsAtOnce*step))
	advance(x, int(4*wd))
	SUBQ(Imm(uint64(wd)), n)
	JGE(LabelRef("loop"))

	Label("rest")
	var sums []VecVirtual
	for _, a := range acc {
		sums = append(sums, wd.reduce(a))
	}
	ADDQ(U32(wd), n)
	JEQ(LabelRef("store"))
	Label("one")
	one := XMM()
	VMOVSS(Mem{Base: x}, one)
	for r := range rowsAtOnce {
		v := XMM()
		f.one(v, rowMem(w, w3, rowBytes, r, 0))
		VFMADD231SS(v, one, sums[r])
	}
	advance(w, int(f.bytes))
	advance(w3, int(f.bytes))
	ADDQ(Imm(4), x)
	DECQ(n)
	JNE(LabelRef("one"))

	Label("store")
	next := loadArg(args, argW)
	LEAQ(Mem{Base: next, Index: rowBytes, Scale: 4}, next)
	CMPQ(next, field(args, argLast))
	CMOVQHI(field(args, argLast), next)
	MOVQ(next, field(args, argNext))
	storeSums(args, sums)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// fetch fetches the lines that begin from some byte behind ahead up to another
// into the second-level cache. Kernels do so between multiplications, a line now
// and then: fetched many at a time, lines wait for each other, and memory for the
// multiplications.
func fetch(ahead Register, from, to int) {
	const line = 64
	for at := (from + line - 1) / line * line; at < to; at += line {
		PREFETCHT1(Mem{Base: ahead, Disp: at})
	}
}

// fetchFrom returns where to fetch from while the rows at w are multiplied: some
// way ahead of them, or, where that lies behind the last rows, those at hand,
// which costs nothing.
func fetchFrom(args, w Register) Register {
	ahead := loadArg(args, argAhead)
	ADDQ(w, ahead)
	CMPQ(ahead, field(args, argLast))
	CMOVQHI(w, ahead)
	return ahead
}

// finalRows notes where the last group of rows and its results begin. When the
// number of rows is no multiple of four, the last group overlaps the one
// before it.
func finalRows(args Register) {
	last := loadArg(args, argRows)
	SUBQ(Imm(rowsAtOnce), last)
	dst := loadArg(args, argDst)
	LEAQ(Mem{Base: dst, Index: last, Scale: 4}, dst)
	MOVQ(dst, field(args, argLastDst))
	IMULQ(field(args, argRowBytes), last)
	ADDQ(field(args, argW), last)
	MOVQ(last, field(args, argLast))
}

// storeSums stores the results of a group and moves on to the next one, whose
// first row is noted in argNext. It leaves the flags unequal while there is
// one.
func storeSums(args Register, sums []VecVirtual) {
	dst := loadArg(args, argDst)
	for i, s := range sums {
		VMOVSS(s, Mem{Base: dst, Disp: 4 * i})
	}
	ADDQ(Imm(4*rowsAtOnce), dst)
	CMPQ(dst, field(args, argLastDst))
	CMOVQHI(field(args, argLastDst), dst)
	MOVQ(dst, field(args, argDst))
	w := loadArg(args, argW)
	next := loadArg(args, argNext)
	MOVQ(next, field(args, argW))
	CMPQ(w, field(args, argLast))
}

// reduce sums the values of r into the lowest place of an XMM register.
func (w width) reduce(r VecVirtual) VecVirtual {
	x, t := XMM(), XMM()
	if w == avx512 {
		// Instructions that reach all 32 registers.
		y := YMM()
		VEXTRACTF64X4(Imm(1), r, y)
		VADDPS(r.AsY(), y, y)
		VEXTRACTF32X4(Imm(1), y, x)
		VADDPS(y.AsX(), x, x)
	} else {
		VEXTRACTF128(Imm(1), r, x)
		VADDPS(r.AsX(), x, x)
	}
	VPERMILPS(Imm(0x4e), x, t)
	VADDPS(t, x, x)
	VPERMILPS(Imm(0xb1), x, t)
	VADDPS(t, x, x)
	return x
}
