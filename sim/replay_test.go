package sim

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
	"pgregory.net/rapid"
)

// model describes a decoder whose trace a test makes up: enough of one to have
// weights that stream, a KV cache that grows and activations that are reused.
type model struct {
	blocks  int    // stored
	runs    int    // of each block
	order   string // immediate or repeat
	matrix  int64  // bytes of each of three matrices of a block
	kvRow   int64  // bytes of a token's keys, or values, in a layer
	vector  int64  // bytes of an activation
	prompt  int
	decode  int
	perByte int64 // MACs for each byte of weights
}

func (m model) schedule() []int {
	var order []int
	if m.order == "immediate" {
		for b := range m.blocks {
			for range m.runs {
				order = append(order, b)
			}
		}
		return order
	}
	for range m.runs {
		for b := range m.blocks {
			order = append(order, b)
		}
	}
	return order
}

// trace makes the events of a run of m.
func (m model) trace() *traces.Trace {
	layers := m.schedule()
	weights := int64(m.blocks) * 3 * m.matrix
	kv := int64(len(layers)) * 2 * m.kvRow * int64(m.prompt+m.decode)
	activations := 4 * m.vector * int64(max(1, m.prompt))
	t := &traces.Trace{Head: traces.Header{
		Schema: traces.SchemaVersion, Model: "made up", ModelBytes: weights, PromptTokens: m.prompt, Tokens: m.decode,
		Shape: traces.Shape{LayersExecuted: len(layers), LayersStored: m.blocks},
		Arenas: []traces.Arena{
			{Name: "weights", Kind: traces.Weight, Addr: 0, Bytes: weights},
			{Name: "kv", Kind: traces.KV, Addr: uint64(weights), Bytes: kv},
			{Name: "activations", Kind: traces.Activation, Addr: uint64(weights + kv), Bytes: activations},
		},
	}}
	w := writer{trace: t}
	for b := range m.blocks {
		w.op(traces.Event{Phase: traces.Load, Token: -1, Op: "load", Layer: -1, Block: int32(b)}, 0, m.weight(b, 0), m.weight(b, 1), m.weight(b, 2))
	}
	step := func(phase traces.Phase, pos, n int) {
		for layer, block := range layers {
			base := traces.Event{Phase: phase, Token: int32(pos), Layer: int32(layer), Block: int32(block)}
			base.Op = "attn_q"
			w.op(base, m.matrix*m.perByte*int64(n), m.weight(block, 0), m.act(t, 0, n, traces.Read), m.act(t, 1, n, traces.Write))
			base.Op = "kv_store"
			w.op(base, 0, m.act(t, 1, n, traces.Read), m.rows(t, layer, pos, n, traces.Write))
			base.Op = "attention"
			w.op(base, m.kvRow*int64(pos+n), m.rows(t, layer, 0, pos+n, traces.Read), m.act(t, 2, n, traces.Write))
			base.Op = "ffn_up"
			w.op(base, m.matrix*m.perByte*int64(n), m.weight(block, 1), m.act(t, 2, n, traces.Read), m.act(t, 3, n, traces.Write))
			base.Op = "ffn_down"
			w.op(base, m.matrix*m.perByte*int64(n), m.weight(block, 2), m.act(t, 3, n, traces.Read), m.act(t, 0, n, traces.Write))
		}
	}
	if m.prompt > 0 {
		step(traces.Prefill, 0, m.prompt)
	}
	for i := range m.decode {
		step(traces.Decode, m.prompt+i, 1)
	}
	return t
}

func (m model) weight(block, i int) traces.Event {
	return traces.Event{Tensor: fmt.Sprintf("blk.%d.w%d", block, i), Kind: traces.Weight, Access: traces.Read,
		Addr: uint64(int64(block*3+i) * m.matrix), Bytes: m.matrix, DType: "q8_0"}
}

