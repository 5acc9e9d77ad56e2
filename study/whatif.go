package study

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// Lever asks what a token of a run would cost if one thing were different: memory
// twice as fast, launches half as long, the last cache twice as large, weights of four
// bits, half as many layers with as many parameters.
type Lever struct {
	Hardware Hardware
	Run      Run              // as it is
	Trace    string           // path of its trace
	Draws    *posterior.Draws // nil: no intervals
	// Recording says how the model is recorded with its weights or layers changed, to
	// a file at Scratch; nil: only the machine is changed.
	Recording *Recording
	Scratch   string
}

// Ask replays each change that the machine and the model allow. A run that decodes
// nothing has none.
func (l *Lever) Ask(ctx context.Context) ([]profiles.WhatIf, error) {
	if l.Run.Result.LatencyMS == 0 || l.Run.Movement == nil {
		return nil, nil
	}
	base, err := sampled(l.Run.Machine, &l.Run, l.Draws)
	if err != nil {
		return nil, err
	}
	var list []profiles.WhatIf
	for _, try := range []func(context.Context) (variant, error){l.bandwidth, l.launches, l.cache, l.fourBits, l.wide} {
		v, err := try(ctx)
		if err != nil {
			return nil, err
		}
		if v.change == "" {
			continue
		}
		w := profiles.WhatIf{Change: v.change, How: v.how, LatencyMS: v.run.Result.LatencyMS, Ratio: v.run.Result.LatencyMS / l.Run.Result.LatencyMS,
			DRAMBytesPerToken: v.run.Result.DRAMBytesPerToken, EnergyMJPerToken: v.run.Result.EnergyMJPerToken}
		samples, err := sampled(v.run.Machine, &v.run, l.Draws)
		if err != nil {
			return nil, err
		}
		w.Interval90, w.RatioInterval90 = spans(samples, base)
		list = append(list, w)
	}
	return list, nil
}

// variant is a run with one thing changed; without a name it cannot be.
type variant struct {
	change, how string
	run         Run
}

// sampled are the results of a run for each draw; nil without draws.
func sampled(m *sim.Machine, run *Run, draws *posterior.Draws) ([]sim.Result, error) {
	if draws == nil || draws.N() == 0 {
		return nil, nil
	}
	s := sampling{machine: m, draws: draws}
	if err := s.vary([]Run{*run}); err != nil {
		return nil, err
	}
	return s.results(run)
}

// spans are the intervals of the latency and of its ratio to the base's, draw by draw.
func spans(samples, base []sim.Result) (latency, ratio *[2]float64) {
	if len(samples) == 0 {
		return nil, nil
	}
	values, shares := make([]float64, len(samples)), make([]float64, len(samples))
	for k := range samples {
		values[k], shares[k] = samples[k].LatencyMS, samples[k].LatencyMS/base[k].LatencyMS
	}
	a, b := central(values), central(shares)
	return &a, &b
}

// on replays the trace on the hardware with a field of its profile changed.
func (l *Lever) on(ctx context.Context, change, set string) (variant, error) {
	m, err := l.Hardware.With(set).Machine()
	if fault.IsUser(err) { // the profile does not allow it
		return variant{}, nil
	}
	if err != nil {
		return variant{}, err
	}
	run, err := replayFile(ctx, m, l.Trace)
	return variant{change, set, run}, err
}

func replayFile(ctx context.Context, m *sim.Machine, path string) (Run, error) {
	f, err := traces.Open(path)
	if err != nil {
		return Run{}, err
	}
	defer f.Close()
	return Replay(ctx, m, f)
}

// bandwidth doubles the channels of DRAM, and with them what the unit draws.
func (l *Lever) bandwidth(ctx context.Context) (variant, error) {
	d := l.Run.Machine.Device()
	return l.on(ctx, "twice the DRAM bandwidth", fmt.Sprintf("dram.channels=%d", 2*int64(d.DRAM.Channels.Value)))
}

