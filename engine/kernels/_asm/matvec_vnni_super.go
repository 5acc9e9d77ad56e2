package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// superblock is where the scales of four rows' superblocks come from and where
// their factors go.
type superblock struct {
	row     func(r, disp int) Mem
	factors func(r int) Mem
	xs      Register // scales of the eight blocks of activations
	sums    Register // their sums
}

// convertSuper computes the factors of the current rows, and adds the products
// of their offsets to the sums.
func (g *vnni512) convertSuper() {
	w := loadArg(g.args, argW)
	rowBytes := loadArg(g.args, argRowBytes)
	w3 := third(w, rowBytes)
	s := loadArg(g.args, argFactors)
	sStride := loadArg(g.args, argFactorsStride)
	s3 := third(s, sStride)
	c := &superblock{
		row:     func(r, disp int) Mem { return rowMem(w, w3, rowBytes, r, disp) },
		factors: func(r int) Mem { return rowMem(s, s3, sStride, r, 0) },
		xs:      loadArg(g.args, argScale),
		sums:    loadArg(g.args, argSum),
	}
	n := GP64()
	MOVQ(field(g.args, argBlocks), n)
	Label("convert")
	g.f.scales(g, c)
	advance(w, g.f.bytes)
	advance(w3, g.f.bytes)
	advance(s, g.f.factorBytes())
	advance(s3, g.f.factorBytes())
	advance(c.xs, 32)
	advance(c.sums, 32)
	SUBQ(Imm(8), n)
	JG(LabelRef("convert"))
}

// factorBytes is the size of a superblock's factors: one for each 16 values of
// Q6_K, one for each 32 of the others.
func (f *vnniFormat) factorBytes() int {
	if f.min {
		return 32
	}
	return 64
}

// multiplySuper sums the products of the current rows, a quarter of a
// superblock at a time, and fetches rows after these into the cache.
func (g *vnni512) multiplySuper() {
	g.w = loadArg(g.args, argW)
	g.rowBytes = loadArg(g.args, argRowBytes)
	g.sStride = loadArg(g.args, argFactorsStride)
	g.w3 = third(g.w, g.rowBytes)
	g.x = loadArg(g.args, argX)
	g.s = loadArg(g.args, argFactors)
	g.s3 = third(g.s, g.sStride)
	g.ahead = fetchFrom(g.args, g.w)
	n := loadArg(g.args, argBlocks)
	Label("superblock")
	for j := range 4 {
		x := loaded(Mem{Base: g.x, Disp: 64 * j})
		start := g.start(x)
		for r := range rowsAtOnce {
			codes := ZMM()
			row := func(disp int) Mem { return rowMem(g.w, g.w3, g.rowBytes, r, disp) }
			if g.f.in16ths {
				g.f.raw(g, codes, row, j, false)
			} else {
				g.f.part(g, codes, row, j)
			}
			g.accumulate(r, x, codes, start, g.factors(r, j))
			g.fetch((4*j+r)*g.f.bytes/4, (4*j+r+1)*g.f.bytes/4)
		}
	}
	advance(g.w, g.f.bytes)
	advance(g.w3, g.f.bytes)
	advance(g.ahead, rowsAtOnce*g.f.bytes)
	advance(g.x, 256)
	advance(g.s, g.f.factorBytes())
	advance(g.s3, g.f.factorBytes())
	SUBQ(Imm(8), n)
	JG(LabelRef("superblock"))
}

// factors spreads the factors of quarter j of row r over the places that their
// products are in.
func (g *vnni512) factors(r, j int) VecVirtual {
	s := ZMM()
	if !g.f.min {
		VBROADCASTF32X4(rowMem(g.s, g.s3, g.sStride, r, 16*j), s)
		VPERMILPS(g.constants["spread"], s, s)
		return s
	}
	VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 8*j), s)
	VBROADCASTSS(rowMem(g.s, g.s3, g.sStride, r, 8*j+4), g.upper, s)
	return s
}

// scalesQ45K scales and stores the factors of Q4_K and Q5_K.
func scalesQ45K(g *vnni512, c *superblock) {
	xs, sums := YMM(), YMM()
	VMOVUPS(Mem{Base: c.xs}, xs)
	VCVTDQ2PS(Mem{Base: c.sums}, sums)
	VMULPS(xs, sums, sums)
	for r := range rowsAtOnce {
		scale, offset := decodeQ45K(func(disp int) Mem { return c.row(r, disp) })
		VMULPS(xs, scale, scale)
		VMOVUPS(scale, c.factors(r))
		VFNMADD231PS(sums, offset, g.acc[r].AsY())
	}
}

// decodeQ45K decodes eight scales and negative offsets of six bits each,
// packed in 12 bytes a, b, c of four: the first four are the low six bits of a
// and b, the others have their low bits in c and their high ones in the top of
// a and b.
func decodeQ45K(row func(disp int) Mem) (scale, offset VecVirtual) {
	d, dmin := YMM(), YMM()
	VMOVD(row(0), d.AsX())
	VCVTPH2PS(d.AsX(), d.AsX())
	VPERMILPS(Imm(1), d.AsX(), dmin.AsX())
	VBROADCASTSS(d.AsX(), d)
	VBROADCASTSS(dmin.AsX(), dmin)
	scale, offset = YMM(), YMM()
	low, high := GP32(), GP32()
	MOVL(row(4), low)
	MOVL(row(12), high)
	sixBits(low, high, 0, scale)
	low, high = GP32(), GP32()
	MOVL(row(8), low)
	MOVL(row(12), high)
	sixBits(low, high, 4, offset)
	VMULPS(d, scale, scale)
	VMULPS(dmin, offset, offset)
	return scale, offset
}

