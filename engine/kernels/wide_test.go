package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestWideBlocksShareAScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(available).Draw(t, "set")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		x := noise(r, rapid.IntRange(1, 4).Draw(t, "groups")*wideBlock)
		if rapid.Bool().Draw(t, "zeros") {
			clear(x[:wideBlock])
		}
		a, b := NewVectors(1, len(x), Int8Wide), NewVectors(1, len(x), Int8Wide)
		a.encode(0, x, k)
		b.encode(0, x, &portable)
		if !slices.Equal(a.Scale, b.Scale) || !slices.Equal(a.Sum, b.Sum) || !slices.Equal(a.Q, b.Q) {
			t.Fatalf("scales %g sums %d, portable ones %g, %d", a.Scale, a.Sum, b.Scale, b.Sum)
		}
		values := make([]float32, len(x))
		a.Values(values, 0)
		for i, v := range values {
			scale := a.Scale[i/wideBlock*(wideBlock/Block)]
			if a.Scale[i/Block] != scale || math.Abs(float64(v-x[i])) > 0.5001*float64(scale) {
				t.Fatalf("value %d: %g became %g with scale %g", i, x[i], v, a.Scale[i/Block])
			}
		}
	})
}
