package model

import (
	"math"

	"github.com/memsim/memsim/internal/fault"
)

// solveTolerance is how near to the wanted number of parameters a solved shape
// has to come.
const solveTolerance = 0.01

// solvable are the axes that Solve can free, each with the largest value that
// it tries.
var solvable = map[string]int{"layers": 2000, "dim": 65_536, "ffn": 1 << 20}

// Solve returns the shape of about params stored parameters (within 1 %) that
// differs from s in one axis: "layers", "dim" or "ffn". A width moves in whole
// heads, and takes the feed-forward width with it: in the ratio of s as nearly
// as a multiple of 32 and the wanted size allow, since whole heads alone are too
// coarse a step. The error is a user's mistake: an unknown axis, or a size that
// the axis cannot reach.
func (s Shape) Solve(axis string, params int64) (Shape, error) {
	limit, ok := solvable[axis]
	if !ok {
		return Shape{}, fault.Userf("--solve %q: the axis to solve for is layers, dim or ffn", axis)
	}
	s = s.Resolved()
	if s.Table != nil {
		return Shape{}, fault.Userf("model %s: architecture %q is not known, so its tensors cannot be given other sizes; solve for a model of a known one", s.Name, s.Architecture)
	}
	best := Shape{}
	cost := math.Inf(1)
	for _, candidate := range s.along(axis, limit, params) {
		if !candidate.within(params) || candidate.Validate() != nil {
			continue
		}
		if c := candidate.distortion(s); c < cost {
			best, cost = candidate, c
		}
	}
	if math.IsInf(cost, 1) {
		return Shape{}, fault.Userf("model %s: no %s gives %d parameters within 1 %%; change the other axes, or solve for another", s.Name, axis, params)
	}
	return best, nil
}

// along returns the shapes worth considering on an axis: those around the
// wanted size.
func (s Shape) along(axis string, limit int, params int64) []Shape {
	var out []Shape
	switch axis {
	case "layers":
		per := float64(s.withLayers(2).StoredParams() - s.withLayers(1).StoredParams())
		fixed := float64(s.withLayers(1).StoredParams()) - per
		layers := int(math.Round((float64(params) - fixed) / per))
		if layers >= 1 && layers <= limit {
			out = append(out, s.withLayers(layers))
		}
	case "ffn":
		out = s.withFFNFor(params, limit)
	case "dim":
		step := s.Dim / gcd(s.Dim, s.Heads)
		for dim := step; dim <= limit; dim += step {
			wide, err := s.With(Overrides{Dim: dim})
			if err != nil {
				continue
			}
			wide.Name = s.Name
			out = append(out, wide.withFFNFor(params, limit)...)
			if wide.withFFN(32).StoredParams() > params {
				break
			}
		}
	}
	return out
}

func (s Shape) withLayers(n int) Shape {
	s.Layers = n
	return s
}

func (s Shape) withFFN(n int) Shape {
	s.FFN = n
	return s
}

// withFFNFor returns s with the feed-forward width, in multiples of 32, that
// comes nearest to params.
func (s Shape) withFFNFor(params int64, limit int) []Shape {
	per := float64(s.withFFN(64).StoredParams() - s.withFFN(32).StoredParams())
	fixed := float64(s.withFFN(32).StoredParams()) - per
	ffn := int(math.Round((float64(params)-fixed)/per)) * 32
	if ffn < 32 || ffn > limit {
		return nil
	}
	return []Shape{s.withFFN(ffn)}
}

func (s Shape) within(params int64) bool {
	return math.Abs(float64(s.StoredParams()-params)) <= solveTolerance*float64(params)
}

// distortion is how far s is from the proportions of was: the ratio of FFN to
// width, and of heads to KV heads, each as a logarithm.
func (s Shape) distortion(was Shape) float64 {
	ffn := func(x Shape) float64 { return math.Log(float64(x.FFN) / float64(x.Dim)) }
	group := func(x Shape) float64 { return math.Log(float64(x.Heads) / float64(x.KVHeads)) }
	return math.Abs(ffn(s)-ffn(was)) + math.Abs(group(s)-group(was))
}
