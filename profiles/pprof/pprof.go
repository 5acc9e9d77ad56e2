// Package pprof writes a ledger as a profile that go tool pprof opens: what
// CPU profiles do for functions, for tensors.
//
// The mental model: a sample is an operand, and its stack is the path to it
//
//	model ─▶ phase ─▶ operator ─▶ layers ─▶ layer ─▶ tensor
//	mobilellm-125m   decode   ffn_down   layers 0-9   layer 3   ffn_down.weight
//
// Operators stand above layers, so that a flame graph has boxes wide enough to
// read: a model has some fifteen operators, and each runs in every layer. A
// tensor's frame leaves out the number of its block: -top lists how much all
// ffn_down matrices cost, -lines tells blocks apart, and the label tensor holds
// the whole name (-tagleaf=tensor).
//
// A sample has five values for each phase: the time in which it was waited for,
// the bytes it moved on each level, and its energy. Those of decode (time,
// dram_bytes, sram_bytes, flash_bytes, energy) are per token; those of the prompt
// (prompt_time, ...) and of loading (load_time, ...) are of the whole phase, and
// -sample_index chooses them. Each sums to the ledger's, in whole nanoseconds and
// nanojoules.
//
// Labels for -tagfocus and -tagshow: phase, kind (weight, kv, activation),
// access (read, write), pass (first, or repeat for a shared block that ran
// before), device, model, tensor, and the numbers layer and block; token where it
// was asked for.
//
// To see what sharing saves, compare two models below the frame of their names:
//
//	go tool pprof -http=: -sample_index=dram_bytes -show_from=decode -diff_base=shared.pb.gz unshared.pb.gz
//
// # Caveats
//
// pprof scales bytes and time but knows no joules: energies are plain
// nanojoules, and it does not write "per token" behind a time. An operator at the
// root of the model (embedding, output) has no layer in its stack.
package pprof

