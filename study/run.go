package study

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// View gathers the rows of one replay.
type View interface{ Add(*sim.Row) }

// Run is a trace on a machine.
type Run struct {
	Machine *sim.Machine
	Head    traces.Header
	Result  sim.Result
	// Movement is what the run moved, to be timed again; nil if it moved nothing.
	Movement *sim.Movement
	// Longer is the share of draws in which a token takes longer than the first run's.
	Longer float64
}

// Replay runs a trace on a machine and hands each row of the ledger to the views.
// Without views it is faster.
func Replay(ctx context.Context, m *sim.Machine, src traces.Source, views ...View) (Run, error) {
	var visit func(*sim.Row) error
	if len(views) > 0 {
		visit = func(r *sim.Row) error {
			for _, v := range views {
				v.Add(r)
			}
			return nil
		}
	}
	run := Run{Machine: m, Head: src.Header()}
	var err error
	if run.Result, run.Movement, err = m.Record(ctx, src, visit); err != nil {
		return run, fmt.Errorf("replay of %s: %w", run.Head.Model, err)
	}
	return run, nil
}

// Job is a replay to be done.
type Job struct {
	Machine *sim.Machine
	Source  traces.Source
	Views   []View
}

// ReplayAll replays side by side, since each replay has the machine to itself, and
// calls done after each with its place in jobs.
func ReplayAll(ctx context.Context, jobs []Job, done func(i int) error) ([]Run, error) {
	runs := make([]Run, len(jobs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, j := range jobs {
		group.Go(func() (err error) {
			if runs[i], err = Replay(ctx, j.Machine, j.Source, j.Views...); err != nil {
				return err
			}
			return done(i)
		})
	}
	return runs, group.Wait()
}
