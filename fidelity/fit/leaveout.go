package fit

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Without returns the solution of the problem without some rows, in the linear form
// around s: rows move along their derivatives, and the weights of odd rows follow.
// What s learnt from the left-out rows is gone with them, priors aside.
func (p *Problem) Without(s *Solution, out func(i int) bool) (*Solution, error) {
	rest := &Problem{Sigma: p.Sigma, Mean: p.Mean, Precision: p.Precision}
	at := &Solution{Theta: s.Theta}
	for i := range p.Rows {
		if !out(i) {
			rest.Rows = append(rest.Rows, p.Rows[i])
			at.Residual = append(at.Residual, s.Residual[i])
			at.Weight = append(at.Weight, s.Weight[i])
			at.Jacobian = append(at.Jacobian, s.Jacobian[i])
		}
	}
	for range leaveOutRounds {
		at.Precision = rest.curvature(at)
		delta, err := solveDamped(at.Precision, rest.gradient(at), 0)
		if err != nil {
			return nil, err
		}
		next := &Solution{Theta: make([]float64, len(at.Theta)), Jacobian: at.Jacobian,
			Residual: make([]float64, len(at.Residual)), Weight: make([]float64, len(at.Weight))}
		for j := range next.Theta {
			next.Theta[j] = at.Theta[j] - delta.AtVec(j)
		}
		for i := range rest.Rows {
			r := at.Residual[i]
			for k, j := range rest.Rows[i].Touches {
				r -= at.Jacobian[i][k] * delta.AtVec(j)
			}
			z := r / rest.Rows[i].Sigma
			next.Residual[i], next.Weight[i] = r, (freedom+1)/(freedom+z*z)
		}
		at = next
	}
	at.Precision = rest.curvature(at)
	return at, nil
}

// leaveOutRounds is how often weights of odd rows are taken anew.
const leaveOutRounds = 4

// Spread is the standard deviation of the logarithm of a prediction of row: what the
// parameters leave uncertain by precision, and the error of the row itself.
func Spread(row *Row, theta []float64, precision *mat.Cholesky) (log, sigma float64, err error) {
	at := touched(row.Touches, theta)
	if log, err = row.LogPredicted(at); err != nil {
		return 0, 0, err
	}
	slope := mat.NewVecDense(len(theta), nil)
	for k, j := range row.Touches {
		x, err := row.slope(at, k)
		if err != nil {
			return 0, 0, err
		}
		slope.SetVec(j, slope.AtVec(j)+x)
	}
	var x mat.VecDense
	if err := precision.SolveVecTo(&x, slope); err != nil && !isCondition(err) {
		return 0, 0, err
	}
	return log, math.Sqrt(mat.Dot(slope, &x) + row.Sigma*row.Sigma), nil
}

// Held is a case as it is predicted when all cases of its group were left out of the
// fit.
type Held struct {
	Case  *Case
	Log   float64 // ln predicted - ln measured
	Sigma float64 // standard deviation that the prediction states
}

// LeaveOut predicts each case from the fit without its group, such as its phone; some
// groups at a time.
func LeaveOut(ctx context.Context, p *Problem, s *Solution, cases []Case, group func(*Case) string, workers int) ([]Held, error) {
	members := map[string][]int{}
	for i := range cases {
		members[group(&cases[i])] = append(members[group(&cases[i])], i)
	}
	// Where predictions bend, the linear form has its minimum beside the solution: what
	// leaving out moves is counted from there.
	all, err := p.Without(s, func(int) bool { return false })
	if err != nil {
		return nil, err
	}
	out := make([]Held, len(cases))
	groups := slices.Sorted(maps.Keys(members))
	err = each(ctx, workers, len(groups), func(n int) error {
		g := groups[n]
		rest, err := p.Without(s, func(i int) bool { return group(&cases[i]) == g })
		if err != nil {
			return err
		}
		for j := range rest.Theta {
			rest.Theta[j] += s.Theta[j] - all.Theta[j]
		}
		var c mat.Cholesky
		if !c.Factorize(rest.Precision) {
			return errors.New("the fit without " + g + " has no covariance")
		}
		for _, i := range members[g] {
			log, sigma, err := Spread(&p.Rows[i], rest.Theta, &c)
			if err != nil {
				return err
			}
			out[i] = Held{&cases[i], log - p.Rows[i].LogMeasured, sigma}
		}
		return nil
	})
	return out, err
}

// Score sums up predictions: errors in percent of the measured time, and how many
// measurements lie in the intervals that the predictions state.
type Score struct {
	N                      int
	MAEPct, MedianPct      float64
	Coverage50, Coverage90 float64
	HalfWidthPct           float64 // median of the 90 % intervals
}

// ScoreOf scores those of held that belong.
func ScoreOf(held []Held, belongs func(Held) bool) Score {
	var s Score
	var errs, widths []float64
	for _, h := range held {
		if !belongs(h) {
			continue
		}
		z := math.Abs(h.Log) / h.Sigma
		if z < 0.6745 {
			s.Coverage50++
		}
		if z < 1.6449 {
			s.Coverage90++
		}
		errs = append(errs, 100*math.Abs(math.Expm1(h.Log)))
		widths = append(widths, 100*math.Expm1(1.6449*h.Sigma))
	}
	if s.N = len(errs); s.N == 0 {
		return s
	}
	n := float64(s.N)
	s.Coverage50, s.Coverage90 = s.Coverage50/n, s.Coverage90/n
	s.MAEPct = stat.Mean(errs, nil)
	slices.Sort(errs)
	slices.Sort(widths)
	s.MedianPct = stat.Quantile(0.5, stat.Empirical, errs, nil)
	s.HalfWidthPct = stat.Quantile(0.5, stat.Empirical, widths, nil)
	return s
}
