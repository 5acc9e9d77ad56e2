package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// record replays tokens on a model and returns the trace.
func record(t tester, src *madeUp, o Options, batch int, prompt, tokens []int32) *traces.Trace {
	t.Helper()
	e := newEngine(t, src, o)
	defer e.Close()
	trace := &traces.Trace{}
	s := newSession(t, e, SessionOptions{Batch: batch, Sink: trace})
	if err := s.Replay(background, prompt, tokens); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	trace.Head = s.Header("test", 1)
	return trace
}

// TestShapeOnlyRecordsTheSameEvents holds a run without weights and arithmetic
// to one with them, host times aside.
func TestShapeOnlyRecordsTheSameEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawAnyShape(t)
		shape.Experts = nil // which a router chooses by values
		src := makeUp(shape, drawTypes(t), 1)
		batch := rapid.IntRange(1, 6).Draw(t, "batch")
		prompt, tokens := drawTokens(t, shape, 1, 10), drawTokens(t, shape, 0, 4)
		full := record(t, src, Options{}, batch, prompt, tokens)
		bare := record(t, src.withoutData(), Options{ShapeOnly: true}, batch, prompt, tokens)
		for i := range full.Events {
			full.Events[i].HostNS = 0
		}
		if !slices.Equal(full.Events, bare.Events) {
			for i := range full.Events {
				if full.Events[i] != bare.Events[i] {
					t.Fatalf("event %d:\n%+v with weights\n%+v shape-only", i, full.Events[i], bare.Events[i])
				}
			}
			t.Fatalf("%d events with weights, %d shape-only", len(full.Events), len(bare.Events))
		}
		if !slices.Equal(full.Head.Arenas, bare.Head.Arenas) || !bare.Head.ShapeOnly || full.Head.ShapeOnly {
			t.Fatalf("headers:\n%+v\n%+v", full.Head, bare.Head)
		}
	})
}

// TestEventsAreValid checks what every trace must hold: valid events, operands
// within the arena of their kind, operators numbered in order.
func TestEventsAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		src := makeUp(shape, drawTypes(t), 1).withoutData()
		trace := record(t, src, Options{ShapeOnly: true}, 4, drawTokens(t, shape, 1, 10), drawTokens(t, shape, 0, 4))
		arenas := map[traces.Kind]traces.Arena{}
		for i, a := range trace.Head.Arenas {
			arenas[a.Kind] = a
			if i > 0 && a.Addr%arenaAlign != 0 {
				t.Fatalf("arena %+v is not aligned", a)
			}
		}
		seq := int64(0)
		for op, err := range trace.Ops() {
			if err != nil {
				t.Fatal(err)
			}
			if op[0].Seq != seq {
				t.Fatalf("operator %d follows %d", op[0].Seq, seq-1)
			}
			seq++
			for i, e := range op {
				if err := e.Validate(); err != nil {
					t.Fatalf("%+v: %v", e, err)
				}
				a := arenas[e.Kind]
				if e.Addr < a.Addr || e.Addr+uint64(e.Bytes) > a.Addr+uint64(a.Bytes) {
					t.Fatalf("%+v lies outside of %+v", e, a)
				}
				if i > 0 && (e.MACs != 0 || e.HostNS != 0) {
					t.Fatalf("operand %d of %s has the operator's figures", i, e.Op)
				}
			}
		}
	})
}

