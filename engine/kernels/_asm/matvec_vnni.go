package main

import (
	"fmt"
	"math"

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
	argAhead
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

	// in16ths says that products take the high halves of bytes where they
	// are, as codes 16 times too large, and divide their sums in the end: it
	// saves a shift. raw puts such codes into z, for pairs and for parts.
	in16ths bool
	raw     func(g *vnni512, z VecVirtual, row func(disp int) Mem, j int, single bool)

	// part puts the codes of quarter j of a superblock of 256 into z.
	part func(g *vnni512, z VecVirtual, row func(disp int) Mem, j int)
	// scales computes the factors of a superblock of four rows.
	scales func(g *vnni512, c *superblock)
}

// super reports whether the format has superblocks of 256 values.
func (f *vnniFormat) super() bool { return f.values == 256 }

// vnni512 is a function under construction.
type vnni512 struct {
	f *vnniFormat

	args              Register
	w, w3, rowBytes   Register // current rows: w, w+rowBytes, w+2·rowBytes, w3
	x, s, s3, sStride Register
	ahead             Register // what is fetched into the cache
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

// quantized lists the formats.
var quantized = []*vnniFormat{
	{name: "Q8_0", bytes: 34, values: 32, bias: 128, setup: setupQ8, pair: pairQ8},
	{name: "Q4_0", bytes: 18, values: 32, bias: 8, setup: setupNibbles, pair: pairNibbles(2, 0), in16ths: true, raw: rawNibbles(2)},
	{name: "Q4_1", bytes: 20, values: 32, min: true, setup: setupNibbles, pair: pairNibbles(4, 0), in16ths: true, raw: rawNibbles(4)},
	{name: "Q5_0", bytes: 22, values: 32, bias: 16, setup: setupNibbles, pair: pairNibbles(6, 2)},
	{name: "Q5_1", bytes: 24, values: 32, min: true, setup: setupNibbles, pair: pairNibbles(8, 4)},
	{name: "Q4K", bytes: 144, values: 256, min: true, setup: setupQ4K, part: partQ4K, scales: scalesQ45K, in16ths: true, raw: rawQ4K},
	{name: "Q5K", bytes: 176, values: 256, min: true, setup: setupQ5K, part: partQ5K, scales: scalesQ45K},
	{name: "Q6K", bytes: 210, values: 256, bias: 32, setup: setupQ6K, part: partQ6K, scales: scalesQ6K},
}

func matvecVNNI() {
	for _, f := range quantized {
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
	for range rowsAtOnce {
		g.acc = append(g.acc, ZMM())
	}
	bias := f.bias * 0x01010101
	switch {
	case f.in16ths:
		g.constants["halves"] = loaded(f.lanes("halves", 0x0f0f0f0f, 0xf0f0f0f0))
		g.constants["bias"] = loaded(f.lanes("bias", bias, 16*bias))
	default:
		f.setup(g)
		g.constants["bias"] = broadcast(bias)
	}

	finalRows(g.args)

	// The scales of a group of rows are gathered while the group before it is
	// multiplied: a vector load right after the narrow stores would stall.
	if !f.super() {
		g.stage(loadArg(g.args, argW))
	}
	Label("group")
	for _, z := range g.acc {
		VPXORD(z, z, z)
	}
	if f.super() {
		g.convertSuper()
	} else {
		g.convert()
	}
	next := loadArg(g.args, argW)
	rowBytes := loadArg(g.args, argRowBytes)
	LEAQ(Mem{Base: next, Index: rowBytes, Scale: 4}, next)
	CMPQ(next, field(g.args, argLast))
	CMOVQHI(field(g.args, argLast), next)
	MOVQ(next, field(g.args, argNext))
	if f.super() {
		g.multiplySuper()
	} else {
		g.stage(next)
		g.multiply()
	}
	var sums []VecVirtual
	for _, z := range g.acc {
		if f.in16ths {
			VMULPS(f.lanes("sixteenths", math.Float32bits(1), math.Float32bits(1.0/16)), z, z)
		}
		sums = append(sums, avx512.reduce(z))
	}
	storeSums(g.args, sums)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// lanes returns a constant with one word where low halves of bytes go, another
// where high halves go.
func (f *vnniFormat) lanes(name string, low, high uint32) Mem {
	if f.super() {
		return constant(name+f.name, repeat(8, low, high)...)
	}
	return constant(name+f.name, repeat(4, low, high, low, high)...)
}

// stage copies the half-precision scales of the four rows at w to where convert
// finds them side by side.
func (g *vnni512) stage(w Register) {
	id := uniqueID()
	b := GP64()
	MOVQ(w, b)
	rowBytes := loadArg(g.args, argRowBytes)
	b3 := third(b, rowBytes)
	h := loadArg(g.args, argHalves)
	stride := loadArg(g.args, argHalvesStride)
	h3 := third(h, stride)
	n := loadArg(g.args, argBlocks)
	block := func(i int) {
		for r := range rowsAtOnce {
			t, size := GP32(), g.f.staged()
			from, to := rowMem(b, b3, rowBytes, r, i*g.f.bytes), rowMem(h, h3, stride, r, i*size)
			if g.f.min {
				MOVL(from, t)
				MOVL(t, to)
				continue
			}
			MOVWLZX(from, t)
			MOVW(t.As16(), to)
		}
	}
	// Four blocks a turn, then one.
	SUBQ(Imm(4), n)
	JL(LabelRef("stage_rest" + id))
	for _, blocks := range []int{4, 1} {
		label := fmt.Sprintf("stage%d_%s", blocks, id)
		Label(label)
		for i := range blocks {
			block(i)
		}
		advance(b, blocks*g.f.bytes)
		advance(b3, blocks*g.f.bytes)
		advance(h, blocks*g.f.staged())
		advance(h3, blocks*g.f.staged())
		if blocks == 1 {
			DECQ(n)
			JNE(LabelRef(label))
			break
		}
		SUBQ(Imm(4), n)
		JGE(LabelRef(label))
		Label("stage_rest" + id)
		ADDQ(Imm(4), n)
		JEQ(LabelRef("staged" + id))
	}
	Label("staged" + id)
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
	at := GP64()
	XORQ(at, at)
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
	offset := ZMM()
	if g.f.min {
		sums := loadArg(g.args, argSum)
		VMOVDQU32_Z(Mem{Base: sums, Index: at, Scale: 1}, mask, offset)
		VCVTDQ2PS(offset, offset)
		VMULPS(x, offset, offset)
		if g.f.in16ths {
			VMULPS(g.f.lanes("sixteen", math.Float32bits(1), math.Float32bits(16)), offset, offset)
		}
	}
	for r := range rowsAtOnce {
		z := ZMM()
		staged := rowMem(h, h3, stride, r, 0)
		if g.f.min {
			m, half := ZMM(), YMM()
			VPMOVDW_Z(loaded(staged), mask, half)
			VCVTPH2PS(half, z)
			VPSRLD(Imm(16), loaded(staged), m)
			VPMOVDW_Z(m, mask, half)
			VCVTPH2PS(half, m)
			VFMADD231PS(m, offset, g.acc[r])
		} else {
			VCVTPH2PS(staged, z)
		}
		VMULPS(x, z, z)
		VMOVUPS(z, rowMem(s, s3, sStride, r, 0))
	}
	advance(h, 16*g.f.staged())
	advance(h3, 16*g.f.staged())
	advance(s, 64)
	advance(s3, 64)
	advance(xs, 64)
	advance(at, 64)
	SUBQ(Imm(16), n)
	JG(LabelRef("convert"))
}

// staged is the size of a block's scale, and offset, as staged.
func (f *vnniFormat) staged() int {
	if f.min {
		return 4
	}
	return 2
}

// loaded returns a register with the 64 bytes at m.
func loaded(m Mem) VecVirtual {
	z := ZMM()
	VMOVDQU64(m, z)
	return z
}

// multiply sums the products of the four rows at g.w in g.acc, and fetches rows
// after these into the cache: a line now and then, so that memory is busy all
// the time.
func (g *vnni512) multiply() {
	g.w = loadArg(g.args, argW)
	g.rowBytes = loadArg(g.args, argRowBytes)
	g.sStride = loadArg(g.args, argFactorsStride)
	g.w3 = third(g.w, g.rowBytes)
	g.x = loadArg(g.args, argX)
	g.s = loadArg(g.args, argFactors)
	g.s3 = third(g.s, g.sStride)
	g.ahead = fetchFrom(g.args, g.w)
	n := loadArg(g.args, argBlocks)
	// Two pairs of groups a turn, then one, then a single group.
	SUBQ(Imm(4), n)
	JL(LabelRef("rest"))
	Label("pairs")
	g.pair(0, false)
	g.pair(2, false)
	g.advance(4)
	SUBQ(Imm(4), n)
	JGE(LabelRef("pairs"))
	Label("rest")
	ADDQ(Imm(2), n)
	JL(LabelRef("single"))
	g.pair(0, false)
	g.advance(2)
	SUBQ(Imm(2), n)
	Label("single")
	ADDQ(Imm(2), n)
	JEQ(LabelRef("multiplied"))
	g.pair(0, true)
	Label("multiplied")
}

// advance moves on by some blocks.
func (g *vnni512) advance(blocks int) {
	advance(g.w, blocks*g.f.bytes)
	advance(g.w3, blocks*g.f.bytes)
	advance(g.ahead, blocks*rowsAtOnce*g.f.bytes)
	advance(g.x, 32*blocks)
	advance(g.s, 4*blocks)
	advance(g.s3, 4*blocks)
}

// pair multiplies two groups of each row, or one, some blocks on.
func (g *vnni512) pair(blocks int, single bool) {
	x := ZMM()
	if single {
		loadLower(Mem{Base: g.x, Disp: 32 * blocks}, x)
	} else {
		VMOVDQU64(Mem{Base: g.x, Disp: 32 * blocks}, x)
	}
	start := g.start(x)
	for r := range rowsAtOnce {
		codes := ZMM()
		row := func(disp int) Mem { return rowMem(g.w, g.w3, g.rowBytes, r, blocks*g.f.bytes+disp) }
		if g.f.in16ths {
			g.f.raw(g, codes, row, 0, single)
		} else {
			g.f.pair(g, codes, row, single)
		}
		s := ZMM()
		VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 4*blocks), s)
		if !single {
			VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 4*blocks+4), g.upper, s)
		}
		g.accumulate(r, x, codes, start, s)
		at := (blocks*rowsAtOnce + 2*r) * g.f.bytes
		g.fetch(at, at+2*g.f.bytes)
	}
}

