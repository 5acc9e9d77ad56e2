package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/memsim/memsim/engine/quant"
	"pgregory.net/rapid"
)

// eachSet runs a property for each kernel set.
func eachSet(t *testing.T, property func(t *rapid.T, c *Compute, r *rand.Rand)) {
	for _, k := range available {
		t.Run(k.name, func(t *testing.T) {
			c := withSet(t, k, 2)
			rapid.Check(t, func(t *rapid.T) {
				property(t, c, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
			})
		})
	}
}

// near fails unless got is want to within relative parts of magnitude.
func near(t *rapid.T, label string, got float32, want, magnitude, relative float64) {
	if math.Abs(float64(got)-want) > relative*magnitude+1e-30 || got != got {
		t.Fatalf("%s is %g, want %g ± %g", label, got, want, relative*magnitude)
	}
}

func TestElementwise(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		k, n := c.k, rapid.IntRange(1, 150).Draw(t, "n")
		spread := rapid.SampledFrom([]float64{1e-6, 1, 30}).Draw(t, "spread")
		x, y, z := noise(r, n), noise(r, n), make([]float32, n)
		for i := range x {
			x[i] *= float32(spread)
		}
		sum, abs, largest := 0.0, 0.0, math.Inf(-1)
		for i := range x {
			sum += float64(x[i]) * float64(y[i])
			abs += math.Abs(float64(x[i]) * float64(y[i]))
			largest = max(largest, float64(x[i]))
		}
		near(t, "dot", k.dot(x, y), sum, abs, 1e-6)
		near(t, "maximum", k.maximum(x), largest, 0, 0)

		k.scale(z, x, y, 1.5)
		for i := range z {
			near(t, "scale", z[i], 1.5*float64(x[i])*float64(y[i]), math.Abs(float64(z[i])), 2e-7)
		}
		copy(z, x)
		k.add(z, y)
		for i := range z {
			near(t, "add", z[i], float64(x[i]+y[i]), 0, 0)
		}
		k.swiglu(z, x, y)
		for i := range z {
			g := float64(x[i])
			want := g / (1 + math.Exp(-g)) * float64(y[i])
			near(t, "swiglu", z[i], want, math.Abs(want), 0x1p-21)
		}
		copy(z, x)
		k.scaleRound(z, 0.75)
		for i := range z {
			near(t, "scaleRound", z[i], float64(quant.FromF16(quant.ToF16(x[i]*0.75))), 0, 0)
		}
		half := make([]uint16, n)
		k.storeHalf(half, x)
		for i := range half {
			near(t, "storeHalf", float32(half[i]), float64(quant.ToF16(x[i])), 0, 0)
		}
		copy(z, x)
		got, want := k.exp(z, float32(largest), 0.5), 0.0
		for i := range z {
			e := math.Exp((float64(x[i]) - largest) / 2)
			want += e
			near(t, "exp", z[i], e, e, 0x1p-18) // the argument is rounded to float32
		}
		near(t, "sum of exp", got, want, want, 1e-5)
	})
}

func TestExpReachesBothEnds(t *testing.T) {
	for _, k := range available {
		x := []float32{0, -1e9, -87, float32(math.Inf(-1)), -100, -88, -20, -1}
		k.exp(x, 0, 1)
		if x[0] != 1 || x[1] > 1e-37 || x[3] > 1e-37 || x[4] > 1e-37 || math.Abs(float64(x[7])-math.Exp(-1)) > 1e-7 {
			t.Errorf("%s: %g", k.name, x)
		}
	}
}

// Quantization is the same to the bit in all sets.
func TestQuantize(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		blocks := rapid.IntRange(1, 9).Draw(t, "blocks")
		x := noise(r, blocks*Block)
		if rapid.Bool().Draw(t, "zeros") {
			clear(x[:Block])
		}
		a, b := NewVectors(1, len(x), Int8), NewVectors(1, len(x), Int8)
		a.encode(0, x, c.k)
		b.encode(0, x, &portable)
		for i, s := range a.Scale {
			if s != b.Scale[i] || a.Sum[i] != b.Sum[i] {
				t.Fatalf("block %d: scale %g sum %d, want %g, %d", i, s, a.Sum[i], b.Scale[i], b.Sum[i])
			}
		}
		for i, q := range a.Q {
			if q != b.Q[i] {
				t.Fatalf("value %d: %d, want %d", i, q, b.Q[i])
			}
		}
	})
}

func TestRMSNorm(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		n, dim := rapid.IntRange(1, 20).Draw(t, "n"), rapid.IntRange(1, 100).Draw(t, "dim")
		x, w := noise(r, n*dim), noise(r, dim)
		dst := NewVectors(n, dim, Float32)
		c.RMSNorm(dst, x, w, 1e-5)
		for i := range n {
			mean := 0.0
			for _, v := range x[i*dim : (i+1)*dim] {
				mean += float64(v) * float64(v) / float64(dim)
			}
			for j := range dim {
				want := float64(x[i*dim+j]) / math.Sqrt(mean+1e-5) * float64(w[j])
				near(t, "norm", dst.F32[i*dim+j], want, math.Abs(want), 1e-6)
			}
		}
	})
}

