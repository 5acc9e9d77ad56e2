package fit

import (
	"math"

	"gonum.org/v1/gonum/mat"
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
		was := at[k]
		at[k] = was + step
		moved, err := row.LogPredicted(at)
		if err != nil {
			return 0, 0, err
		}
		at[k] = was
		slope.SetVec(j, slope.AtVec(j)+(moved-log)/step)
	}
	var x mat.VecDense
	if err := precision.SolveVecTo(&x, slope); err != nil && !isCondition(err) {
		return 0, 0, err
	}
	return log, math.Sqrt(mat.Dot(slope, &x) + row.Sigma*row.Sigma), nil
}
