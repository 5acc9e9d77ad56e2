package kernels

import "math"

// half returns the value of an IEEE 754 half-precision number. The exponent and
// mantissa are moved to their place in a float32 and rebiased by a
// multiplication, which also normalises subnormal numbers.
func half(h uint16) float32 {
	const rebias = 0x1p112
	if h&0x7c00 == 0x7c00 { // infinity and not a number
		return math.Float32frombits(uint32(h&0x8000)<<16 | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	v := math.Float32frombits(uint32(h&0x7fff)<<13) * rebias
	return math.Float32frombits(math.Float32bits(v) | uint32(h&0x8000)<<16)
}

// toHalf rounds f to the nearest half-precision number, ties to even. Values
// past the range become infinite.
func toHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // not a number
		return sign | 0x7e00
	case bits >= 0x477ff000: // rounds past 65504
		return sign | 0x7c00
	case bits < 0x38800000: // subnormal: the addition of 1/2 rounds to a multiple of 2^-24
		sum := math.Float32frombits(bits) + 0.5
		return sign | uint16(math.Float32bits(sum)-0x3f000000)
	}
	bits += 0xfff + bits>>13&1
	return sign | uint16((bits-0x38000000)>>13)
}

// bfloat returns the value of a bfloat16 number.
func bfloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }
