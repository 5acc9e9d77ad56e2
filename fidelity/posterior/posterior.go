// Package posterior holds what the joint fit to all measurements has left uncertain,
// and draws from it.
//
// The mental model: a multiplier (devices.Multiplier) is a random number whose
// logarithm is normal. Those that measurements have told something about come from
// the posterior of the fit, with their correlations; those of a phone, a SoC or a
// runtime that nobody measured come from their priors. A draw is one value of each,
// known by its ID, so that all models, phones and runtimes of a run share what they
// have in common: the ratio of two predictions has its own, narrower width.
//
//	fit ─▶ estimates + precision ─▶ Draws ─▶ k-th value of a multiplier, any device's
//
// Draws are stratified: over n of them each multiplier takes its n quantiles once,
// in an order that its ID and the seed decide.
//
// # Caveats
//
// Normal in logarithms, with the curvature at the mode (Laplace): what the data
// bound on one side alone is taken as symmetric.
package posterior

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/memsim/memsim/devices"
)

// Posterior is the outcome of a fit.
type Posterior struct {
	IDs []string  // of the multipliers, in order
	Log []float64 // estimate of each one's logarithm
	// Precision is the inverse covariance of the logarithms.
	Precision *mat.SymDense

	index map[string]int
	chol  mat.Cholesky
	cov   func() *mat.SymDense
}

// New checks and indexes the outcome of a fit.
func New(ids []string, logs []float64, precision *mat.SymDense) (*Posterior, error) {
	if len(ids) != len(logs) || len(ids) > 0 && precision.SymmetricDim() != len(ids) {
		return nil, errors.New("a posterior has an estimate and a row of precision for each multiplier")
	}
	p := &Posterior{IDs: ids, Log: logs, Precision: precision, index: map[string]int{}}
	for j, id := range ids {
		if _, twice := p.index[id]; twice {
			return nil, fmt.Errorf("multiplier %s stands twice", id)
		}
		p.index[id] = j
	}
	if len(ids) > 0 && !p.chol.Factorize(precision) {
		return nil, errors.New("the precision is not positive definite")
	}
	p.cov = sync.OnceValue(p.covariance)
	return p, nil
}

// covariance inverts the precision.
func (p *Posterior) covariance() *mat.SymDense {
	var c mat.SymDense
	if err := p.chol.InverseTo(&c); err != nil {
		var condition mat.Condition
		if !errors.As(err, &condition) {
			return mat.NewSymDense(len(p.IDs), nil) // cannot be: the factor is regular
		}
	}
	return &c
}

// Covariance is that of the logarithms of multipliers, each once: the fit's of those
// that it knows, and the priors' of the others.
func (p *Posterior) Covariance(multipliers []devices.Multiplier) *mat.SymDense {
	out := mat.NewSymDense(max(1, len(multipliers)), nil)
	for a, m := range multipliers {
		i, known := p.index[m.ID()]
		if !known {
			out.SetSym(a, a, m.Sigma*m.Sigma)
			continue
		}
		for b, o := range multipliers[:a+1] {
			if j, ok := p.index[o.ID()]; ok {
				out.SetSym(a, b, p.cov().At(i, j))
			}
		}
	}
	return out
}

// Variance is that of the logarithm of a prediction that moves by slope[k] for each
// multiplier's logarithm. Multipliers that no measurement has told about vary by
// their priors, alone.
func (p *Posterior) Variance(multipliers []devices.Multiplier, slope []float64) float64 {
	type known struct {
		at    int
		slope float64
	}
	var list []known
	alone, sigma := map[string]float64{}, map[string]float64{}
	for k, m := range multipliers {
		if j, ok := p.index[m.ID()]; ok {
			list = append(list, known{j, slope[k]})
		} else {
			alone[m.ID()] += slope[k]
			sigma[m.ID()] = m.Sigma
		}
	}
	sum := 0.0
	for _, id := range slices.Sorted(maps.Keys(alone)) {
		sum += alone[id] * alone[id] * sigma[id] * sigma[id]
	}
	if len(list) == 0 {
		return sum
	}
	c := p.cov()
	for _, a := range list {
		for _, b := range list {
			sum += a.slope * b.slope * c.At(a.at, b.at)
		}
	}
	return sum
}

// Knows reports whether measurements have told something about a multiplier.
func (p *Posterior) Knows(id string) bool { _, ok := p.index[id]; return ok }

// Estimate is the logarithm of a multiplier at the centre: 0 for one that no
// measurement has told about.
func (p *Posterior) Estimate(id string) float64 {
	if j, ok := p.index[id]; ok {
		return p.Log[j]
	}
	return 0
}

// Sigma is the standard deviation of each multiplier's logarithm.
func (p *Posterior) Sigma() ([]float64, error) {
	if len(p.IDs) == 0 {
		return nil, nil
	}
	c := p.cov()
	out := make([]float64, len(p.IDs))
	for j := range out {
		out[j] = math.Sqrt(c.At(j, j))
	}
	return out, nil
}

// Draws are n draws of all multipliers there can be.
type Draws struct {
	posterior *Posterior
	seed      uint64
	n         int
	known     *mat.Dense // multipliers × draws: deviations from the estimates
}

// Draw makes n draws; the same seed gives the same.
func (p *Posterior) Draw(n int, seed uint64) *Draws {
	d := &Draws{posterior: p, seed: seed, n: n}
	if len(p.IDs) == 0 || n == 0 {
		return d
	}
	z := mat.NewDense(len(p.IDs), n, nil)
	for j, id := range p.IDs {
		z.SetRow(j, strata(id, n, seed))
	}
	// With the precision UᵀU, a solution of U·x = z has the covariance that it inverts.
	var u mat.TriDense
	p.chol.UTo(&u)
	d.known = mat.NewDense(len(p.IDs), n, nil)
	if err := d.known.Solve(&u, z); err != nil {
		var condition mat.Condition
		if !errors.As(err, &condition) {
			d.known.Zero() // cannot be: the factor is regular
		}
	}
	return d
}

// Knows reports whether measurements have told something about a multiplier.
func (d *Draws) Knows(m devices.Multiplier) bool { return d.posterior.Knows(m.ID()) }

// N is the number of draws.
func (d *Draws) N() int { return d.n }

// Deviations returns, for each draw, how far the logarithm of a multiplier is from
// its centre.
func (d *Draws) Deviations(m devices.Multiplier) []float64 {
	if j, ok := d.posterior.index[m.ID()]; ok {
		return mat.Row(nil, j, d.known)
	}
	return d.Normal(m.ID(), m.Sigma)
}

// Normal returns draws of a number of mean 0 and standard deviation sigma that
// nothing else knows; those of one ID are the same.
func (d *Draws) Normal(id string, sigma float64) []float64 {
	out := strata(id, d.n, d.seed)
	for k := range out {
		out[k] *= sigma
	}
	return out
}

// strata returns the n quantiles of a standard normal number in an order that the
// name and the seed decide.
func strata(name string, n int, seed uint64) []float64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	random := rand.New(rand.NewPCG(seed, h.Sum64()))
	out := make([]float64, n)
	for k, at := range random.Perm(n) {
		out[k] = distuv.UnitNormal.Quantile((float64(at) + 0.5) / float64(n))
	}
	return out
}
