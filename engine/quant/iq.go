package quant

import "encoding/binary"

// The IQ formats of this file name several values at once by a code into a
// codebook (codebook.go). Those of two and three bits store signs beside it.

// iq2_xxs: for each 32 values four codes of a byte, then a word of four times
// seven signs and four bits of scale s: d·(s + 1/2)/4.
func unpackIQ2_XXS(code []int8, scale, _ []float32, b []byte) {
	d := getF16(b)
	for g := range scale {
		part := b[2+8*g:]
		word := binary.LittleEndian.Uint32(part[4:])
		scale[g] = d * (0.5 + float32(word>>28)) * 0.25
		for l := range 4 {
			signed(code[32*g+8*l:], codesIQ2XXS.entry(int(part[l])), signsOf(word>>(7*l)))
		}
	}
}

// iq2_xs: for each eight values nine bits of code and seven signs, then scales of
// four bits for each 16.
func unpackIQ2_XS(code []int8, scale, _ []float32, b []byte) {
	fourBits(scale, getF16(b), b[66:])
	for i := range 32 {
		word := binary.LittleEndian.Uint16(b[2+2*i:])
		signed(code[8*i:], codesIQ2XS.entry(int(word&511)), signsOf(uint32(word>>9)))
	}
}

// iq2_s: the same with codes of ten bits, the upper two apart, and eight signs.
func unpackIQ2_S(code []int8, scale, _ []float32, b []byte) {
	fourBits(scale, getF16(b), b[74:])
	low, signs, high := b[2:34], b[34:66], b[66:74]
	for i, v := range low {
		signed(code[8*i:], codesIQ2S.entry(int(v)|int(high[i/4]>>(i%4*2)&3)<<8), signs[i])
	}
}

// fourBits sets scales of four bits s: d·(s + 1/2)/4.
func fourBits(scale []float32, d float32, b []byte) {
	for g := range scale {
		scale[g] = d * (0.5 + float32(b[g/2]>>(g%2*4)&15)) * 0.25
	}
}

// iq3_xxs: a byte for each four values, then for each 32 a word of four times
// seven signs and four bits of scale s: d·(s + 1/2)/2.
func unpackIQ3_XXS(code []int8, scale, _ []float32, b []byte) {
	d := getF16(b)
	for g := range scale {
		word := binary.LittleEndian.Uint32(b[66+4*g:])
		scale[g] = d * (0.5 + float32(word>>28)) * 0.5
		for l := range 4 {
			minuses := signsOf(word >> (7 * l))
			at, named := code[32*g+8*l:], b[2+8*g+2*l:]
			signed(at, codesIQ3XXS.entry(int(named[0])), minuses)
			signed(at[4:], codesIQ3XXS.entry(int(named[1])), minuses>>4)
		}
	}
}

// iq3_s: nine bits for each four values, the upper one apart, a sign for each,
// and for each 32 four bits of scale s: d·(2s + 1).
func unpackIQ3_S(code []int8, scale, _ []float32, b []byte) {
	d := getF16(b)
	low, high, signs, scales := b[2:66], b[66:74], b[74:106], b[106:110]
	for g := range scale {
		scale[g] = d * float32(1+2*(scales[g/2]>>(g%2*4)&15))
	}
	for i, v := range low {
		signed(code[4*i:], codesIQ3S.entry(int(v)|int(high[i/8]>>(i%8)&1)<<8), signs[i/2]>>(i%2*4))
	}
}

// Values of one bit are those of a codebook, -1 to 1, moved by an eighth up or
// down: as codes eight times that, with an eighth of the scale.
const eighths = 8

func moved(dst, values []int8, down bool) {
	delta := int8(1)
	if down {
		delta = -1
	}
	for i, v := range values {
		dst[i] = eighths*v + delta
	}
}

// iq1_s: for each 32 values four bytes of codes, and a word of their upper bits,
// three of scale s, d·(2s + 1), and the direction.
func unpackIQ1_S(code []int8, scale, _ []float32, b []byte) {
	d := getF16(b)
	for g := range scale {
		word := binary.LittleEndian.Uint16(b[34+2*g:])
		scale[g] = d * float32(2*(word>>12&7)+1) / eighths
		for l := range 4 {
			named := int(b[2+4*g+l]) | int(word>>(3*l)&7)<<8
			moved(code[32*g+8*l:], codesIQ1.entry(named), word>>15 != 0)
		}
	}
}

// iq1_m: for each eight values a byte of code, and four bits of its upper bits
// and the direction; for each 16 three bits of scale, d·(2s + 1). The four words
// of scales have d in their upper four bits.
func unpackIQ1_M(code []int8, scale, _ []float32, b []byte) {
	var words [4]uint16
	var half uint16
	for i := range words {
		words[i] = binary.LittleEndian.Uint16(b[48+2*i:])
		half |= words[i] >> 12 << (4 * i)
	}
	d := FromF16(half)
	for g := range scale {
		scale[g] = d * float32(2*(words[g/4]>>(g%4*3)&7)+1) / eighths
	}
	for i := range 32 {
		upper := b[32+i/2] >> (i % 2 * 4)
		moved(code[8*i:], codesIQ1.entry(int(b[i])|int(upper&7)<<8), upper&8 != 0)
	}
}
