package validation

import (
	"context"
	"slices"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/fidelity/fit"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// decodeSteps is over how many tokens a point of decode is predicted.
const decodeSteps = 2

// Predictor predicts points. It keeps the traces that it has recorded, and is
// not to be used from several goroutines. The zero value is ready.
type Predictor struct {
	// Profiles replace devices by name with profiles of other names or paths: a
	// calibrated file stands in for the phone that it describes.
	Profiles map[string]string
	// Sets override fields of the profiles, as "path=value".
	Sets    []string
	devices map[string]*devices.Device // by name and overrides
	traces  map[recording]*traces.Trace
}

// recording is what a trace depends on.
type recording struct {
	model, overrides, quant string
	prompt, tokens          int
	bytes                   int64
}

// Prediction is what memsim says of a point.
type Prediction struct {
	Value float64
	Limit string // "" or why no device of these specifications can have done what was measured
}

// Predict returns the figure that the point measures, with further overrides of
// the profile, and checks the measured one against the device's ceilings. What
// the point names and does not exist is the user's mistake.
func (x *Predictor) Predict(ctx context.Context, p Point, sets ...string) (Prediction, error) {
	machine, err := x.Machine(p, sets...)
	if err != nil {
		return Prediction{}, err
	}
	trace, err := x.trace(ctx, p)
	if err != nil {
		return Prediction{}, err
	}
	result, err := machine.Replay(ctx, trace, nil)
	if err != nil {
		return Prediction{}, err
	}
	return Prediction{read(result, p), fit.Ceiling(machine, trace, p.phase(), secondsMeasured(p))}, nil
}

// Machine sets up the device, the unit and the runtime of a point. A runtime
// without a unit is the one on the first unit that has it.
func (x *Predictor) Machine(p Point, sets ...string) (*sim.Machine, error) {
	d, err := x.device(p.Device, sets)
	if err != nil {
		return nil, err
	}
	c := sim.Config{Device: d, Unit: unitOf(d, p), Runtime: p.Runtime, Threads: p.Threads, Sustained: p.Metric == WarmTokensPerS, WholeMemory: true}
	if p.Energy != "" {
		if c.Energy, err = devices.LoadEnergyAssumption(p.Energy); err != nil {
			return nil, err
		}
	}
	return sim.New(c)
}

// device loads a profile, once for each set of overrides.
func (x *Predictor) device(name string, sets []string) (*devices.Device, error) {
	sets = slices.Concat(x.Sets, sets)
	key := strings.Join(append([]string{name}, sets...), "\n")
	if d, ok := x.devices[key]; ok {
		return d, nil
	}
	d, err := devices.Load(x.Profile(name), sets)
	if err != nil {
		return nil, err
	}
	if x.devices == nil {
		x.devices = map[string]*devices.Device{}
	}
	x.devices[key] = d
	return d, nil
}

// Profile returns the name or path of the profile that describes a device.
func (x *Predictor) Profile(name string) string {
	if ref, ok := x.Profiles[name]; ok {
		return ref
	}
	return name
}

func unitOf(d *devices.Device, p Point) string {
	if p.Unit != "" || p.Runtime == "" {
		return p.Unit
	}
	for i := range d.Runtimes {
		if d.Runtimes[i].Name == p.Runtime {
			return d.Runtimes[i].Unit
		}
	}
	return "" // sim.New names the runtimes there are
}

// trace records what the point's model moves in the phase that is measured, once.
func (x *Predictor) trace(ctx context.Context, p Point) (*traces.Trace, error) {
	key := recording{p.Model, p.Overrides, p.Quant, p.Context, decodeSteps, p.Bytes}
	if p.phase() == traces.Prefill {
		key.tokens = 0
	}
	if t, ok := x.traces[key]; ok {
		return t, nil
	}
	o, err := model.ParseOverrides(p.Overrides)
	if err != nil {
		return nil, err
	}
	src, err := weights.Open(p.Model, weights.Options{Overrides: o, Quant: p.Quant, ShapeOnly: true})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	t := &traces.Trace{}
	if err := study.RecordShape(ctx, t, src, study.Lengths{Prompt: key.prompt, Tokens: key.tokens}, 1); err != nil {
		return nil, err
	}
	t.Events = slices.DeleteFunc(t.Events, func(e traces.Event) bool { return e.Phase != p.phase() })
	if p.Bytes > 0 {
		t.Resize(p.Bytes)
	}
	if x.traces == nil {
		x.traces = map[recording]*traces.Trace{}
	}
	x.traces[key] = t
	return t, nil
}

// read takes the figure of a point off a result.
func read(r sim.Result, p Point) float64 {
	switch p.Metric {
	case TokensPerS:
		return r.TokensPerS
	case WarmTokensPerS:
		return r.SustainedTokensPerS
	case MSPerToken:
		return r.LatencyMS
	case MJPerToken:
		return r.PhoneEnergyMJ
	case MemoryMJPerToken:
		return r.MemoryEnergyMJ
	case PowerW:
		return r.PhoneEnergyMJ / r.LatencyMS
	case PrefillTokensPerS:
		return float64(p.Context) / (r.PrefillMS / 1e3)
	}
	return r.TimeToFirstTokenMS
}

// secondsMeasured is the time that the measurement took: of a token, or of the
// prompt; 0 for an energy.
func secondsMeasured(p Point) float64 {
	switch p.Metric {
	case TokensPerS, WarmTokensPerS:
		return 1 / p.Value
	case MSPerToken, FirstTokenMS:
		return p.Value / 1e3
	case PrefillTokensPerS:
		return float64(p.Context) / p.Value
	}
	return 0
}
