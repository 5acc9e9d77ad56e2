package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/profiles/pprof"
	"github.com/memsim/memsim/profiles/timeline"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// The files of an output folder, beside the traces.
const (
	reportFile  = "report.html"
	resultsFile = "results.json"
	profileFile = "profile.pb.gz"
	runFile     = "run.json"
)

// replays is what a command replays on one machine, and what it prints and writes
// of that.
type replays struct {
	app      *app
	machine  *sim.Machine
	draws    *posterior.Draws // nil: figures have no intervals
	folder   *outputFolder    // nil: no files are written
	timeline bool             // write one of each model
	captured bool             // traces are among the files

	// speculate, if set, adds to the runs what drafting makes of them.
	speculate func(context.Context, []study.Run) error

	lever     bool             // ask what would make the first model faster
	hardware  study.Hardware   // as the flags name it
	recording *study.Recording // of the first model; nil if a trace is all that is known

	entries []*entry
	report  *html.Report
	result  profiles.Comparison
}

// entry is one trace, and what gathers its rows.
type entry struct {
	path     string
	source   *traces.File
	rows     rowCount
	profile  *pprof.Profile // nil: no files are written
	views    []study.View
	timeline *timelineFile // nil: none is wanted
}

// rowCount counts the rows of a ledger.
type rowCount int64

// Add counts a row.
func (n *rowCount) Add(*sim.Row) { *n++ }

func (a *app) newReplays(flags *deviceFlags) (*replays, error) {
	draws, err := a.draws(flags)
	if err != nil {
		return nil, err
	}
	machine, err := flags.Machine()
	if err != nil {
		return nil, err
	}
	return &replays{app: a, machine: machine, draws: draws, lever: flags.whatIf, hardware: flags.Hardware, report: html.New(machine.Device(), machine.Unit().Name, machine.Runtime().Name)}, nil
}

// close closes what replayAll has not.
func (c *replays) close() {
	for _, e := range c.entries {
		e.close()
	}
}

// add puts a trace behind those that are to be replayed. It is closed by replayAll.
func (c *replays) add(path string, src *traces.File) error {
	head := src.Header()
	e := &entry{path: path, source: src}
	e.views = []study.View{&e.rows}
	c.entries = append(c.entries, e)
	if c.folder == nil {
		return nil
	}
	e.profile = pprof.New(head.Model, c.machine.Device().Name)
	e.views = append(e.views, e.profile, c.report.Model(head))
	if !c.timeline {
		return nil
	}
	var err error
	file := c.folder.File(fmt.Sprintf("%d-%s.timeline.json", len(c.entries), fileName(head.Model)))
	if e.timeline, err = newTimelineFile(file, head.Model, c.machine.Device().Name); err != nil {
		return err
	}
	e.views = append(e.views, e.timeline)
	return nil
}

// close closes the files: a system may not move one that is open.
func (e *entry) close() error {
	err := e.source.Close()
	if e.timeline != nil {
		err = errors.Join(err, e.timeline.close())
		e.timeline = nil
	}
	return err
}

// timelineFile is a timeline on its way to a file.
type timelineFile struct {
	*timeline.Timeline
	file *os.File
}

func newTimelineFile(path, model, device string) (*timelineFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &timelineFile{timeline.New(f, model, device), f}, nil
}

func (t *timelineFile) close() error { return errors.Join(t.Timeline.Close(), t.file.Close()) }

// replayAll replays the traces side by side, and calls done after each.
func (c *replays) replayAll(ctx context.Context, done func()) error {
	var jobs []study.Job
	for _, e := range c.entries {
		jobs = append(jobs, study.Job{Machine: c.machine, Source: e.source, Views: e.views})
	}
	runs, err := study.ReplayAll(ctx, jobs, func(i int) error {
		done()
		return c.entries[i].close()
	})
	if err != nil {
		return err
	}
	for i, r := range runs {
		c.app.detail("%s: %d operators replayed, the ledger's invariants hold", r.Head.Model, c.entries[i].rows)
	}
	if err := study.NoneRuns(runs...); err != nil {
		return err
	}
	if c.speculate != nil {
		if err := c.speculate(ctx, runs); err != nil {
			return err
		}
	}
	if err := study.Interval(c.machine, runs, c.draws); err != nil {
		return err
	}
	c.result = study.Compare(c.machine, runs...)
	c.result.Memsim = version
	return c.levers(ctx, &runs[0])
}

// levers asks what would make the first model faster.
func (c *replays) levers(ctx context.Context, first *study.Run) (err error) {
	if !c.lever {
		return nil
	}
	l := study.Lever{Hardware: c.hardware, Run: *first, Trace: c.entries[0].path, Draws: c.draws, Recording: c.recording}
	if c.recording != nil {
		l.Scratch = c.folder.File("what-if.parquet")
	}
	c.result.WhatIf, err = l.Ask(ctx)
	return err
}

// headers are those of the traces.
func (c *replays) headers() (list []traces.Header) {
	for _, e := range c.entries {
		list = append(list, e.source.Header())
	}
	return list
}

// mergedProfile is one profile of all models.
func (c *replays) mergedProfile() (*profile.Profile, error) {
	var all []*pprof.Profile
	for _, e := range c.entries {
		all = append(all, e.profile)
	}
	return pprof.Merge(all...)
}

// finish writes the files, puts them in their place, and prints the comparison.
func (c *replays) finish(ctx context.Context, options any) error {
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
func (c *replays) writeFiles(options any) error {
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
	}{version, options, resolvedDevice(c.machine.Device()), c.result.Unit, c.result.Runtime, c.result.Energy, c.headers(), nil}
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

// maxRunBytes is far above any run.json.
const maxRunBytes = 64 << 20

// writtenBefore returns the files that the run before wrote into a folder, none
// if that is not known.
func writtenBefore(folder string) []string {
	var run struct {
		Files []string `json:"files"`
	}
	text, err := inputfile.Read(filepath.Join(folder, runFile), maxRunBytes)
	if err != nil || json.Unmarshal(text, &run) != nil {
		return nil
	}
	return run.Files
}

// print writes the comparison to stdout.
func (c *replays) print() error {
	return c.app.printAll(func(w io.Writer) error {
		switch c.app.format() {
		case "json":
			return profiles.WriteJSON(w, c.result)
		case "csv":
			return profiles.WriteCSV(w, c.result)
		case "md":
			return profiles.WriteMarkdown(w, c.result)
		}
		return profiles.WriteTable(w, c.result, profiles.DetectTerminal(c.app.terminal, c.app.getenv))
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