// TestADecodeStepReadsTheWholeModelOnce is the reason of all this: without
// sharing, a token's weight traffic is the model without the rows of the
// embedding that it does not look up; with sharing, each block's once a run.
func TestADecodeStepReadsTheWholeModelOnce(t *testing.T) {
	for _, sharing := range []model.Sharing{model.NoSharing, model.Immediate, model.Reverse} {
		shape := small()
		shape.Sharing, shape.Tied = sharing, false
		if sharing != model.NoSharing {
			shape.Repeat = 2
		}
		src := makeUp(shape, allOf(quant.F16), 1)
		trace := record(t, src, Options{ShapeOnly: true}, 4, []int32{1, 2}, []int32{3})
		var weights, kv, macs int64
		for _, e := range trace.Events {
			if e.Phase != traces.Decode {
				continue
			}
			macs += e.MACs
			switch e.Kind {
			case traces.Weight:
				weights += e.Bytes
			case traces.KV:
				kv += e.Bytes
			}
		}
		var want, products int64
		for _, tensor := range src.tensors {
			runs := int64(1)
			if blockOf(tensor.Name) >= 0 {
				runs = int64(shape.Runs())
			}
			if tensor.Rows > 1 && tensor.Name != "token_embd.weight" {
				products += runs * int64(tensor.Rows) * int64(tensor.Cols)
			}
			if tensor.Name == "token_embd.weight" {
				want += int64(tensor.Type.RowBytes(tensor.Cols))
				continue
			}
			want += runs * tensor.Bytes()
		}
		if weights != want {
			t.Errorf("%s: %d bytes of weights, want %d", sharing, weights, want)
		}
		// The third token writes a row of K and of V and reads three, per layer.
		row := int64(shape.KVDim() * 2)
		if layers := int64(shape.Executed()); kv != layers*2*(row+3*row) {
			t.Errorf("%s: %d bytes of KV cache, want %d", sharing, kv, layers*2*4*row)
		}
		if want := products + int64(shape.Executed()*2*3*shape.QDim()); macs != want {
			t.Errorf("%s: %d multiply-accumulates, want %d", sharing, macs, want)
		}
	}
}

