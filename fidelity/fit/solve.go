package fit

import (
	"context"
	"errors"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"
)

// Problem is a fit: parameters with normal priors around zero, and rows that
// depend on some of them.
type Problem struct {
	Sigma []float64 // prior standard deviation of each parameter, in logarithms
	Rows  []Row
	// Mean is the prior mean of each parameter, nil for zeros, and Precision the
	// prior's inverse covariance, nil for independent ones of Sigma.
	Mean      []float64
	Precision mat.Symmetric
}

// Row is one measurement.
type Row struct {
	LogMeasured float64
	Sigma       float64 // standard deviation of its error, in logarithms
	Touches     []int   // the parameters that it depends on
	// LogPredicted returns the logarithm of the prediction, given the value of each
	// touched parameter in their order. It must be safe for concurrent use.
	LogPredicted func(theta []float64) (float64, error)
}

// Solution is where a fit ends.
type Solution struct {
	Theta     []float64     // estimate of each parameter
	Residual  []float64     // ln predicted - ln measured of each row
	Weight    []float64     // of each row, 1 for one that agrees and toward 0 for an odd one
	Jacobian  [][]float64   // by row: derivative by each touched parameter
	Precision *mat.SymDense // curvature of the negative log posterior
	Cost      float64
}

const (
	freedom  = 4.0  // degrees of freedom of Student's t: an error of 4 sigma counts a third
	step     = 1e-3 // of differences, in logarithms
	boldest  = 0.7  // a step's largest change of a parameter
	tolerant = 5e-4 // relative change of the cost that ends the fit
	rounds   = 40
)

// Solve minimises the negative log posterior from start (nil is the prior mean).
func (p *Problem) Solve(ctx context.Context, start []float64, workers int) (*Solution, error) {
	theta := append([]float64(nil), start...)
	if theta == nil {
		theta = append(make([]float64, 0, len(p.Sigma)), p.mean()...)
	}
	s, err := p.At(ctx, theta, workers)
	if err != nil {
		return nil, err
	}
	damping := 1e-3
	for range rounds {
		if err := p.differentiate(ctx, s, workers); err != nil {
			return nil, err
		}
		better, err := p.improve(ctx, s, &damping, workers)
		if err != nil {
			return nil, err
		}
		if better == nil {
			return s, nil
		}
		gain := s.Cost - better.Cost
		s = better
		if gain < tolerant*(1+math.Abs(s.Cost)) {
			break
		}
	}
	return s, p.differentiate(ctx, s, workers)
}

// improve tries steps of growing caution until the cost falls; nil if none does.
func (p *Problem) improve(ctx context.Context, s *Solution, damping *float64, workers int) (*Solution, error) {
	gradient := p.gradient(s)
	for range 8 {
		delta, err := solveDamped(s.Precision, gradient, *damping)
		if err != nil {
			return nil, err
		}
		theta := make([]float64, len(s.Theta))
		for j := range theta {
			theta[j] = s.Theta[j] - min(max(delta.AtVec(j), -boldest), boldest)
		}
		next, err := p.At(ctx, theta, workers)
		if err != nil {
			return nil, err
		}
		if next.Cost < s.Cost {
			*damping = max(*damping/5, 1e-9)
			return next, nil
		}
		*damping *= 8
	}
	return nil, nil
}

func (p *Problem) mean() []float64 {
	if p.Mean != nil {
		return p.Mean
	}
	return make([]float64, len(p.Sigma))
}

// At predicts every row at theta.
func (p *Problem) At(ctx context.Context, theta []float64, workers int) (*Solution, error) {
	s := &Solution{Theta: theta, Residual: make([]float64, len(p.Rows)), Weight: make([]float64, len(p.Rows))}
	err := p.each(ctx, workers, func(i int) error {
		v, err := p.Rows[i].LogPredicted(touched(p.Rows[i].Touches, theta))
		s.Residual[i] = v - p.Rows[i].LogMeasured
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range p.Rows {
		z := s.Residual[i] / p.Rows[i].Sigma
		s.Cost += (freedom + 1) / 2 * math.Log1p(z*z/freedom)
		s.Weight[i] = (freedom + 1) / (freedom + z*z)
	}
	s.Cost += p.priorCost(theta)
	if math.IsNaN(s.Cost) {
		return nil, errors.New("the fit left the numbers for which predictions are defined")
	}
	return s, nil
}

func (p *Problem) priorCost(theta []float64) float64 {
	d := p.offset(theta)
	if p.Precision != nil {
		v := mat.NewVecDense(len(d), d)
		return mat.Inner(v, p.Precision, v) / 2
	}
	sum := 0.0
	for j, x := range d {
		z := x / p.Sigma[j]
		sum += z * z / 2
	}
	return sum
}

func (p *Problem) offset(theta []float64) []float64 {
	d := make([]float64, len(theta))
	mean := p.mean()
	for j := range d {
		d[j] = theta[j] - mean[j]
	}
	return d
}

// differentiate fills the Jacobian and the precision of s.
func (p *Problem) differentiate(ctx context.Context, s *Solution, workers int) error {
	s.Jacobian = make([][]float64, len(p.Rows))
	err := p.each(ctx, workers, func(i int) error {
		r := &p.Rows[i]
		theta := touched(r.Touches, s.Theta)
		s.Jacobian[i] = make([]float64, len(theta))
		for k := range theta {
			was := theta[k]
			theta[k] = was + step
			v, err := r.LogPredicted(theta)
			if err != nil {
				return err
			}
			theta[k] = was
			s.Jacobian[i][k] = (v - r.LogMeasured - s.Residual[i]) / step
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.Precision = p.curvature(s)
	return nil
}

// curvature is that of the cost by Gauss and Newton: the rows' with the weights of
// the odd ones, and the prior's.
func (p *Problem) curvature(s *Solution) *mat.SymDense {
	n := len(p.Sigma)
	h := mat.NewSymDense(n, nil)
	if p.Precision != nil {
		h.CopySym(p.Precision)
	} else {
		for j, sigma := range p.Sigma {
			h.SetSym(j, j, 1/(sigma*sigma))
		}
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		w := s.Weight[i] / (r.Sigma * r.Sigma)
		for a, ja := range r.Touches {
			for b, jb := range r.Touches {
				if jb >= ja {
					h.SetSym(ja, jb, h.At(ja, jb)+w*s.Jacobian[i][a]*s.Jacobian[i][b])
				}
			}
		}
	}
	return h
}

func (p *Problem) gradient(s *Solution) *mat.VecDense {
	d := p.offset(s.Theta)
	g := mat.NewVecDense(len(d), nil)
	if p.Precision != nil {
		g.MulVec(p.Precision, mat.NewVecDense(len(d), d))
	} else {
		for j, x := range d {
			g.SetVec(j, x/(p.Sigma[j]*p.Sigma[j]))
		}
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		w := s.Weight[i] / (r.Sigma * r.Sigma) * s.Residual[i]
		for a, j := range r.Touches {
			g.SetVec(j, g.AtVec(j)+w*s.Jacobian[i][a])
		}
	}
	return g
}

// solveDamped solves (H + damping·diag H)·x = g.
func solveDamped(h *mat.SymDense, g *mat.VecDense, damping float64) (*mat.VecDense, error) {
	n := h.SymmetricDim()
	damped := mat.NewSymDense(n, nil)
	damped.CopySym(h)
	for j := range n {
		damped.SetSym(j, j, h.At(j, j)*(1+damping))
	}
	var c mat.Cholesky
	if !c.Factorize(damped) {
		return nil, errors.New("the curvature of the fit is not positive: a parameter has no prior")
	}
	x := mat.NewVecDense(n, nil)
	if err := c.SolveVecTo(x, g); err != nil && !isCondition(err) {
		return nil, fmt.Errorf("solving for a step of the fit: %w", err)
	}
	return x, nil
}

func isCondition(err error) bool {
	var c mat.Condition
	return errors.As(err, &c)
}

func touched(touches []int, theta []float64) []float64 {
	out := make([]float64, len(touches))
	for k, j := range touches {
		out[k] = theta[j]
	}
	return out
}

// each calls do for every row, some at a time.
func (p *Problem) each(ctx context.Context, workers int, do func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	workers = max(1, workers)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(p.Rows); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
