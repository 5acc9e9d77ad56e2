package traces

import (
	"strconv"
	"strings"
)

// bitsPerValue gives the storage of a value, block scales and offsets included.
// The quantized formats are those of ggml; "int8" is the engine's activation
// encoding: 32 int8 values with a 32-bit scale and a 32-bit sum.
var bitsPerValue = map[string]float64{
	"f64": 64, "i64": 64, "f32": 32, "i32": 32, "f16": 16, "bf16": 16, "i16": 16, "i8": 8,
	"q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5, "q8_1": 9, "q2_0": 2.25, "q1_0": 1.125,
	"q8_k": 9.125, "q6_k": 6.5625, "q5_k": 5.5, "q4_k": 4.5, "q3_k": 3.4375, "q2_k": 2.625,
	"iq4_nl": 4.5, "iq4_xs": 4.25, "iq3_s": 3.4375, "iq3_xxs": 3.0625,
	"iq2_s": 2.5625, "iq2_xs": 2.3125, "iq2_xxs": 2.0625, "iq1_m": 1.75, "iq1_s": 1.5625,
	"tq2_0": 2.0625, "tq1_0": 1.6875, "mxfp4": 4.25, "nvfp4": 4.5,
	"int8": 10,
}

// Values returns how many values of a storage format n bytes hold; of a format
// that this package does not know, one a byte.
func Values(dtype string, n int64) int64 {
	return int64(float64(n) * 8 / bitsOf(dtype))
}

// Bytes returns the bytes of n values in a storage format; of a format that this
// package does not know, one a value.
func Bytes(dtype string, n int64) int64 {
	return int64(float64(n) * bitsOf(dtype) / 8)
}

func bitsOf(dtype string) float64 {
	if bits, ok := bitsPerValue[dtype]; ok {
		return bits
	}
	return groupwiseBits(dtype)
}

// groupwiseBits is the storage of a value in wB, wB_gN or wB_gN_zp: B bits, and
// in groups of N values a 16-bit scale and offset; the scale of a whole row is
// not counted. It is 8 for other names.
func groupwiseBits(dtype string) float64 {
	const unknown, scale = 8, 16
	name, offset := strings.CutSuffix(dtype, "_zp")
	digits, group, grouped := strings.Cut(strings.TrimPrefix(name, "w"), "_g")
	bits, err := strconv.ParseFloat(digits, 64)
	if err != nil || digits == name || bits < 1 || bits > 16 {
		return unknown
	}
	if !grouped {
		return bits
	}
	values, err := strconv.ParseFloat(group, 64)
	if err != nil || values < 1 {
		return unknown
	}
	if offset {
		return bits + 2*scale/values
	}
	return bits + scale/values
}
