package sweep

import (
	"context"
	"fmt"
	"iter"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/residency"
)

// Evaluate answers for one point. A user's mistake (fault.IsUser) means that
// the point is not valid, and says why; any other error ends the sweep.
type Evaluate func(ctx context.Context, p Point) (sim.Result, error)

// Row is the answer for one point.
type Row struct {
	Index   int
	Point   Point
	Result  sim.Result
	Invalid error // why there is no Result
}

// Ran reports whether the row has figures of a run: its point is valid, and the
// system does not kill the app.
func (r *Row) Ran() bool { return r.Invalid == nil && r.Result.Residency != residency.Killed }

// ahead is how many rows may be done before the one that is handed on next, for
// each worker.
const ahead = 4

// Run evaluates the points of s with the given indices (s.All() are all of them)
// on some workers, and hands the rows to visit in the order of the indices,
// whatever the number of workers. It ends early with the first error of visit,
// of a point that failed, or of ctx; the rows before it have been handed on.
func Run(ctx context.Context, s Space, points iter.Seq[int], workers int, evaluate Evaluate, visit func(Row) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers = max(1, min(workers, s.Size()))
	rows := make(chan chan outcome, workers*ahead)
	go start(ctx, s, points, workers, evaluate, rows)

	for slot := range rows {
		o := <-slot
		if o.err != nil {
			cancel()
			drain(rows)
			return o.err
		}
		if err := visit(o.row); err != nil {
			cancel()
			drain(rows)
			return err
		}
	}
	return ctx.Err()
}

type outcome struct {
	row Row
	err error
}

// start evaluates the points in order, workers at a time, and queues a slot for
// each answer; the queue's length bounds how far it runs ahead.
func start(ctx context.Context, s Space, points iter.Seq[int], workers int, evaluate Evaluate, rows chan<- chan outcome) {
	defer close(rows)
	idle := make(chan struct{}, workers)
	for i := range points {
		slot := make(chan outcome, 1)
		select {
		case rows <- slot:
		case <-ctx.Done():
			return
		}
		idle <- struct{}{}
		go func() {
			defer func() { <-idle }()
			slot <- answer(ctx, s, i, evaluate)
		}()
	}
}

func answer(ctx context.Context, s Space, i int, evaluate Evaluate) outcome {
	if err := ctx.Err(); err != nil {
		return outcome{err: err}
	}
	row := Row{Index: i, Point: s.Point(i)}
	result, err := evaluate(ctx, row.Point)
	switch {
	case err == nil:
		row.Result = result
	case fault.IsUser(err):
		row.Invalid = err
	default:
		return outcome{err: fmt.Errorf("point %d (%s): %w", i, row.Point, err)}
	}
	return outcome{row: row}
}

// drain waits for the points under way.
func drain(rows <-chan chan outcome) {
	for slot := range rows {
		<-slot
	}
}
