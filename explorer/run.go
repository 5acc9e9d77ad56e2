package explorer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// errBusy is what a run gets that would have to wait behind too many others.
var errBusy = errors.New("too many simulations are waiting; try again in a moment")

// errTooLong ends a run that takes more than runTimeout.
var errTooLong = fault.Userf("the simulation took more than %s; ask for a smaller model or fewer tokens", runTimeout)

// run is one setting on its way to an answer.
type run struct {
	Setting
	machine *sim.Machine
	trace   *traces.Trace
	result  sim.Result

	movement *sim.Movement
	took     time.Duration // of recording and replay
}

// prepare loads what the setting names and records what its model moves.
func (x *Explorer) prepare(ctx context.Context, s Setting) (*run, error) {
	s = s.withDefaults(x.catalog)
	if err := s.check(x.catalog); err != nil {
		return nil, err
	}
	r := &run{Setting: s}
	start := time.Now()
	var err error
	if r.machine, err = x.newMachine(s); err != nil {
		return nil, err
	}
	if r.trace, err = x.record(ctx, s); err != nil {
		return nil, err
	}
	r.took = time.Since(start)
	return r, nil
}

func (x *Explorer) newMachine(s Setting) (*sim.Machine, error) {
	sets := s.Sets
	if s.SRAMMiB > 0 {
		entry, _ := x.catalog.device(s.Device)
		if unit, ok := entry.unit(s.Unit); ok && unit.SRAM != "" {
			sets = append([]string{unit.capacity(s.SRAMMiB)}, sets...)
		} else if ok {
			return nil, fault.Userf("the %s of %s has no on-chip memory whose size could be changed", s.Unit, s.Device)
		}
	}
	return study.Hardware{Device: s.Device, Unit: s.Unit, Runtime: s.Runtime, Energy: s.Energy, Sets: sets}.Machine()
}

func (x *Explorer) record(ctx context.Context, s Setting) (*traces.Trace, error) {
	src, err := x.open(s)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if err := checkSize(src.Shape(), s.Tokens); err != nil {
		return nil, err
	}
	trace := &traces.Trace{}
	return trace, study.RecordShape(ctx, trace, src, study.Lengths{Prompt: s.Prompt, Tokens: s.Tokens}, x.config.Seed)
}

// open returns the weights of a setting, shape only. A preset is opened without
// a look at the file system; a size is checked before anything of it is made.
func (x *Explorer) open(s Setting) (weights.Source, error) {
	options := weights.Options{Overrides: s.Overrides, Quant: s.Quant, Seed: x.config.Seed, ShapeOnly: true}
	if entry, _ := x.catalog.model(s.Model); entry.Given {
		return weights.Open(s.Model, options)
	}
	shape, err := model.Preset(s.Model)
	if err != nil {
		return nil, err
	}
	if shape, err = shape.With(s.Overrides); err != nil {
		return nil, err
	}
	if err := checkSize(shape, s.Tokens); err != nil {
		return nil, err
	}
	options.Overrides = model.Overrides{}
	return weights.Synthetic(shape, options)
}

// replay runs the trace on the machine.
func (r *run) replay(ctx context.Context, views ...study.View) error {
	start := time.Now()
	replayed, err := study.Replay(ctx, r.machine, r.trace, views...)
	r.result, r.movement = replayed.Result, replayed.Movement
	r.took += time.Since(start)
	return err
}

// answer runs settings side by side, in their turn and within the time that a
// request has. For each, views is called before its replay, in order, and says
// what gathers the rows.
func (x *Explorer) answer(ctx context.Context, settings []Setting, views func(*run) []study.View) ([]*run, error) {
	if err := x.turn.acquire(ctx); err != nil {
		return nil, err
	}
	defer x.turn.release()
	ctx, cancel := context.WithTimeoutCause(ctx, x.timeout, errTooLong)
	defer cancel()
	runs, err := x.runAll(ctx, settings, views)
	if err != nil && context.Cause(ctx) == errTooLong {
		return nil, errTooLong
	}
	return runs, err
}

func (x *Explorer) runAll(ctx context.Context, settings []Setting, views func(*run) []study.View) ([]*run, error) {
	runs := make([]*run, len(settings))
	for i, s := range settings {
		r, err := x.prepare(ctx, s)
		if err != nil {
			return nil, sided(err, i, len(settings))
		}
		runs[i] = r
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range runs {
		gather := views(r)
		group.Go(func() error { return sided(r.replay(ctx, gather...), i, len(settings)) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return runs, nil
}

// sided says which of two settings an error is about.
func sided(err error, i, of int) error {
	if err == nil || of == 1 {
		return err
	}
	return fmt.Errorf("setting %c: %w", 'A'+i, err)
}

// comparison is the answer of runs on one machine, as every command gives it.
func (x *Explorer) comparison(runs ...*run) (profiles.Comparison, error) {
	var list []study.Run
	for _, r := range runs {
		list = append(list, study.Run{Machine: r.machine, Head: r.trace.Head, Result: r.result, Movement: r.movement})
	}
	if err := study.Interval(runs[0].machine, list, x.draws); err != nil {
		return profiles.Comparison{}, err
	}
	c := study.Compare(runs[0].machine, list...)
	c.Memsim = x.config.Version
	return c, nil
}

// turn lets a few requests run at a time, and some more wait.
type turn struct {
	running chan struct{}
	waiting chan struct{}
}

func newTurn(running, waiting int) *turn {
	return &turn{make(chan struct{}, running), make(chan struct{}, running+waiting)}
}

// acquire waits for a turn. It gives up when ctx is done, and at once when too
// many wait already.
func (t *turn) acquire(ctx context.Context) error {
	select {
	case t.waiting <- struct{}{}:
	default:
		return errBusy
	}
	select {
	case t.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-t.waiting
		return ctx.Err()
	}
}

func (t *turn) release() {
	<-t.running
	<-t.waiting
}
