package kernels

import "math"

// RoPEConfig describes a rotary position embedding (Su et al., 2021).
type RoPEConfig struct {
	HeadDim int     // values of a head, even
	Base    float64 // pair i turns by Base^(-2i/HeadDim) a position
	// Interleaved pairs x[2i] with x[2i+1]; otherwise x[i] with
	// x[i+HeadDim/2].
	Interleaved bool
	// Scale, if not nil, changes each pair's frequency (radians a position).
	Scale func(frequency float64) float64
}

// LinearScaling stretches positions by a factor.
func LinearScaling(factor float64) func(float64) float64 {
	return func(f float64) float64 { return f / factor }
}

// Llama3Scaling is the frequency scaling of Llama 3.1 and later: waves longer
// than context/low positions are stretched by factor, those shorter than
// context/high are kept, and between the two it blends.
func Llama3Scaling(factor, low, high float64, context int) func(float64) float64 {
	return func(f float64) float64 {
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
// Each position has HeadDim cosines and sines, for the value at the same place
// and for its partner, so that a turned head is head · cos + partners · sin:
// the first of a pair is turned to x·cos - y·sin, the second to y·cos + x·sin.
type RoPETable struct {
	headDim     int
	interleaved bool
	frequency   []float64
	first, n    int       // positions in cos and sin
	cos, sin    []float32 // n × headDim
}

// NewRoPETable returns a table for a configuration.
func NewRoPETable(c RoPEConfig) *RoPETable {
	if c.HeadDim <= 0 || c.HeadDim%2 != 0 || c.Base <= 0 {
		panicf("rotary embedding of heads of %d values with base %g", c.HeadDim, c.Base)
	}
	t := &RoPETable{headDim: c.HeadDim, interleaved: c.Interleaved}
	for i := range c.HeadDim / 2 {
		f := math.Pow(c.Base, -2*float64(i)/float64(c.HeadDim))
		if c.Scale != nil {
			f = c.Scale(f)
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
	t.cos, t.sin = grow(t.cos, n*t.headDim), grow(t.sin, n*t.headDim)
	for i := range n {
		for pair, f := range t.frequency {
			sin, cos := math.Sincos(float64(first+i) * f)
			a, b := pair, pair+t.headDim/2
			if t.interleaved {
				a, b = 2*pair, 2*pair+1
			}
			at := i * t.headDim
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
	dim := r.t.headDim
	from, to := rowRange(part, r.n)
	for i := from; i < to; i++ {
		angles := (r.at + i) * dim
		cos, sin := r.t.cos[angles:angles+dim], r.t.sin[angles:angles+dim]
		for h := i * r.heads; h < (i+1)*r.heads; h++ {
			r.rotate(r.x[h*dim:(h+1)*dim], cos, sin)
		}
	}
}