import (
	"fmt"
	"io"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// measures are what a sample tells of an operand, in order.
var measures = []struct {
	name, unit string
	value      func(*totals.Operand) int64
	divisor    int64 // of the ledger's unit
}{
	{"time", "nanoseconds", func(o *totals.Operand) int64 { return int64(o.Time) }, int64(units.Nanosecond)},
	{"dram_bytes", "bytes", func(o *totals.Operand) int64 { return int64(o.Bytes.DRAMRead + o.Bytes.DRAMWrite) }, 1},
	{"sram_bytes", "bytes", func(o *totals.Operand) int64 { return int64(o.Bytes.SRAMHit) }, 1},
	{"flash_bytes", "bytes", func(o *totals.Operand) int64 { return int64(o.Bytes.FlashRead) }, 1},
	{"energy", "nanojoules", func(o *totals.Operand) int64 { return int64(o.Energy) }, int64(units.Nanojoule)},
}

// phases are those of a run with what their sample types begin with, in the order
// of a sample's values.
var phases = []struct {
	phase  traces.Phase
	prefix string
}{{traces.Decode, ""}, {traces.Prefill, "prompt_"}, {traces.Load, "load_"}}

// Profile collects a ledger.
type Profile struct {
	model, device string
	sums          totals.Totals
}

// New returns an empty profile of a model on a device, both by name.
func New(model, device string) *Profile {
	return &Profile{model: profiles.Clean(model), device: profiles.Clean(device)}
}

// LabelTokens keeps the tokens apart and labels samples with them: values of
// decode are then of the token of their label and not means. The profile grows
// with the number of tokens. Call it before the first Add.
func (p *Profile) LabelTokens() *Profile {
	p.sums.ByToken = true
	return p
}

// Add adds a row of the ledger.
func (p *Profile) Add(r *sim.Row) { p.sums.Add(r) }

// Write writes the profile, compressed with gzip.
func (p *Profile) Write(w io.Writer) error {
	prof := p.build()
	if err := prof.CheckValid(); err != nil {
		return fmt.Errorf("profile of %s: %w", p.model, err)
	}
	return prof.Write(w)
}

// Merge returns one profile of several models.
func Merge(parts ...*Profile) (*profile.Profile, error) {
	var all []*profile.Profile
	for _, p := range parts {
		prof := p.build()
		prof.PeriodType = &profile.ValueType{} // without one, profiles cannot be compared
		all = append(all, prof)
	}
	return profile.Merge(all)
}

func (p *Profile) build() *profile.Profile {
	b := builder{Profile: p, frames: map[frame]*profile.Location{}, functions: map[string]*profile.Function{}, prof: &profile.Profile{
		DefaultSampleType: "time",
		Comments:          []string{fmt.Sprintf("%s on %s, simulated by memsim; decode is per token", p.model, p.device)},
		// Without a mapping that claims to be symbolized, pprof looks for a binary.
		// Its name is the title of pprof's page, also of profiles that were merged.
		Mapping: []*profile.Mapping{{ID: 1, File: "memsim on " + p.device,
			HasFunctions: true, HasFilenames: true, HasLineNumbers: true, HasInlineFrames: true}},
	}}
	if p.sums.Steps(traces.Decode) == 0 {
		b.prof.DefaultSampleType = "prompt_time"
	}
	for _, phase := range phases {
		for _, m := range measures {
			b.prof.SampleType = append(b.prof.SampleType, &profile.ValueType{Type: phase.prefix + m.name, Unit: m.unit})
		}
	}
	layers := int32(0)
	for _, op := range p.sums.Ops() {
		layers = max(layers, op.Layer+1)
	}
	b.groups = layersInGroup(layers)
	b.remainders = make([]int64, len(b.prof.SampleType))
	for _, o := range p.sums.Operands() {
		b.add(o)
	}
	for _, s := range b.prof.Sample {
		b.prof.DurationNanos += s.Value[0]
	}
	return b.prof
}

// mostUngrouped is how many layers an operator's box holds side by side.
const mostUngrouped = 6

// layersInGroup is how many of n layers share a frame: a multiple of five, so that
// an operator has at most four such frames; 0 if each stands alone.
func layersInGroup(n int32) int32 {
	if n <= mostUngrouped {
		return 0
	}
	quarter := (n + 3) / 4
	return (quarter + 4) / 5 * 5
}

// builder makes a profile's samples, and interns their frames.
type builder struct {
	*Profile
	prof       *profile.Profile
	frames     map[frame]*profile.Location
	functions  map[string]*profile.Function
	groups     int32   // layers that share a frame
	remainders []int64 // by value: what was lost when it was divided
}

// frame is a place in a stack: a name, and for a tensor the number of its block.
type frame struct {
	name string
	line int64
}

// add adds the sample of o. What is lost when its values are divided is carried
// to the next sample, so that the sum is exact.
func (b *builder) add(o *totals.Operand) {
	values := make([]int64, len(b.remainders))
	nonzero := false
	for p, phase := range phases {
		if phase.phase != o.Phase {
			continue
		}
		over := int64(1)
		if o.Phase == traces.Decode && !b.sums.ByToken {
			over = b.sums.Steps(traces.Decode)
		}
		for j, m := range measures {
			i, divisor := p*len(measures)+j, m.divisor*over
			v := m.value(o) + b.remainders[i]
			values[i], b.remainders[i] = v/divisor, v%divisor
			nonzero = nonzero || values[i] != 0
		}
	}
	if !nonzero {
		return
	}
	sample := &profile.Sample{
		Location: b.stack(o),
		Value:    values,
		Label:    b.labels(o),
		NumLabel: numbers(o),
		NumUnit:  map[string][]string{},
	}
	for key := range sample.NumLabel {
		sample.NumUnit[key] = []string{"count"} // a zero without a unit is lost in encoding
	}
	b.prof.Sample = append(b.prof.Sample, sample)
}

// stack returns the locations of o, leaf first.
func (b *builder) stack(o *totals.Operand) []*profile.Location {
	stack := []*profile.Location{b.frame(profiles.Clean(profiles.TensorRole(o.Tensor)), int64(o.Block))}
	if o.Layer >= 0 {
		stack = append(stack, b.frame(fmt.Sprintf("layer %d", o.Layer), 0))
		if b.groups > 0 {
			first := o.Layer / b.groups * b.groups
			stack = append(stack, b.frame(fmt.Sprintf("layers %d-%d", first, first+b.groups-1), 0))
		}
	}
	if o.Op != string(o.Phase) { // loading is a phase and its only operator
		stack = append(stack, b.frame(profiles.Clean(o.Op), 0))
	}
	return append(stack, b.frame(string(o.Phase), 0), b.frame(b.model, 0))
}

func (b *builder) frame(name string, line int64) *profile.Location {
	at := frame{name, max(line, 0)}
	if l, ok := b.frames[at]; ok {
		return l
	}
	f, ok := b.functions[name]
	if !ok {
		f = &profile.Function{ID: uint64(len(b.functions) + 1), Name: name, SystemName: name}
		b.functions[name] = f
		b.prof.Function = append(b.prof.Function, f)
	}
	l := &profile.Location{ID: uint64(len(b.prof.Location) + 1), Mapping: b.prof.Mapping[0], Line: []profile.Line{{Function: f, Line: at.line}}}
	b.prof.Location = append(b.prof.Location, l)
	b.frames[at] = l
	return l
}

func (p *Profile) labels(o *totals.Operand) map[string][]string {
	pass := "first"
	if o.Repeated {
		pass = "repeat"
	}
	return map[string][]string{
		"phase":  {string(o.Phase)},
		"kind":   {string(o.Kind)},
		"access": {string(o.Access)},
		"pass":   {pass},
		"device": {p.device},
		"model":  {p.model},
		"tensor": {profiles.Clean(o.Tensor)},
	}
}

func numbers(o *totals.Operand) map[string][]int64 {
	n := map[string][]int64{}
	if o.Phase != traces.Load && o.Layer >= 0 {
		n["layer"], n["block"] = []int64{int64(o.Layer)}, []int64{int64(o.Block)}
	}
	if o.Token >= 0 {
		n["token"] = []int64{int64(o.Token)}
	}
	return n
}
