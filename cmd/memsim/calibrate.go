package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/calibration"
	"github.com/memsim/memsim/fidelity/validation"
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
	numbers []string
	out     string
}

func (a *app) calibrateCommand() *cobra.Command {
	var c calibrating
	cmd := &cobra.Command{
		Use:   "calibrate --device DEVICE --data FILE.csv",
		Short: "Fit a few numbers of a profile to measurements",
		Long: `Fit the numbers that the measurements of --data tell most about (bandwidth_share,
dispatch, compute_share, static_power and matvec_share of the runtime and its
unit), within the ranges that the profile gives them, and write the profile with
them. Only numbers that are estimated or calibrated and have a range are moved;
more of them than the measurements carry are refused.

The file keeps the device's name and marks what was fitted as calibrated, with
its uncertainty, which later predictions carry. For the columns of a table see
memsim validate --help.`,
		Example: `  memsim calibrate --device pixel8pro --data mine.csv
  memsim calibrate --device oneplus12 --data mine.csv --runtime executorch-cpu --number runtimes.executorch-cpu.bandwidth_share -o fitted.yaml
  memsim validate --device pixel8pro-calibrated.yaml --data mine.csv`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.calibrate(cmd.Context(), &c) },
	}
	f := cmd.Flags()
	f.StringVarP(&c.device, "device", "d", "", "`device` to calibrate: a shipped profile or the path of a YAML file")
	f.StringVar(&c.runtime, "runtime", "", "only measurements of this `program`")
	f.StringArrayVar(&c.data, "data", nil, "measurements, a CSV `file` (repeatable)")
	f.StringArrayVar(&c.numbers, "number", nil, "`path` of a number to fit (repeatable; default: those that the measurements carry)")
	f.StringVarP(&c.out, "out", "o", "", "`file` for the profile (default DEVICE-calibrated.yaml)")
	completeWithFiles(cmd, "device", devices.Names()...)
	complete(cmd, "runtime", completeRuntime)
	complete(cmd, "data", files("csv"))
	complete(cmd, "number", completeNumber)
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
	points, err := c.points(d.Name)
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
	x := &validation.Predictor{Profiles: map[string]string{d.Name: c.device}}
	result, err := calibration.Fit(ctx, x, points, c.numbers)
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

// points gathers the measurements of the device and the runtime.
func (c *calibrating) points(device string) ([]validation.Point, error) {
	if len(c.data) == 0 {
		return nil, fault.Userf("give measurements with --data FILE.csv; for its columns see memsim validate --help")
	}
	var points []validation.Point
	for _, path := range c.data {
		more, err := validation.Open(path)
		if err != nil {
			return nil, err
		}
		points = append(points, more...)
	}
	points = slices.DeleteFunc(points, func(p validation.Point) bool {
		return p.Device != device || c.runtime != "" && p.Runtime != c.runtime
	})
	if len(points) == 0 {
		return nil, fault.Userf("%s holds no measurement of %s", list(c.data), subject(device, c.runtime))
	}
	return points, nil
}

func baseNames(paths []string) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = strings.ReplaceAll(filepath.Base(p), "\n", " ")
	}
	return names
}

func fittedNumbers(r calibration.Result) grid {
	g := grid{title: r.Runtime + " on " + r.Device, columns: columns("number", "before>", "fitted>", "±>", "note")}
	for _, n := range r.Numbers {
		note := ""
		if n.AtLimit {
			note = "at the end of its range: the points ask for more"
		}
		g.add(n.Path, n.Prior, n.Value, fmt.Sprintf("%.1f %%", n.Uncertainty), note)
	}
	return g
}

func fittedPoints(r calibration.Result) grid {
	g := grid{columns: columns("model", "quant", "metric", "measured>", "predicted>", "residual>")}
	for _, o := range r.Points {
		g.add(validations.Model(o.Point), o.Quant, o.Metric, profiles.Number(o.Measured), profiles.Number(o.Predicted), fmt.Sprintf("%+.1f %%", o.ErrorPct))
	}
	g.foot = []string{fmt.Sprintf("Mean absolute error %.1f %%, %.1f %% before.", r.After, r.Before)}
	return g
}
