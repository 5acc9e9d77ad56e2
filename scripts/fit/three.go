package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/memsim/memsim/fidelity/fit"
)

const (
	few   = 3 // measurements of a new phone
	least = 6 // rows of a phone with a runtime in one phase, for some to be left
)

// reportFew prints how far the other rows of a phone are off once the fit to all other
// phones has been updated by few of them, as calibrate does: of one runtime and phase,
// spread over the sizes of models.
func reportFew(ctx context.Context, p *fit.Problem, s *fit.Solution, cases []fit.Case) error {
	groups := map[string]map[string][]int{} // by phone, then by runtime and phase
	for i := range cases {
		r := cases[i].Row
		if groups[r.Phone] == nil {
			groups[r.Phone] = map[string][]int{}
		}
		kind := r.Unit + " " + string(r.Phase()) + " " + r.Runtime
		groups[r.Phone][kind] = append(groups[r.Phone][kind], i)
	}
	before, after := map[string][]float64{}, map[string][]float64{}
	for phone, kinds := range groups {
		most := 0
		for _, rows := range kinds {
			most = max(most, len(rows))
		}
		if most < least {
			continue
		}
		rest, err := p.Without(s, func(i int) bool { return cases[i].Row.Phone == phone })
		if err != nil {
			return err
		}
		covariance, err := inverse(rest.Precision)
		if err != nil {
			return err
		}
		for _, rows := range kinds {
			if len(rows) < least {
				continue
			}
			was, is, err := learn(ctx, p, rest.Theta, covariance, rows)
			if err != nil {
				return err
			}
			r := cases[rows[0]].Row
			kind := r.Unit + " " + string(r.Phase())
			before[kind], after[kind] = append(before[kind], was...), append(after[kind], is...)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(before)) {
		slices.Sort(before[kind])
		slices.Sort(after[kind])
		fmt.Printf("phone left out but for %d rows, %s: %d other rows, mean error %.0f %%, median %.0f %%, %.0f and %.0f %% without the %d\n",
			few, kind, len(after[kind]), stat.Mean(after[kind], nil), median(after[kind]), stat.Mean(before[kind], nil), median(before[kind]), few)
	}
	return nil
}

// learn updates theta by few of the rows and returns the errors of the others, in
// percent, before and after.
func learn(ctx context.Context, p *fit.Problem, theta []float64, covariance *mat.SymDense, rows []int) (before, after []float64, err error) {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b int) int {
		if d := p.Rows[a].LogMeasured - p.Rows[b].LogMeasured; d != 0 {
			return int(math.Copysign(1, d))
		}
		return a - b
	})
	var chosen []int
	for k := range few {
		chosen = append(chosen, sorted[(2*k+1)*len(sorted)/(2*few)])
	}
	index, touched := map[int]int{}, []int(nil)
	small := &fit.Problem{}
	for _, i := range chosen {
		row := p.Rows[i]
		row.Touches = slices.Clone(row.Touches)
		for k, j := range row.Touches {
			if _, ok := index[j]; !ok {
				index[j] = len(touched)
				touched = append(touched, j)
			}
			row.Touches[k] = index[j]
		}
		small.Rows = append(small.Rows, row)
	}
	sub := mat.NewSymDense(len(touched), nil)
	for a, i := range touched {
		small.Mean = append(small.Mean, theta[i])
		for b, j := range touched[:a+1] {
			sub.SetSym(a, b, covariance.At(i, j))
		}
	}
	if small.Precision, err = inverse(sub); err != nil {
		return nil, nil, err
	}
	small.Sigma = make([]float64, len(touched))
	learnt, err := small.Solve(ctx, small.Mean, 2)
	if err != nil {
		return nil, nil, err
	}
	moved := slices.Clone(theta)
	// What is not touched moves with what is, by the covariance.
	delta := mat.NewVecDense(len(touched), nil)
	for a, x := range learnt.Theta {
		delta.SetVec(a, x-small.Mean[a])
	}
	var pull mat.VecDense
	pull.MulVec(small.Precision, delta)
	for j := range moved {
		for a, i := range touched {
			moved[j] += covariance.At(j, i) * pull.AtVec(a)
		}
	}
	for _, i := range sorted {
		if slices.Contains(chosen, i) {
			continue
		}
		for _, at := range []struct {
			theta []float64
			out   *[]float64
		}{{theta, &before}, {moved, &after}} {
			log, err := p.Rows[i].At(at.theta)
			if err != nil {
				return nil, nil, err
			}
			*at.out = append(*at.out, 100*math.Abs(math.Expm1(log-p.Rows[i].LogMeasured)))
		}
	}
	return before, after, nil
}

func inverse(a *mat.SymDense) (*mat.SymDense, error) {
	var c mat.Cholesky
	if !c.Factorize(a) {
		return nil, fmt.Errorf("a matrix of %d is not positive definite", a.SymmetricDim())
	}
	var out mat.SymDense
	if err := c.InverseTo(&out); err != nil {
		var condition mat.Condition
		if !errors.As(err, &condition) {
			return nil, err
		}
	}
	return &out, nil
}

// median is that of a sorted list, as the scores of the fit take it.
func median(sorted []float64) float64 { return stat.Quantile(0.5, stat.Empirical, sorted, nil) }
