package fit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// longestPrompt is the longest prompt that one measurement is believed to have had.
const longestPrompt = 4096

// decodeSteps is over how many tokens decode is predicted.
const decodeSteps = 2

// builder makes cases. Devices are loaded once each; it is safe for concurrent use.
type builder struct {
	mu      sync.Mutex
	devices map[string]*devices.Device
	Setting

	usual    map[string]int // month of the build that most rows of a runtime have
	machines map[string]*sim.Machine
	memo     sram.Memo
}

// device loads a phone with as much memory as the one that was measured had.
func (b *builder) device(name string, ramGiB int) (*devices.Device, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := fmt.Sprint(name, " ", ramGiB)
	if d, ok := b.devices[key]; ok {
		return d, nil
	}
	ref := name
	if other, ok := b.Profiles[name]; ok {
		ref = other
	}
	d, err := devices.LoadPrior(ref, b.Sets)
	if err == nil && ramGiB > 0 && ref == name && d.DRAM.Capacity.Value != units.Bytes(ramGiB)*units.GiB {
		larger, err := devices.LoadPrior(ref, append(slices.Clone(b.Sets), fmt.Sprintf("dram.capacity=%d GiB", ramGiB)))
		if err == nil { // the phone's part does not come in every size
			d = larger
		}
	}
	if err != nil {
		return nil, err
	}
	if b.devices == nil {
		b.devices = map[string]*devices.Device{}
	}
	b.devices[key] = d
	return d, nil
}

// machine returns the machine of a row, one for all rows of its kind: it remembers
// what its memories did.
func (b *builder) machine(d *devices.Device, unit string, row corpus.Row) (*sim.Machine, error) {
	key := fmt.Sprint(row.Phone, " ", row.RAMGiB, " ", unit, " ", row.Runtime, " ", row.Threads)
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := b.machines[key]; ok {
		return m, nil
	}
	m, err := sim.New(sim.Config{Device: d, Unit: unit, Runtime: row.Runtime, Threads: row.Threads, WholeMemory: true, Streaming: true, Memo: &b.memo})
	if err != nil {
		return nil, err
	}
	if b.machines == nil {
		b.machines = map[string]*sim.Machine{}
	}
	b.machines[key] = m
	return m, nil
}

func (b *builder) build(ctx context.Context, row corpus.Row) (*Case, error) {
	if row.Seconds() <= 0 {
		return nil, fmt.Errorf("an energy: times alone are fitted")
	}
	if row.Prompt > longestPrompt {
		return nil, errors.New("a prompt of that length is the sum of many")
	}
	d, err := b.device(row.Phone, row.RAMGiB)
	if err != nil {
		return nil, err
	}
	unit := unitOf(d, row)
	machine, err := b.machine(d, unit, row)
	if err != nil {
		return nil, err
	}
	trace, family, err := record(ctx, row)
	if err != nil {
		return nil, err
	}
	result, movement, err := machine.Record(ctx, trace, nil)
	if err != nil {
		return nil, err
	}
	if result.Residency == residency.Killed {
		return nil, errors.New("the profile says that the system would end the app")
	}
	c := &Case{Row: row, Family: family, Ceiling: Ceiling(machine, trace, row.Phase(), row.Seconds()), machine: machine, movement: movement}
	u, r := machine.Unit(), machine.Runtime()
	c.scale = d.Multipliers(u, r, formatsOf(trace))
	c.own = devices.OfModel(u, r, sim.ShapeOf(trace.Head), string(row.Phase()))
	c.own = append(c.own, devices.OfBuild(u, r, row.Build, b.age(row), string(row.Phase()))...)
	return c, nil
}

// undated is how many months the build of a row is taken to be from the usual one if
// the row does not say.
const undated = 6

// age is how many months lie between the build of a row and the one that most rows of
// its runtime have.
func (b *builder) age(row corpus.Row) float64 {
	usual, ok := b.usual[row.Runtime]
	switch {
	case !ok || usual == 0 && row.Month == 0:
		return 0
	case usual == 0 || row.Month == 0:
		return undated
	}
	return math.Abs(float64(row.Month - usual))
}

// usualMonths finds when the build was made that most shipped rows of a runtime have.
func usualMonths() (map[string]int, error) {
	rows, err := corpus.Published()
	if err != nil {
		return nil, err
	}
	count := map[string]map[int]int{}
	for i := range rows {
		if r := &rows[i]; r.Exclude == nil {
			if count[r.Runtime] == nil {
				count[r.Runtime] = map[int]int{}
			}
			count[r.Runtime][r.Month]++
		}
	}
	usual := map[string]int{}
	for runtime, months := range count {
		most := 0
		for _, m := range slices.Sorted(maps.Keys(months)) {
			if months[m] >= most { // the latest of those that tie
				usual[runtime], most = m, months[m]
			}
		}
	}
	return usual, nil
}