func TestLoadComesFirstAndReadsEveryTensor(t *testing.T) {
	src := makeUp(small(), allOf(quant.Q8_0), 1)
	trace := record(t, src, Options{ShapeOnly: true}, 4, []int32{1}, nil)
	for i, tensor := range src.tensors {
		e := trace.Events[i]
		if e.Phase != traces.Load || e.Tensor != tensor.Name || e.Addr != tensor.Offset || e.Bytes != tensor.Bytes() || e.Op != "load" || e.Token != -1 || e.Layer != -1 {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if e := trace.Events[len(src.tensors)]; e.Phase != traces.Prefill || e.Seq != int64(len(src.tensors)) {
		t.Errorf("load is followed by %+v", e)
	}
	if e := trace.Events[3]; e.Block != 0 {
		t.Errorf("%s belongs to block %d", e.Tensor, e.Block)
	}
}

func TestHostTimesOfATokenSumToItsTime(t *testing.T) {
	trace := record(t, makeUp(small(), allOf(quant.F32), 1), Options{}, 4, []int32{1, 2, 3, 4, 5}, []int32{6, 7, 8})
	sums := map[traces.Phase]int64{}
	for _, e := range trace.Events {
		sums[e.Phase] += e.HostNS
	}
	for phase, whole := range map[traces.Phase]int64{traces.Prefill: trace.Head.HostPrefillNS, traces.Decode: trace.Head.HostDecodeNS} {
		if sums[phase] <= 0 || sums[phase] > whole {
			t.Errorf("%s: operators took %d ns of %d", phase, sums[phase], whole)
		}
	}
	if h := trace.Head; h.PromptTokens != 5 || h.Tokens != 3 {
		t.Errorf("header counts %d and %d tokens", h.PromptTokens, h.Tokens)
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	src := makeUp(small(), allOf(quant.F32), 1)
	e := newEngine(t, src, Options{Threads: 1})
	defer e.Close()
	s := newSession(t, e, SessionOptions{Sink: discard{}})
	step := func() {
		s.Reset() // so that the kernels' scratch does not grow with the position
		if _, err := s.Decode(background, 3); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("a recorded step and its events allocate %v times", n)
	}
}

type discard struct{}

func (discard) Emit([]traces.Event) error { return nil }

// TestEveryPresetRunsShapeOnly covers the architectures whose arithmetic the
// engine does not know.
func TestEveryPresetRunsShapeOnly(t *testing.T) {
	for _, name := range model.Presets() {
		src, err := weights.Open(name, weights.Options{Quant: "f16", ShapeOnly: true})
		if err != nil {
			t.Error(err)
			continue
		}
		trace := &traces.Trace{}
		s := newSession(t, newEngine(t, src, Options{ShapeOnly: true}), SessionOptions{Sink: trace})
		if err := s.Replay(background, []int32{1, 2, 3}, []int32{4}); err != nil {
			t.Error(err)
		}
		if err := s.Flush(); err != nil {
			t.Error(err)
		}
		var read int64
		for _, e := range trace.Events {
			if e.Phase == traces.Decode && e.Kind == traces.Weight {
				read += e.Bytes
			}
		}
		if want := activeParams(src.Shape()) * 2; float64(read) < float64(want) || float64(read) > float64(want)*1.015 {
			t.Errorf("%s: a token reads %d bytes of weights, its parameters have %d", name, read, want)
		}
		src.Close()
	}
}

// activeParams counts the parameters that a token needs: those of all tensors,
// but for experts that it does not pass, and for rows of embeddings that are not
// its own. (Two bytes a parameter, in f16; norms have four.)
func activeParams(s model.Shape) int64 {
	sum := int64(0)
	for t := range s.Tensors() {
		n := t.Values()
		if t.Block >= 0 {
			n *= int64(s.Runs())
		}
		switch {
		case t.Computed(), t.Role == model.PerLayerEmbd, t.Role == model.TokenEmbd && !s.Tied:
			n = 0
		case t.Experts > 0:
			n = n / int64(s.Experts.Count) * int64(s.Experts.Used)
		}
		sum += n
	}
	return sum
}

// TestHeldPositionsMoveWhatComputedOnesDo holds a token behind positions that are
// only taken as held to the same token behind a prompt.
func TestHeldPositionsMoveWhatComputedOnesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		src := makeUp(shape, drawTypes(t), 1).withoutData()
		prompt, tokens := drawTokens(t, shape, 1, 10), drawTokens(t, shape, 1, 3)
		whole := record(t, src, Options{ShapeOnly: true}, 4, prompt, tokens)
		e := newEngine(t, src, Options{ShapeOnly: true})
		defer e.Close()
		held := &traces.Trace{}
		s := newSession(t, e, SessionOptions{Batch: 4, Sink: held})
		if err := s.Hold(len(prompt)); err != nil {
			t.Fatal(err)
		}
		for _, id := range tokens {
			if _, err := s.Decode(background, id); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		decoded := func(events []traces.Event) (out []traces.Event) {
			for _, e := range events {
				if e.Phase == traces.Decode {
					e.Seq = 0
					out = append(out, e)
				}
			}
			return out
		}
		if got, want := decoded(held.Events), decoded(whole.Events); !slices.Equal(got, want) {
			t.Fatalf("%d events behind held positions, %d behind a prompt, and they differ", len(got), len(want))
		}
	})
}

func TestOnlyShapesHoldWhatWasNotComputed(t *testing.T) {
	src := makeUp(model.Shape{Name: "x", Layers: 1, Dim: 32, FFN: 32, Heads: 1, KVHeads: 1, Vocab: 8, Context: 16}.Resolved(), nil, 1)
	computing := newSession(t, newEngine(t, src, Options{}), SessionOptions{})
	if err := computing.Hold(1); !fault.IsUser(err) {
		t.Errorf("a session that computes holds a position: %v", err)
	}
	bare := newSession(t, newEngine(t, src.withoutData(), Options{ShapeOnly: true}), SessionOptions{})
	if err := bare.Hold(17); !fault.IsUser(err) {
		t.Errorf("17 positions fit a context of 16: %v", err)
	}
}
