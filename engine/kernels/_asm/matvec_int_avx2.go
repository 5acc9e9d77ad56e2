package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// avx2Format describes how a quantized format is decoded with AVX2. A group of
// 32 codes fills a register.
type avx2Format struct {
	name   string
	bytes  int    // of a stored block
	values int    // of a stored block
	bias   uint32 // subtracted from codes: they are stored unsigned
	signed bool   // codes are stored signed
	min    bool   // groups have an offset

	// setup loads what group needs into registers.
	setup func(c map[string]VecVirtual, name string)
	// group puts codes 32·j to 32·j+31 of the block at row into y.
	group func(c map[string]VecVirtual, y VecVirtual, row func(disp int) Mem, j int)
	// decode returns the scales of a superblock, and its negative offsets.
	decode func(row func(disp int) Mem) (scale [2]VecVirtual, offset VecVirtual)
}

var quantizedAVX2 = []*avx2Format{
	{name: "Q8_0", bytes: 34, values: 32, signed: true, setup: nothing, group: groupQ8},
	{name: "Q4_0", bytes: 18, values: 32, bias: 8, setup: setupNibbles2, group: groupNibbles(2, 0)},
	{name: "Q4_1", bytes: 20, values: 32, min: true, setup: setupNibbles2, group: groupNibbles(4, 0)},
	{name: "Q5_0", bytes: 22, values: 32, bias: 16, setup: setupFifths2, group: groupNibbles(6, 2)},
	{name: "Q5_1", bytes: 24, values: 32, min: true, setup: setupFifths2, group: groupNibbles(8, 4)},
	{name: "Q4K", bytes: 144, values: 256, min: true, setup: setupLow, group: groupQ4K, decode: decodeQ45K2},
	{name: "Q5K", bytes: 176, values: 256, min: true, setup: setupQ5K2, group: groupQ5K, decode: decodeQ45K2},
	{name: "Q6K", bytes: 210, values: 256, bias: 32, setup: setupQ6K2, group: groupQ6K, decode: decodeQ6K2},
}

func (f *avx2Format) super() bool { return f.values == 256 }

// factorBytes is the size of a block's factors: one for each 16 values of
// Q6_K, one for each 32 of the others.
func (f *avx2Format) factorBytes() int {
	if f.super() && !f.min {
		return 64
	}
	return f.values / 8
}

