package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/memsim/memsim/engine/internal/memory"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

const (
	// DefaultContext is how many positions a session has room for unless told
	// otherwise, or the model's own number if that is smaller.
	DefaultContext = 4096
	// DefaultBatch is how many tokens of a prompt are processed at once: enough
	// for matrix products to run at the speed of arithmetic, few enough for
	// their activations to stay in a cache.
	DefaultBatch = 512

	maxCacheBytes = 1 << 40 // of a KV cache, far within the address space of a trace
)

// SessionOptions says how large a session is, and where its events go.
type SessionOptions struct {
	Context int         // positions that the KV cache has room for; 0 is DefaultContext
	Batch   int         // most tokens processed at once; 0 is DefaultBatch
	Sink    traces.Sink // takes the events; nil records nothing
	Routes  Routes      // of a shape-only session's experts; nil is SkewedRoutes with DefaultSkew
	Verify  int         // most tokens that Verify takes; 0: it is not called
}

// Session is one sequence of tokens: its KV cache, its position and what it
// recorded. It is for one goroutine at a time.
type Session struct {
	engine  *Engine
	program *program
	rec     *recorder // nil unless recording
	context int
	pos     int
	timing  Timing
}

// Timing sums what a session did.
type Timing struct {
	PromptTokens int           // tokens that went through Prefill
	Tokens       int           // tokens that went through Decode
	Prefill      time.Duration // wall time, 0 if shape-only
	Decode       time.Duration
}

// NewSession returns a session at position 0. A context that exceeds the
// model's, and one whose KV cache does not fit into memory, are the user's error.
func (e *Engine) NewSession(o SessionOptions) (*Session, error) {
	if o.Context == 0 {
		o.Context = min(DefaultContext, e.shape.Context)
	}
	if o.Batch == 0 {
		o.Batch = DefaultBatch
	}
	if o.Context < 1 || o.Context > e.shape.Context {
		return nil, fault.Userf("a context of %d positions: model %s is made for 1 to %d", o.Context, e.source.Name(), e.shape.Context)
	}
	if o.Batch < 1 {
		return nil, fault.Userf("a batch of %d tokens: give 1 or more", o.Batch)
	}
	batch := min(o.Batch, o.Context)
	if o.Verify > 0 {
		batch = o.Verify // each of its passes verifies
	}
	err := e.checkRoom(o.Context, batch)
	if err != nil {
		return nil, err
	}
	s := &Session{engine: e, context: o.Context, program: e.newProgram(o.Context, batch, e.shapeOnly, o.Verify > 0)}
	if e.shapeOnly && len(s.program.routers) > 0 {
		if s.program.routes, err = e.routes(o.Routes); err != nil {
			return nil, err
		}
	}
	if o.Sink != nil {
		s.rec = newRecorder(o.Sink, s.program, e)
	}
	return s, nil
}

// routes returns what chooses experts: routes that were given, if they are of such
// a model, or drawn ones.
func (e *Engine) routes(given Routes) (Routes, error) {
	count, used := e.shape.Experts.Count, e.shape.Experts.Used
	switch r := given.(type) {
	case nil:
		return SkewedRoutes{Experts: count, Skew: DefaultSkew}, nil
	case SkewedRoutes:
		r.Experts = count
		return r, nil
	case interface {
		Fits(experts, used, layers int) error
	}:
		return given, r.Fits(count, used, e.shape.Executed())
	}
	return given, nil
}

// checkRoom refuses, as the user's mistake, a session whose buffers go beyond the
// address space of a trace or, if they are to be filled, the memory that is free:
// Go ends a program that asks for more.
func (e *Engine) checkRoom(context, batch int) error {
	if size := e.cacheBytes(context, batch); size > maxCacheBytes {
		return fault.Userf("a context of %d positions: the KV cache of %d layers would take %.3g bytes; give a smaller context", context, e.shape.Executed(), size)
	}
	if e.shapeOnly {
		return nil
	}
	free, known := memory.Free()
	if !known {
		return nil
	}
	plan := e.newProgram(context, batch, true, false)
	if need := plan.kv.Bytes + plan.acts.region.arena.Bytes; need > free {
		return fault.Userf("a context of %d positions and batches of %d tokens: KV cache and activations need %.1f GB of memory, of which %.1f GB are free; give a smaller context, or a smaller batch",
			context, batch, float64(need)/1e9, float64(free)/1e9)
	}
	return nil
}

// cacheBytes returns the size of the KV cache, as a float that cannot overflow.
func (e *Engine) cacheBytes(context, batch int) float64 {
	size := 0.0
	for _, block := range e.shape.Schedule() {
		l, positions := e.shape.Layer(block), context
		if l.Window > 0 {
			positions = min(context, l.Window+batch)
		}
		if l.Mixer == model.Attention && l.KVFrom == block {
			size += float64(positions) * float64(e.cacheFormat.RowBytes(l.KVDim())+e.cacheFormat.RowBytes(l.VDim()))
		}
	}
	return size
}

// newProgram lays out a session's memory, and allocates it unless shapeOnly, and
// builds the forward pass over it, to the logits of each token if all.
func (e *Engine) newProgram(context, batch int, shapeOnly, all bool) *program {
	kv := after(uint64(e.source.Size()), "kv", traces.KV)
	p := &program{kernels: e.kernels, shape: e.shape, allLogits: all}
	if !shapeOnly {
		p.ropes = newRoPETables(&e.shape, context)
	}
	p.caches = newCaches(&kv, &e.shape, e.cacheFormat, context, batch, shapeOnly)
	p.kv = kv.arena
	p.acts = newActivations(kv.end(), batch, e.activations, shapeOnly)
	p.forward(e.tensors)
	return p
}

// Position returns the number of tokens processed.
func (s *Session) Position() int { return s.pos }

// Context returns the number of positions that the session has room for.
func (s *Session) Context() int { return s.context }

// Timing returns what the session did so far, interrupted passes left out.
func (s *Session) Timing() Timing { return s.timing }

// Reset forgets all tokens. What was recorded stays.
func (s *Session) Reset() { s.pos = 0 }

// Hold takes n positions as processed, so that the next token attends over them: a
// long context costs nothing to get to. Only a shape-only session can, whose cached
// keys and values have no contents; of another it is the user's mistake.
func (s *Session) Hold(n int) error {
	switch {
	case !s.engine.shapeOnly:
		return fault.Userf("positions can be held without being computed in shape-only runs alone; add --shape-only, or give a prompt of that length")
	case n < 0 || s.pos+n > s.context:
		return fault.Userf("%d positions held after position %d do not fit the context of %d; hold fewer or give a larger context", n, s.pos, s.context)
	}
	s.pos += n
	return nil
}

// Prefill processes tokens, in batches, and returns the logits that follow the
// last: Vocab values that are valid until the next call, nil if shape-only. It
// stops between operators when ctx is done, at the position of the last whole
// batch.
func (s *Session) Prefill(ctx context.Context, ids []int32) ([]float32, error) {
	if len(ids) == 0 {
		return nil, fault.Userf("the prompt is empty; give at least one token")
	}
	if err := s.check(ids); err != nil {
		return nil, err
	}
	for len(ids) > 0 {
		n := min(len(ids), s.program.acts.batch)
		if err := s.run(ctx, traces.Prefill, ids[:n], n == len(ids)); err != nil {
			return nil, err
		}
		ids = ids[n:]
	}
	return s.program.logits.rows(0, 1), nil
}

// Decode processes one token and returns the logits that follow it, as Prefill
// does.
func (s *Session) Decode(ctx context.Context, id int32) ([]float32, error) {
	s.program.one[0] = id
	if err := s.check(s.program.one[:]); err != nil {
		return nil, err
	}
	if err := s.run(ctx, traces.Decode, s.program.one[:], true); err != nil {
		return nil, err
	}
	return s.program.logits.rows(0, 1), nil
}

