package compute

import (
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Work is the arithmetic of one operator.
type Work struct {
	Op           string // operator, for the cost of an element (elements.go)
	DType        string // storage format of the weights (or of the KV cache)
	MACs         int64  // multiply-accumulates
	WeightValues int64  // weights (or cached keys and values) that enter, each once
	Tokens       int64  // that each weight serves; 0 is 1
	Elements     int64  // that element-wise work writes: normalised, rotated, gated, added; scores of attention
	Cols         int64  // length of the inner products; 0 is unknown, taken as long
	Attention    bool   // the weights are cached keys and values
}

// Model is one runtime on one unit.
type Model struct {
	name      string
	shares           // of formats that have none of their own
	attention shares // of products with cached keys and values
	formats   map[string]format
	float     rate // of element-wise work
}

// shares are shares of the peak rate.
type shares struct {
	matvec float64 // with one token
	matmul float64 // with many
}

// at is the share that a product reaches when each weight serves n tokens.
func (s shares) at(n int64) float64 {
	perMAC := 1/s.matmul + (1/s.matvec-1/s.matmul)/float64(max(1, n))
	return 1 / perMAC
}

// rate is what a unit does with one arithmetic type.
type rate struct {
	peak   float64 // multiply-accumulates a second, of the pipes that are fed
	energy float64 // picojoules each
}

// format is how weights of one storage format are computed with.
type format struct {
	rate
	shares
	dequant float64 // extra operations a weight
}

// Of returns the model of runtime r on unit u.
func Of(u devices.Unit, r devices.Runtime) (*Model, error) {
	if r.Unit != u.Name {
		return nil, fault.Userf("runtime %s runs on unit %s, not on %s", r.Name, r.Unit, u.Name)
	}
	rates, fed := map[string]rate{}, u.Fed()
	for _, x := range u.Rates {
		if x.Peak.Value <= 0 {
			return nil, fault.Userf("unit %s: peak rate of %s must be above zero", u.Name, x.DType)
		}
		rates[x.DType] = rate{float64(x.Peak.Value) * fed, float64(x.Energy.Value)}
	}
	m := &Model{name: r.Name, shares: shares{float64(r.MatVecShare.Value), float64(r.ComputeShare.Value)}, formats: map[string]format{}}
	m.attention = m.shares
	if a := r.Attention; a != nil {
		m.attention = shares{float64(a.Compute.Value), float64(a.Compute.Value)}
	}
	if m.matvec <= 0 || m.matmul <= 0 {
		return nil, fault.Userf("runtime %s: compute_share and matvec_share must be above zero", r.Name)
	}
	for _, a := range r.Arithmetic {
		x, ok := rates[a.Compute]
		if !ok {
			return nil, fault.Userf("runtime %s: %s weights compute in %s, for which unit %s has no rate", r.Name, a.DType, a.Compute, u.Name)
		}
		f := format{x, m.shares, float64(a.Dequant.Value)}
		if a.MatVecShare != nil {
			f.matvec = float64(a.MatVecShare.Value)
		}
		if a.ComputeShare != nil {
			f.matmul = float64(a.ComputeShare.Value)
		}
		m.formats[a.DType] = f
	}
	var ok bool
	if m.float, ok = elementRate(rates); !ok {
		return nil, fault.Userf("unit %s: rates is empty", u.Name)
	}
	return m, nil
}

// elementRate is the rate of the arithmetic type that element-wise work runs
// in: the widest float that the unit has, else what it has.
func elementRate(rates map[string]rate) (rate, bool) {
	for _, dtype := range []string{"f32", "bf16", "f16", "int8"} {
		if r, ok := rates[dtype]; ok {
			return r, true
		}
	}
	return rate{}, false
}

// Knows reports whether the runtime has arithmetic for a storage format.
func (m *Model) Knows(dtype string) bool { _, ok := m.formats[dtype]; return ok }

// Supports reports, as a user's mistake, that the runtime has no arithmetic for
// a storage format.
func (m *Model) Supports(dtype string) error {
	if m.Knows(dtype) {
		return nil
	}
	var known []string
	for k := range m.formats {
		known = append(known, k)
	}
	slices.Sort(known)
	return fault.Userf("runtime %s has no arithmetic for %s weights; it has %s: convert the model, or add the format to the profile's runtimes", m.name, dtype, strings.Join(known, ", "))
}

// format returns the arithmetic of a storage format; one that the profile does
// not name is widened to the element-wise type at an operation a weight.
func (m *Model) format(dtype string) format {
	if f, ok := m.formats[dtype]; ok {
		return f
	}
	return format{m.float, m.shares, 1}
}

// Time is how long the operator's arithmetic takes if its operands are there.
func (m *Model) Time(w Work) units.Picoseconds {
	f := m.format(w.DType)
	if w.Attention {
		f.shares = m.attention
	}
	seconds := (float64(w.MACs)*w.stretch()/f.at(w.Tokens) + f.dequant*float64(w.WeightValues)/f.matvec) / f.peak
	seconds += float64(w.Elements) * elementCost(w.Op) / (m.float.peak * m.matvec)
	return units.Picoseconds(math.Ceil(seconds * 1e12))
}

// reduction is what summing a vector register into one value costs at the end of
// an inner product, in MACs of the unit's peak: on four rows at once, a tree of
// pairwise sums takes about one vector instruction a row.
const reduction = 16

// stretch is how much longer MACs take because inner products are short.
func (w Work) stretch() float64 {
	if w.Cols <= 0 {
		return 1
	}
	return 1 + reduction/float64(w.Cols)
}

// Energy is what the operator's arithmetic costs.
func (m *Model) Energy(w Work) units.Femtojoules {
	f := m.format(w.DType)
	pj := (float64(w.MACs) + f.dequant*float64(w.WeightValues)) * f.energy
	pj += float64(w.Elements) * elementCost(w.Op) * m.float.energy
	return units.FromPicojoules(pj)
}
