package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// Offsets in matvecArgs.
const (
	argDst = 8 * iota
	argW
	argRows
	argRowBytes
	argBlocks
	argX
	argScale
	argSum
	argHalves
	argHalvesStride
	argFactors
	argFactorsStride
	argNext
	argLast
	argLastDst
)

// rowsAtOnce rows are multiplied side by side, to load each activation once
// for all of them.
const rowsAtOnce = 4

// vnniFormat describes how a quantized format is multiplied with VPDPBUSD.
// Two groups of 32 codes fill a register.
type vnniFormat struct {
	name   string
	bytes  int    // of a stored block
	values int    // of a stored block
	bias   uint32 // subtracted from codes: they are stored unsigned
	min    bool   // groups have an offset

	// setup loads what codes needs into registers.
	setup func(g *vnni512)
	// pair puts the codes of two groups of one row into z; for a last group
	// without partner, single is true and the upper half must become 0.
	pair func(g *vnni512, z VecVirtual, row func(disp int) Mem, single bool)
}

// vnni512 is a function under construction.
type vnni512 struct {
	f *vnniFormat

	args              Register
	w, w3, rowBytes   Register // current rows: w, w+rowBytes, w+2·rowBytes, w3
	x, s, s3, sStride Register
	acc               []VecVirtual
	constants         map[string]VecVirtual
	upper             Register // mask of the upper eight places
}

// rowMem addresses row r of four from base, base3 (the fourth) and a stride.
func rowMem(base, base3, stride Register, r, disp int) Mem {
	switch r {
	case 1:
		return Mem{Base: base, Index: stride, Scale: 1, Disp: disp}
	case 2:
		return Mem{Base: base, Index: stride, Scale: 2, Disp: disp}
	case 3:
		return Mem{Base: base3, Disp: disp}
	}
	return Mem{Base: base, Disp: disp}
}

func third(base, stride Register) Register {
	r := GP64()
	LEAQ(Mem{Base: base, Index: stride, Scale: 2}, r)
	ADDQ(stride, r)
	return r
}

// loadArg loads a member of the argument struct.
func loadArg(args Register, offset int) Register {
	r := GP64()
	MOVQ(field(args, offset), r)
	return r
}

func matvecVNNI() {
	formats := []*vnniFormat{
		{name: "Q8_0", bytes: 34, values: 32, bias: 128, setup: setupQ8, pair: pairQ8},
		{name: "Q4_0", bytes: 18, values: 32, bias: 8, setup: setupNibbles, pair: pairQ4(2)},
	}
	for _, f := range formats {
		f.generate()
	}
}