// Verify processes tokens that a draft proposed, the one in front of them included,
// in one pass, and returns the logits that follow each: Vocab values a token,
// valid until the next call, nil if shape-only. Then only the first keep of them
// count as processed: what a draft got wrong is forgotten, and its rows of the KV
// cache are written anew. SessionOptions.Verify says how many tokens fit.
func (s *Session) Verify(ctx context.Context, ids []int32, keep int) ([]float32, error) {
	switch room := s.program.acts.batch; {
	case !s.program.allLogits || len(ids) < 1 || len(ids) > room:
		return nil, fault.Userf("%d tokens to verify: the session was made for 1 to %d; see SessionOptions.Verify", len(ids), room)
	case keep < 1 || keep > len(ids):
		return nil, fault.Userf("%d of %d verified tokens to keep: keep 1 or more of them", keep, len(ids))
	case !s.engine.shapeOnly && keep < len(ids) && s.engine.shape.Recurrent():
		return nil, fault.Userf("model %s has layers whose state cannot forget a token; keep all that are verified", s.engine.source.Name())
	}
	if err := s.check(ids); err != nil {
		return nil, err
	}
	if err := s.run(ctx, traces.Decode, ids, true); err != nil {
		return nil, err
	}
	s.pos -= len(ids) - keep
	s.timing.Tokens -= len(ids) - keep
	return s.program.logits.rows(0, len(ids)), nil
}

// Flush emits the events of what was processed since the last Flush. Recording
// is cheap because this work is left to it: call it when a run is over, or
// between tokens whose speed does not matter.
func (s *Session) Flush() error {
	if s.rec == nil {
		return nil
	}
	return s.rec.flush()
}

func (s *Session) check(ids []int32) error {
	if s.pos+len(ids) > s.context {
		return fault.Userf("%d tokens after position %d do not fit the context of %d; shorten the prompt, ask for fewer tokens or give a larger context", len(ids), s.pos, s.context)
	}
	for _, id := range ids {
		if id < 0 || int(id) >= s.engine.shape.Vocab {
			return fault.Userf("token id %d: the vocabulary of model %s has ids 0 to %d", id, s.engine.source.Name(), s.engine.shape.Vocab-1)
		}
	}
	return nil
}

// run is one pass over the program for a batch; without head it ends after the
// blocks.
func (s *Session) run(ctx context.Context, phase traces.Phase, ids []int32, head bool) error {
	if err := s.engine.lock(); err != nil {
		return err
	}
	defer s.engine.mu.Unlock()
	return weights.Guard(func() error { return s.pass(ctx, phase, ids, head) })
}

func (s *Session) pass(ctx context.Context, phase traces.Phase, ids []int32, head bool) error {
	ops := s.program.ops
	if !head {
		ops = ops[:s.program.head]
	}
	b := &s.program.current
	*b = batch{pos: s.pos, n: len(ids), ids: ids, routes: b.routes}
	start := s.now()
	s.program.keepStates()
	s.rec.begin()
	for i := range ops {
		if err := ctx.Err(); err != nil {
			s.rec.drop(i)
			s.program.restoreStates()
			return fmt.Errorf("interrupted in %s: %w", phase, err)
		}
		ops[i].run(b)
		s.rec.lap()
	}
	s.rec.commit(phase, b, len(ops))
	s.pos += len(ids)
	s.timing.add(phase, len(ids), s.now().Sub(start))
	return nil
}

// now reads the clock, which a shape-only run has no use for.
func (s *Session) now() time.Time {
	if s.engine.shapeOnly {
		return time.Time{}
	}
	return time.Now()
}

func (t *Timing) add(phase traces.Phase, tokens int, d time.Duration) {
	if phase == traces.Prefill {
		t.PromptTokens += tokens
		t.Prefill += d
		return
	}
	t.Tokens += tokens
	t.Decode += d
}