// broadcast2 returns a 256-bit register that holds word in all places.
func broadcast2(word uint32) VecVirtual {
	r, y := GP32(), YMM()
	MOVL(U32(word), r)
	VMOVD(r, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

// loaded2 returns a register with the 32 bytes at m.
func loaded2(m Mem) VecVirtual {
	y := YMM()
	VMOVDQU(m, y)
	return y
}

// matvecCodes256 writes products with 256-bit registers. With vnni the bytes
// are multiplied by VPDPBUSD.
func matvecCodes256(vnni bool) {
	for _, f := range quantizedAVX2 {
		(&codes2{f: f, vnni: vnni}).generate()
	}
}

// codes2 is a function under construction.
type codes2 struct {
	f         *avx2Format
	vnni      bool
	args      Register
	acc       []VecVirtual
	constants map[string]VecVirtual
	ones      VecVirtual
}

func (g *codes2) generate() {
	f := g.f
	name := "matvec" + f.name + "AVX2"
	if g.vnni {
		name = "matvec" + f.name + "AVXVNNI"
	}
	TEXT(name, attr.NOSPLIT, "func(a *byte)")
	Doc(fmt.Sprintf("%s multiplies at least %d rows of a %s matrix with a vector; the scales and sums of the vector are padded to a multiple of eight.", name, rowsAtOnce, f.name))
	g.args = Load(Param("a"), GP64())
	g.constants = map[string]VecVirtual{}
	for range rowsAtOnce {
		g.acc = append(g.acc, YMM())
	}
	f.setup(g.constants, f.name)
	if !g.vnni {
		g.ones = broadcast2(0x00010001)
	} else if f.signed {
		g.constants["sign"] = broadcast2(0x80808080)
	}
	finalRows(g.args)
	if !f.super() {
		g.stage(loadArg(g.args, argW))
	}
	Label("group")
	for _, y := range g.acc {
		VXORPS(y, y, y)
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
	if !f.super() {
		g.stage(next)
	}
	g.multiply()
	var sums []VecVirtual
	for _, y := range g.acc {
		sums = append(sums, avx2.reduce(y))
	}
	storeSums(g.args, sums)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// stage copies the half-precision scales of the four rows at w side by side,
// their offsets behind them.
func (g *codes2) stage(w Register) {
	id := uniqueID()
	b := GP64()
	MOVQ(w, b)
	rowBytes := loadArg(g.args, argRowBytes)
	b3 := third(b, rowBytes)
	h := loadArg(g.args, argHalves)
	stride := loadArg(g.args, argHalvesStride)
	h3 := third(h, stride)
	m, m3 := GP64(), GP64()
	if g.f.min {
		MOVQ(stride, m)
		SHRQ(Imm(1), m)
		LEAQ(Mem{Base: h3, Index: m, Scale: 1}, m3)
		ADDQ(h, m)
	}
	n := loadArg(g.args, argBlocks)
	Label("stage" + id)
	for r := range rowsAtOnce {
		t := GP32()
		MOVWLZX(rowMem(b, b3, rowBytes, r, 0), t)
		MOVW(t.As16(), rowMem(h, h3, stride, r, 0))
		if g.f.min {
			t := GP32()
			MOVWLZX(rowMem(b, b3, rowBytes, r, 2), t)
			MOVW(t.As16(), rowMem(m, m3, stride, r, 0))
		}
	}
	advance(b, g.f.bytes)
	advance(b3, g.f.bytes)
	staged := []Register{h, h3}
	if g.f.min {
		staged = append(staged, m, m3)
	}
	for _, p := range staged {
		ADDQ(Imm(2), p)
	}
	DECQ(n)
	JNE(LabelRef("stage" + id))
}

// convert turns the staged scales into factors, scale of weights times scale
// of activations, and adds the products of the offsets to the sums.
func (g *codes2) convert() {
	h := loadArg(g.args, argHalves)
	stride := loadArg(g.args, argHalvesStride)
	h3 := third(h, stride)
	m := GP64()
	if g.f.min {
		MOVQ(stride, m)
		SHRQ(Imm(1), m)
	}
	s := loadArg(g.args, argFactors)
	sStride := loadArg(g.args, argFactorsStride)
	s3 := third(s, sStride)
	xs := loadArg(g.args, argScale)
	sums := loadArg(g.args, argSum)
	n := loadArg(g.args, argBlocks)
	x, sum, y := YMM(), YMM(), YMM()
	Label("convert")
	VMOVUPS(at(xs), x)
	if g.f.min {
		VCVTDQ2PS(at(sums), sum)
		VMULPS(x, sum, sum)
	}
	for r := range rowsAtOnce {
		VCVTPH2PS(rowMem(h, h3, stride, r, 0), y)
		VMULPS(x, y, y)
		VMOVUPS(y, rowMem(s, s3, sStride, r, 0))
	}
	if g.f.min {
		ADDQ(m, h)
		ADDQ(m, h3)
		for r := range rowsAtOnce {
			VCVTPH2PS(rowMem(h, h3, stride, r, 0), y)
			VFMADD231PS(y, sum, g.acc[r])
		}
		SUBQ(m, h)
		SUBQ(m, h3)
	}
	advance(h, 16)
	advance(h3, 16)
	for _, p := range []Register{s, s3, xs, sums} {
		advance(p, 32)
	}
	SUBQ(Imm(8), n)
	JG(LabelRef("convert"))
}

// convertSuper does it for superblocks.
func (g *codes2) convertSuper() {
	w := loadArg(g.args, argW)
	rowBytes := loadArg(g.args, argRowBytes)
	w3 := third(w, rowBytes)
	s := loadArg(g.args, argFactors)
	sStride := loadArg(g.args, argFactorsStride)
	s3 := third(s, sStride)
	xs, sums := loadArg(g.args, argScale), loadArg(g.args, argSum)
	n := GP64()
	MOVQ(field(g.args, argBlocks), n)
	Label("convert")
	for r := range rowsAtOnce {
		scale, offset := g.f.decode(func(disp int) Mem { return rowMem(w, w3, rowBytes, r, disp) })
		x := YMM()
		VMOVUPS(at(xs), x)
		if g.f.min {
			VMULPS(x, scale[0], scale[0])
			VMOVUPS(scale[0], rowMem(s, s3, sStride, r, 0))
			sum := YMM()
			VCVTDQ2PS(at(sums), sum)
			VMULPS(x, sum, sum)
			VFNMADD231PS(sum, offset, g.acc[r])
			continue
		}
		// Two scales for each block of activations.
		twice := YMM()
		for h := range 2 {
			VPERMPD(Imm(uint64([]int{0x50, 0xfa}[h])), x, twice)
			VPERMILPS(Imm(0x50), twice, twice)
			VMULPS(twice, scale[h], scale[h])
			VMOVUPS(scale[h], rowMem(s, s3, sStride, r, 32*h))
		}
	}
	advance(w, g.f.bytes)
	advance(w3, g.f.bytes)
	advance(s, g.f.factorBytes())
	advance(s3, g.f.factorBytes())
	advance(xs, 32)
	advance(sums, 32)
	SUBQ(Imm(8), n)
	JG(LabelRef("convert"))
}

// multiply sums the products of the current rows, a group at a time, and fetches
// rows after these into the cache.
func (g *codes2) multiply() {
	w := loadArg(g.args, argW)
	rowBytes := loadArg(g.args, argRowBytes)
	w3 := third(w, rowBytes)
	x := loadArg(g.args, argX)
	s := loadArg(g.args, argFactors)
	sStride := loadArg(g.args, argFactorsStride)
	s3 := third(s, sStride)
	ahead := fetchFrom(g.args, w)
	n := GP64()
	MOVQ(field(g.args, argBlocks), n)
	groups := g.f.values / 32
	perGroup := g.f.factorBytes() / groups
	Label("block")
	for j := range groups {
		xv := loaded2(Mem{Base: x, Disp: 32 * j})
		start := g.start(xv)
		for r := range rowsAtOnce {
			y := YMM()
			g.f.group(g.constants, y, func(disp int) Mem { return rowMem(w, w3, rowBytes, r, disp) }, j)
			y = g.products(xv, y, start)
			VCVTDQ2PS(y, y)
			factor := YMM()
			if perGroup == 8 {
				VBROADCASTSD(rowMem(s, s3, sStride, r, 8*j), factor)
				VPERMILPS(g.constants["spread"], factor, factor)
			} else {
				VBROADCASTSS(rowMem(s, s3, sStride, r, 4*j), factor)
			}
			VFMADD231PS(factor, y, g.acc[r])
			at := (rowsAtOnce*j + r) * g.f.bytes
			fetch(ahead, at/groups, (at+g.f.bytes)/groups)
		}
	}
	advance(ahead, rowsAtOnce*g.f.bytes)
	advance(w, g.f.bytes)
	advance(w3, g.f.bytes)
	advance(x, g.f.values)
	advance(s, g.f.factorBytes())
	advance(s3, g.f.factorBytes())
	SUBQ(Imm(uint64(groups)), n)
	JG(LabelRef("block"))
}

// bias is what the unsigned codes are above their value.
func (g *codes2) bias() uint32 {
	if g.vnni && g.f.signed {
		return 128
	}
	return g.f.bias
}

// start returns what the sums of a group begin with: minus the bias of the
// codes times the activations x.
func (g *codes2) start(x VecVirtual) VecVirtual {
	start := YMM()
	if g.bias() == 0 {
		if g.vnni {
			VPXOR(start, start, start)
		}
		return start
	}
	bias := broadcast2(g.bias() * 0x01010101)
	if g.vnni {
		sum := YMM()
		VPXOR(sum, sum, sum)
		vpdpbusd(x, bias, sum)
		bias = sum
	} else {
		VPMADDUBSW(x, bias, bias)
		VPMADDWD(g.ones, bias, bias)
	}
	VPXOR(start, start, start)
	VPSUBD(bias, start, start)
	return start
}

// products multiplies codes with activations x and sums them by fours.
func (g *codes2) products(x, codes, start VecVirtual) VecVirtual {
	switch {
	case g.vnni:
		if g.f.signed {
			VPXOR(g.constants["sign"], codes, codes)
		}
		sum := YMM()
		VMOVDQA(start, sum)
		vpdpbusd(x, codes, sum)
		return sum
	case g.f.signed:
		signed := YMM()
		VPSIGNB(codes, x, signed)
		VPABSB(codes, codes)
		VPMADDUBSW(signed, codes, codes)
	default:
		VPMADDUBSW(x, codes, codes)
	}
	VPMADDWD(g.ones, codes, codes)
	if g.bias() != 0 {
		VPADDD(start, codes, codes)
	}
	return codes
}

func nothing(map[string]VecVirtual, string) {}

func groupQ8(_ map[string]VecVirtual, y VecVirtual, row func(int) Mem, _ int) { VMOVDQU(row(2), y) }

func setupLow(c map[string]VecVirtual, _ string) { c["low"] = broadcast2(0x0f0f0f0f) }

func setupNibbles2(c map[string]VecVirtual, name string) {
	setupLow(c, name)
	c["shifts"] = loaded2(constant("shifts"+name, repeat(4, 0, 4)...))
}

// setupFifths2 prepares what spreads 32 bits over 32 bytes.
func setupFifths2(c map[string]VecVirtual, name string) {
	setupNibbles2(c, name)
	c["spread"] = loaded2(constant("spread"+name, repeat(2, 0, 0x01010101, 0x02020202, 0x03030303)...))
	c["bits"] = loaded2(constant("bits"+name, 0x08040201, 0x80402010, 0x08040201, 0x80402010,
		0x08040201, 0x80402010, 0x08040201, 0x80402010))
	c["fifth"] = broadcast2(0x10101010)
}

func groupNibbles(offset, fifths int) func(map[string]VecVirtual, VecVirtual, func(int) Mem, int) {
	return func(c map[string]VecVirtual, y VecVirtual, row func(int) Mem, _ int) {
		VBROADCASTI128(row(offset), y)
		VPSRLVD(c["shifts"], y, y)
		VPAND(c["low"], y, y)
		if fifths == 0 {
			return
		}
		b := YMM()
		VPBROADCASTD(row(fifths), b)
		VPSHUFB(c["spread"], b, b)
		VPAND(c["bits"], b, b)
		VPCMPEQB(c["bits"], b, b)
		VPAND(c["fifth"], b, b)
		VPOR(b, y, y)
	}
}

func groupQ4K(c map[string]VecVirtual, y VecVirtual, row func(int) Mem, j int) {
	nibbleHalf(c, y, row(16+32*(j/2)), j%2)
}

// nibbleHalf puts the low or the high halves of 32 bytes into y.
func nibbleHalf(c map[string]VecVirtual, y VecVirtual, m Mem, high int) {
	VMOVDQU(m, y)
	if high == 1 {
		VPSRLW(Imm(4), y, y)
	}
	VPAND(c["low"], y, y)
}

func setupQ5K2(c map[string]VecVirtual, name string) {
	setupLow(c, name)
	c["fifth"] = broadcast2(0x10101010)
}

func groupQ5K(c map[string]VecVirtual, y VecVirtual, row func(int) Mem, j int) {
	nibbleHalf(c, y, row(48+32*(j/2)), j%2)
	b := loaded2(row(16))
	shift(b, 4-j)
	VPAND(c["fifth"], b, b)
	VPOR(b, y, y)
}

// shift moves the bits of 16-bit words to the left, or to the right for a
// negative number of places.
func shift(y VecVirtual, left int) {
	switch {
	case left > 0:
		VPSLLW(Imm(uint64(left)), y, y)
	case left < 0:
		VPSRLW(Imm(uint64(-left)), y, y)
	}
}

func setupQ6K2(c map[string]VecVirtual, name string) {
	setupLow(c, name)
	c["top"] = broadcast2(0x30303030)
	c["spread"] = loaded2(constant("spread"+name, repeat(4, 0, 1)...))
}

func groupQ6K(c map[string]VecVirtual, y VecVirtual, row func(int) Mem, j int) {
	half, quarter := j/4, j%4
	nibbleHalf(c, y, row(64*half+32*(quarter%2)), quarter/2)
	b := loaded2(row(128 + 32*half))
	shift(b, 4-2*quarter)
	VPAND(c["top"], b, b)
	VPOR(b, y, y)
}

func decodeQ45K2(row func(int) Mem) (scale [2]VecVirtual, offset VecVirtual) {
	scale[0], offset = decodeQ45K(row)
	return scale, offset
}

func decodeQ6K2(row func(int) Mem) (scale [2]VecVirtual, offset VecVirtual) {
	d, t := YMM(), GP32()
	MOVWLZX(row(208), t)
	VMOVD(t, d.AsX())
	VCVTPH2PS(d.AsX(), d.AsX())
	VBROADCASTSS(d.AsX(), d)
	for h := range scale {
		scale[h] = YMM()
		VPMOVSXBD(row(192+8*h), scale[h])
		VCVTDQ2PS(scale[h], scale[h])
		VMULPS(d, scale[h], scale[h])
	}
	return scale, offset
}
