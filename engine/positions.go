package engine

import (
	"math"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
)

// ropeTables are the rotary embeddings of a shape's layers: one of those that
// see all positions, and one of windowed layers if they have a base of their own.
type ropeTables map[ropeKind]*kernels.RoPETable

type ropeKind struct {
	headDim int
	local   bool
}

// of returns the table of a layer; nil if shape-only.
func (t ropeTables) of(l model.Layer) *kernels.RoPETable { return t[ropeKind{l.HeadDim, l.LocalRoPE}] }

// newRoPETables makes the tables for contexts of a length: LongRoPE has other
// divisors for one that is longer than a model was first trained for.
func newRoPETables(s *model.Shape, context int) ropeTables {
	tables := ropeTables{}
	for block := range s.Layers {
		l := s.Layer(block)
		kind := ropeKind{l.HeadDim, l.LocalRoPE}
		if tables[kind] == nil && l.Mixer == model.Attention {
			tables[kind] = kernels.NewRoPETable(ropeConfig(s, l, context))
		}
	}
	return tables
}

func ropeConfig(s *model.Shape, l model.Layer, context int) kernels.RoPEConfig {
	c := kernels.RoPEConfig{HeadDim: l.HeadDim, Rotary: s.RoPEDim, Base: s.RoPEBase, Interleaved: s.RoPEStyle == model.Interleaved}
	if l.HeadDim != s.HeadDim {
		c.Rotary = 0
	}
	if l.LocalRoPE {
		c.Base = s.RoPELocal
	}
	r := s.RoPEScaling
	if r == nil {
		return c
	}
	c.Magnitude = r.Magnitude
	if l.LocalRoPE && !s.RoPELocalScaled {
		return c
	}
	switch r.Type {
	case "linear":
		c.Scale = kernels.LinearScaling(r.Factor)
	case "llama3":
		c.Scale = kernels.Llama3Scaling(r.Factor, r.LowFreqFactor, r.HighFreqFactor, r.OriginalContext)
	case "yarn":
		c.Scale = kernels.YaRNScaling(c, r.Factor, orElse(r.BetaFast, 32), orElse(r.BetaSlow, 1), r.OriginalContext)
		c.Magnitude = orElse(r.Magnitude, 1) * yarnMagnitude(r)
	case "longrope":
		divisors := r.Short
		if context > r.OriginalContext {
			divisors = r.Long
		}
		c.Scale = kernels.Divided(divisors)
		if r.Magnitude == 0 {
			c.Magnitude = longRoPEMagnitude(s, r)
		}
	case "divisors":
		c.Scale = kernels.Divided(r.Long)
	}
	return c
}

func orElse(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

// yarnMagnitude is by how much YaRN lengthens queries and keys: 1 + 0.1·ln s for
// a stretch s (arXiv 2309.00071, equation 22), over the same with the logarithm
// times a multiplier where the model has one.
func yarnMagnitude(r *model.Scaling) float64 {
	stretch := math.Log(max(1, r.Factor))
	return (1 + 0.1*stretch) / (1 + 0.1*r.LogMultiplier*stretch)
}

// longRoPEMagnitude is LongRoPE's (arXiv 2402.13753): √(1 + ln(s) / ln(c)) for a
// context s times the original one c.
func longRoPEMagnitude(s *model.Shape, r *model.Scaling) float64 {
	stretch := float64(s.Context) / float64(r.OriginalContext)
	if stretch <= 1 {
		return 1
	}
	return math.Sqrt(1 + math.Log(stretch)/math.Log(float64(r.OriginalContext)))
}

// temperature is the factor of a query at a position (Mistral 3).
func temperature(s *model.Shape, position int) float32 {
	steps := math.Floor(float64(position) / float64(s.RoPEScaling.OriginalContext))
	return float32(1 + s.Temperature*math.Log(1+steps))
}

// root is the square root of a width.
func root(n int) float64 { return math.Sqrt(float64(n)) }
