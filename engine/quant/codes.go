package quant

import (
	"encoding/binary"
	"math"
)

// coded is a format whose blocks are small integer codes, and for each group of
// consecutive codes a scale and, in some formats, an offset:
//
//	value = scale · code + offset
//
// The product is rounded to float32 before the sum, as ggml does.
type coded struct {
	group  int  // values that share a scale
	offset bool // groups have an offset
	unpack func(code []int8, scale, offset []float32, block []byte)
}

// codedFormats are the formats that are unpacked so; those of block32.go and
// superblock.go have decoders of their own.
var codedFormats = map[Type]coded{
	Q2_K:    {16, true, unpackQ2_K},
	Q3_K:    {16, false, unpackQ3_K},
	IQ4_NL:  {32, false, unpackIQ4_NL},
	IQ4_XS:  {32, false, unpackIQ4_XS},
	MXFP4:   {32, false, unpackMXFP4},
	TQ1_0:   {32, false, unpackTQ1_0},
	TQ2_0:   {32, false, unpackTQ2_0},
	IQ1_S:   {32, false, unpackIQ1_S},
	IQ1_M:   {16, false, unpackIQ1_M},
	IQ2_XXS: {32, false, unpackIQ2_XXS},
	IQ2_XS:  {16, false, unpackIQ2_XS},
	IQ2_S:   {16, false, unpackIQ2_S},
	IQ3_XXS: {32, false, unpackIQ3_XXS},
	IQ3_S:   {32, false, unpackIQ3_S},
}

// Coded returns how many values of t share a scale, and whether an offset comes
// with it; ok is false for formats that Unpack does not take.
func (t Type) Coded() (group int, offset, ok bool) {
	c, ok := codedFormats[t]
	return c.group, c.offset, ok
}

// Unpack restores the codes of a row, whole blocks, and the scales and offsets of
// its groups. Slices are as long as the row's values and groups; offset may be
// empty for formats without one.
func (t Type) Unpack(code []int8, scale, offset []float32, row []byte) {
	c, l := codedFormats[t], layouts[t]
	groups := l.Block / c.group
	for i := range len(code) / l.Block {
		var m []float32
		if c.offset {
			m = offset[i*groups:][:groups]
		}
		c.unpack(code[i*l.Block:][:l.Block], scale[i*groups:][:groups], m, row[i*l.Bytes:][:l.Bytes])
	}
}

// decodeCoded decodes a block of a coded format.
func decodeCoded(t Type) func(dst []float32, src []byte) {
	c := codedFormats[t]
	return func(dst []float32, src []byte) {
		var code [super]int8
		var scale, offset [super / 16]float32
		n := len(dst)
		c.unpack(code[:n], scale[:n/c.group], offset[:n/c.group], src)
		for i := range dst {
			dst[i] = scale[i/c.group] * float32(code[i])
			if c.offset {
				dst[i] += offset[i/c.group]
			}
		}
	}
}

// q2_k: 16 groups of 16, each with 4 bits of scale and of offset, and codes of
// two bits: those of value 32r+i of a half of 128 stand at bit 2r of byte i.
func unpackQ2_K(code []int8, scale, offset []float32, b []byte) {
	d, dmin := getF16(b[80:]), getF16(b[82:])
	for g, s := range b[:16] {
		scale[g], offset[g] = d*float32(s&15), -(dmin * float32(s>>4))
	}
	for i := range code {
		code[i] = int8(b[16+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3)
	}
}

// q3_k: as q2_k, with a third bit that is 0 where 4 is to be taken off (of value
// 32r+i, over the whole block, at bit r of byte i), and scales of 6 bits less 32.
func unpackQ3_K(code []int8, scale, _ []float32, b []byte) {
	high, low, packed, d := b[:32], b[32:96], b[96:108], getF16(b[108:])
	for g := range scale {
		s := packed[g%8]>>(g/8*4)&15 | packed[8+g%4]>>(g/4*2)&3<<4
		scale[g] = d * float32(int(s)-32)
	}
	for i := range code {
		code[i] = int8(low[i/128*32+i%32]>>(i%128/32*2)&3) - 4 + int8(high[i%32]>>(i/32)&1)<<2
	}
}

// nonlinear are the values of the codes of iq4_nl and iq4_xs; ofE2M1 those of
// mxfp4, doubled: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives.
var (
	nonlinear = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	ofE2M1    = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

// look writes the values of 32 four-bit codes, low halves of the bytes first.
func look(code []int8, values *[16]int8, b []byte) {
	for i, q := range b[:16] {
		code[i], code[i+16] = values[q&15], values[q>>4]
	}
}

func unpackIQ4_NL(code []int8, scale, _ []float32, b []byte) {
	scale[0] = getF16(b)
	look(code, &nonlinear, b[2:])
}

// iq4_xs: 8 groups with 6 bits of scale less 32, the upper two apart.
func unpackIQ4_XS(code []int8, scale, _ []float32, b []byte) {
	d, high := getF16(b), binary.LittleEndian.Uint16(b[2:])
	for g := range scale {
		s := uint16(b[4+g/2]>>(g%2*4)&15) | high>>(2*g)&3<<4
		scale[g] = d * float32(int(s)-32)
		look(code[g*32:], &nonlinear, b[8+g*16:])
	}
}

// mxfp4: the scale is a power of two, halved for the doubled values.
func unpackMXFP4(code []int8, scale, _ []float32, b []byte) {
	scale[0] = halfE8M0(b[0])
	look(code, &ofE2M1, b[1:])
}

// halfE8M0 returns 2^(e-128).
func halfE8M0(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e) // below the smallest normal number
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// tq2_0: codes of two bits less 1, laid out as those of q2_k.
func unpackTQ2_0(code []int8, scale, _ []float32, b []byte) {
	fill(scale, getF16(b[64:]))
	for i := range code {
		code[i] = int8(b[i/128*32+i%32]>>(i%128/32*2)&3) - 1
	}
}

// powers of three, which move a digit of a tq1_0 byte to its front.
var powers3 = [5]byte{1, 3, 9, 27, 81}

// trit returns a digit, -1 to 1, of a byte that holds five of base three as a
// fraction of 256.
func trit(b byte, digit int) int8 {
	return int8(uint16(b*powers3[digit])*3>>8) - 1
}

// tq1_0: bytes of five digits: 32 bytes for the first 160 values, 16 for the next
// 80, each digit of all bytes before the next; then 4 bytes of four digits.
func unpackTQ1_0(code []int8, scale, _ []float32, b []byte) {
	fill(scale, getF16(b[52:]))
	at := 0
	for _, part := range []struct{ from, bytes, digits int }{{0, 32, 5}, {32, 16, 5}, {48, 4, 4}} {
		for digit := range part.digits {
			for _, v := range b[part.from:][:part.bytes] {
				code[at] = trit(v, digit)
				at++
			}
		}
	}
}

func fill(scale []float32, d float32) {
	for g := range scale {
		scale[g] = d
	}
}
