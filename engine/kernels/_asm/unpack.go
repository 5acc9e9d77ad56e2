package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// unpack512 writes functions that unpack a row into unsigned codes, scales and
// offsets.
func unpack512() {
	for _, f := range quantized {
		f.unpack()
	}
}

func (f *vnniFormat) unpack() {
	name := "unpack" + f.name + "AVX512"
	TEXT(name, attr.NOSPLIT, "func(code *uint8, scale, offset *float32, row *byte, blocks int)")
	Doc(fmt.Sprintf("%s unpacks the codes, plus a bias of %d, scales and offsets of a %s row.", name, f.bias, f.name))
	g := &vnni512{f: f, constants: map[string]VecVirtual{}}
	code := Load(Param("code"), GP64())
	scale := Load(Param("scale"), GP64())
	offset := Load(Param("offset"), GP64())
	w := Load(Param("row"), GP64())
	n := Load(Param("blocks"), GP64())
	row := func(disp int) Mem { return Mem{Base: w, Disp: disp} }
	m := GP32()
	MOVL(U32(0xff00), m)
	g.upper = K()
	KMOVW(m, g.upper)
	f.setup(g)
	if f.super() {
		f.unpackSuper(g, code, scale, offset, w, n, row)
	} else {
		f.unpackBlocks(g, code, scale, offset, w, n, row)
	}
	VZEROUPPER()
	RET()
}

func (f *vnniFormat) unpackBlocks(g *vnni512, code, scale, offset, w, n Register, row func(int) Mem) {
	SUBQ(Imm(2), n)
	JL(LabelRef("single"))
	Label("pair")
	z := ZMM()
	f.pair(g, z, row, false)
	VMOVDQU64(z, Mem{Base: code})
	f.unpackScale(scale, offset, row, 0)
	f.unpackScale(scale, offset, row, 1)
	advance(w, 2*f.bytes)
	advance(code, 64)
	advance(scale, 8)
	advance(offset, 8)
	SUBQ(Imm(2), n)
	JGE(LabelRef("pair"))
	Label("single")
	ADDQ(Imm(2), n)
	JEQ(LabelRef("done"))
	z = ZMM()
	f.pair(g, z, row, true)
	VMOVDQU64(z.AsY(), Mem{Base: code})
	f.unpackScale(scale, offset, row, 0)
	Label("done")
}

// unpackScale converts the scale, and offset, of block i.
func (f *vnniFormat) unpackScale(scale, offset Register, row func(int) Mem, i int) {
	x, d := XMM(), GP32()
	if f.min {
		MOVL(row(i*f.bytes), d)
	} else {
		MOVWLZX(row(i*f.bytes), d)
	}
	VMOVD(d, x)
	VCVTPH2PS(x, x)
	VMOVSS(x, Mem{Base: scale, Disp: 4 * i})
	if f.min {
		VPERMILPS(Imm(1), x, x)
		VMOVSS(x, Mem{Base: offset, Disp: 4 * i})
	}
}

func (f *vnniFormat) unpackSuper(g *vnni512, code, scale, offset, w, n Register, row func(int) Mem) {
	Label("superblock")
	for j := range 4 {
		z := ZMM()
		f.part(g, z, row, j)
		VMOVDQU64(z, Mem{Base: code, Disp: 64 * j})
	}
	if f.min {
		s, o := decodeQ45K(row)
		VMOVUPS(s, Mem{Base: scale})
		zero := YMM()
		VXORPS(zero, zero, zero)
		VSUBPS(o, zero, zero)
		VMOVUPS(zero, Mem{Base: offset})
	} else {
		VMOVUPS(decodeQ6K(row), Mem{Base: scale})
	}
	advance(w, f.bytes)
	advance(code, 256)
	advance(scale, f.factorBytes())
	advance(offset, f.factorBytes())
	SUBQ(Imm(8), n)
	JG(LabelRef("superblock"))
}

// sums16 writes a function that starts the sums of 16 columns: minus 32 times
// the sum of 16 activations.
func sums16() {
	TEXT("starts16VNNI", attr.NOSPLIT, "func(dst *int32, x *int8, n int)")
	Doc("starts16VNNI stores minus 32 times the sum of each of n groups of 16 values.")
	dst := Load(Param("dst"), GP64())
	x := Load(Param("x"), GP64())
	n := Load(Param("n"), GP64())
	bias := broadcast(0x20202020)
	Label("loop")
	v := XMM()
	VMOVDQU32(Mem{Base: x}, v)
	s, t := XMM(), XMM()
	VPXORD(s, s, s)
	vpdpbusd(v, bias.AsX(), s)
	VPSHUFD(Imm(0x4e), s, t)
	VPADDD(t, s, s)
	VPSHUFD(Imm(0xb1), s, t)
	VPADDD(t, s, s)
	VPXORD(t, t, t)
	VPSUBD(s, t, t)
	VMOVD(t, Mem{Base: dst})
	advance(x, 16)
	advance(dst, 4)
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
