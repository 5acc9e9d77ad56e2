package kernels

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/memsim/memsim/engine/quant"
	"pgregory.net/rapid"
)

// withSet returns a Compute that uses the given kernel set.
func withSet(t testing.TB, k *kernelSet, threads int) *Compute {
	c := New(threads)
	c.k = k
	t.Cleanup(c.Close)
	return c
}

// noise returns n values of a normal distribution.
func noise(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// randomMatrix returns a matrix and its decoded values. Quantized blocks are
// random bytes, so that every code and scale occurs, with halves of a normal
// size where the format has halves.
func randomMatrix(r *rand.Rand, t quant.Type, rows, cols int) (Matrix, []float32) {
	m := Matrix{Type: t, Rows: rows, Cols: cols, Data: make([]byte, rows*t.RowBytes(cols))}
	values := make([]float32, rows*cols)
	if !Wants(t).Quantized() {
		t.Encode(m.Data, noise(r, rows*cols))
	} else {
		l, _ := t.Layout()
		for b := 0; b < len(m.Data); b += l.Bytes {
			randomBlock(r, t, m.Data[b:b+l.Bytes])
		}
	}
	t.Decode(values, m.Data)
	return m, values
}

func randomBlock(r *rand.Rand, t quant.Type, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	halves := []int{0}
	switch t {
	case quant.Q4_1, quant.Q5_1, quant.Q4_K, quant.Q5_K:
		halves = []int{0, 2}
	case quant.Q6_K:
		halves = []int{208}
	case quant.Q2_K:
		halves = []int{80, 82}
	case quant.Q3_K:
		halves = []int{108}
	case quant.TQ1_0:
		halves = []int{52}
	case quant.TQ2_0:
		halves = []int{64}
	case quant.MXFP4: // a power of two
		b[0] = byte(120 + r.IntN(8))
		return
	case quant.IQ1_M: // four bits of the half in each of four words
		half := quant.ToF16(float32(r.NormFloat64()) * 0.01)
		for i := range 4 {
			b[49+2*i] = b[49+2*i]&15 | byte(half>>(4*i)&15<<4)
		}
		return
	}
	for _, at := range halves {
		binary.LittleEndian.PutUint16(b[at:], quant.ToF16(float32(r.NormFloat64())*0.01))
	}
}

// wantProduct is the product of decoded weights and decoded activations, in
// float64, and the sum of the magnitudes of its terms.
func wantProduct(weights []float32, m Matrix, x *Vectors) (want, magnitude []float64) {
	v := make([]float32, m.Cols)
	for i := range x.N {
		x.Values(v, i)
		for r := range m.Rows {
			sum, abs := 0.0, 0.0
			for j, w := range weights[r*m.Cols : (r+1)*m.Cols] {
				term := float64(w) * float64(v[j])
				sum += term
				abs += math.Abs(term)
			}
			want, magnitude = append(want, sum), append(magnitude, abs)
		}
	}
	return want, magnitude
}

func checkProduct(t interface{ Fatalf(string, ...any) }, label string, got []float32, want, magnitude []float64) {
	for i, w := range want {
		// A few roundings of float32 on the way of each term.
		if tolerance := 1e-6*magnitude[i] + 1e-12; math.Abs(float64(got[i])-w) > tolerance || got[i] != got[i] {
			t.Fatalf("%s: value %d is %g, want %g ± %g", label, i, got[i], w, tolerance)
		}
	}
}

// Every kernel set multiplies every format at every size as float64 does.
func TestMatMul(t *testing.T) {
	for _, set := range available {
		for i := range formats {
			f := &formats[i]
			t.Run(fmt.Sprintf("%s/%s", set.name, f.typ), func(t *testing.T) {
				c := withSet(t, set, 2)
				rapid.Check(t, func(rt *rapid.T) {
					rows := rapid.IntRange(1, 70).Draw(rt, "rows")
					cols := f.block * rapid.IntRange(1, max(2, 300/f.block)).Draw(rt, "blocks")
					n := rapid.IntRange(1, 14).Draw(rt, "vectors")
					r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
					m, weights := randomMatrix(r, f.typ, rows, cols)
					x := NewVectors(n, cols, Wants(f.typ))
					x.Set(noise(r, n*cols))
					got := make([]float32, n*rows)
					c.MatMul(got, m, x)
					want, magnitude := wantProduct(weights, m, x)
					checkProduct(rt, "MatMul", got, want, magnitude)
				})
			})
		}
	}
}

func TestEmbed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := withSet(t, active, 1)
	for i := range formats {
		f := &formats[i]
		m, weights := randomMatrix(r, f.typ, 7, 2*max(f.block, 8))
		got := make([]float32, 2*m.Cols)
		c.Embed(got, m, []int32{6, 3})
		for j := range m.Cols {
			if got[j] != weights[6*m.Cols+j] || got[m.Cols+j] != weights[3*m.Cols+j] {
				t.Fatalf("%s: value %d is %g and %g, want %g and %g", f.typ, j,
					got[j], got[m.Cols+j], weights[6*m.Cols+j], weights[3*m.Cols+j])
			}
		}
	}
}
