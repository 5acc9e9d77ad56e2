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
type RoPETable struct {
	half        int
	interleaved bool
	frequency   []float64
	first, n    int       // positions in cos and sin
	cos, sin    []float32 // n × half
}

// NewRoPETable returns a table for a configuration.
func NewRoPETable(c RoPEConfig) *RoPETable {
	if c.HeadDim <= 0 || c.HeadDim%2 != 0 || c.Base <= 0 {
		panicf("rotary embedding of heads of %d values with base %g", c.HeadDim, c.Base)
	}
	t := &RoPETable{half: c.HeadDim / 2, interleaved: c.Interleaved}
	for i := range t.half {
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
	t.cos, t.sin = grow(t.cos, n*t.half), grow(t.sin, n*t.half)
	for i := range n {
		for j, f := range t.frequency {
			sin, cos := math.Sincos(float64(first+i) * f)
			t.cos[i*t.half+j], t.sin[i*t.half+j] = float32(cos), float32(sin)
		}
	}
}

// RoPE turns the heads of n vectors, heads × headDim values each, in place:
// vector i is at position pos+i.
func (c *Compute) RoPE(x []float32, n, heads, headDim, pos int, t *RoPETable) {
	if len(x) < n*heads*headDim || headDim != 2*t.half || pos < 0 {
		panicf("rotary embedding of %d × %d heads of %d at %d: %d values, table for heads of %d",
			n, heads, headDim, pos, len(x), 2*t.half)
	}
	t.cover(pos, n)
	c.rope = ropeTask{x: x, heads: heads, at: pos - t.first, t: t}
	c.pool.run(&c.rope, n)
}

type ropeTask struct {
	x         []float32
	heads, at int
	t         *RoPETable
}

func (r *ropeTask) run(_, i int) {
	t := r.t
	from := (r.at + i) * t.half
	cos, sin := t.cos[from:from+t.half], t.sin[from:from+t.half]
	for h := range r.heads {
		head := r.x[(i*r.heads+h)*2*t.half:][:2*t.half]
		if t.interleaved {
			rotateInterleaved(head, cos, sin)
		} else {
			rotateHalves(head, cos, sin)
		}
	}
}

func rotateHalves(head, cos, sin []float32) {
	a, b := head[:len(cos)], head[len(cos):]
	for j, c := range cos {
		x, y, s := a[j], b[j], sin[j]
		a[j], b[j] = x*c-y*s, x*s+y*c
	}
}

func rotateInterleaved(head, cos, sin []float32) {
	for j, c := range cos {
		pair := head[2*j : 2*j+2]
		x, y, s := pair[0], pair[1], sin[j]
		pair[0], pair[1] = x*c-y*s, x*s+y*c
	}
}