func (f *vnniFormat) generate() {
	TEXT("matvec"+f.name+"VNNI", attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("matvec%sVNNI multiplies at least %d rows of a %s matrix with a vector.", f.name, rowsAtOnce, f.name))
	Pragma("noescape")
	g := &vnni512{f: f, constants: map[string]VecVirtual{}}
	g.args = Load(Param("a"), GP64())

	m := GP32()
	MOVL(U32(0xff00), m)
	k := K()
	KMOVW(m, k)
	g.upper = k
	f.setup(g)
	if f.bias != 0 {
		g.constants["bias"] = broadcast(f.bias * 0x01010101)
	}

	finalRows(g.args)

	// The scales of a group of rows are gathered while the group before it is
	// multiplied: a vector load right after the narrow stores would stall.
	g.stage(loadArg(g.args, argW))
	Label("group")
	g.convert()
	next := loadArg(g.args, argW)
	rowBytes := loadArg(g.args, argRowBytes)
	LEAQ(Mem{Base: next, Index: rowBytes, Scale: 4}, next)
	CMPQ(next, field(g.args, argLast))
	CMOVQHI(field(g.args, argLast), next)
	MOVQ(next, field(g.args, argNext))
	g.stage(next)
	g.multiply()
	var sums []VecVirtual
	for _, z := range g.acc {
		sums = append(sums, avx512.reduce(z))
	}
	storeSums(g.args, sums)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// stage copies the half-precision scales of the four rows at w to where convert
// finds them side by side, and fetches the rows after these into the cache.
func (g *vnni512) stage(w Register) {
	id := uniqueID()
	b := GP64()
	MOVQ(w, b)
	rowBytes := loadArg(g.args, argRowBytes)
	b3 := third(b, rowBytes)
	ahead := GP64()
	LEAQ(Mem{Base: b, Index: rowBytes, Scale: 4}, ahead)
	h := loadArg(g.args, argHalves)
	stride := loadArg(g.args, argHalvesStride)
	h3 := third(h, stride)
	n := loadArg(g.args, argBlocks)
	Label("stage" + id)
	for r := range rowsAtOnce {
		t := GP32()
		MOVWLZX(rowMem(b, b3, rowBytes, r, 0), t)
		MOVW(t.As16(), rowMem(h, h3, stride, r, 0))
	}
	for i := 0; i*64 < rowsAtOnce*g.f.bytes; i++ {
		PREFETCHT0(Mem{Base: ahead, Disp: 64 * i})
	}
	advance(b, int(g.f.bytes))
	advance(b3, int(g.f.bytes))
	advance(ahead, int(rowsAtOnce*g.f.bytes))
	ADDQ(Imm(2), h)
	ADDQ(Imm(2), h3)
	DECQ(n)
	JNE(LabelRef("stage" + id))
}

// convert turns the staged scales into factors, scale of weights times scale
// of activations.
func (g *vnni512) convert() {
	h := loadArg(g.args, argHalves)
	stride := loadArg(g.args, argHalvesStride)
	h3 := third(h, stride)
	s := loadArg(g.args, argFactors)
	sStride := loadArg(g.args, argFactorsStride)
	s3 := third(s, sStride)
	xs := loadArg(g.args, argScale)
	n := loadArg(g.args, argBlocks)
	all := GP32()
	mask, x := K(), ZMM()
	Label("convert")
	MOVL(U32(0xffff), all)
	CMPQ(n, Imm(16))
	JGE(LabelRef("whole"))
	BZHIL(n.(GPVirtual).As32(), all, all)
	Label("whole")
	KMOVW(all, mask)
	VMOVUPS_Z(Mem{Base: xs}, mask, x)
	for r := range rowsAtOnce {
		z := ZMM()
		VCVTPH2PS(rowMem(h, h3, stride, r, 0), z)
		VMULPS(x, z, z)
		VMOVUPS(z, rowMem(s, s3, sStride, r, 0))
	}
	ADDQ(Imm(32), h)
	ADDQ(Imm(32), h3)
	ADDQ(Imm(64), s)
	ADDQ(Imm(64), s3)
	ADDQ(Imm(64), xs)
	SUBQ(Imm(16), n)
	JG(LabelRef("convert"))
}

// multiply sums the products of the four rows at g.w in g.acc.
func (g *vnni512) multiply() {
	g.acc = nil
	for range rowsAtOnce {
		z := ZMM()
		VPXORD(z, z, z)
		g.acc = append(g.acc, z)
	}
	g.w = loadArg(g.args, argW)
	g.rowBytes = loadArg(g.args, argRowBytes)
	g.sStride = loadArg(g.args, argFactorsStride)
	g.w3 = third(g.w, g.rowBytes)
	g.x = loadArg(g.args, argX)
	g.s = loadArg(g.args, argFactors)
	g.s3 = third(g.s, g.sStride)
	n := loadArg(g.args, argBlocks)
	SUBQ(Imm(2), n)
	JL(LabelRef("single"))
	Label("pair")
	g.pair(false)
	pairBytes := 64 / g.f.values * g.f.bytes
	if g.f.values >= 64 {
		panic("superblocks have a loop of their own")
	}
	advance(g.w, int(pairBytes))
	advance(g.w3, int(pairBytes))
	ADDQ(Imm(64), g.x)
	ADDQ(Imm(8), g.s)
	ADDQ(Imm(8), g.s3)
	SUBQ(Imm(2), n)
	JGE(LabelRef("pair"))
	Label("single")
	ADDQ(Imm(2), n)
	JEQ(LabelRef("multiplied"))
	g.pair(true)
	Label("multiplied")
}

// pair multiplies two groups of each row, or one.
func (g *vnni512) pair(single bool) {
	x := ZMM()
	if single {
		VMOVDQU64(Mem{Base: g.x}, x.AsY())
	} else {
		VMOVDQU64(Mem{Base: g.x}, x)
	}
	start := ZMM()
	VPXORD(start, start, start)
	if g.f.bias != 0 {
		b := ZMM()
		VPXORD(b, b, b)
		vpdpbusd(x, g.constants["bias"], b)
		VPSUBD(b, start, start)
	}
	for r := range rowsAtOnce {
		codes := ZMM()
		g.f.pair(g, codes, func(disp int) Mem { return rowMem(g.w, g.w3, g.rowBytes, r, disp) }, single)
		p := ZMM()
		VMOVDQA64(start, p)
		vpdpbusd(x, codes, p)
		VCVTDQ2PS(p, p)
		s := ZMM()
		VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 0), s)
		if !single {
			VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 4), g.upper, s)
		}
		VFMADD231PS(s, p, g.acc[r])
	}
}

func setupQ8(g *vnni512) { g.constants["sign"] = broadcast(0x80808080) }

func pairQ8(g *vnni512, z VecVirtual, row func(int) Mem, single bool) {
	VMOVDQU64(row(2), z.AsY())
	if !single {
		VINSERTI64X4(Imm(1), row(34+2), z, z)
	}
	VPXORD(g.constants["sign"], z, z)
}

// setupNibbles prepares the shift that moves the high halves of bytes down in
// every second 128 bits.
func setupNibbles(g *vnni512) {
	g.constants["low"] = broadcast(0x0f0f0f0f)
	m := constant("shifts"+g.f.name, repeat(4, 0, 4, 0, 4)...)
	z := ZMM()
	VMOVDQU64(m, z)
	g.constants["shifts"] = z
}

// pairQ4 decodes blocks of 16 bytes of nibbles at an offset in the block.
func pairQ4(offset int) func(*vnni512, VecVirtual, func(int) Mem, bool) {
	return func(g *vnni512, z VecVirtual, row func(int) Mem, single bool) {
		if single {
			VBROADCASTI32X4(row(offset), z.AsY())
		} else {
			VBROADCASTI32X4(row(offset), z)
			VBROADCASTI32X4(row(g.f.bytes+offset), g.upper, z)
		}
		VPSRLVD(g.constants["shifts"], z, z)
		VPANDD(g.constants["low"], z, z)
	}
}

var ids int

// uniqueID makes label names that do not repeat.
func uniqueID() string {
	ids++
	return fmt.Sprint(ids)
}
