package kernels

import "math"

// RoPEConfig describes a rotary position embedding (Su et al., 2021).
type RoPEConfig struct {
	HeadDim int     // values of a head, even
	Rotary  int     // values that turn, the first of a head; 0 is HeadDim
	Base    float64 // pair i turns by Base^(-2i/Rotary) a position
	// Interleaved pairs x[2i] with x[2i+1]; otherwise x[i] with
	// x[i+Rotary/2].
	Interleaved bool
	// Scale, if not nil, changes the frequency of a pair (radians a position).
	Scale func(pair int, frequency float64) float64
	// Magnitude multiplies sines and cosines; 0 is 1.
	Magnitude float64
}

// LinearScaling stretches positions by a factor.
func LinearScaling(factor float64) func(int, float64) float64 {
	return func(_ int, f float64) float64 { return f / factor }
}

// Divided divides each pair's frequency by a number of its own.
func Divided(divisors []float64) func(int, float64) float64 {
	return func(pair int, f float64) float64 { return f / divisors[pair] }
}

// YaRNScaling is the frequency scaling of YaRN (arXiv 2309.00071, section 3.2):
// pairs that turn more than fast times within the original context are kept,
// those that turn less than slow times are stretched by factor, and between the
// two it blends by the number of the pair.
func YaRNScaling(c RoPEConfig, factor, fast, slow float64, context int) func(int, float64) float64 {
	pairOf := func(turns float64) float64 {
		return float64(c.rotary()) * math.Log(float64(context)/(turns*2*math.Pi)) / (2 * math.Log(c.Base))
	}
	low := math.Max(0, math.Floor(pairOf(fast)))
	high := math.Min(float64(c.rotary()-1), math.Ceil(pairOf(slow)))
	return func(pair int, f float64) float64 {
		kept := 1 - math.Min(1, math.Max(0, (float64(pair)-low)/math.Max(0.001, high-low)))
		return f/factor*(1-kept) + f*kept
	}
}

func (c RoPEConfig) rotary() int {
	if c.Rotary == 0 {
		return c.HeadDim
	}
	return c.Rotary
}

// Llama3Scaling is the frequency scaling of Llama 3.1 and later: waves longer
// than context/low positions are stretched by factor, those shorter than
// context/high are kept, and between the two it blends.
func Llama3Scaling(factor, low, high float64, context int) func(int, float64) float64 {
	return func(_ int, f float64) float64 {
		turns := float64(context) * f / (2 * math.Pi) // within the original context
		switch {
		case turns < low:
			return f / factor
		case turns > high:
			return f
		}
		smooth := (turns - low) / (high - low)
		return (1-smooth)*f/factor + smooth*f
	}
}

// RoPETable holds the sines and cosines of the positions last asked for: a
// decode step turns all heads of all layers by the same angles. It must not be
// used by two Computes at once.
//
// Each position has Rotary cosines and sines, for the value at the same place
// and for its partner, so that a turned head is head · cos + partners · sin:
// the first of a pair is turned to x·cos - y·sin, the second to y·cos + x·sin.
type RoPETable struct {
	headDim     int
	rotary      int
	interleaved bool
	magnitude   float64
	frequency   []float64
	first, n    int       // positions in cos and sin
	cos, sin    []float32 // n × rotary
}

// NewRoPETable returns a table for a configuration.
func NewRoPETable(c RoPEConfig) *RoPETable {
	if c.Rotary = c.rotary(); c.HeadDim <= 0 || c.Rotary%2 != 0 || c.Rotary > c.HeadDim || c.Base <= 0 {
		panicf("rotary embedding of heads of %d values with base %g", c.HeadDim, c.Base)
	}
	t := &RoPETable{headDim: c.HeadDim, rotary: c.Rotary, interleaved: c.Interleaved, magnitude: c.Magnitude}
	if t.magnitude == 0 {
		t.magnitude = 1
	}
	for i := range c.Rotary / 2 {
		f := math.Pow(c.Base, -2*float64(i)/float64(c.Rotary))
		if c.Scale != nil {
			f = c.Scale(i, f)
		}
		t.frequency = append(t.frequency, f)
	}
	return t
}

// cover makes the table hold positions first to first+n-1.
func (t *RoPETable) cover(first, n int) {
	if t.n > 0 && first >= t.first && first+n <= t.first+t.n {
		return
	}
	t.first, t.n = first, n
	t.cos, t.sin = grow(t.cos, n*t.rotary), grow(t.sin, n*t.rotary)
	for i := range n {
		for pair, f := range t.frequency {
			sin, cos := math.Sincos(float64(first+i) * f)
			sin, cos = sin*t.magnitude, cos*t.magnitude
			a, b := pair, pair+t.rotary/2
			if t.interleaved {
				a, b = 2*pair, 2*pair+1
			}
			at := i * t.rotary
			t.cos[at+a], t.sin[at+a] = float32(cos), float32(-sin)
			t.cos[at+b], t.sin[at+b] = float32(cos), float32(sin)
		}
	}
}

// RoPE turns the heads of n vectors, heads × headDim values each, in place:
// vector i is at position pos+i.
func (c *Compute) RoPE(x []float32, n, heads, headDim, pos int, t *RoPETable) {
	if len(x) < n*heads*headDim || headDim != t.headDim || pos < 0 {
		panicf("rotary embedding of %d × %d heads of %d at %d: %d values, table for heads of %d",
			n, heads, headDim, pos, len(x), t.headDim)
	}
	t.cover(pos, n)
	c.rope = ropeTask{x: x, n: n, heads: heads, at: pos - t.first, t: t, rotate: c.k.rotateHalves}
	if t.interleaved {
		c.rope.rotate = c.k.rotateInterleaved
	}
	c.pool.run(&c.rope, rowParts(n))
}

type ropeTask struct {
	x            []float32
	n, heads, at int
	t            *RoPETable
	rotate       func(head, cos, sin []float32)
}

func (r *ropeTask) run(_, part int) {
	dim, rotary := r.t.headDim, r.t.rotary
	from, to := rowRange(part, r.n)
	for i := from; i < to; i++ {
		angles := (r.at + i) * rotary
		cos, sin := r.t.cos[angles:angles+rotary], r.t.sin[angles:angles+rotary]
		for h := i * r.heads; h < (i+1)*r.heads; h++ {
			r.rotate(r.x[h*dim:h*dim+rotary], cos, sin)
		}
	}
}