// fetch fetches what lies ahead, from some byte up to another, into the cache.
func (g *vnni512) fetch(from, to int) { fetch(g.ahead, from, to) }

// start returns what the integer sums of a pair begin with: minus the bias of
// the codes times the activations x.
func (g *vnni512) start(x VecVirtual) VecVirtual {
	start := ZMM()
	VPXORD(start, start, start)
	if g.f.bias != 0 {
		b := ZMM()
		VPXORD(b, b, b)
		vpdpbusd(x, g.constants["bias"], b)
		VPSUBD(b, start, start)
	}
	return start
}

// accumulate adds the products of codes and x, times factors s, to row r.
func (g *vnni512) accumulate(r int, x, codes, start, s VecVirtual) {
	p := ZMM()
	VMOVDQA64(start, p)
	vpdpbusd(x, codes, p)
	VCVTDQ2PS(p, p)
	VFMADD231PS(s, p, g.acc[r])
}

func setupQ8(g *vnni512) { g.constants["sign"] = broadcast(0x80808080) }

func pairQ8(g *vnni512, z VecVirtual, row func(int) Mem, single bool) {
	loadLower(row(2), z)
	if !single {
		VINSERTI64X4(Imm(1), row(34+2), z, z)
	}
	VPXORD(g.constants["sign"], z, z)
}

