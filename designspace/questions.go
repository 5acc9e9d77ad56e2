package designspace

import (
	"reflect"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sweep"
)

// Questions are what a spec asks of its rows; all may be nil.
type Questions struct {
	Where       *sweep.Expression // that rows must meet
	Goals       []sweep.Goal      // to trade
	Best        *sweep.Expression // of which a search wants the least
	Sensitivity *sweep.Expression // of which to say what moves it
}

// Questions reads what the spec asks, and tries it on an empty row: what no row could
// answer is the user's mistake, before any point is evaluated.
func (s *Spec) Questions() (q Questions, err error) {
	if s.Where != "" {
		if q.Where, err = sweep.ParseCondition(s.Where, s.Axes); err != nil {
			return q, fault.Userf("--where: %w", err)
		}
	}
	if s.Pareto != "" {
		if q.Goals, err = sweep.ParseGoals(s.Pareto, s.Axes); err != nil {
			return q, err
		}
	}
	if s.Best != "" {
		if q.Best, err = sweep.ParseFigure(s.Best, s.Axes); err != nil {
			return q, fault.Userf("--best: %w", err)
		}
	}
	if s.Sensitivity != "" {
		if q.Sensitivity, err = sweep.ParseFigure(s.Sensitivity, s.Axes); err != nil {
			return q, fault.Userf("--sensitivity: %w", err)
		}
	}
	return q, q.try(s)
}

func (q Questions) try(s *Spec) error {
	space, err := s.Space()
	if err != nil {
		return err
	}
	row := &sweep.Row{Point: space.Point(0)}
	ones(reflect.ValueOf(&row.Result).Elem()) // a ratio of figures is finite
	if _, err := q.Meets(row); err != nil {
		return fault.Userf("--where: %w", err)
	}
	for _, f := range []struct {
		flag   string
		figure *sweep.Expression
	}{{"--best", q.Best}, {"--sensitivity", q.Sensitivity}} {
		if f.figure == nil {
			continue
		}
		if _, err := f.figure.Number(row); err != nil {
			return fault.Userf("%s: %w", f.flag, err)
		}
	}
	return nil
}

// ones sets every number of a result to 1.
func ones(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			ones(f)
		case f.CanInt():
			f.SetInt(1)
		case f.CanFloat():
			f.SetFloat(1)
		}
	}
}

// Meets reports whether a row meets the condition: an invalid one always does.
func (q Questions) Meets(r *sweep.Row) (bool, error) {
	if q.Where == nil || r.Invalid != nil {
		return true, nil
	}
	return q.Where.True(r)
}