// sixBits puts eight six-bit numbers into y, as floats.
func sixBits(low, high GPVirtual, shift uint64, y VecVirtual) {
	top := GP32()
	MOVL(low, top)
	ANDL(U32(0x3f3f3f3f), low)
	SHRL(Imm(2), top)
	ANDL(U32(0x30303030), top)
	if shift > 0 {
		SHRL(Imm(shift), high)
	}
	ANDL(U32(0x0f0f0f0f), high)
	ORL(top, high)
	SHLQ(Imm(32), high.As64())
	ORQ(low.As64(), high.As64())
	VMOVQ(high.As64(), y.AsX())
	VPMOVZXBD(y.AsX(), y)
	VCVTDQ2PS(y, y)
}

// scalesQ6K converts sixteen scales of one byte each.
func scalesQ6K(g *vnni512, c *superblock) {
	xs := ZMM()
	loadLower(Mem{Base: c.xs}, xs)
	VPERMPS(xs, g.constants["twice"], xs)
	for r := range rowsAtOnce {
		scale := decodeQ6K(func(disp int) Mem { return c.row(r, disp) })
		VMULPS(xs, scale, scale)
		VMOVUPS(scale, c.factors(r))
	}
}

// decodeQ6K decodes sixteen scales.
func decodeQ6K(row func(disp int) Mem) VecVirtual {
	d, scale := ZMM(), ZMM()
	VPBROADCASTW(row(208), d.AsX())
	VCVTPH2PS(d.AsX(), d.AsX())
	VBROADCASTSS(d.AsX(), d)
	VPMOVSXBD(row(192), scale)
	VCVTDQ2PS(scale, scale)
	VMULPS(d, scale, scale)
	return scale
}

func setupQ4K(g *vnni512) {
	g.constants["low"] = broadcast(0x0f0f0f0f)
	g.constants["shifts"] = loaded(constant("shifts"+g.f.name, repeat(8, 0, 4)...))
}

func partQ4K(g *vnni512, z VecVirtual, row func(int) Mem, j int) {
	VBROADCASTI64X4(row(16+32*j), z)
	VPSRLVD(g.constants["shifts"], z, z)
	VPANDD(g.constants["low"], z, z)
}

func rawQ4K(g *vnni512, z VecVirtual, row func(int) Mem, j int, _ bool) {
	VBROADCASTI64X4(row(16+32*j), z)
	VPANDD(g.constants["halves"], z, z)
}

func setupQ5K(g *vnni512) {
	setupQ4K(g)
	g.constants["fifth"] = broadcast(0x10101010)
	for j := range 4 {
		low, high := uint32(0x01010101)<<(2*j), uint32(0x02020202)<<(2*j)
		g.constants["bits"+string(rune('0'+j))] = loaded(constant("bits"+string(rune('0'+j))+g.f.name, repeat(8, low, high)...))
	}
}

func partQ5K(g *vnni512, z VecVirtual, row func(int) Mem, j int) {
	VBROADCASTI64X4(row(48+32*j), z)
	VPSRLVD(g.constants["shifts"], z, z)
	VPANDD(g.constants["low"], z, z)
	bits, k := ZMM(), K()
	VBROADCASTI64X4(row(16), bits)
	VPTESTMB(g.constants["bits"+string(rune('0'+j))], bits, k)
	VPADDB(g.constants["fifth"], z, k, z)
}

func setupQ6K(g *vnni512) {
	g.constants["low"] = broadcast(0x0f0f0f0f)
	g.constants["top"] = broadcast(0x30303030)
	g.constants["left"] = loaded(constant("left"+g.f.name, repeat(8, 4, 2)...))
	g.constants["right"] = loaded(constant("right"+g.f.name, repeat(8, 0, 2)...))
	g.constants["spread"] = loaded(constant("spread"+g.f.name, repeat(4, 0, 1, 2, 3)...))
	g.constants["twice"] = loaded(constant("twice"+g.f.name, repeat(2, 0, 1, 2, 3, 4, 5, 6, 7)...))
}

// partQ6K decodes 64 codes: their low four bits are in one or the other half
// of 64 bytes, their high two in 32 bytes that both quarters of a half share.
func partQ6K(g *vnni512, z VecVirtual, row func(int) Mem, j int) {
	top := ZMM()
	VMOVDQU64(row(64*(j/2)), z)
	VBROADCASTI64X4(row(128+32*(j/2)), top)
	if j%2 == 0 {
		VPSLLVD(g.constants["left"], top, top)
	} else {
		VPSRLD(Imm(4), z, z)
		VPSRLVD(g.constants["right"], top, top)
	}
	VPANDD(g.constants["top"], top, top)
	// top or (z and low)
	const orAnd = 0xf8
	VPTERNLOGD(Imm(orAnd), g.constants["low"], z, top)
	VMOVDQA64(top, z)
}
