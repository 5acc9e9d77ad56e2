package model

import (
	"errors"
	"fmt"
	"math"
)

// Limits of a shape. They lie far above any published model and keep every
// product of dimensions within int64.
const (
	maxLayers  = 10_000
	maxRepeat  = 64
	maxWidth   = 1 << 20
	maxVocab   = 1 << 24
	maxContext = 1 << 24
	maxParams  = 1e13
)

// Fault is one thing wrong with one field of a shape. Field is the field's name
// in a shape file.
type Fault struct {
	Field  string
	Reason string
}

func (f Fault) Error() string { return f.Field + ": " + f.Reason }

// Validate reports all faults of the shape at once, joined into one error that
// wraps a Fault each.
func (s Shape) Validate() error { return checker(s.Faults()).err() }

// Faults lists all that is wrong with the shape, which is nothing if it is
// valid. It reads s as Resolved does: an optional field that is zero has no
// fault.
func (s Shape) Faults() []Fault {
	s = s.Resolved()
	if s.Table != nil {
		return s.tableFaults()
	}
	var c checker
	c.within("layers", s.Layers, 1, maxLayers)
	c.within("dim", s.Dim, 1, maxWidth)
	c.within("ffn", s.FFN, 1, maxWidth)
	c.within("heads", s.Heads, 1, maxWidth)
	c.within("vocab", s.Vocab, 1, maxVocab)
	c.within("repeat", s.Repeat, 1, maxRepeat)
	c.within("context", s.Context, 1, maxContext)
	c.within("kv_heads", s.KVHeads, 1, maxWidth)
	c.checkHeads(s)
	c.checkSharing(s)
	c.checkNumerics(s)
	c.checkParts(s)
	if len(c) == 0 && s.approximateParams() > maxParams {
		c.add("layers", "the shape has more than %g parameters", float64(maxParams))
	}
	return c
}

// checker collects faults.
type checker []Fault

func (c checker) err() error {
	all := make([]error, len(c))
	for i, f := range c {
		all[i] = f
	}
	return errors.Join(all...)
}

func (c *checker) add(field, format string, args ...any) {
	*c = append(*c, Fault{field, fmt.Sprintf(format, args...)})
}

// atMost wants an override, which is 0 if it is left out, from 1 to high.
func (c *checker) atMost(field string, v, high int) {
	if v != 0 {
		c.within(field, v, 1, high)
	}
}

func (c *checker) within(field string, v, low, high int) {
	switch {
	case v == 0 && low > 0:
		c.add(field, "missing or 0; give a number from %d to %d", low, high)
	case v < low || v > high:
		c.add(field, "%d is not within %d to %d", v, low, high)
	}
}

func (c *checker) checkHeads(s Shape) {
	if s.Heads < 1 || s.KVHeads < 1 || s.Dim < 1 {
		return // reported already
	}
	if s.Heads%s.KVHeads != 0 {
		c.add("kv_heads", "%d does not divide the %d heads evenly", s.KVHeads, s.Heads)
	}
	switch {
	case s.HeadDim == 0:
		c.add("head_dim", "dim %d is no multiple of %d heads; change one of them or give head_dim", s.Dim, s.Heads)
	case s.HeadDim < 2 || s.HeadDim > maxWidth/s.Heads:
		c.add("head_dim", "%d is not within 2 to %d", s.HeadDim, maxWidth/s.Heads)
	case s.HeadDim%2 != 0:
		c.add("head_dim", "%d is odd; rotary embedding turns pairs of values", s.HeadDim)
	}
}

func (c *checker) checkSharing(s Shape) {
	switch s.Sharing {
	case NoSharing:
		if s.Repeat > 1 {
			c.add("repeat", "%d needs sharing immediate, repeat or reverse; with none each block runs once", s.Repeat)
		}
	case Immediate, Repeat, Reverse:
	default:
		c.add("sharing", "%q is not none, immediate, repeat or reverse", s.Sharing)
	}
}

func (c *checker) checkNumerics(s Shape) {
	if !(s.NormEps > 0 && s.NormEps < 1) {
		c.add("norm_eps", "%g is not between 0 and 1", s.NormEps)
	}
	if !(s.RoPEBase > 1 && s.RoPEBase < math.MaxFloat32) {
		c.add("rope_base", "%g is not above 1 and finite", s.RoPEBase)
	}
	if s.RoPEStyle != Halves && s.RoPEStyle != Interleaved {
		c.add("rope_style", "%q is not halves or interleaved", s.RoPEStyle)
	}
	if s.RoPEScaling != nil {
		c.checkScaling(s, *s.RoPEScaling)
	}
}

func (c *checker) checkScaling(s Shape, r Scaling) {
	if r.Type != "longrope" && r.Type != "divisors" && !(r.Factor >= 1 && r.Factor < 1e6) {
		c.add("rope_scaling", "factor %g is not within 1 to 1e6", r.Factor)
	}
	switch r.Type {
	case "linear":
	case "divisors":
		c.checkDivisors(s, "long", r.Long)
	case "llama3":
		if !(r.LowFreqFactor > 0 && r.HighFreqFactor > r.LowFreqFactor && r.HighFreqFactor < 1e6) {
			c.add("rope_scaling", "low_freq_factor %g and high_freq_factor %g must be positive and rising", r.LowFreqFactor, r.HighFreqFactor)
		}
		c.checkOriginal(r)
	case "yarn":
		if r.BetaFast < 0 || r.BetaSlow < 0 || r.Magnitude < 0 || r.LogMultiplier < 0 || r.BetaFast != 0 && r.BetaFast <= r.BetaSlow {
			c.add("rope_scaling", "beta_fast %g must be above beta_slow %g, and no number negative", r.BetaFast, r.BetaSlow)
		}
		c.checkOriginal(r)
	case "longrope":
		c.checkDivisors(s, "long", r.Long)
		c.checkDivisors(s, "short", r.Short)
		c.checkOriginal(r)
	default:
		c.add("rope_scaling", "type %q is not linear, llama3, yarn, longrope or divisors", r.Type)
	}
}

func (c *checker) checkOriginal(r Scaling) {
	if r.OriginalContext < 1 || r.OriginalContext > maxContext {
		c.add("rope_scaling", "original_context %d is not within 1 to %d", r.OriginalContext, maxContext)
	}
}

// checkDivisors wants a positive divisor for each pair that turns.
func (c *checker) checkDivisors(s Shape, name string, divisors []float64) {
	if want := s.turned() / 2; len(divisors) != want {
		c.add("rope_scaling", "%s has %d divisors for the %d pairs of a head", name, len(divisors), want)
	}
	for _, d := range divisors {
		if !(d > 0) || math.IsInf(d, 0) {
			c.add("rope_scaling", "%s has a divisor %g", name, d)
			return
		}
	}
}