// unitOf is the unit of a row: its own, or the one that its runtime is for.
func unitOf(d *devices.Device, row corpus.Row) string {
	if row.Unit != "" || row.Runtime == "" {
		return row.Unit
	}
	for i := range d.Runtimes {
		if d.Runtimes[i].Name == row.Runtime {
			return d.Runtimes[i].Unit
		}
	}
	return ""
}

// record runs the phase that a row measures, shape-only.
func record(ctx context.Context, row corpus.Row) (t *traces.Trace, family string, err error) {
	overrides, err := model.ParseOverrides(row.Overrides)
	if err != nil {
		return nil, "", err
	}
	src, err := weights.Open(row.Model, weights.Options{Overrides: overrides, Quant: row.Quant, ShapeOnly: true})
	if err != nil {
		return nil, "", err
	}
	defer src.Close()
	e, err := engine.New(src, engine.Options{ShapeOnly: true})
	if err != nil {
		return nil, "", err
	}
	defer e.Close()
	t = &traces.Trace{}
	length := row.Prompt
	if row.Phase() == traces.Decode {
		length = row.Held() + decodeSteps
	}
	session, err := e.NewSession(engine.SessionOptions{Context: length, Sink: t})
	if err != nil {
		return nil, "", err
	}
	ids := engine.RandomTokens(1, max(decodeSteps, row.Prompt), e.Shape().Vocab)
	if row.Phase() == traces.Prefill {
		_, err = session.Prefill(ctx, ids[:row.Prompt])
	} else {
		err = session.Hold(row.Held())
		for i := 0; i < decodeSteps && err == nil; i++ {
			_, err = session.Decode(ctx, ids[i])
		}
	}
	if err != nil {
		return nil, "", err
	}
	if err := session.Flush(); err != nil {
		return nil, "", err
	}
	t.Head = session.Header("memsim", 1)
	t.Events = slices.DeleteFunc(t.Events, func(e traces.Event) bool { return e.Phase != row.Phase() })
	if row.Resize > 0 {
		t.Resize(row.Resize)
	}
	return t, e.Shape().Architecture, nil
}

// formatsOf lists the storage formats of a trace's weights and cache.
func formatsOf(t *traces.Trace) []string {
	seen := map[string]bool{}
	for i := range t.Events {
		if e := &t.Events[i]; e.Kind != traces.Activation {
			seen[e.DType] = true
		}
	}
	var out []string
	for f := range seen {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

// sigma is the standard deviation of the error of a row, in logarithms: what its
// source scatters by from run to run, and what the model of any operator leaves out.
func (c *Case) sigma() float64 {
	unit, prompt := 0, 0
	if c.Row.Unit != "cpu" {
		unit = 1
	}
	if c.Row.Phase() == traces.Prefill {
		prompt = 1
	}
	noise := c.machine.Device().Run(c.machine.Unit(), string(c.Row.Phase())).Sigma
	if own, ok := noises[c.Row.Campaign()]; ok {
		noise = own[unit][prompt]
	}
	if len(c.Row.Assumed) > 0 {
		noise += 0.04
	}
	if c.Row.Grade == "S" {
		noise += 0.05
	}
	if c.Row.Metric == corpus.FirstTokenMS && c.Row.Prompt < 64 {
		noise = 0.5 // set-up of a first call, not the prompt
	}
	return max(noise, c.Row.Spread)
}

// noises are the errors of campaigns of measurements, of CPUs and of other units, each
// in decode and in prefill. Where a campaign says by what its runs scatter, that is
// among them: pocketpal by 2 to 5 % on CPUs, up to 20 % in low formats on GPUs.
var noises = map[string][2][2]float64{
	"pocketpal":   {{0.05, 0.07}, {0.10, 0.10}}, // means of three, one app
	"rknn":        {{0.05, 0.07}, {0.05, 0.08}}, // a vendor at maximum clocks
	"openweights": {{0.06, 0.08}, {0.08, 0.12}},
	"aihub":       {{0.08, 0.12}, {0.10, 0.12}}, // a vendor, of several releases
	"johnrocky":   {{0.10, 0.16}, {0.13, 0.20}}, // medians of an app on one phone, warm and cold
	"llmrs":       {{0.06, 0.10}, {0.08, 0.12}}, // held at one temperature
	"misc":        {{0.08, 0.18}, {0.11, 0.18}}, // cards and issues, each of its own
}
