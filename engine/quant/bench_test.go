package quant

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkEncode(b *testing.B) {
	values, data := benchmarkRow()
	for _, t := range encoded() {
		b.Run(string(t), func(b *testing.B) {
			b.SetBytes(int64(4 * len(values)))
			for b.Loop() {
				t.Encode(data[:t.RowBytes(len(values))], values)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	values, data := benchmarkRow()
	for _, t := range Types() {
		b.Run(string(t), func(b *testing.B) {
			b.SetBytes(int64(4 * len(values)))
			for b.Loop() {
				t.Decode(values, data[:t.RowBytes(len(values))])
			}
		})
	}
}

// benchmarkRow returns values as weights have them, and room to encode them.
func benchmarkRow() ([]float32, []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 4096)
	for i := range values {
		values[i] = float32(0.02 * random.NormFloat64())
	}
	return values, make([]byte, F32.RowBytes(len(values)))
}
