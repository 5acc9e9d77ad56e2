package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/corpus"
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
print how far off each is, and whether it lies in the 90 % interval that the
prediction states. Times of the shipped measurements shaped the shipped fit: what
a prediction is worth say the errors with the phone left out of the fit and with
the model left out of it, by kind. Rows of --data are predicted as they are.

A measurement that cannot be predicted is listed with the reason. One that asks for more than the device's memory or arithmetic peaks at is
flagged and left out of the means: published tables hold such claims.

--device host measures this machine with microbenchmarks, writes its profile to
--out, and predicts models from it that the engine then runs: nothing is fitted.

A table of --data is CSV with the columns device, runtime, unit, model, quant,
context, metric, value, fitted, source; and those of docs/measurements.md: soc,
ram_gb, threads, prompt, tokens, version, bytes (of the weights in the runtime's
own format), overrides (layers=60), note and more. Names of devices, runtimes,
models and formats are read as people write them. The metric is one of
tokens_per_s, ms_per_token, mj_per_token (of the whole phone),
memory_mj_per_token, power_w, prefill_tokens_per_s, time_to_first_token_ms,
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
	rows, err := v.rows(&predictor)
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
	bar := a.newProgress(len(rows))
	defer bar.done()
	report, err := predictor.Rows(ctx, rows, runtime.NumCPU(), func() { bar.step("measurements") })
	if err != nil {
		return err
	}
	if err := report.Unknown(); err != nil {
		return err
	}
	bar.done()
	reply := validationReply{version, report}
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

// rows gathers what is to be predicted, and sets up the profile of --device.
func (v *validating) rows(x *validation.Predictor) ([]corpus.Row, error) {
	var rows []corpus.Row
	if v.published {
		shipped, err := corpus.Published()
		if err != nil {
			return nil, err
		}
		rows = shipped
	}
	for _, path := range v.data {
		more, err := corpus.Open(path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if v.device == "" && len(v.sets) > 0 {
		return nil, fault.Userf("--set changes the profile of --device; name it")
	}
	known := corpus.Shipped()
	if v.device != "" {
		d, err := devices.Load(v.device, v.sets)
		if err != nil {
			return nil, err
		}
		x.Profiles, x.Sets = standIn(d.Name, v.device), v.sets
		for i := range rows {
			rows[i].Claim(d.Name)
		}
		known = known.With(d)
		rows = slices.DeleteFunc(rows, func(r corpus.Row) bool { return r.Phone != d.Name && r.Phone != v.device })
	}
	corpus.Hold(rows, known)
	if v.runtime != "" {
		name := devices.RuntimeName(v.runtime)
		rows = slices.DeleteFunc(rows, func(r corpus.Row) bool { return r.Runtime != name })
	}
	if len(rows) == 0 {
		return nil, fault.Userf("no measurement of %s is known; add some with --data FILE.csv", subject(v.device, v.runtime))
	}
	return rows, nil
}

// standIn puts a profile in the place of the shipped one of its name, if it is another.
func standIn(name, ref string) map[string]string {
	if name == ref {
		return nil
	}
	return map[string]string{name: ref}
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
