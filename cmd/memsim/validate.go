package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/calibration"
	"github.com/memsim/memsim/fidelity/hostbench"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/validations"
)

// The files of a validation's output folder.
const (
	validationHTML = "validation.html"
	validationJSON = "validation.json"
)

// validating is the validate command.
type validating struct {
	device    string
	runtime   string
	sets      []string
	data      []string
	published bool
	rounds    int
	out       string
}

func (a *app) validateCommand() *cobra.Command {
	var v validating
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "How far are predictions from what people measured?",
		Long: `Predict every published measurement that memsim knows, and those of --data, and
print how far off each is. The means keep apart the points that a profile was
fitted to and those that it was not; the second are what a prediction is worth.
Leave-one-out is the error of a fitted point once the profile is fitted to the
others alone, to first order.

A point that asks for more than the device's memory or arithmetic peaks at is
flagged and left out of the means: published tables hold such claims.

--device host measures this machine with microbenchmarks, writes its profile to
--out, and predicts models from it that the engine then runs: nothing is fitted.

A table of --data is CSV with the columns device, runtime, unit, model, quant,
context, metric, value, fitted, source; optionally bytes (of the weights in the
runtime's own format), overrides (layers=60), energy (paper) and disputed. The
metric is one of tokens_per_s, ms_per_token, mj_per_token (of the whole phone),
memory_mj_per_token, prefill_tokens_per_s, time_to_first_token_ms,
sustained_tokens_per_s.`,
		Example: `  memsim validate
  memsim validate --device pixel8pro --data mine.csv --format json
  memsim validate --device calibrated.yaml --out report
  memsim validate --device host
  memsim host -o my.yaml && memsim validate --device my.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.validate(cmd.Context(), &v) },
	}
	f := cmd.Flags()
	f.StringVarP(&v.device, "device", "d", "", "only points of this `device`: a shipped profile, or a file that stands in for the one of its name")
	f.StringVar(&v.runtime, "runtime", "", "only points of this `program`")
	f.StringArrayVar(&v.sets, "set", nil, "override a `field` of the profile of --device, as dram.channels=2 (repeatable)")
	f.StringArrayVar(&v.data, "data", nil, "add measurements from a CSV `file` (repeatable)")
	f.BoolVar(&v.published, "published", true, "include the measurements that memsim ships")
	f.IntVar(&v.rounds, "rounds", 12, "with --device host: how often everything is measured, in turns")
	f.StringVarP(&v.out, "out", "o", "", "`folder` for a page with a chart, and the figures as JSON")
	completeWithFiles(cmd, "device", append(devices.Names(), hostDevice)...)
	complete(cmd, "runtime", completeRuntime)
	complete(cmd, "set", completeField)
	complete(cmd, "data", files("csv"))
	completeWithFolder(cmd, "out")
	return cmd
}

// validationReply is what the validate command prints.
type validationReply struct {
	Memsim string `json:"memsim"`
	validation.Report
}

func (a *app) validate(ctx context.Context, v *validating) error {
	if v.rounds < 1 {
		return fault.Userf("--rounds %d: measure at least once", v.rounds)
	}
	if v.device == hostDevice {
		if len(v.data)+len(v.sets) > 0 || v.runtime != "" {
			return fault.Userf("--device host is measured and not described: --data, --set and --runtime do not go with it")
		}
		return a.validateHost(ctx, v)
	}
	if len(v.data)+len(v.sets) == 0 && v.runtime == "" && strings.ContainsAny(v.device, "./") && hostbench.Wrote(v.device) {
		return a.validateHost(ctx, v)
	}
	var predictor validation.Predictor
	points, err := v.points(&predictor)
	if err != nil {
		return err
	}
	folder, err := v.folder()
	if err != nil {
		return err
	}
	if folder != nil {
		defer folder.Discard()
	}
	bar := a.newProgress(len(points))
	defer bar.done()
	outcomes, err := predictor.Run(ctx, points, func(p validation.Point) { bar.step(p.String()) })
	if err != nil {
		return err
	}
	bar.done()
	calibration.LeaveOneOut(&predictor, outcomes)
	reply := validationReply{version, validation.Summarize(outcomes)}
	if folder != nil {
		if err := writeValidation(folder, reply); err != nil {
			return err
		}
	}
	if err := a.print(reply, validationGrid(reply.Report)); err != nil {
		return err
	}
	if folder != nil {
		a.note("wrote a chart of predicted against measured: open %s", filepath.Join(v.out, validationHTML))
	}
	return nil
}

// folder returns where files are to be written, nil if none are.
func (v *validating) folder() (*outputFolder, error) {
	if v.out == "" {
		return nil, nil
	}
	return newOutputFolder(v.out)
}

// points gathers what is to be predicted, and sets up the profile of --device.
func (v *validating) points(x *validation.Predictor) ([]validation.Point, error) {
	var points []validation.Point
	if v.published {
		shipped, err := validation.Published()
		if err != nil {
			return nil, err
		}
		points = shipped
	}
	for _, path := range v.data {
		more, err := validation.Open(path)
		if err != nil {
			return nil, err
		}
		points = append(points, more...)
	}
	if v.device == "" && len(v.sets) > 0 {
		return nil, fault.Userf("--set changes the profile of --device; name it")
	}
	if v.device != "" {
		d, err := devices.Load(v.device, v.sets)
		if err != nil {
			return nil, err
		}
		x.Profiles, x.Sets = map[string]string{d.Name: v.device}, v.sets
		points = slices.DeleteFunc(points, func(p validation.Point) bool { return p.Device != d.Name && p.Device != v.device })
	}
	if v.runtime != "" {
		points = slices.DeleteFunc(points, func(p validation.Point) bool { return p.Runtime != v.runtime })
	}
	if len(points) == 0 {
		return nil, fault.Userf("no measurement of %s is known; add some with --data FILE.csv", subject(v.device, v.runtime))
	}
	return points, nil
}

// subject names what was asked for.
func subject(device, runtime string) string {
	switch {
	case device != "" && runtime != "":
		return runtime + " on " + device
	case device != "":
		return device
	case runtime != "":
		return runtime
	}
	return "any device"
}

func writeValidation(folder *outputFolder, reply validationReply) error {
	err := folder.Write(validationHTML, func(w *os.File) error { return validations.WriteHTML(w, version, reply.Report) })
	if err != nil {
		return err
	}
	if err := folder.Write(validationJSON, func(w *os.File) error { return writeJSON(w, reply) }); err != nil {
		return err
	}
	return folder.Commit()
}

// validationGrid is the table of a report.
func validationGrid(r validation.Report) grid {
	g := grid{columns: columns("device", "runtime", "model", "quant", "context>", "metric", "measured>", "predicted>", "±>", "error>", "fitted", "left out>", "note")}
	for _, o := range r.Points {
		uncertainty, leftOut := "", ""
		if o.UncertaintyPct > 0 {
			uncertainty = fmt.Sprintf("%.0f %%", o.UncertaintyPct)
		}
		if o.LeaveOneOutPct != nil {
			leftOut = fmt.Sprintf("%+.1f %%", *o.LeaveOneOutPct)
		}
		g.add(o.Device, o.Runtime, validations.Model(o.Point), o.Quant, strconv.Itoa(o.Context), o.Metric, profiles.Number(o.Measured), profiles.Number(o.Predicted),
			uncertainty, fmt.Sprintf("%+.1f %%", o.ErrorPct), yesNo(o.Fitted, "yes", ""), leftOut, validations.Note(o))
	}
	g.foot = validations.Summary(r)
	return g
}
