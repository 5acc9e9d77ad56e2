package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/pprof/profile"

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

// comparing replays traces on one machine, and gathers what is to be printed
// and written of them.
type comparing struct {
	app      *app
	machine  *sim.Machine
	folder   *outputFolder // nil: no files are written
	timeline bool          // write one of each model

	result   profiles.Comparison
	report   *html.Report
	headers  []traces.Header
	profiles []*profile.Profile
}

func (a *app) newComparing(flags *deviceFlags) (*comparing, error) {
	machine, err := flags.machine()
	if err != nil {
		return nil, err
	}
	d := machine.Device()
	unit, runtime := machine.Unit().Name, machine.Runtime().Name
	return &comparing{
		app: a, machine: machine, report: html.New(d, unit, runtime),
		result: profiles.Comparison{Memsim: version, Device: d.Name, Unit: unit, Title: d.Title, Runtime: runtime, Energy: flags.energy},
	}, nil
}

// replay adds a trace to the comparison.
func (c *comparing) replay(ctx context.Context, src traces.Source) error {
	head := src.Header()
	var views []view
	prof := pprof.New(head.Model, c.machine.Device().Name)
	if c.folder != nil {
		views = append(views, prof, c.report.Model(head))
	}
	var line *timeline.Timeline
	if c.folder != nil && c.timeline {
		f, err := os.Create(c.folder.File(fmt.Sprintf("%d-%s.timeline.json", len(c.headers)+1, fileName(head.Model))))
		if err != nil {
			return err
		}
		defer f.Close()
		line = timeline.New(f, head.Model, c.machine.Device().Name)
		views = append(views, line)
	}
	result, err := c.machine.Replay(ctx, src, func(r *sim.Row) error {
		for _, v := range views {
			v.Add(r)
		}
		return nil
	})
	if err == nil && line != nil {
		err = line.Close()
	}
	if err != nil {
		return fmt.Errorf("replay of %s: %w", head.Model, err)
	}
	c.result.Results = append(c.result.Results, result)
	c.headers = append(c.headers, head)
	if c.folder == nil {
		return nil
	}
	return c.keep(prof)
}

// keep holds the profile of one model until all are merged.
func (c *comparing) keep(p *pprof.Profile) error {
	var buffer bytes.Buffer
	if err := p.Write(&buffer); err != nil {
		return err
	}
	parsed, err := profile.Parse(&buffer)
	if err != nil {
		return err
	}
	c.profiles = append(c.profiles, parsed)
	return nil
}

// writeFiles writes the reports into the folder. How the run was made, options
// and device with the source of every number, is one of them.
func (c *comparing) writeFiles(options any) error {
	c.result.Notes = c.notes()
	merged, err := profile.Merge(c.profiles)
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
	}{version, options, resolvedDevice(c.machine.Device()), c.result.Unit, c.result.Runtime, c.result.Energy, c.headers}
	return errors.Join(
		c.folder.Write(reportFile, func(w *os.File) error { return c.report.Write(w, c.result) }),
		c.folder.Write(resultsFile, func(w *os.File) error { return profiles.WriteJSON(w, c.result) }),
		c.folder.Write(profileFile, func(w *os.File) error { return merged.Write(w) }),
		c.folder.Write(runFile, func(w *os.File) error { return writeJSON(w, run) }),
	)
}

// print writes the comparison to stdout.
func (c *comparing) print() error {
	c.result.Notes = c.notes()
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
