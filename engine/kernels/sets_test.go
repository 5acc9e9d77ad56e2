package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/memsim/memsim/engine/quant"
)

// The products of a small model's prompt, 16 vectors with each of its matrices,
// are in all sets those of plain Go, up to the rounding of float32 sums. Whole
// models are no measure of that: a sum one unit in the last place away can
// round another way when it becomes half precision or int8.
func TestSetsMultiplyAPromptAlike(t *testing.T) {
	const n = 16
	for _, shape := range []struct{ rows, cols int }{
		{64, 64},  // queries, attention's output
		{32, 64},  // keys, values
		{160, 64}, // gate, up
		{64, 160}, // down
		{512, 64}, // logits
	} {
		for _, typ := range []quant.Type{quant.F16, quant.Q8_0, quant.Q4_0, quant.Q4_1} {
			r := rand.New(rand.NewPCG(uint64(shape.rows), uint64(shape.cols)))
			m, weights := randomMatrix(r, typ, shape.rows, shape.cols)
			x := NewVectors(n, shape.cols, Wants(typ))
			x.Set(noise(r, n*shape.cols))
			_, magnitude := wantProduct(weights, m, x)
			plain := make([]float32, n*shape.rows)
			withSet(t, &portable, 2).MatMul(plain, m, x)
			want := make([]float64, len(plain))
			for i, v := range plain {
				want[i] = float64(v)
			}
			for _, set := range available {
				got := make([]float32, n*shape.rows)
				withSet(t, set, 2).MatMul(got, m, x)
				checkProduct(t, set.name+" "+string(typ), got, want, magnitude)
			}
		}
	}
}