func TestRoPE(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		n, heads := rapid.IntRange(1, 20).Draw(t, "n"), rapid.IntRange(1, 3).Draw(t, "heads")
		half := rapid.IntRange(1, 40).Draw(t, "pairs")
		pos := rapid.IntRange(0, 5000).Draw(t, "pos")
		interleaved := rapid.Bool().Draw(t, "interleaved")
		table := NewRoPETable(RoPEConfig{HeadDim: 2 * half, Base: 10000, Interleaved: interleaved})
		x := noise(r, n*heads*2*half)
		got := append([]float32(nil), x...)
		c.RoPE(got, n, heads, 2*half, pos, table)
		for i := range n * heads {
			for j := range half {
				a, b := i*2*half+j, i*2*half+j+half
				if interleaved {
					a, b = i*2*half+2*j, i*2*half+2*j+1
				}
				angle := float64(pos+i/heads) * math.Pow(10000, -float64(j)/float64(half))
				sin, cos := math.Sincos(angle)
				x, y := float64(x[a]), float64(x[b])
				near(t, "first", got[a], x*cos-y*sin, math.Abs(x)+math.Abs(y), 2e-7)
				near(t, "second", got[b], x*sin+y*cos, math.Abs(x)+math.Abs(y), 2e-7)
			}
		}
	})
}

// Attention of one query or many, any head size, agrees with float64.
func TestAttention(t *testing.T) {
	eachSet(t, func(t *rapid.T, c *Compute, r *rand.Rand) {
		a := AttentionShape{
			N:       rapid.SampledFrom([]int{1, 2, 5, 26, 49}).Draw(t, "n"),
			Pos:     rapid.SampledFrom([]int{0, 1, 17, 40}).Draw(t, "pos"),
			KVHeads: rapid.IntRange(1, 2).Draw(t, "kv heads"),
			HeadDim: rapid.SampledFrom([]int{2, 16, 32, 48, 64, 80, 96}).Draw(t, "head"),
		}
		a.Heads = a.KVHeads * rapid.IntRange(1, 3).Draw(t, "group")
		q, kv := noise(r, a.N*a.Heads*a.HeadDim), (a.Pos+a.N)*a.KVHeads*a.HeadDim
		format := rapid.SampledFrom(CacheTypes()).Draw(t, "format")
		if format.RowBytes(a.HeadDim) == 0 {
			format = quant.F16
		}
		keys, values := NewCache(format, kv), NewCache(format, kv)
		keys.Turn, values.Turn = KeyTurn(format, a.HeadDim), ValueTurn(format, a.HeadDim)
		c.StoreKV(keys, noise(r, kv))
		c.StoreKV(values, noise(r, kv))
		dst := NewVectors(a.N, a.Heads*a.HeadDim, Float32)
		c.Attention(dst, q, keys, values, a)
		for i := range a.N {
			for h := range a.Heads {
				at := (i*a.Heads + h) * a.HeadDim
				want := wantAttention(q[at:at+a.HeadDim], keys, values, a, a.Pos+i+1, h*a.KVHeads/a.Heads)
				for j, w := range want {
					// Weights are rounded to half precision.
					near(t, "attention", dst.F32[at+j], w, 1, 0x1p-9)
				}
			}
		}
	})
}

// cached are the values of a cache.
func cached(c Cache) []float32 {
	values := make([]float32, c.Len())
	switch c.Type {
	case quant.F16:
		for i, h := range c.Halves {
			values[i] = quant.FromF16(h)
		}
	case quant.F32:
		copy(values, c.Floats)
	default:
		c.Type.Decode(values, c.Blocks)
		if c.Turn > 0 {
			hadamard(values, c.Turn)
		}
	}
	return values
}

// asMet is a query as it meets keys of a format.
func asMet(q []float32, keys Cache) []float32 {
	met := slices.Clone(q)
	switch keys.Type {
	case quant.F16:
		for i, v := range q {
			met[i] = toHalf(v)
		}
	case quant.Q8_0, quant.Q4_0:
		blocks := NewVectors(1, len(q), Int8)
		if keys.Turn > 0 {
			hadamard(met, keys.Turn)
		}
		blocks.Set(met)
		blocks.Values(met, 0)
		if keys.Turn > 0 {
			hadamard(met, keys.Turn)
		}
	}
	return met
}

func wantAttention(q []float32, keys, values Cache, a AttentionShape, seen, kvHead int) []float64 {
	q = asMet(q, keys)
	k, v := cached(keys), cached(values)
	at := func(cache []float32, p, j int) float64 {
		return float64(cache[(p*a.KVHeads+kvHead)*a.HeadDim+j])
	}
	weights, sum := make([]float64, seen), 0.0
	for p := range weights {
		dot := 0.0
		for j, x := range q {
			dot += float64(x) * at(k, p, j)
		}
		weights[p] = math.Exp(dot / math.Sqrt(float64(a.HeadDim)))
		sum += weights[p]
	}
	out := make([]float64, a.HeadDim)
	for p, w := range weights {
		for j := range out {
			out[j] += w / sum * at(v, p, j)
		}
	}
	return out
}
