package calibration

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// noise is the relative standard error that a measurement is taken to have.
const noise = 0.05

// problem is a linearised fit in logarithms: changes of the numbers that bring
// the errors of the points nearest to zero.
type problem struct {
	slope  *mat.Dense // points × numbers: elasticities
	errors []float64  // ln(predicted/measured) of each point at the numbers as they are
	from   []float64  // ln(number/prior) of each number as it is
	low    []float64  // ln(lowest/prior)
	high   []float64
}

// solution is where the fit ends.
type solution struct {
	at       []float64 // ln(number/prior)
	residual []float64 // errors left at the points, by the linear model
	sigma    []float64 // standard error of each number, in logarithms
}

// cost is the sum that solve minimises, at x = ln(number/prior) of each number.
// Outside the ranges it is that of the nearest point within, and a steep slope
// back.
func (p problem) cost(x []float64) float64 {
	inside, beyond := p.clamp(x)
	sum := 1e6 * beyond
	for _, r := range p.residuals(inside) {
		sum += r * r / (noise * noise)
	}
	for j, v := range inside {
		d := v / p.width(j)
		sum += d * d
	}
	return sum
}

// width is the prior's standard deviation of number j: half of its range.
func (p problem) width(j int) float64 { return (p.high[j] - p.low[j]) / 2 }

func (p problem) clamp(x []float64) (inside []float64, beyond float64) {
	inside = make([]float64, len(x))
	for j, v := range x {
		inside[j] = min(max(v, p.low[j]), p.high[j])
		beyond += (v - inside[j]) * (v - inside[j])
	}
	return inside, beyond
}

func (p problem) residuals(x []float64) []float64 {
	out := make([]float64, len(p.errors))
	for i := range out {
		out[i] = p.errors[i]
		for j := range x {
			out[i] += p.slope.At(i, j) * (x[j] - p.from[j])
		}
	}
	return out
}

// solve minimises the cost. The sum is convex but has corners at the ends of the
// ranges, which the simplex method does not mind.
func (p problem) solve() (solution, error) {
	start := make([]float64, len(p.from))
	copy(start, p.from)
	result, err := optimize.Minimize(optimize.Problem{Func: p.cost}, start, nil, &optimize.NelderMead{})
	if err != nil && result == nil {
		return solution{}, err
	}
	if result.Status == optimize.Failure {
		return solution{}, errors.New("the fit does not converge")
	}
	at, _ := p.clamp(result.X)
	s := solution{at: at, residual: p.residuals(at)}
	s.sigma = p.sigma(s.residual)
	return s, nil
}

// sigma returns the standard errors: roots of the diagonal of the inverse of
// half the curvature, scaled by the scatter around the fit where that is more
// than measurements are taken to have.
func (p problem) sigma(residual []float64) []float64 {
	n, k := p.slope.Dims()
	scatter := noise
	if n > k {
		sum := 0.0
		for _, r := range residual {
			sum += r * r
		}
		scatter = max(noise, math.Sqrt(sum/float64(n-k)))
	}
	curvature := mat.NewSymDense(k, nil)
	for a := range k {
		for b := a; b < k; b++ {
			sum := 0.0
			for i := range n {
				sum += p.slope.At(i, a) * p.slope.At(i, b)
			}
			sum /= scatter * scatter
			if a == b {
				sum += 1 / (p.width(a) * p.width(a))
			}
			curvature.SetSym(a, b, sum)
		}
	}
	var inverse mat.Dense
	sigma := make([]float64, k)
	if err := inverse.Inverse(curvature); err != nil {
		return sigma // cannot be: the prior makes it positive definite
	}
	for j := range sigma {
		sigma[j] = math.Sqrt(inverse.At(j, j))
	}
	return sigma
}

// carried is how many independent directions of the numbers the points can
// tell: singular values of the elasticities that move some point by a
// noticeable part of a percent for a percent.
func carried(slope *mat.Dense) int {
	var svd mat.SVD
	if !svd.Factorize(slope, mat.SVDNone) {
		return 0
	}
	rank := 0
	for _, v := range svd.Values(nil) {
		if v >= noticeable {
			rank++
		}
	}
	return rank
}

// noticeable is the least elasticity that a number is fitted by.
const noticeable = 0.05
