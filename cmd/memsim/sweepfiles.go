package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/designspace/results"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/sweeps"
	"github.com/memsim/memsim/sim/sweep"
)

// The files of a sweep's output folder.
const (
	sweepCSV     = "sweep.csv"
	sweepParquet = "sweep.parquet"
	sweepHTML    = "sweep.html"
)

// sweepReply is what the sweep command prints.
type sweepReply struct {
	Memsim      string          `json:"memsim"`
	Device      string          `json:"device"`
	Unit        string          `json:"unit"`
	Points      int             `json:"points"`          // evaluated
	Invalid     int             `json:"invalid_points"`  //
	Excluded    int             `json:"excluded_points"` // by --where
	Front       int             `json:"pareto_points"`   // 0 without --pareto
	Seconds     float64         `json:"seconds"`
	Files       []string        `json:"files"`
	Best        json.RawMessage `json:"best,omitempty"` // row that --best found
	Sensitivity []sweep.Effect  `json:"sensitivity,omitempty"`
}

// finish makes the files of a whole sweep out of its rows, prints the answer and
// takes the rows away.
func (e *exploration) finish(ctx context.Context, folder *results.Folder) error {
	err := e.conclude(ctx, folder)
	switch {
	case fault.IsUser(err) && folder.Fresh():
		folder.Abandon() // the rows would stand in the way of what was meant
	case err != nil:
		e.app.note("the rows of all points are kept; --resume makes the files of them")
	default:
		return folder.Remove()
	}
	return err
}

func (e *exploration) conclude(ctx context.Context, folder *results.Folder) error {
	out, err := newOutputFolder(e.out)
	if err != nil {
		return err
	}
	defer out.Discard()
	answer, err := e.answer(ctx, folder)
	if err != nil {
		return err
	}
	if err := e.writeFiles(out, e.kept(folder), answer); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	reply, err := e.reply(answer)
	if err != nil {
		return err
	}
	return e.print(reply, e.kept(folder), answer)
}

func (e *exploration) reply(answer sweepAnswer) (sweepReply, error) {
	device, unit, _ := e.machine()
	reply := sweepReply{
		Memsim: version, Device: device, Unit: unit,
		Points: answer.valid + answer.invalid + answer.excluded, Invalid: answer.invalid, Excluded: answer.excluded,
		Seconds:     time.Since(e.start).Seconds(),
		Files:       []string{e.at(sweepCSV), e.at(sweepParquet), e.at(sweepHTML)},
		Sensitivity: answer.effects,
	}
	if answer.front != nil {
		reply.Front = len(answer.front.Rows())
	}
	if e.best == nil {
		return reply, nil
	}
	var err error
	reply.Best, err = sweeps.NewJSON(answer.layout).Encode(e.best)
	return reply, err
}