func (m model) act(t *traces.Trace, i, n int, access traces.Access) traces.Event {
	return traces.Event{Tensor: fmt.Sprintf("x%d", i), Kind: traces.Activation, Access: access,
		Addr: t.Head.Arenas[2].Addr + uint64(i*max(1, m.prompt))*uint64(m.vector), Bytes: m.vector * int64(n), DType: "f32"}
}

func (m model) rows(t *traces.Trace, layer, pos, n int, access traces.Access) traces.Event {
	start := t.Head.Arenas[1].Addr + uint64(int64(layer*(m.prompt+m.decode)+pos)*2*m.kvRow)
	return traces.Event{Tensor: fmt.Sprintf("kv.%d", layer), Kind: traces.KV, Access: access, Addr: start, Bytes: 2 * m.kvRow * int64(n), DType: "f16"}
}

type writer struct {
	trace *traces.Trace
	seq   int64
}

func (w *writer) op(base traces.Event, macs int64, operands ...traces.Event) {
	for i, o := range operands {
		o.Seq, o.Phase, o.Token, o.Op, o.Layer, o.Block = w.seq, base.Phase, base.Token, base.Op, base.Layer, base.Block
		if i == 0 {
			o.MACs = macs
		}
		w.trace.Events = append(w.trace.Events, o)
	}
	w.seq++
}

func drawModel(rt *rapid.T) model {
	return model{
		blocks:  rapid.IntRange(1, 4).Draw(rt, "blocks"),
		runs:    rapid.IntRange(1, 3).Draw(rt, "runs"),
		order:   rapid.SampledFrom([]string{"immediate", "repeat"}).Draw(rt, "order"),
		matrix:  rapid.Int64Range(1, 1<<20).Draw(rt, "matrix"),
		kvRow:   rapid.Int64Range(1, 600).Draw(rt, "kv row"),
		vector:  rapid.Int64Range(1, 8000).Draw(rt, "vector"),
		prompt:  rapid.IntRange(0, 20).Draw(rt, "prompt"),
		decode:  rapid.IntRange(0, 3).Draw(rt, "decode"),
		perByte: rapid.Int64Range(0, 3).Draw(rt, "MACs per byte"),
	}
}

// drawDevice varies a shipped phone.
func drawDevice(rt *rapid.T) *devices.Device {
	name := rapid.SampledFrom([]string{"pixel8pro", "iphone13", "iphone15"}).Draw(rt, "device")
	d, err := devices.Load(name, nil)
	if err != nil {
		rt.Fatal(err)
	}
	for i := range d.SRAM {
		s := &d.SRAM[i]
		scale := units.Bytes(1) << rapid.IntRange(0, 4).Draw(rt, "smaller")
		s.Capacity.Value /= scale
	}
	d.DRAM.Channels.Value = units.Count(int64(1) << rapid.IntRange(0, 2).Draw(rt, "channels"))
	d.DRAM.Refresh = rapid.SampledFrom([]string{"none", "all", "per"}).Draw(rt, "refresh")
	// Down to less than the model's size, so that storage takes part.
	memory := *d.AppMemory
	d.AppMemory = &memory
	d.AppMemory.Own.Value = 0
	d.AppMemory.Mapped.Value = units.Bytes(rapid.SampledFrom([]int64{1e9, 1e6, 5e6}).Draw(rt, "memory for mapped pages"))
	for i := range d.Runtimes {
		r := &d.Runtimes[i]
		r.Prefetch = rapid.Bool().Draw(rt, "prefetch")
		r.Dispatch.Value = units.Picoseconds(rapid.Int64Range(0, int64(units.Millisecond)).Draw(rt, "dispatch"))
		r.HalfBandwidth.Value = units.Bytes(rapid.Int64Range(0, 1<<18).Draw(rt, "half bandwidth"))
	}
	return d
}

