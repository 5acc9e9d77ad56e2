package engine

import (
	"context"

	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// Recording says what a model runs while what it moves is written down. The
// zero value of a field is its default.
type Recording struct {
	Options           // of the engine
	PromptIDs []int32 // what is processed first
	Prompt    int     // length of a seeded prompt, where there are no PromptIDs
	Tokens    int     // decode steps
	Held      int     // positions that the cache holds before the prompt
	Verify    Verify  // each step verifies drafted tokens, without arithmetic; zero: a step is one token
	Seed      uint64  // of prompt and tokens
	Routes    Routes  // of a shape-only session's experts; nil draws them
	Generator string  // program and version, for the header

	// Step, if set, is called after the engine is ready, after the prompt and
	// after each token, with what comes next.
	Step func(doing string)
}

// Verify says what a step of a model does whose next tokens were drafted: it takes
// Width tokens in one pass, and goes on behind Keep of them, from 1 to Width.
type Verify struct{ Width, Keep int }

// Record runs the model of src, hands every event to sink, and returns the header
// of the trace. It ends early with ctx's error when ctx is done.
//
// After a seeded prompt, and without arithmetic, the tokens are seeded too,
// whatever the model would choose: such a trace is the same on every machine, with
// weights and without. After PromptIDs they are the model's likeliest. Positions
// that are held are computed, if anything is, and not recorded.
func Record(ctx context.Context, src weights.Source, sink traces.Sink, r Recording) (traces.Header, error) {
	e, err := New(src, r.Options)
	if err != nil {
		return traces.Header{}, err
	}
	defer e.Close()
	prompt := r.Prompt
	if len(r.PromptIDs) > 0 {
		prompt = len(r.PromptIDs)
	}
	room := r.Held + prompt + r.Tokens
	if r.Verify.Width > 0 {
		room = r.Held + prompt + r.Tokens*r.Verify.Keep + r.Verify.Width
	}
	s, err := e.NewSession(SessionOptions{Context: room, Sink: untilDone{ctx, sink}, Routes: r.Routes, Verify: r.Verify.Width})
	if err != nil {
		return traces.Header{}, err
	}
	if r.Step == nil {
		r.Step = func(string) {}
	}
	if err := s.hold(ctx, r); err != nil {
		return traces.Header{}, err
	}
	if r.Verify.Width > 0 {
		if err := s.verify(ctx, r, prompt); err != nil {
			return traces.Header{}, err
		}
		return s.Header(r.Generator, r.Seed), ctx.Err()
	}
	if err := s.record(ctx, r, RandomTokens(r.Seed, prompt+r.Tokens, e.shape.Vocab)); err != nil {
		return traces.Header{}, err
	}
	return s.Header(r.Generator, r.Seed), ctx.Err()
}

// hold fills the cache with the positions before the prompt, from seeded tokens of
// their own.
func (s *Session) hold(ctx context.Context, r Recording) error {
	switch {
	case r.Held == 0:
		return nil
	case s.engine.shapeOnly:
		return s.Hold(r.Held)
	}
	r.Step("filling the context")
	kept, timing := s.rec, s.timing
	s.rec = nil
	_, err := s.Prefill(ctx, RandomTokens(r.Seed+1, r.Held, s.engine.shape.Vocab))
	s.rec, s.timing = kept, timing
	return err
}

// record runs prompt and tokens, from seeded ids for both unless r says others.
func (s *Session) record(ctx context.Context, r Recording, seeded []int32) (err error) {
	prompt, tokens := seeded[:len(seeded)-r.Tokens], seeded[len(seeded)-r.Tokens:]
	chosen := len(r.PromptIDs) > 0 && !s.engine.shapeOnly
	if len(r.PromptIDs) > 0 {
		prompt = r.PromptIDs
	}
	r.Step("reading the prompt")
	var logits []float32
	if len(prompt) > 0 {
		if logits, err = s.Prefill(ctx, prompt); err != nil {
			return err
		}
	}
	r.Step("decoding")
	for i, id := range tokens {
		if chosen {
			id = Greedy(logits)
		}
		if logits, err = s.Decode(ctx, id); err != nil {
			return err
		}
		if (i+1)%flushEvery == 0 {
			if err := s.Flush(); err != nil {
				return err
			}
		}
		r.Step("decoding")
	}
	return s.Flush()
}

// verify reads a seeded prompt of so many tokens, and runs steps that verify seeded
// ones.
func (s *Session) verify(ctx context.Context, r Recording, prompt int) error {
	seeded := RandomTokens(r.Seed, prompt+r.Verify.Width, s.engine.shape.Vocab)
	if prompt > 0 {
		if _, err := s.Prefill(ctx, seeded[:prompt]); err != nil {
			return err
		}
	}
	for range r.Tokens {
		if _, err := s.Verify(ctx, seeded[prompt:], r.Verify.Keep); err != nil {
			return err
		}
	}
	return s.Flush()
}

// flushEvery is after how many decode steps their events are written: rarely, since
// that takes caches from the next step, and often enough that a long run needs no
// more memory than a short one.
const flushEvery = 512

// untilDone hands events on until ctx is done.
type untilDone struct {
	ctx context.Context
	traces.Sink
}

func (u untilDone) Emit(events []traces.Event) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	return u.Sink.Emit(events)
}
