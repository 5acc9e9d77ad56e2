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
	step     = 0.02 // of differences to both sides, in logarithms: predictions bend where one bound takes over from another
	boldest  = 0.7  // a step's largest change of a parameter
	tolerant = 5e-4 // relative change of the cost that ends the fit
	rounds   = 40

	firstDamping = 1e-3
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
	damping := firstDamping
	for range rounds {
		if err := p.differentiate(ctx, s, workers); err != nil {
			return nil, err
		}
		better, err := p.improve(ctx, s, &damping, workers)
		if err != nil {
			return nil, err
		}
		enough := tolerant * (1 + math.Abs(s.Cost))
		if better == nil || s.Cost-better.Cost < enough {
			if better == nil {
				better = s
			}
			if better, err = p.polish(ctx, better, workers); err != nil {
				return nil, err
			}
			damping = firstDamping
		}
		gain := s.Cost - better.Cost
		s = better
		if gain < enough {
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

// polish moves one parameter after the other, where all at once lead nowhere:
// predictions have edges, where one bound takes over from another, along which alone
// the cost falls.
func (p *Problem) polish(ctx context.Context, s *Solution, workers int) (*Solution, error) {
	theta := append([]float64(nil), s.Theta...)
	residual := append([]float64(nil), s.Residual...)
	rows := make([][]int, len(theta))
	for i := range p.Rows {
		for _, j := range p.Rows[i].Touches {
			if n := len(rows[j]); n == 0 || rows[j][n-1] != i {
				rows[j] = append(rows[j], i)
			}
		}
	}
	for j := range theta {
		for _, by := range polishSteps {
			gained, err := p.nudge(ctx, theta, residual, j, by, rows[j], workers)
			if err != nil {
				return nil, err
			}
			if gained {
				break
			}
		}
	}
	return p.At(ctx, theta, workers)
}

// polishSteps are what polish tries, in logarithms.
var polishSteps = []float64{0.1, -0.1, 0.02, -0.02}

// nudge moves parameter j and keeps the move if the cost falls. rows touch it.
func (p *Problem) nudge(ctx context.Context, theta, residual []float64, j int, by float64, rows []int, workers int) (bool, error) {
	was := theta[j]
	before := p.priorOf(theta, j)
	for _, i := range rows {
		before += p.Rows[i].loss(residual[i])
	}
	theta[j] = was + by
	moved := make([]float64, len(rows))
	err := each(ctx, workers, len(rows), func(k int) error {
		r := &p.Rows[rows[k]]
		v, err := r.LogPredicted(touched(r.Touches, theta))
		moved[k] = v - r.LogMeasured
		return err
	})
	if err != nil {
		return false, err
	}
	after := p.priorOf(theta, j)
	for k, i := range rows {
		after += p.Rows[i].loss(moved[k])
	}
	if !(after < before) {
		theta[j] = was
		return false, nil
	}
	for k, i := range rows {
		residual[i] = moved[k]
	}
	return true, nil
}

// loss is the negative log likelihood of a residual.
func (r *Row) loss(residual float64) float64 {
	z := residual / r.Sigma
	return (freedom + 1) / 2 * math.Log1p(z*z/freedom)
}

// priorOf is the part of the prior's cost that changes with parameter j.
func (p *Problem) priorOf(theta []float64, j int) float64 {
	if p.Precision != nil {
		return p.priorCost(theta)
	}
	z := (theta[j] - p.mean()[j]) / p.Sigma[j]
	return z * z / 2
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
		s.Cost += p.Rows[i].loss(s.Residual[i])
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
			slope, err := r.slope(theta, k)
			if err != nil {
				return err
			}
			s.Jacobian[i][k] = slope
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.Precision = p.curvature(s)
	return nil
}

// slope is the derivative of the row's prediction by the k-th parameter it touches.
func (r *Row) slope(theta []float64, k int) (float64, error) {
	was := theta[k]
	defer func() { theta[k] = was }()
	theta[k] = was + step
	above, err := r.LogPredicted(theta)
	if err != nil {
		return 0, err
	}
	theta[k] = was - step
	below, err := r.LogPredicted(theta)
	return (above - below) / (2 * step), err
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
	return each(ctx, workers, len(p.Rows), do)
}

// each calls do for 0 to n-1, some at a time.
func each(ctx context.Context, workers, n int, do func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	workers = max(1, workers)
	for w := range workers {
		g.Go(func() error {
			for i := w; i < n; i += workers {
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
