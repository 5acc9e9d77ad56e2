package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/memsim/memsim/engine/quant"

	"pgregory.net/rapid"
)

// Each operator that feeds a matrix product can give a vector one scale, from
// the largest magnitude in it; the rest is as its formula says.
func TestPerTokenScalesAreTheExtremesOfTheVector(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		n, dim := rapid.IntRange(1, 20).Draw(t, "n"), wideBlock*rapid.IntRange(1, 3).Draw(t, "dim")
		encoding := rapid.SampledFrom([]Encoding{Int8, Int8Wide}).Draw(t, "encoding")
		x, y, cache := noise(r, n*dim), noise(r, n*dim), NewCache(quant.F16, n*dim)
		c.StoreKV(cache, y)
		for name, produce := range map[string]func(dst *Vectors){
			"Set":     func(dst *Vectors) { dst.Set(x) },
			"RMSNorm": func(dst *Vectors) { c.RMSNorm(dst, x, y[:dim], 1e-5) },
			"SwiGLU":  func(dst *Vectors) { c.SwiGLU(dst, x, y) },
			"Attention": func(dst *Vectors) {
				c.Attention(dst, x, cache, cache, AttentionShape{N: n, Heads: dim / 64, KVHeads: dim / 64, HeadDim: 64})
			},
		} {
			exact, coded := NewVectors(n, dim, Float32), NewVectors(n, dim, encoding)
			coded.Granularity = PerToken
			produce(exact)
			produce(coded)
			for i := range n {
				checkPerToken(t, name, coded, i, exact.f32(i))
			}
		}
	})
}

// checkPerToken holds vector i to the formula: scale = max|x|/127, q =
// round(x/scale), and the sums to q.
func checkPerToken(t *rapid.T, name string, v *Vectors, i int, x []float32) {
	largest := 0.0
	for _, value := range x {
		largest = max(largest, math.Abs(float64(value)))
	}
	q, scale, sum := v.int8(i)
	for b := range scale {
		near(t, name+": scale", scale[b], largest/127, largest/127, 1e-6)
		total := int32(0)
		for j := b * Block; j < (b+1)*Block; j++ {
			total += int32(q[j])
			near(t, name+": value", float32(q[j])*scale[b], float64(x[j]), largest/127, 0.5001)
		}
		if total != sum[b] || scale[b] != scale[0] {
			t.Fatalf("%s: block %d sums to %d with scale %g, stored %d; the first scale is %g", name, b, total, scale[b], sum[b], scale[0])
		}
	}
}

func TestPerTokenKeepsZeroAndTheExtremes(t *testing.T) {
	for _, largest := range []float32{1, 3e38, 1e-30, 1e-37, math.SmallestNonzeroFloat32, 0} {
		v := NewVectors(1, 2*Block, Int8)
		v.Granularity = PerToken
		x := make([]float32, v.Dim)
		x[1], x[Block] = -largest, largest/2
		v.Set(x)
		want := [3]int8{0, -127, 64}
		if largest < 1e-36 { // 127 times the smallest normal number is 1.5e-36
			want = [3]int8{}
		}
		if got := [3]int8{v.Q[0], v.Q[1], v.Q[Block]}; got != want {
			t.Errorf("0, -%g and half of it are %d, want %d", largest, got, want)
		}
	}
}

// Every kernel set multiplies vectors of one scale as float64 does.
func TestMatMulPerToken(t *testing.T) {
	for _, set := range available {
		for i := range formats {
			f := &formats[i]
			if !Wants(f.typ).Quantized() {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", set.name, f.typ), func(t *testing.T) {
				c := withSet(t, set, 2)
				r := rand.New(rand.NewPCG(uint64(i), 1))
				for _, n := range []int{1, 3, 14} {
					m, weights := randomMatrix(r, f.typ, 37, 3*f.block)
					x := NewVectors(n, m.Cols, Wants(f.typ))
					x.Granularity = PerToken
					x.Set(noise(r, n*m.Cols))
					got := make([]float32, n*m.Rows)
					c.MatMul(got, m, x)
					want, magnitude := wantProduct(weights, m, x)
					checkProduct(t, "MatMul", got, want, magnitude)
				}
			})
		}
	}
}
