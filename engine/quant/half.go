package quant

import "math"

// ToF16 rounds f to IEEE 754 binary16, to nearest, ties to even; what exceeds
// its range becomes infinite, and NaN stays NaN.
func ToF16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>16) & 0x8000
	abs := bits &^ (1 << 31)
	switch {
	case abs > 0x7f800000: // NaN, made quiet
		return sign | 0x7e00 | uint16(abs>>13)&0x3ff
	case abs >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case abs >= 0x38800000: // 2^-14 and above are normal: re-bias the exponent, round the mantissa
		abs -= 112 << 23
		return sign | uint16((abs+0xfff+abs>>13&1)>>13)
	}
	// Below, binary16 counts in steps of 2^-24, and so do float32 values just
	// above one half: the addition does the rounding.
	return sign | uint16(math.Float32bits(math.Float32frombits(abs)+0.5)-0x3f000000)
}

// FromF16 returns the value of the IEEE 754 binary16 number h.
func FromF16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	mantissa := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero and subnormal
		return math.Float32frombits(math.Float32bits(float32(mantissa)*0x1p-24) | sign)
	case 0x1f: // infinite and NaN
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
}

// ToBF16 rounds f to bfloat16, the upper half of a float32, to nearest, ties to
// even; NaN stays NaN.
func ToBF16(f float32) uint16 {
	bits := math.Float32bits(f)
	if bits&^(1<<31) > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// FromBF16 returns the value of the bfloat16 number b.
func FromBF16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }
