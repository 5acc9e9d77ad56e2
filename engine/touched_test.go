package engine

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/traces"
)

// observed returns a session whose kernels mark what they touch.
func observed(t tester, src *madeUp, batch int) (*Session, *touching) {
	kernels := &touching{}
	s := newSession(t, newEngine(t, src, Options{Kernels: kernels}), SessionOptions{Batch: batch, Sink: &traces.Trace{}})
	for _, tensor := range s.engine.tensors.all() {
		observe(kernels, tensor.Name, tensor.Data, tensor.Offset, 0)
	}
	p := s.program
	for _, c := range p.caches {
		for _, half := range []cacheHalf{c.k, c.v} {
			observe(kernels, half.name, half.data, half.addr, 0)
		}
	}
	for _, f := range p.acts.floats {
		observe(kernels, f.name, f.data, f.addr, 0)
	}
	for _, e := range p.acts.encoded {
		v := &e.vectors
		observe(kernels, e.name, v.F32, e.addr, 0)
		observe(kernels, e.name+" values", v.Q, e.addr, 0)
		observe(kernels, e.name+" scales", v.Scale, e.addr, v.Dim)
		observe(kernels, e.name+" sums", v.Sum, e.addr, v.Dim+4*v.Dim/32)
	}
	return s, kernels
}

// all returns every tensor once.
func (m *modelTensors) all() []*tensor {
	all := []*tensor{m.embedding, m.outputNorm}
	if m.output != m.embedding {
		all = append(all, m.output)
	}
	for i := range m.blocks {
		b := &m.blocks[i]
		for _, t := range []*tensor{b.attnNorm, b.q, b.k, b.v, b.output, b.qBias, b.kBias, b.vBias, b.qNorm, b.kNorm, b.ffnNorm, b.gate, b.up, b.down} {
			if t != nil {
				all = append(all, t)
			}
		}
	}
	return all
}

// TestTraceIsWhatKernelsTouch holds the trace's operands, byte by byte, to
// counts taken inside kernels, over random models and batches.
func TestTraceIsWhatKernelsTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		src := makeUp(shape, drawTypes(t), rapid.Uint64().Draw(t, "seed"))
		batchSize := rapid.IntRange(1, 5).Draw(t, "batch")
		s, marks := observed(t, src, batchSize)
		tokens := drawTokens(t, shape, 1, 8)
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
	observe(marks, "tokens", ids, p.ops[0].operands[0].addr, 0)
	defer func() { marks.buffers = marks.buffers[:len(marks.buffers)-1] }()
	b := &batch{pos: s.pos, n: len(ids), ids: ids}
	r := s.rec
	r.timed = false
	r.expand(step{phase: traces.Prefill, pos: b.pos, n: b.n, ops: len(p.ops)}, b, nil)
	trace := traces.Trace{Events: r.events}
	i := 0
	for events, err := range trace.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		p.ops[i].run(b)
		vectors := b.n
		if i >= p.head {
			vectors = 1
		}
		reads, writes := marks.touched(vectors)
		compare(t, events, traces.Read, reads)
		compare(t, events, traces.Write, writes)
		i++
	}
	s.pos += len(ids)
}

// compare holds the ranges of one operator's events to a set of bytes.
func compare(t *rapid.T, events traces.Op, access traces.Access, touched map[uint64]bool) {
	total := 0
	for _, e := range events {
		if e.Access != access {
			continue
		}
		total += int(e.Bytes)
		for i := range uint64(e.Bytes) {
			if !touched[e.Addr+i] {
				t.Fatalf("%s of %s: the trace has byte %d of %d, the kernel did not touch it", e.Op, e.Tensor, i, e.Bytes)
			}
		}
	}
	if total != len(touched) {
		t.Fatalf("%s: the trace has %d bytes of %s, the kernel touched %d", events[0].Op, total, access, len(touched))
	}
}
