package engine

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/traces"
)

// observed returns a session whose kernels mark what they touch.
func observed(t tester, src *madeUp, batch int, o Options) (*Session, *touching) {
	kernels := &touching{}
	o.Kernels = kernels
	s := newSession(t, newEngine(t, src, o), SessionOptions{Batch: batch, Sink: &traces.Trace{}})
	kernels.observeAll(s)
	return s, kernels
}

// all returns every tensor once.
func (m *modelTensors) all() []*tensor {
	var all []*tensor
	for _, p := range append([]parts{m.outer}, m.blocks...) {
		for _, t := range p {
			all = append(all, t)
		}
	}
	return all
}

// TestTraceIsWhatKernelsTouch holds the trace's operands, byte by byte, to
// counts taken inside kernels, over random models and batches.
func TestTraceIsWhatKernelsTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawAnyShape(t)
		src := makeUp(shape, drawTypes(t), rapid.Uint64().Draw(t, "seed"))
		batchSize := rapid.IntRange(1, 4).Draw(t, "batch")
		s, marks := observed(t, src, batchSize, Options{})
		tokens := drawTokens(t, shape, 1, 6)
		for len(tokens) > 0 {
			n := min(len(tokens), batchSize)
			checkPass(t, s, marks, tokens[:n])
			tokens = tokens[n:]
		}
	})
}

// checkPass runs a batch operator by operator and compares each one's events
// with its marks.
func checkPass(t *rapid.T, s *Session, marks *touching, ids []int32) {
	p := s.program
	ids = append([]int32(nil), ids...)
	observe(marks, "tokens", ids, p.ops[0].operands[0].addr)
	defer func() { marks.buffers = marks.buffers[:len(marks.buffers)-1] }()
	b := &batch{pos: s.pos, n: len(ids), ids: ids}
	for i := range p.ops {
		p.ops[i].run(b)
		events := s.rec.eventsOf(&p.ops[i], b) // after the run, which chooses experts
		vectors := b.n
		if i >= p.head {
			vectors = 1
		}
		compare(t, events, traces.Read, marks, vectors)
		compare(t, events, traces.Write, marks, vectors)
		marks.clear()
	}
	s.pos += len(ids)
}

// eventsOf returns the events of one operator.
func (r *recorder) eventsOf(op *operator, b *batch) traces.Op {
	r.events = nil
	for j := range op.operands {
		r.append(traces.Prefill, op, &op.operands[j], b)
	}
	return r.events
}

// TestTheEnginesKernelsTouchNothingElse runs each operator twice on the engine's
// own kernels: as it is, and with every byte overwritten that the trace does not
// have among its reads. Both must leave the same in what the trace says is
// written, and nothing anywhere else.
func TestTheEnginesKernelsTouchNothingElse(t *testing.T) {
	qwen2, qwen3, reverse := small(), small(), small()
	qwen2.QKVBias, qwen3.QKNorm = true, true
	reverse.Sharing, reverse.Repeat, reverse.Tied = model.Reverse, 2, false
	for name, src := range map[string]*madeUp{
		"f32":        makeUp(small(), allOf(quant.F32), 1),
		"f16":        makeUp(reverse, allOf(quant.F16), 1),
		"bf16":       makeUp(small(), allOf(quant.BF16), 1),
		"q8_0":       makeUp(qwen2, allOf(quant.Q8_0), 1),
		"q4_0":       makeUp(qwen3, allOf(quant.Q4_0), 1),
		"q4_1":       makeUp(small(), allOf(quant.Q4_1), 1),
		"q5_0, q5_1": makeUp(small(), matrixTypes{"q": quant.Q5_0, "k": quant.Q5_1, "up": quant.Q5_0, "down": quant.Q5_1}, 1),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, src, Options{})
			defer e.Close()
			s := newSession(t, e, SessionOptions{Batch: 5, Sink: discard{}})
			memory := &touching{}
			memory.observeAll(s)
			for _, ids := range [][]int32{{3, 1, 4, 1, 5}, {9}} {
				checkPoisoned(t, s, memory, ids)
			}
		})
	}
}

func checkPoisoned(t *testing.T, s *Session, memory *touching, ids []int32) {
	p := s.program
	b := &batch{pos: s.pos, n: len(ids), ids: ids}
	s.rec.timed = false
	s.rec.expand(step{phase: traces.Prefill, pos: b.pos, n: b.n, ops: len(p.ops)}, b, nil)
	trace, i := traces.Trace{Events: s.rec.events}, 0
	for events := range trace.Ops() {
		vectors := b.n
		if i >= p.head {
			vectors = 1
		}
		before := memory.snapshot()
		p.ops[i].run(b)
		plain := memory.snapshot()
		memory.poison(events, before, vectors)
		want := memory.snapshot()
		p.ops[i].run(b)
		for j, buffer := range memory.buffers {
			buffer.operands(events, traces.Write, vectors, func(from, to int) { copy(want[j][from:to], plain[j][from:to]) })
			if at := firstDifference(buffer.memory, want[j]); at >= 0 {
				t.Fatalf("%s: byte %d of %s is %#x, want %#x", events[0].Op, at, buffer.name, buffer.memory[at], want[j][at])
			}
		}
		memory.restore(plain)
		i++
	}
	s.pos += len(ids)
}

// poison fills all memory with bits that are NaN in every float format, but for
// what an operator reads, which it takes from before.
func (t *touching) poison(events traces.Op, before [][]byte, vectors int) {
	for i, b := range t.buffers {
		for at := range b.memory {
			b.memory[at] = 0xff
		}
		b.operands(events, traces.Read, vectors, func(from, to int) { copy(b.memory[from:to], before[i][from:to]) })
	}
}

func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

func (t *touching) snapshot() [][]byte {
	copies := make([][]byte, len(t.buffers))
	for i, b := range t.buffers {
		copies[i] = slices.Clone(b.memory)
	}
	return copies
}

func (t *touching) restore(copies [][]byte) {
	for i, b := range t.buffers {
		copy(b.memory, copies[i])
	}
}

// compare holds the operands of one operator to what its kernels marked: every
// byte of each was touched, and nothing else was.
func compare(t *rapid.T, events traces.Op, access traces.Access, marks *touching, vectors int) {
	total := int64(0)
	for _, e := range events {
		if e.Access != access {
			continue
		}
		total += e.Bytes
		if n := marks.touched(access, e.Addr, uint64(e.Bytes), vectors); n != e.Bytes {
			t.Fatalf("%s of %s: the trace has %d bytes of %s, the kernel touched %d of them", e.Op, e.Tensor, e.Bytes, access, n)
		}
	}
	if n := marks.touchedAtAll(access); n != total {
		t.Fatalf("%s: the trace has %d bytes of %s, the kernel touched %d", events[0].Op, total, access, n)
	}
}
