package designspace

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/diff/fd"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// derivativeStep is the step of finite differences, as a share of the
// parameter's value: small against plausible ranges, large against the
// picoseconds to which times are rounded.
const derivativeStep = 0.02

// Sensitivity says what each uncertain number of the device does to a figure at
// point p: one that is estimated or calibrated, has a range in the profile and
// counts for the unit and runtime in use. The model's traffic is recorded once
// and replayed with the number at both ends of its range, and close to its value
// for the derivative (central differences). The largest effect comes first.
// Numbers of the device's parts have no ranges and are left out.
func (x *Explorer) Sensitivity(ctx context.Context, p sweep.Point, figure *sweep.Expression, workers int) ([]sweep.Effect, error) {
	shape, quant, err := x.Shape(p)
	if err != nil {
		return nil, err
	}
	prompt, err := x.prompt(p)
	if err != nil {
		return nil, err
	}
	s := probe{ctx: ctx, point: p, hardware: at(x.Machines.base, p), figure: figure, trace: &traces.Trace{}}
	if err := x.record(ctx, s.trace, shape, quant, prompt); err != nil {
		return nil, err
	}
	machine, err := s.hardware.Machine()
	if err != nil {
		return nil, err
	}
	if s.base, err = s.number(machine); err != nil {
		return nil, err
	}
	return s.effects(machine, workers)
}

// probe measures a figure of one trace on a machine with one number changed.
type probe struct {
	ctx      context.Context
	point    sweep.Point
	hardware study.Hardware
	figure   *sweep.Expression
	trace    *traces.Trace
	base     float64
}

func (s *probe) effects(machine *sim.Machine, workers int) ([]sweep.Effect, error) {
	var numbers []devices.Parameter
	for _, n := range machine.Device().Parameters() {
		if machine.Uses(n.Path) {
			numbers = append(numbers, n)
		}
	}
	found := make([]*sweep.Effect, len(numbers))
	var g errgroup.Group
	g.SetLimit(max(1, workers))
	for i, n := range numbers {
		g.Go(func() (err error) {
			found[i], err = s.effect(n)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var effects []sweep.Effect
	for _, e := range found {
		if e != nil {
			effects = append(effects, *e)
		}
	}
	slices.SortStableFunc(effects, func(a, b sweep.Effect) int { return cmp.Compare(b.Swing(), a.Swing()) })
	return effects, nil
}

// effect is nil for a number that cannot be moved to the ends of its range: the
// others of the profile contradict it there.
func (s *probe) effect(n devices.Parameter) (*sweep.Effect, error) {
	e := &sweep.Effect{Path: n.Path, Value: n.Text(n.Value), Low: n.Text(n.Low), High: n.Text(n.High), Base: s.base}
	var err, err2 error
	e.AtLow, err = s.with(n, n.Low)
	e.AtHigh, err2 = s.with(n, n.High)
	if err := errors.Join(err, err2); err != nil {
		if fault.IsUser(err) {
			return nil, nil
		}
		return nil, err
	}
	if n.Value == 0 || s.base == 0 || e.AtLow == s.base && e.AtHigh == s.base {
		return e, nil // a figure that both ends of the range leave as it is has no slope between
	}
	slope, err := s.slope(n)
	if err != nil && !fault.IsUser(err) { // a count has no neighbours at small distance
		return nil, err
	}
	e.Elasticity = slope * n.Value / s.base
	return e, nil
}

// slope is the derivative of the figure by the number at its value.
func (s *probe) slope(n devices.Parameter) (float64, error) {
	var failed error
	slope := fd.Derivative(func(v float64) float64 {
		f, err := s.with(n, v)
		if err != nil && failed == nil {
			failed = err
		}
		return f
	}, n.Value, &fd.Settings{Formula: fd.Central, Step: derivativeStep * n.Value})
	if failed != nil {
		return 0, failed
	}
	return slope, nil
}

// with returns the figure with the number at v.
func (s *probe) with(n devices.Parameter, v float64) (float64, error) {
	machine, err := s.hardware.With(n.Path + "=" + n.Text(v)).Machine()
	if err != nil {
		return 0, err
	}
	return s.number(machine)
}

func (s *probe) number(machine *sim.Machine) (float64, error) {
	r, err := machine.Replay(s.ctx, s.trace, nil)
	if err != nil {
		return 0, err
	}
	return s.figure.Number(&sweep.Row{Point: s.point, Result: r})
}