func machine(t interface {
	Helper()
	Fatal(...any)
}, c Config) *Machine {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func shipped(t testing.TB, name string, sets ...string) *devices.Device {
	t.Helper()
	d, err := devices.Load(name, sets)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The ledger's invariants hold whatever the model and the device.
func TestTheLedgerBalances(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDevice(rt)
		unit := rapid.SampledFrom(d.Units).Draw(rt, "unit").Name
		m := machine(rt, Config{Device: d, Unit: unit})
		trace := drawModel(rt).trace()
		audit := Auditor{Line: m.caches[0].Line}
		var sums Collector
		rows := 0
		var before units.Picoseconds // start of the row before
		result, err := m.Replay(context.Background(), trace, func(r *Row) error {
			sums.Add(r)
			rows++
			for i := range r.Operands {
				if o := &r.Operands[i]; o.Tensor == "" || o.Kind == "" {
					return fmt.Errorf("an operand has no name: %+v", o)
				}
			}
			if err := checkChannels(r, before, m.dram.BurstBytes); err != nil {
				return err
			}
			before = r.Start
			return audit.Add(r)
		})
		if err != nil {
			rt.Fatal(err)
		}
		if want := int(trace.Events[len(trace.Events)-1].Seq) + 1; rows != want {
			rt.Fatalf("%d rows for %d operators", rows, want)
		}
		checkResult(rt, result, sums.Phase(traces.Decode))
	})
}

// checkChannels holds the channels of a row to its bursts, and to the time from
// the start of the row before, during which a prefetcher may begin, up to the end
// and the clock edge after it.
func checkChannels(r *Row, before units.Picoseconds, burst units.Bytes) error {
	var moved units.Bytes
	for i, c := range r.Channels {
		moved += c.Bytes
		if c.Start < before || c.End > r.End+2*units.Nanosecond {
			return fmt.Errorf("channel %d is busy from %d to %d, the row takes from %d to %d", i, c.Start, c.End, r.Start, r.End)
		}
	}
	if bursts := units.Bytes(r.DRAM.Reads + r.DRAM.Writes); moved != bursts*burst {
		return fmt.Errorf("channels move %d bytes in %d bursts", moved, bursts)
	}
	return nil
}

func TestTheAuditorHoldsChannelsToTheRow(t *testing.T) {
	row := func(start units.Picoseconds) *Row {
		return &Row{DRAM: DRAMCounts{Reads: 3, Refreshes: 2}, Channels: []ChannelUse{
			{Start: start, End: start + 5, DRAM: DRAMCounts{Reads: 2, Refreshes: 1}}, {Start: start, End: start + 3, DRAM: DRAMCounts{Reads: 1}},
		}}
	}
	fewer := row(5)
	fewer.Channels = fewer.Channels[:1]
	for _, c := range []struct {
		name string
		next *Row
		want string
	}{
		{"a row after another", row(5), ""},
		{"a channel that is still busy", row(4), "channel 0 is busy"},
		{"a channel that is missing", fewer, "channels sum to"},
	} {
		var audit Auditor
		if err := audit.Add(row(0)); err != nil {
			t.Fatal(err)
		}
		if err := audit.Add(c.next); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		}
	}
}

func checkResult(rt *rapid.T, r Result, decode Sums) {
	p := r.LatencyPartsMS
	if parts := p.Dispatch + p.Compute + p.SRAM + p.DRAM + p.Flash; !near(parts, r.LatencyMS) {
		rt.Fatalf("latency parts sum to %g ms, the token takes %g ms", parts, r.LatencyMS)
	}
	e := r.EnergyPartsMJ
	if parts := e.DRAM + e.SRAM + e.Flash + e.Compute + e.Static; !near(parts, r.EnergyMJPerToken) {
		rt.Fatalf("energy parts sum to %g mJ, the token takes %g mJ", parts, r.EnergyMJPerToken)
	}
	if r.Tokens != int(decode.Steps) {
		rt.Fatalf("%d tokens, %d decode steps", r.Tokens, decode.Steps)
	}
	if r.PhoneEnergyMJ < r.EnergyMJPerToken || r.EnergyMJPerToken < r.MemoryEnergyMJ {
		rt.Fatalf("whole phone %g, device %g, memory path %g mJ", r.PhoneEnergyMJ, r.EnergyMJPerToken, r.MemoryEnergyMJ)
	}
}

