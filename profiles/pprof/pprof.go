// Package pprof writes a ledger as a profile that go tool pprof opens: what
// CPU profiles do for functions, for tensors.
//
// The mental model: a sample is an operand, and its stack is the path to it
//
//	model ─▶ phase ─▶ layer ─▶ operator ─▶ tensor
//	mobilellm-125m   decode   layer 3    ffn_down    blk.3.ffn_down.weight
//
// so that a flame graph of one phase reads from the model down to the tensors,
// and -top lists tensors. Each sample has five values: the time in which it was
// waited for, the bytes it moved on each level, and its energy. The values of
// all samples sum to those of the ledger, in whole nanoseconds and nanojoules.
//
// Labels for -tagfocus and -tagshow: phase, kind (weight, kv, activation),
// access (read, write), pass (first, or repeat for a shared block that ran
// before), device, model, and the numbers layer and block; token where it was asked
// for.
//
// To see what sharing saves, compare two models below the frame of their names:
//
//	go tool pprof -http=: -sample_index=dram_bytes -show_from=decode -diff_base=shared.pb.gz unshared.pb.gz
//
// # Caveats
//
// pprof scales bytes and time but knows no joules: energies are plain
// nanojoules. An operator at the root of the model (embedding, output) has no
// layer in its stack.
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

// sampleTypes are the values of a sample, in order.
var sampleTypes = []struct {
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

// Profile collects a ledger.
type Profile struct {
	model, device string
	sums          totals.Totals
}

// New returns an empty profile of a model on a device, both by name.
func New(model, device string) *Profile {
	return &Profile{model: profiles.Clean(model), device: profiles.Clean(device)}
}

// LabelTokens keeps the tokens apart and labels samples with them; the profile
// grows with the number of tokens. Call it before the first Add.
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

func (p *Profile) build() *profile.Profile {
	b := builder{frames: map[string]*profile.Location{}, prof: &profile.Profile{
		DefaultSampleType: "time",
		Comments:          []string{fmt.Sprintf("%s on %s, simulated by memsim", p.model, p.device)},
		// Without a mapping that claims to be symbolized, pprof looks for a binary.
		Mapping: []*profile.Mapping{{ID: 1, File: p.model + " on " + p.device,
			HasFunctions: true, HasFilenames: true, HasLineNumbers: true, HasInlineFrames: true}},
	}}
	for _, t := range sampleTypes {
		b.prof.SampleType = append(b.prof.SampleType, &profile.ValueType{Type: t.name, Unit: t.unit})
	}
	for _, op := range p.sums.Ops() {
		b.prof.DurationNanos += int64(op.Time.Total())
	}
	b.prof.DurationNanos /= int64(units.Nanosecond)
	remainders := make([]int64, len(sampleTypes))
	for _, o := range p.sums.Operands() {
		b.add(p, o, remainders)
	}
	return b.prof
}

// builder interns frames: a frame is a function and a location of its own.
type builder struct {
	prof   *profile.Profile
	frames map[string]*profile.Location
}

// add adds the sample of o. What is lost when its values are divided is carried
// to the next sample, so that the sum is exact.
func (b *builder) add(p *Profile, o *totals.Operand, remainders []int64) {
	values := make([]int64, len(sampleTypes))
	nonzero := false
	for i, t := range sampleTypes {
		v := t.value(o) + remainders[i]
		values[i], remainders[i] = v/t.divisor, v%t.divisor
		nonzero = nonzero || values[i] != 0
	}
	if !nonzero {
		return
	}
	sample := &profile.Sample{
		Location: b.stack(p.model, o),
		Value:    values,
		Label:    p.labels(o),
		NumLabel: numbers(o),
		NumUnit:  map[string][]string{},
	}
	for key := range sample.NumLabel {
		sample.NumUnit[key] = []string{"count"} // a zero without a unit is lost in encoding
	}
	b.prof.Sample = append(b.prof.Sample, sample)
}

// stack returns the locations of o, leaf first.
func (b *builder) stack(model string, o *totals.Operand) []*profile.Location {
	stack := []*profile.Location{b.frame(profiles.Clean(o.Tensor))}
	if o.Op != string(o.Phase) { // loading is a phase and its only operator
		stack = append(stack, b.frame(profiles.Clean(o.Op)))
	}
	if o.Layer >= 0 {
		stack = append(stack, b.frame(fmt.Sprintf("layer %d", o.Layer)))
	}
	return append(stack, b.frame(string(o.Phase)), b.frame(model))
}

func (b *builder) frame(name string) *profile.Location {
	if l, ok := b.frames[name]; ok {
		return l
	}
	id := uint64(len(b.prof.Location) + 1)
	f := &profile.Function{ID: id, Name: name, SystemName: name}
	l := &profile.Location{ID: id, Mapping: b.prof.Mapping[0], Line: []profile.Line{{Function: f}}}
	b.prof.Function = append(b.prof.Function, f)
	b.prof.Location = append(b.prof.Location, l)
	b.frames[name] = l
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