// cache doubles the last on-chip memory of the unit.
func (l *Lever) cache(ctx context.Context) (variant, error) {
	caches := l.Run.Machine.Unit().Caches
	if len(caches) == 0 {
		return variant{}, nil
	}
	name := caches[len(caches)-1]
	s, err := l.Run.Machine.Device().Cache(name)
	if err != nil {
		return variant{}, err
	}
	return l.on(ctx, fmt.Sprintf("%s twice as large", name), fmt.Sprintf("sram.%s.capacity=%d B", name, 2*int64(s.Capacity.Value)))
}

// launches halves what starting an operator, a pass and a barrier of threads take. It
// changes no movement, so that the run is only timed again.
func (l *Lever) launches(context.Context) (variant, error) {
	m := l.Run.Machine
	d := m.Device()
	var halved []devices.Multiplier
	for _, x := range d.Multipliers(m.Unit(), m.Runtime(), l.Run.Movement.Formats()) {
		if x.Scope == "phone" && x.Number == "launch" {
			halved = append(halved, x)
		}
	}
	if len(halved) == 0 {
		return variant{}, nil
	}
	logs := make([]float64, len(halved))
	for i := range logs {
		logs[i] = -math.Ln2
	}
	varied, err := m.Varied(d.Scaled(halved, logs))
	if err != nil {
		return variant{}, err
	}
	run := l.Run
	run.Machine = varied
	run.Result, err = varied.Time(run.Movement)
	return variant{"launches half as long", halved[0].Field() + " / 2", run}, err
}

// fourBits stores the weights in q4_0, unless they are as small already.
func (l *Lever) fourBits(ctx context.Context) (variant, error) {
	if l.Recording == nil {
		return variant{}, nil
	}
	m := l.Recording.Model
	m.Quant = "q4_0"
	run, ok, err := l.recorded(ctx, m)
	if err != nil || !ok || run.Head.ModelBytes > l.Run.Head.ModelBytes*19/20 {
		return variant{}, err
	}
	return variant{"weights in q4_0", "quant=q4_0", run}, nil
}

// wide halves the layers and widens them until the parameters are as many.
func (l *Lever) wide(ctx context.Context) (variant, error) {
	if l.Recording == nil {
		return variant{}, nil
	}
	r := *l.Recording
	r.ShapeOnly = true
	src, err := r.Open(ctx)
	if err != nil {
		return variant{}, err
	}
	shape := src.Shape()
	if err := src.Close(); err != nil || shape.Layers < 2 {
		return variant{}, err
	}
	half, err := shape.With(model.Overrides{Layers: shape.Layers / 2})
	if err == nil {
		half, err = half.Solve("dim", shape.StoredParams())
	}
	if err != nil {
		return variant{}, nil // no whole heads give that size
	}
	m := l.Recording.Model
	o := &m.Overrides
	o.Layers, o.Dim, o.FFN, o.Heads, o.KVHeads = half.Layers, half.Dim, half.FFN, half.Heads, half.KVHeads
	run, ok, err := l.recorded(ctx, m)
	if err != nil || !ok {
		return variant{}, err
	}
	how := model.Overrides{Layers: half.Layers, Dim: half.Dim, FFN: half.FFN, Heads: half.Heads, KVHeads: half.KVHeads}
	name := fmt.Sprintf("%d layers × %d, same parameters", half.Layers, half.Dim)
	if half.Layers == 1 {
		name = fmt.Sprintf("1 layer × %d, same parameters", half.Dim)
	}
	return variant{name, how.String(), run}, nil
}

// recorded records what another model moves over the same tokens, without arithmetic,
// and replays it on the machine as it is. A model that cannot be changed so is not ok.
func (l *Lever) recorded(ctx context.Context, m Model) (run Run, ok bool, err error) {
	r := *l.Recording
	r.Model, r.ShapeOnly, r.Step = m, true, nil
	defer os.Remove(l.Scratch)
	if err := r.WriteFile(ctx, l.Scratch); err != nil {
		if fault.IsUser(err) && ctx.Err() == nil {
			err = nil
		}
		return Run{}, false, err
	}
	run, err = replayFile(ctx, l.Run.Machine, l.Scratch)
	return run, err == nil, err
}
