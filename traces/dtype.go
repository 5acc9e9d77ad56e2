package traces

// bitsPerValue gives the storage of a value, block scales and offsets included.
// The quantized formats are those of ggml; "int8" is the engine's activation
// encoding: 32 int8 values with a 32-bit scale and a 32-bit sum.
var bitsPerValue = map[string]float64{
	"f32": 32, "i32": 32, "f16": 16, "bf16": 16,
	"q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5,
	"q6_k": 6.5625, "q5_k": 5.5, "q4_k": 4.5,
	"int8": 10,
}

// Values returns how many values of a storage format n bytes hold; of a format
// that this package does not know, one a byte.
func Values(dtype string, n int64) int64 {
	bits, ok := bitsPerValue[dtype]
	if !ok {
		bits = 8
	}
	return int64(float64(n) * 8 / bits)
}