// kept yields the rows that meet the sweep's condition, and the invalid ones.
func (e *exploration) kept(folder *results.Folder) iter.Seq2[sweep.Row, error] {
	return func(yield func(sweep.Row, error) bool) {
		for r, err := range folder.Rows(e.space) {
			meets := true
			if err == nil {
				meets, err = e.asked.Meets(&r)
			}
			if (meets || err != nil) && !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// sweepAnswer is what takes all rows to know.
type sweepAnswer struct {
	valid, invalid, excluded int

	front   *sweep.Front // nil: not asked for
	layout  sweeps.Layout
	effects []sweep.Effect
}

func (e *exploration) answer(ctx context.Context, folder *results.Folder) (sweepAnswer, error) {
	a := sweepAnswer{layout: sweeps.Layout{Axes: e.spec.Axes}}
	if designspace.MachinesDiffer(e.spec.Axes) {
		a.layout.Machines = e.explorer.Machines.Names
	}
	if e.asked.Goals != nil {
		a.front = sweep.NewFront(e.asked.Goals)
	}
	var subject sensitive
	for r, err := range folder.Rows(e.space) {
		if err == nil {
			err = errors.Join(a.add(e, &r), subject.add(e, &r))
		}
		if err != nil {
			return a, err
		}
	}
	if a.front != nil {
		a.layout.Front = map[int]bool{}
		for _, r := range a.front.Rows() {
			a.layout.Front[r.Index] = true
		}
	}
	if subject.row == nil {
		return a, nil
	}
	var err error
	a.effects, err = e.explorer.Sensitivity(ctx, subject.row.Point, e.asked.Sensitivity, e.app.workers())
	return a, err
}

func (a *sweepAnswer) add(e *exploration, r *sweep.Row) error {
	if r.Invalid != nil {
		a.invalid++
		return nil
	}
	meets, err := e.asked.Meets(r)
	if err != nil {
		return err
	}
	if !meets {
		a.excluded++
		return nil
	}
	a.valid++
	if a.front == nil {
		return nil
	}
	return a.front.Add(r)
}

// sensitive is the row whose sensitivity is asked for: the one with the least of
// the figure.
type sensitive struct {
	row   *sweep.Row
	least float64
}

func (s *sensitive) add(e *exploration, r *sweep.Row) error {
	if e.asked.Sensitivity == nil || !r.Ran() {
		return nil
	}
	if meets, err := e.asked.Meets(r); err != nil || !meets {
		return err
	}
	v, err := e.asked.Sensitivity.Number(r)
	if err != nil {
		return err
	}
	if s.row == nil || v < s.least {
		row := *r
		s.row, s.least = &row, v
	}
	return nil
}

// page starts the HTML page of the sweep.
func (e *exploration) page(answer sweepAnswer) (*sweeps.Page, error) {
	about := sweeps.About{
		Memsim: version, Title: e.title(), Model: e.spec.Model,
		Counts: map[string]int{"invalid": answer.invalid, "excluded by the condition": answer.excluded},
		Figure: e.spec.Sensitivity, Effects: answer.effects, Best: e.best, Least: e.spec.Best,
	}
	if answer.front != nil {
		about.Goals = answer.front.Goals()
	}
	for _, s := range e.about.Spec {
		about.Spec = append(about.Spec, sweeps.Setting{Name: s.Name, Value: s.Value})
	}
	return sweeps.NewPage(e.spec.Axes, about)
}

// writeFiles writes the rows into files of the output folder.
func (e *exploration) writeFiles(out *outputFolder, rows iter.Seq2[sweep.Row, error], answer sweepAnswer) error {
	page, err := e.page(answer)
	if err != nil {
		return err
	}
	err = out.Write(sweepCSV, func(text *os.File) error {
		return out.Write(sweepParquet, func(binary *os.File) error {
			csv, err := sweeps.NewCSV(text, answer.layout)
			if err != nil {
				return err
			}
			parquet := sweeps.NewParquet(binary, answer.layout)
			for r, err := range rows {
				if err == nil {
					err = errors.Join(csv.Add(&r), parquet.Add(&r), page.Add(&r))
				}
				if err != nil {
					return err
				}
			}
			return errors.Join(csv.Close(), parquet.Close())
		})
	})
	return errors.Join(err, out.Write(sweepHTML, func(f *os.File) error { return page.Write(f) }))
}

// print writes the answer to stdout: as JSON with all rows, else as a table with
// the front below.
func (e *exploration) print(reply sweepReply, rows iter.Seq2[sweep.Row, error], answer sweepAnswer) error {
	if e.app.format() == "json" {
		return e.printJSON(reply, rows, answer)
	}
	g := grid{columns: columns("device", "unit", "points>", "invalid points>", "excluded points>", "seconds>", "files")}
	g.add(reply.Device, reply.Unit, fmt.Sprint(reply.Points), fmt.Sprint(reply.Invalid), fmt.Sprint(reply.Excluded), profiles.Number(reply.Seconds), list(reply.Files))
	grids := []grid{g}
	if answer.front != nil {
		front, err := frontGrid(answer.front, e.spec.Axes)
		if err != nil {
			return err
		}
		grids = append(grids, front)
	}
	if e.best != nil {
		g := grid{title: "Least " + e.spec.Best, columns: columns("point", e.spec.Best+">", "ms/token>", "mJ/token>")}
		v, err := e.asked.Best.Number(e.best)
		if err != nil {
			return err
		}
		g.add(e.best.Point.String(), profiles.Number(v), profiles.Number(e.best.Result.LatencyMS), profiles.Number(e.best.Result.EnergyMJPerToken))
		grids = append(grids, g)
	}
	if len(answer.effects) > 0 {
		grids = append(grids, effectsGrid(e.spec.Sensitivity, answer.effects))
	}
	return e.app.print(reply, grids...)
}

// frontGrid lists the points of a front by their axes and goals.
func frontGrid(f *sweep.Front, axes []sweep.Axis) (grid, error) {
	g := grid{title: "Pareto front"}
	for _, a := range axes {
		g.columns = append(g.columns, column{sweep.Column(a.Name), a.Numeric()})
	}
	for _, goal := range f.Goals() {
		g.columns = append(g.columns, column{goal.Key, true})
	}
	for _, r := range f.Rows() {
		cells := append([]string(nil), r.Point.Values...)
		for _, goal := range f.Goals() {
			v, err := goal.Value(&r)
			if err != nil {
				return g, err
			}
			cells = append(cells, profiles.Number(v))
		}
		g.add(cells...)
	}
	return g, nil
}

// effectsGrid lists what moves a figure.
func effectsGrid(figure string, effects []sweep.Effect) grid {
	g := grid{title: "What moves " + figure, columns: columns("number", "value>", "low>", "high>", figure+" at low>", "as it is>", "at high>", "% for 1 %>")}
	for _, x := range effects {
		g.add(x.Path, x.Value, x.Low, x.High, profiles.Number(x.AtLow), profiles.Number(x.Base), profiles.Number(x.AtHigh), fixed(x.Elasticity, 2))
	}
	return g
}

// printJSON writes the reply and the rows as one object. Rows pass by one after
// another, so that a large sweep takes no memory.
func (e *exploration) printJSON(reply sweepReply, rows iter.Seq2[sweep.Row, error], answer sweepAnswer) error {
	head, err := json.MarshalIndent(reply, "", "  ")
	if err != nil {
		return err
	}
	w := bufio.NewWriter(e.app.Out)
	io.WriteString(w, string(head[:len(head)-2])+",\n  \"results\": [")
	encoder := sweeps.NewJSON(answer.layout)
	separator := "\n    "
	for r, err := range rows {
		if err != nil {
			return err
		}
		row, err := encoder.Encode(&r)
		if err != nil {
			return err
		}
		io.WriteString(w, separator)
		w.Write(row)
		separator = ",\n    "
	}
	io.WriteString(w, "\n  ]\n}\n")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("cannot write results: %w", err)
	}
	return nil
}
