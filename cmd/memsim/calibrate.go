package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/calibration"
	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/validations"
	"github.com/memsim/memsim/study"
)

// calibrating is the calibrate command.
type calibrating struct {
	device  string
	runtime string
	data    []string
	out     string
}

func (a *app) calibrateCommand() *cobra.Command {
	var c calibrating
	cmd := &cobra.Command{
		Use:   "calibrate --device DEVICE --data FILE.csv",
		Short: "Update a profile by measurements of your own",
		Long: `Update what the fit to all published measurements says of a device by those of
--data: its estimates and their errors, with correlations, are the prior. What the
measurements tell moves the device's numbers, as far as they are unsure; what they
say nothing about is named. Three of one runtime, of models of different sizes, go
a long way.

The file keeps the device's name and marks what was fitted as calibrated, with its
uncertainty, which later intervals carry. For the columns of a table see memsim
validate --help.`,
		Example: `  memsim calibrate --device pixel8pro --data mine.csv
  memsim calibrate --device oneplus12 --data mine.csv --runtime executorch-xnnpack -o fitted.yaml
  memsim validate --device pixel8pro-calibrated.yaml --data mine.csv`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.calibrate(cmd.Context(), &c) },
	}
	f := cmd.Flags()
	f.StringVarP(&c.device, "device", "d", "", "`device` to calibrate: a shipped profile or the path of a YAML file")
	f.StringVar(&c.runtime, "runtime", "", "only measurements of this `program`")
	f.StringArrayVar(&c.data, "data", nil, "measurements, a CSV `file` (repeatable)")
	f.StringVarP(&c.out, "out", "o", "", "`file` for the profile (default DEVICE-calibrated.yaml)")
	completeWithFiles(cmd, "device", devices.Names()...)
	complete(cmd, "runtime", completeRuntime)
	complete(cmd, "data", files("csv"))
	completeWithFiles(cmd, "out")
	return cmd
}

// calibrationReply is what the calibrate command prints.
type calibrationReply struct {
	Memsim string `json:"memsim"`
	calibration.Result
	File string `json:"file"`
}

func (a *app) calibrate(ctx context.Context, c *calibrating) error {
	d, err := study.Hardware{Device: c.device}.Load()
	if err != nil {
		return err
	}
	rows, err := c.rows(d)
	if err != nil {
		return err
	}
	out := c.out
	if out == "" {
		out = d.Name + "-calibrated.yaml"
	}
	if err := outputFile(out); err != nil {
		return err
	}
	result, err := calibration.Fit(ctx, c.device, rows, runtime.NumCPU())
	if err != nil {
		return err
	}
	profile, err := result.Profile(c.device, list(baseNames(c.data)))
	if err != nil {
		return err
	}
	err = atomicfile.Write(out, func(w io.Writer) error { _, err := w.Write(profile); return err })
	if err != nil {
		return err
	}
	if err := a.print(calibrationReply{version, result, out}, fittedNumbers(result), fittedPoints(result)); err != nil {
		return err
	}
	a.note("wrote %s: memsim validate --device %s", out, out)
	return nil
}

// rows gathers the measurements of the device and the runtime.
func (c *calibrating) rows(d *devices.Device) ([]corpus.Row, error) {
	if len(c.data) == 0 {
		return nil, fault.Userf("give measurements with --data FILE.csv; for its columns see memsim validate --help")
	}
	var rows []corpus.Row
	for _, path := range c.data {
		more, err := corpus.Open(path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	for i := range rows {
		rows[i].Claim(d.Name)
	}
	corpus.Hold(rows, corpus.Shipped().With(d))
	name := devices.RuntimeName(c.runtime)
	rows = slices.DeleteFunc(rows, func(r corpus.Row) bool {
		return r.Phone != d.Name && r.Phone != c.device || name != "" && r.Runtime != name
	})
	if len(rows) == 0 {
		return nil, fault.Userf("%s holds no measurement of %s", list(c.data), subject(d.Name, c.runtime))
	}
	return rows, nil
}

func baseNames(paths []string) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = strings.ReplaceAll(filepath.Base(p), "\n", " ")
	}
	return names
}

func fittedNumbers(r calibration.Result) grid {
	g := grid{title: r.Runtime + " on " + r.Device, columns: columns("number", "before>", "fitted>", "±>")}
	for _, n := range r.Numbers {
		g.add(n.Path, n.Before, n.Value, fmt.Sprintf("%.1f %%", n.Uncertainty))
	}
	if len(r.Untold) > 0 {
		g.foot = []string{"The measurements say next to nothing about " + list(r.Untold) + "."}
	}
	return g
}

func fittedPoints(r calibration.Result) grid {
	g := grid{columns: columns("model", "quant", "metric", "measured>", "before>", "predicted>", "residual>")}
	for _, o := range r.Points {
		g.add(validations.Model(o.Point), o.Quant, o.Metric, profiles.Number(o.Value), profiles.Number(o.Before), profiles.Number(o.Predicted), fmt.Sprintf("%+.1f %%", o.ErrorPct))
	}
	g.foot = []string{fmt.Sprintf("Mean absolute error %.1f %%, %.1f %% before.", r.After, r.Before)}
	return g
}
