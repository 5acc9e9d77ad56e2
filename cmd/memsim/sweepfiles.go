package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/memsim/memsim/designspace/results"
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
	Memsim   string   `json:"memsim"`
	Device   string   `json:"device"`
	Unit     string   `json:"unit"`
	Points   int      `json:"points"`
	Invalid  int      `json:"invalid_points"`
	Excluded int      `json:"excluded_points"` // by --where
	Front    int      `json:"pareto_points"`   // 0 without --pareto
	Seconds  float64  `json:"seconds"`
	Files    []string `json:"files"`
}

// finish makes the files of a whole sweep out of its rows, prints the answer and
// takes the rows away.
func (e *exploration) finish(folder *results.Folder) error {
	out, err := newOutputFolder(e.out)
	if err != nil {
		return err
	}
	defer out.Discard()
	all := e.kept(folder)
	answer, err := e.answer(all)
	if err != nil {
		return err
	}
	if err := e.writeFiles(out, all, answer); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	device, unit, _ := e.machine()
	reply := sweepReply{
		Memsim: version, Device: device, Unit: unit,
		Points: e.space.Size(), Invalid: answer.invalid, Excluded: e.space.Size() - answer.invalid - answer.valid,
		Seconds: time.Since(e.start).Seconds(),
		Files:   []string{e.at(sweepCSV), e.at(sweepParquet), e.at(sweepHTML)},
	}
	if answer.front != nil {
		reply.Front = len(answer.front.Rows())
	}
	if err := e.print(reply, all, answer); err != nil {
		return err
	}
	return folder.Remove()
}

// kept yields the rows that meet the sweep's condition, and the invalid ones.
func (e *exploration) kept(folder *results.Folder) iter.Seq2[sweep.Row, error] {
	return func(yield func(sweep.Row, error) bool) {
		where, _, err := e.questions()
		if err != nil {
			yield(sweep.Row{}, err)
			return
		}
		for r, err := range folder.Rows(e.space) {
			if err == nil && where != nil && r.Invalid == nil {
				meets := false
				if meets, err = where.True(&r); err == nil && !meets {
					continue
				}
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// sweepAnswer is what takes all rows to know.
type sweepAnswer struct {
	valid, invalid int
	front          *sweep.Front // nil: not asked for
	layout         sweeps.Layout
}

func (e *exploration) answer(rows iter.Seq2[sweep.Row, error]) (sweepAnswer, error) {
	a := sweepAnswer{layout: sweeps.Layout{Axes: e.spec.Axes}}
	_, goals, err := e.questions()
	if err != nil {
		return a, err
	}
	if goals != nil {
		a.front = sweep.NewFront(goals)
	}
	for r, err := range rows {
		if err != nil {
			return a, err
		}
		if r.Invalid != nil {
			a.invalid++
			continue
		}
		a.valid++
		if a.front != nil {
			if err := a.front.Add(&r); err != nil {
				return a, err
			}
		}
	}
	if a.front != nil {
		a.layout.Front = map[int]bool{}
		for _, r := range a.front.Rows() {
			a.layout.Front[r.Index] = true
		}
	}
	return a, nil
}

// page starts the HTML page of the sweep.
func (e *exploration) page(answer sweepAnswer) (*sweeps.Page, error) {
	about := sweeps.About{
		Memsim: version, Title: e.title(), Model: e.spec.Model,
		Counts: map[string]int{"invalid": answer.invalid, "excluded by the condition": e.space.Size() - answer.invalid - answer.valid},
	}
	if answer.front != nil {
		about.Goals = answer.front.Goals()
	}
	for _, s := range e.about.Spec {
		about.Spec = append(about.Spec, sweeps.Setting{Name: s.Name, Value: s.Value})
	}
	return sweeps.NewPage(e.spec.Axes, about)
}

// rowSink takes the rows of a sweep.
type rowSink interface {
	Add(*sweep.Row) error
	Close() error
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
