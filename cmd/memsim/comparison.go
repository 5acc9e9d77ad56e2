package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
	"golang.org/x/sync/errgroup"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/profiles/pprof"
	"github.com/memsim/memsim/profiles/timeline"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// The files of an output folder, beside the traces.
const (
	reportFile  = "report.html"
	resultsFile = "results.json"
	profileFile = "profile.pb.gz"
	runFile     = "run.json"
)

// view gathers the rows of one replay.
type view interface{ Add(*sim.Row) }

// entry is one model of a comparison: its trace, and what gathers its rows.
type entry struct {
	head     traces.Header
	source   *traces.File
	views    []view
	profile  *pprof.Profile // nil: no files are written
	timeline string         // path of a timeline to write, "" if none is wanted
	rows     int64          // of the ledger
	result   sim.Result
}

// comparing replays traces on one machine, and gathers what is to be printed
// and written of them.
type comparing struct {
	app      *app
	machine  *sim.Machine
	folder   *outputFolder // nil: no files are written
	timeline bool          // write one of each model
	captured bool          // traces are among the files

	entries []*entry
	headers []traces.Header
	report  *html.Report
	result  profiles.Comparison
}

func (a *app) newComparing(flags *deviceFlags) (*comparing, error) {
	machine, err := flags.Machine()
	if err != nil {
		return nil, err
	}
	d := machine.Device()
	unit, program := machine.Unit().Name, machine.Runtime().Name
	return &comparing{
		app: a, machine: machine, report: html.New(d, unit, program),
		result: profiles.Comparison{Memsim: version, Device: d.Name, Unit: unit, Title: d.Title, Runtime: program, Energy: cmp.Or(flags.Energy, designspace.DeviceEnergy)},
	}, nil
}

// close closes the traces, if replayAll has not.
func (c *comparing) close() {
	for _, e := range c.entries {
		e.source.Close()
	}
}

// add puts a trace behind those that are to be compared. It is read and closed by
// replayAll.
func (c *comparing) add(src *traces.File) {
	e := &entry{head: src.Header(), source: src}
	c.entries = append(c.entries, e)
	c.headers = append(c.headers, e.head)
	if c.folder == nil {
		return
	}
	e.profile = pprof.New(e.head.Model, c.machine.Device().Name)
	e.views = []view{e.profile, c.report.Model(e.head)}
	if c.timeline {
		e.timeline = c.folder.File(fmt.Sprintf("%d-%s.timeline.json", len(c.entries), fileName(e.head.Model)))
	}
}

// replayAll replays the traces, side by side since each has the machine to
// itself, and calls done after each.
func (c *comparing) replayAll(ctx context.Context, done func()) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, e := range c.entries {
		group.Go(func() error {
			defer done()
			if err := e.replay(ctx, c.machine); err != nil {
				return fmt.Errorf("replay of %s: %w", e.head.Model, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, e := range c.entries {
		c.app.detail("%s: %d operators replayed, the ledger's invariants hold", e.head.Model, e.rows)
		c.result.Results = append(c.result.Results, e.result)
	}
	c.result.Notes = c.notes()
	return nil
}

func (e *entry) replay(ctx context.Context, machine *sim.Machine) (err error) {
	if e.timeline != "" {
		f, createErr := os.Create(e.timeline)
		if createErr != nil {
			return createErr
		}
		line := timeline.New(f, e.head.Model, machine.Device().Name)
		e.views = append(e.views, line)
		defer func() { err = errors.Join(err, line.Close(), f.Close()) }()
	}
	e.result, err = machine.Replay(ctx, e.source, func(r *sim.Row) error {
		for _, v := range e.views {
			v.Add(r)
		}
		e.rows++
		return nil
	})
	if err != nil {
		return err
	}
	return e.source.Close() // a system may not move a file that is open
}

// mergedProfile is one profile of all models.
func (c *comparing) mergedProfile() (*profile.Profile, error) {
	var all []*profile.Profile
	for _, e := range c.entries {
		var buffer bytes.Buffer
		if err := e.profile.Write(&buffer); err != nil {
			return nil, err
		}
		parsed, err := profile.Parse(&buffer)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed)
	}
	return profile.Merge(all)
}

// finish writes the files, puts them in their place, and prints the comparison.
func (c *comparing) finish(ctx context.Context, options any) error {
	if c.folder == nil {
		return c.print()
	}
	if err := c.writeFiles(options); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	older := writtenBefore(c.folder.path)
	if err := c.folder.Commit(); err != nil {
		return err
	}
	if err := c.folder.Forget(older); err != nil {
		return err
	}
	if err := c.print(); err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(c.folder.path, name) }
	what := "the report"
	if c.captured {
		what += ", the traces"
	}
	c.app.note("wrote %s and a pprof profile to %s: open %s, or go tool pprof -http=: %s", what, c.folder.path, at(reportFile), at(profileFile))
	return nil
}

// writeFiles writes the reports into the folder. How the run was made, options
// and device with the source of every number, is one of them.
func (c *comparing) writeFiles(options any) error {
	merged, err := c.mergedProfile()
	if err != nil {
		return fmt.Errorf("merge profiles: %w", err)
	}
	run := struct {
		Memsim  string          `json:"memsim"`
		Options any             `json:"options"`
		Device  deviceReply     `json:"device"`
		Unit    string          `json:"unit"`
		Runtime string          `json:"runtime"`
		Energy  string          `json:"energy"`
		Traces  []traces.Header `json:"traces"`
		Files   []string        `json:"files"`
	}{version, options, resolvedDevice(c.machine.Device()), c.result.Unit, c.result.Runtime, c.result.Energy, c.headers, nil}
	if run.Files, err = c.folder.Files(); err != nil {
		return err
	}
	run.Files = append(run.Files, reportFile, resultsFile, profileFile, runFile)
	slices.Sort(run.Files)
	return errors.Join(
		c.folder.Write(reportFile, func(w *os.File) error { return c.report.Write(w, c.result) }),
		c.folder.Write(resultsFile, func(w *os.File) error { return profiles.WriteJSON(w, c.result) }),
		c.folder.Write(profileFile, func(w *os.File) error { return merged.Write(w) }),
		c.folder.Write(runFile, func(w *os.File) error { return writeJSON(w, run) }),
	)
}

// writtenBefore returns the files that the run before wrote into a folder, none
// if that is not known.
func writtenBefore(folder string) []string {
	var run struct {
		Files []string `json:"files"`
	}
	text, err := os.ReadFile(filepath.Join(folder, runFile))
	if err != nil || json.Unmarshal(text, &run) != nil {
		return nil
	}
	return run.Files
}

// print writes the comparison to stdout.
func (c *comparing) print() error {
	return c.app.printAll(func(w io.Writer) error {
		switch c.app.format() {
		case "json":
			return profiles.WriteJSON(w, c.result)
		case "csv":
			return profiles.WriteCSV(w, c.result)
		case "md":
			return profiles.WriteMarkdown(w, c.result)
		}
		return profiles.WriteTable(w, c.result, profiles.DetectTerminal(c.app.Out, c.app.getenv))
	})
}

// fileName makes a model's name one of a file.
func fileName(model string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-_.+=,", r):
			return r
		}
		return '_'
	}, model)
}
