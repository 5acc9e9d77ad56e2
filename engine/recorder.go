package engine

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/memsim/memsim/traces"
)

// recorder writes down what a session's operators moved.
//
// While a pass runs it only notes the time after each operator: one clock read,
// and no memory once its logs have grown. All else follows from the batch and
// the program, and is worked out in flush, off the clock.
type recorder struct {
	sink    traces.Sink
	program *program
	load    []traces.Event // emitted before all steps; nil once it was
	epoch   time.Time
	timed   bool // host times are noted; false if shape-only
	last    time.Duration

	steps   []step
	ids     []int32 // of all steps
	experts []int32 // that all steps chose, of each router in turn
	host    []int64 // nanoseconds of each operator of all steps

	seq      int64
	seen     map[int32]bool // ids of the batch being expanded
	events   []traces.Event
	capacity int // events of a decode step
}

// step is one pass over the program, or over its start.
type step struct {
	phase  traces.Phase
	pos, n int
	ops    int // operators that ran, from the first
}

// newRecorder returns a recorder whose first events are the load of every
// tensor of the model.
func newRecorder(sink traces.Sink, p *program, e *Engine) *recorder {
	r := &recorder{sink: sink, program: p, timed: !e.shapeOnly, epoch: time.Now(), seen: map[int32]bool{}}
	for i := range p.ops {
		r.capacity += len(p.ops[i].operands)
	}
	for i, t := range e.source.Tensors() {
		r.load = append(r.load, traces.Event{
			Seq:    int64(i),
			Phase:  traces.Load,
			Token:  -1,
			Op:     "load",
			Layer:  outside,
			Expert: -1,
			Block:  blockOf(t.Name),
			Tensor: t.Name,
			Kind:   traces.Weight,
			Access: traces.Read,
			Addr:   t.Offset,
			Bytes:  t.Bytes(),
			DType:  string(t.Type),
		})
	}
	return r
}

// blockOf returns the stored block that a tensor name belongs to, or outside.
func blockOf(name string) int32 {
	rest, inBlock := strings.CutPrefix(name, "blk.")
	number, _, _ := strings.Cut(rest, ".")
	block, err := strconv.ParseInt(number, 10, 32)
	if err != nil || !inBlock {
		return outside
	}
	return int32(block)
}

// begin starts the clock of a pass. A nil recorder records nothing.
func (r *recorder) begin() {
	if r != nil && r.timed {
		r.last = time.Since(r.epoch)
	}
}

// lap notes the time since the last call as that of the operator that ended.
// The end of an operator is the start of the next, so that the times of a pass
// sum to its whole.
func (r *recorder) lap() {
	if r == nil || !r.timed {
		return
	}
	now := time.Since(r.epoch)
	r.host = append(r.host, int64(now-r.last))
	r.last = now
}

// commit keeps the pass that has just run.
func (r *recorder) commit(phase traces.Phase, b *batch, ops int) {
	if r == nil {
		return
	}
	r.steps = append(r.steps, step{phase: phase, pos: b.pos, n: b.n, ops: ops})
	r.ids = append(r.ids, b.ids...)
	for _, ids := range b.routes {
		r.experts = append(r.experts, ids...)
	}
}

// drop forgets the pass that was interrupted after some operators.
func (r *recorder) drop(ops int) {
	if r != nil && r.timed {
		r.host = r.host[:len(r.host)-ops]
	}
}

// flush emits the events of all passes since the last flush, a call of the sink
// for each pass. After an error the events that were not emitted are lost.
func (r *recorder) flush() error {
	if r.load != nil {
		events := r.load
		r.load, r.seq = nil, int64(len(events))
		if err := r.sink.Emit(events); err != nil {
			return err
		}
	}
	defer r.forget()
	buffer := eventBuffers.Get().(*[]traces.Event)
	r.events = *buffer
	defer func() {
		*buffer, r.events = r.events, nil
		eventBuffers.Put(buffer)
	}()
	ids, host, experts := r.ids, r.host, r.experts
	for _, s := range r.steps {
		b := batch{pos: s.pos, n: s.n, ids: ids[:s.n]}
		ids = ids[s.n:]
		for i, router := range r.program.routers {
			chosen := s.n * router.ids.width
			b.keepRoutes(i, experts[:chosen])
			experts = experts[chosen:]
		}
		r.expand(s, &b, host)
		if r.timed {
			host = host[s.ops:]
		}
		if err := r.sink.Emit(r.events); err != nil {
			return err
		}
	}
	return nil
}

// eventBuffers serve one flush after another; sinks keep no events.
var eventBuffers = sync.Pool{New: func() any { return new([]traces.Event) }}

func (r *recorder) forget() {
	r.steps, r.ids, r.host, r.experts = r.steps[:0], r.ids[:0], r.host[:0], r.experts[:0]
}

// expand makes the events of a pass in r.events.
func (r *recorder) expand(s step, b *batch, host []int64) {
	r.events = slices.Grow(r.events[:0], r.capacity+b.n)
	for i := range r.program.ops[:s.ops] {
		op := &r.program.ops[i]
		first := len(r.events)
		for j := range op.operands {
			r.append(s.phase, op, &op.operands[j], b)
		}
		r.events[first].MACs = op.work.macs(b)
		if r.timed {
			r.events[first].HostNS = host[i]
		}
		r.seq++
	}
}

func (r *recorder) append(phase traces.Phase, op *operator, o *operand, b *batch) {
	switch {
	case o.gathered:
		r.appendRows(phase, op, o, b.ids, o.perToken, false, b)
	case o.router > 0:
		r.appendRows(phase, op, o, b.routes[o.router-1], o.perExpert, true, b)
	case o.cache != nil:
		from, to := o.positions(b)
		for row := o.cache.rowBytes(); from < to; {
			first, rows := o.cache.stretch(from, to)
			r.appendRange(phase, op, o, b, o.addr+uint64(first)*uint64(row), int64(rows)*row)
			from += rows
		}
	default:
		r.appendRange(phase, op, o, b, o.address(b), o.bytes(b))
	}
}

// appendRows adds a range for each different number among those given: the rows
// of an embedding, or the slices of experts.
func (r *recorder) appendRows(phase traces.Phase, op *operator, o *operand, numbers []int32, bytes int64, experts bool, b *batch) {
	clear(r.seen)
	for _, id := range numbers {
		if r.seen[id] {
			continue
		}
		r.seen[id] = true
		r.appendRange(phase, op, o, b, o.addr+uint64(id)*uint64(bytes), bytes)
		if experts {
			r.events[len(r.events)-1].Expert = id
		}
	}
}

func (r *recorder) appendRange(phase traces.Phase, op *operator, o *operand, b *batch, addr uint64, bytes int64) {
	r.events = append(r.events, traces.Event{
		Seq:    r.seq,
		Phase:  phase,
		Token:  int32(b.pos),
		Op:     op.name,
		Expert: -1,
		Layer:  op.layer,
		Block:  op.block,
		Tensor: o.tensor,
		Kind:   o.kind,
		Access: o.access,
		Addr:   addr,
		Bytes:  bytes,
		DType:  o.dtype,
	})
}
