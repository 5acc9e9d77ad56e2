package sim

import (
	"context"
	"fmt"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// The mixture of the tests: layers of two matrices for each of eight experts.
const (
	expertMatrix  = 1 << 20
	expertCount   = 8
	mixtureLayers = 3
)

// routed makes the trace of a mixture whose layers choose, for each decoded token,
// the experts that choose returns. Layers have a dense matrix besides.
func routed(tokens int, choose func(token, layer int) []int32) *traces.Trace {
	const stack, dense = expertCount * expertMatrix, 1 << 18
	const layerBytes = 2*stack + dense
	t := &traces.Trace{Head: traces.Header{
		Schema: traces.SchemaVersion, Model: "mixture", ModelBytes: mixtureLayers * layerBytes, Tokens: tokens,
		Shape: traces.Shape{LayersExecuted: mixtureLayers, LayersStored: mixtureLayers},
		Arenas: []traces.Arena{
			{Name: "weights", Kind: traces.Weight, Bytes: mixtureLayers * layerBytes},
			{Name: "activations", Kind: traces.Activation, Addr: 1 << 30, Bytes: 1 << 16},
		},
	}}
	w := writer{trace: t}
	matrix := func(layer, i int, bytes int64) traces.Event {
		name := []string{"dense", "up_exps", "down_exps"}[i]
		return traces.Event{Tensor: fmt.Sprintf("blk.%d.%s", layer, name), Kind: traces.Weight, Access: traces.Read, Expert: -1,
			Addr: uint64(layer*layerBytes + max(0, i-1)*stack + min(i, 1)*dense), Bytes: bytes, DType: "q8_0"}
	}
	activation := func(access traces.Access) traces.Event {
		return traces.Event{Tensor: "x", Kind: traces.Activation, Access: access, Expert: -1, Addr: 1 << 30, Bytes: 4096, DType: "f32"}
	}
	for l := range mixtureLayers {
		w.op(traces.Event{Phase: traces.Load, Token: -1, Op: "load", Layer: -1, Block: int32(l)}, 0, matrix(l, 0, dense), matrix(l, 1, stack), matrix(l, 2, stack))
	}
	for token := range tokens {
		for l := range mixtureLayers {
			base := traces.Event{Phase: traces.Decode, Token: int32(token), Layer: int32(l), Block: int32(l), Op: "attn_q"}
			w.op(base, dense, matrix(l, 0, dense), activation(traces.Read), activation(traces.Write))
			for i, name := range []string{"ffn_up", "ffn_down"} {
				base.Op = name
				operands := []traces.Event{}
				for _, e := range choose(token, l) {
					slice := matrix(l, i+1, expertMatrix)
					slice.Addr += uint64(e) * expertMatrix
					slice.Expert = e
					operands = append(operands, slice)
				}
				w.op(base, int64(len(operands))*expertMatrix, append(operands, activation(traces.Write))...)
			}
		}
	}
	return t
}

func streamedOn(t *testing.T, d *devices.Device, c ExpertCache, trace *traces.Trace) Result {
	t.Helper()
	r, err := machine(t, Config{Device: d, Experts: &c}).Replay(context.Background(), trace, func(*Row) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Two experts of eight in turn: a cache of all that is used hits from the second
// round on, one of nothing never, one a step too small never.
func TestExpertsAreReadWhenTheCacheLacksThem(t *testing.T) {
	d := shipped(t, "pixel8pro")
	trace := routed(8, func(token, _ int) []int32 { return []int32{int32(token % 2), 2} })
	const expert = 2 * expertMatrix
	const used = 3 * mixtureLayers * expert // experts 0, 1 and 2 of each layer
	for _, c := range []struct {
		capacity units.Bytes
		held     int // of the 8 tokens · 2 experts · layers
	}{
		{0, 0},
		{used, (8*2 - 3) * mixtureLayers},
		{2 * (mixtureLayers - 1) * expert, 0}, // the cliff: the experts of the other layers
	} {
		r := streamedOn(t, d, ExpertCache{Capacity: c.capacity, Policy: experts.LRU, Lanes: 2}, trace)
		chosen := 8 * 2 * mixtureLayers
		if want := float64(c.held) / float64(chosen); !near(r.ExpertHitRate, want) {
			t.Errorf("cache of %d bytes: %.3f of the experts held, want %.3f", c.capacity, r.ExpertHitRate, want)
		}
		if want := float64((chosen-c.held)*expert) / 8; !near(r.FlashBytesPerToken, want) {
			t.Errorf("cache of %d bytes: %g bytes a token, want %g", c.capacity, r.FlashBytesPerToken, want)
		}
		if want := int64(mixtureLayers*(1<<18)) + int64(c.capacity); r.FootprintPartsBytes.Weights != want {
			t.Errorf("cache of %d bytes: weights take %d bytes, want the dense ones and the cache: %d", c.capacity, r.FootprintPartsBytes.Weights, want)
		}
	}
}

// Reads that overlap cost less time than reads that a layer waits for, and no
// fewer bytes; what they would cost alone is not less.
func TestOverlapHidesReadsBehindArithmetic(t *testing.T) {
	d := shipped(t, "pixel8pro")
	trace := routed(4, func(token, layer int) []int32 {
		return []int32{int32((token + layer) % expertCount), int32((token + layer + 3) % expertCount)}
	})
	waits := streamedOn(t, d, ExpertCache{Policy: experts.LRU, Lanes: 2}, trace)
	hides := streamedOn(t, d, ExpertCache{Policy: experts.LRU, Lanes: 2, Overlap: true}, trace)
	if hides.LatencyMS >= waits.LatencyMS || hides.FlashBytesPerToken != waits.FlashBytesPerToken || hides.ExpertHitRate != waits.ExpertHitRate {
		t.Errorf("overlapped %g ms of %g bytes, in turn %g ms of %g bytes", hides.LatencyMS, hides.FlashBytesPerToken, waits.LatencyMS, waits.FlashBytesPerToken)
	}
	if hides.LatencyMS < hides.IOMSPerToken || waits.LatencyMS < waits.IOMSPerToken {
		t.Errorf("a token takes %g and %g ms, its reads %g and %g", hides.LatencyMS, waits.LatencyMS, hides.IOMSPerToken, waits.IOMSPerToken)
	}
	resident, err := machine(t, Config{Device: d}).Replay(context.Background(), trace, nil)
	if err != nil || resident.LatencyMS >= hides.LatencyMS || resident.ExpertHitRate != 0 || resident.IOMSPerToken != 0 {
		t.Errorf("resident, a token takes %g ms (%v)", resident.LatencyMS, err)
	}
}

// The wait for reads stands on the tensors that were read: the report says which
// tensor waits.
func TestStreamedBytesStandOnTheirTensors(t *testing.T) {
	d := shipped(t, "pixel8pro")
	m := machine(t, Config{Device: d, Experts: &ExpertCache{Policy: experts.LRU, Lanes: 4}})
	trace := routed(1, func(int, int) []int32 { return []int32{5} })
	_, err := m.Replay(context.Background(), trace, func(r *Row) error {
		for _, o := range r.Operands {
			if want := units.Bytes(expertMatrix); r.Phase == traces.Decode && o.Kind == traces.Weight && r.Op != "attn_q" && o.Bytes.FlashRead != want {
				t.Errorf("%s of %s read %d bytes from storage, want %d", o.Tensor, r.Op, o.Bytes.FlashRead, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMistakesInExpertCaches(t *testing.T) {
	m := machine(t, Config{Device: shipped(t, "pixel8pro"), Experts: &ExpertCache{Policy: experts.LRU}})
	if _, err := m.Replay(context.Background(), routed(1, func(int, int) []int32 { return []int32{1} }), nil); !fault.IsUser(err) {
		t.Error(err)
	}
}