func near(a, b float64) bool { return a-b <= 1e-9*(a+b) && b-a <= 1e-9*(a+b) }

// The bytes that a unit draws never exceed what it can draw.
func TestBandwidthStaysBelowWhatTheUnitReaches(t *testing.T) {
	d := shipped(t, "pixel8pro")
	m := machine(t, Config{Device: d})
	trace := model{blocks: 4, runs: 1, matrix: 3 << 20, kvRow: 384, vector: 2304, prompt: 4, decode: 3, perByte: 1}.trace()
	result, err := m.Replay(context.Background(), trace, nil)
	if err != nil {
		t.Fatal(err)
	}
	if limit := float64(m.Bandwidth()) / 1e9; result.DRAMBandwidthGBps > limit {
		t.Errorf("%.1f GB/s drawn, %.1f reachable", result.DRAMBandwidthGBps, limit)
	}
}

func TestReplayIsDeterministic(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "iphone13")})
	trace := model{blocks: 3, runs: 2, order: "immediate", matrix: 2 << 20, kvRow: 384, vector: 2304, prompt: 8, decode: 3, perByte: 1}.trace()
	var runs [2][]Row
	for i := range runs {
		_, err := m.Replay(context.Background(), trace, func(r *Row) error {
			row := *r
			row.Operands = append([]Operand(nil), r.Operands...)
			row.Channels = append([]ChannelUse(nil), r.Channels...)
			runs[i] = append(runs[i], row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(runs[0], runs[1]) {
		t.Error("two replays of one trace differ")
	}
}

// The question behind immediate block-wise sharing: the second run of a block
// that fits on chip costs a fraction of the first, with any other order it
// costs as much.
func TestASharedBlockIsCheapWhileItIsOnChip(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "iphone13")})
	// Six blocks of 12 MB: each fits the 32 MiB system cache, all do not.
	shape := model{blocks: 6, runs: 2, matrix: 4 << 20, kvRow: 384, vector: 2304, prompt: 1, decode: 2, perByte: 1}
	latency := func(order string, runs int) float64 {
		s := shape
		s.order, s.runs = order, runs
		r, err := m.Replay(context.Background(), s.trace(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.LatencyMS
	}
	once, immediate, repeat := latency("immediate", 1), latency("immediate", 2), latency("repeat", 2)
	if ratio := immediate / once; ratio > 1.15 {
		t.Errorf("an immediate repeat makes a token %.2f times as long", ratio)
	}
	if ratio := repeat / once; ratio < 1.8 {
		t.Errorf("a repeat after all other blocks makes a token only %.2f times as long", ratio)
	}
}

func TestRepeatedMarksTheSecondRunOfABlock(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "iphone13")})
	trace := model{blocks: 2, runs: 2, order: "immediate", matrix: 1000, kvRow: 64, vector: 64, decode: 2, perByte: 1}.trace()
	_, err := m.Replay(context.Background(), trace, func(r *Row) error {
		if want := r.Phase == traces.Decode && r.Layer%2 == 1; r.Repeated != want {
			t.Errorf("%s of layer %d in %s: repeated is %v", r.Op, r.Layer, r.Phase, r.Repeated)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A model that maps more than can stay streams from storage in every token, and
// the time says so.
func TestAModelThatPagesRunsAtFlashSpeed(t *testing.T) {
	shape := model{blocks: 8, runs: 1, matrix: 4 << 20, kvRow: 384, vector: 2304, prompt: 1, decode: 2, perByte: 1}
	run := func(stays units.Bytes) Result {
		d := shipped(t, "pixel8pro")
		d.AppMemory.Own.Value, d.AppMemory.Mapped.Value = 0, stays
		r, err := machine(t, Config{Device: d}).Replay(context.Background(), shape.trace(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	inside, beyond := run(1e9), run(50e6)
	if inside.Residency != residency.Fits || inside.FlashBytesPerToken != 0 || inside.LatencyPartsMS.Flash != 0 {
		t.Errorf("a model that fits reads storage: %+v", inside)
	}
	if beyond.Residency != residency.Pages || beyond.FlashBytesPerToken < float64(beyond.ModelBytes) {
		t.Errorf("a model that pages reads %g bytes of %d", beyond.FlashBytesPerToken, beyond.ModelBytes)
	}
	if beyond.LatencyPartsMS.Flash < 0.8*beyond.LatencyMS || beyond.LatencyMS < 5*inside.LatencyMS {
		t.Errorf("%.1f of %.1f ms wait for storage; resident, a token takes %.1f ms",
			beyond.LatencyPartsMS.Flash, beyond.LatencyMS, inside.LatencyMS)
	}
}

// The share of DRAM that an app is advised to stay under evicts nothing: a model
// beyond it runs as fast as one within.
func TestTheAdvisedBudgetEvictsNothing(t *testing.T) {
	shape := model{blocks: 8, runs: 1, matrix: 4 << 20, kvRow: 384, vector: 2304, prompt: 1, decode: 2, perByte: 1}
	run := func(advised float64) Result {
		d := shipped(t, "pixel8pro")
		d.DRAM.AppBudget.Value = units.Ratio(advised)
		r, err := machine(t, Config{Device: d}).Replay(context.Background(), shape.trace(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	within, beyond := run(0.1), run(0.001)
	if !within.FitsDRAMBudget || beyond.FitsDRAMBudget {
		t.Errorf("within the budget: %v, beyond it: %v", within.FitsDRAMBudget, beyond.FitsDRAMBudget)
	}
	if within.LatencyMS != beyond.LatencyMS || beyond.FlashBytesPerToken != 0 {
		t.Errorf("%g ms within the budget, %g ms beyond it", within.LatencyMS, beyond.LatencyMS)
	}
}

// An app that pins more than the system allows is killed: it has a footprint and
// no speed.
func TestAKilledAppHasNoSpeed(t *testing.T) {
	shape := model{blocks: 8, runs: 1, matrix: 4 << 20, kvRow: 384, vector: 2304, prompt: 1, decode: 2, perByte: 1}
	d := shipped(t, "iphone13")
	d.AppMemory.Own.Value, d.AppMemory.Limit.Value = 0, 50e6
	rows := 0
	r, err := machine(t, Config{Device: d}).Replay(context.Background(), shape.trace(), func(*Row) error { rows++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r.Residency != residency.Killed || rows != 0 || r.LatencyMS != 0 || r.TokensPerS != 0 {
		t.Errorf("a killed app made %d rows and %g tokens a second (%s)", rows, r.TokensPerS, r.Residency)
	}
	if parts := r.FootprintPartsBytes; parts.Weights != 100663296 || r.FootprintBytes <= parts.Weights || r.AppLimitBytes != 50e6 {
		t.Errorf("footprint %d of parts %+v against a limit of %d", r.FootprintBytes, parts, r.AppLimitBytes)
	}
	r, err = machine(t, Config{Device: d, WholeMemory: true}).Replay(context.Background(), shape.trace(), nil)
	if err != nil || r.Residency != residency.Fits || r.LatencyMS == 0 {
		t.Errorf("with all of DRAM: %s, %g ms (%v)", r.Residency, r.LatencyMS, err)
	}
}

// MobileLLM's rule: 0.1 J for 1e9 bytes of weights, and nothing for the rest.
func TestThePapersAssumptionReplacesTheDevicesEnergy(t *testing.T) {
	paper, err := devices.LoadEnergyAssumption("paper")
	if err != nil {
		t.Fatal(err)
	}
	m := machine(t, Config{Device: shipped(t, "pixel8pro"), Energy: paper})
	shape := model{blocks: 8, runs: 1, matrix: 4 << 20, kvRow: 384, vector: 2304, decode: 2, perByte: 1}
	r, err := m.Replay(context.Background(), shape.trace(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := r.DRAMBytesPerToken * 1e-10 * 1e3; !near(r.EnergyMJPerToken, want) {
		t.Errorf("%g bytes cost %g mJ, want %g", r.DRAMBytesPerToken, r.EnergyMJPerToken, want)
	}
	if r.EnergyPartsMJ.DRAM != r.EnergyMJPerToken || r.PhoneEnergyMJ != r.EnergyMJPerToken {
		t.Errorf("something beside the memory path costs energy: %+v", r)
	}
}

func TestReplayStopsWhenItsContextIsDone(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "pixel8pro")})
	ctx, cancel := context.WithCancel(context.Background())
	rows := 0
	_, err := m.Replay(ctx, model{blocks: 2, runs: 1, matrix: 1000, kvRow: 64, vector: 64, decode: 50}.trace(), func(*Row) error {
		if rows++; rows == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows != 5 {
		t.Errorf("after %d rows the error is %v", rows, err)
	}
}

func TestAnUnknownUnitOrRuntimeIsTheUsersMistake(t *testing.T) {
	for _, c := range []Config{{Unit: "gpuu"}, {Runtime: "llama.cpp"}} {
		c.Device = shipped(t, "iphone13")
		if _, err := New(c); err == nil || !fault.IsUser(err) || !strings.Contains(err.Error(), "gpu") && !strings.Contains(err.Error(), "runtime") {
			t.Errorf("unit %q, runtime %q: error is %v", c.Unit, c.Runtime, err)
		}
	}
}

func BenchmarkDecodeStep(b *testing.B) {
	d, err := devices.Load("pixel8pro", nil)
	if err != nil {
		b.Fatal(err)
	}
	m := machine(b, Config{Device: d})
	// The bytes of a token of mobilellm-125m in q8_0: 30 blocks of 3.8 MB.
	trace := model{blocks: 30, runs: 1, matrix: 1_253_000, kvRow: 384, vector: 2304, decode: 8, perByte: 1}.trace()
	b.ResetTimer()
	for range b.N {
		if _, err := m.Replay(context.Background(), trace, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e3/8, "ms/token")
}

// A scratchpad that holds a block serves its second run; one that is too small
// holds what fits.
func TestAScratchpadKeepsABlockForItsNextRun(t *testing.T) {
	shape := model{blocks: 4, runs: 2, order: "immediate", matrix: 1 << 20, kvRow: 384, vector: 2304, decode: 2, perByte: 1}
	traffic := func(capacity units.Bytes) float64 {
		d := shipped(t, "iphone13")
		pad := &d.SRAM[1]
		if pad.Name != "slc" {
			t.Fatal("the second memory of iphone13 is not the system cache")
		}
		pad.Type, pad.Capacity.Value = "scratchpad", capacity
		r, err := machine(t, Config{Device: d, Unit: "gpu"}).Replay(context.Background(), shape.trace(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.DRAMBytesPerToken
	}
	whole, third, none := traffic(4*units.MiB), traffic(units.MiB+units.MiB/2), traffic(128)
	weights := float64(4 * 3 * shape.matrix)
	if whole > 1.1*weights || third < 1.6*weights || third > 1.75*weights || none < 1.95*weights {
		t.Errorf("a block run twice moves %.2f, %.2f and %.2f times its bytes with room for all, a third and none of it",
			whole/weights, third/weights, none/weights)
	}
}

func TestAFormatWithoutArithmeticIsNamed(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "iphone13")})
	trace := model{blocks: 1, runs: 1, matrix: 1000, kvRow: 64, vector: 64, decode: 1, perByte: 1}.trace()
	for i := range trace.Events {
		if trace.Events[i].Kind == traces.Weight {
			trace.Events[i].DType = "q2_k"
		}
	}
	r, err := m.Replay(context.Background(), trace, nil)
	if err != nil || !reflect.DeepEqual(r.FormatsWidened, []string{"q2_k"}) {
		t.Errorf("formats without arithmetic are %v (%v), want q2_k", r.FormatsWidened, err)
	}
}