// setupNibbles prepares the shift that moves the high halves of bytes down in
// every second 128 bits.
func setupNibbles(g *vnni512) {
	g.constants["low"] = broadcast(0x0f0f0f0f)
	g.constants["fifth"] = broadcast(0x10101010)
	g.constants["shifts"] = loaded(constant("shifts"+g.f.name, repeat(4, 0, 4, 0, 4)...))
}

// pairNibbles decodes blocks with 16 bytes of nibbles at an offset in the
// block, and 32 fifth bits at another one, if that is not 0.
func pairNibbles(offset, fifths int) func(*vnni512, VecVirtual, func(int) Mem, bool) {
	return func(g *vnni512, z VecVirtual, row func(int) Mem, single bool) {
		twice(g, z, row, offset, single)
		VPSRLVD(g.constants["shifts"], z, z)
		VPANDD(g.constants["low"], z, z)
		if fifths == 0 {
			return
		}
		bits, k := GP64(), K()
		MOVL(row(fifths), bits.As32())
		if !single {
			high := GP64()
			MOVL(row(g.f.bytes+fifths), high.As32())
			SHLQ(Imm(32), high)
			ORQ(high, bits)
		}
		KMOVQ(bits, k)
		VPADDB(g.constants["fifth"], z, k, z)
	}
}

// twice puts two copies of the 16 bytes at an offset of a block, and two of
// the next block's, into z.
func twice(g *vnni512, z VecVirtual, row func(int) Mem, offset int, single bool) {
	if single {
		broadcastLower(row(offset), z)
		return
	}
	VBROADCASTI32X4(row(offset), z)
	VBROADCASTI32X4(row(g.f.bytes+offset), g.upper, z)
}

// rawNibbles takes blocks with 16 bytes of nibbles at an offset.
func rawNibbles(offset int) func(*vnni512, VecVirtual, func(int) Mem, int, bool) {
	return func(g *vnni512, z VecVirtual, row func(int) Mem, _ int, single bool) {
		twice(g, z, row, offset, single)
		VPANDD(g.constants["halves"], z, z)
	}
}

var ids int

// uniqueID makes label names that do not repeat.
func uniqueID() string {
	ids++
	return fmt.Sprint(ids)
}
