package quant

import (
	"encoding/binary"
	"math"
)

// Products that are added to something are converted to float32 explicitly in
// all of this package: without that Go may fuse the two operations where the
// machine can (arm64), and the same weights would be encoded to other bytes.

// codec converts whole blocks of one format: the lengths of its arguments are
// those of the format's Layout.
type codec struct {
	encode func(dst []byte, src []float32)
	decode func(dst []float32, src []byte)
}

// codecs holds the formats that pack several values in a block. Floats are
// converted by loops of their own, since a call for each value would cost more
// than the conversion.
var codecs = map[Type]codec{
	Q8_0: {encodeQ8_0, decodeQ8_0},
	Q4_0: {encodeQ4_0, decodeQ4_0},
	Q4_1: {encodeQ4_1, decodeQ4_1},
	Q5_0: {encodeQ5_0, decodeQ5_0},
	Q5_1: {encodeQ5_1, decodeQ5_1},
	Q4_K: {encodeQ4_K, decodeQ4_K},
	Q5_K: {encodeQ5_K, decodeQ5_K},
	Q6_K: {encodeQ6_K, decodeQ6_K},

	Q2_K:    {nil, decodeCoded(Q2_K)},
	Q3_K:    {nil, decodeCoded(Q3_K)},
	IQ4_NL:  {nil, decodeCoded(IQ4_NL)},
	IQ4_XS:  {nil, decodeCoded(IQ4_XS)},
	MXFP4:   {nil, decodeCoded(MXFP4)},
	TQ1_0:   {nil, decodeCoded(TQ1_0)},
	TQ2_0:   {nil, decodeCoded(TQ2_0)},
	IQ1_S:   {nil, decodeCoded(IQ1_S)},
	IQ1_M:   {nil, decodeCoded(IQ1_M)},
	IQ2_XXS: {nil, decodeCoded(IQ2_XXS)},
	IQ2_XS:  {nil, decodeCoded(IQ2_XS)},
	IQ2_S:   {nil, decodeCoded(IQ2_S)},
	IQ3_XXS: {nil, decodeCoded(IQ3_XXS)},
	IQ3_S:   {nil, decodeCoded(IQ3_S)},
}

// Encode stores src in format t. The length of src is a whole number of blocks
// and dst has RowBytes(len(src)) bytes; like an index out of range, other
// lengths are a programmer's error and panic.
func (t Type) Encode(dst []byte, src []float32) {
	switch t {
	case F32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	case F16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], ToF16(v))
		}
	case BF16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], ToBF16(v))
		}
	default:
		l, encode := layouts[t], codecs[t].encode
		for i := range len(src) / l.Block {
			encode(dst[i*l.Bytes:][:l.Bytes], src[i*l.Block:][:l.Block])
		}
	}
}

// Decode restores the values that src stores in format t. The length of dst is
// a whole number of blocks and src has RowBytes(len(dst)) bytes; other lengths
// panic as in Encode.
func (t Type) Decode(dst []float32, src []byte) {
	switch t {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = FromF16(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = FromBF16(binary.LittleEndian.Uint16(src[2*i:]))
		}
	default:
		l, decode := layouts[t], codecs[t].decode
		for i := range len(dst) / l.Block {
			decode(dst[i*l.Block:][:l.Block], src[i*l.Bytes:][:l.Bytes])
		}
	}
}

func putF16(dst []byte, v float32) { binary.LittleEndian.PutUint16(dst, ToF16(v)) }
func getF16(src []byte) float32    { return FromF16(binary.LittleEndian.Uint16(src)) }

// inverse returns 1/v, and 0 for 0: a block of zeros has scale 0 and codes 0.
func inverse(v float32) float32 {
	if v == 0 {
		return 0
	}
	return 1 / v
}
