package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// capture is one model to be run through the engine.
type capture struct {
	model     string
	open      weights.Options
	prompt    int     // length of a seeded prompt, unless promptIDs are given
	promptIDs []int32 // followed by greedy decoding
	tokens    int     // decode steps
	threads   int
	seed      uint64
}

// name is the model with what is overridden of it.
func (c *capture) name() string {
	if c.open.Overrides.IsZero() {
		return c.model
	}
	return c.model + "+" + c.open.Overrides.String()
}

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

// closeInto closes what a command has open, and makes a failure of that the
// command's, if it has none of its own: a model file that was written to while it
// was in use is found out only then.
func closeInto(err *error, c io.Closer) {
	if closeErr := c.Close(); *err == nil {
		*err = closeErr
	}
}

// interruptible runs f, but returns as soon as ctx is done. A call of f that is
// under way then goes on unseen: it must own all that it touches.
func interruptible[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

// openModel opens a model; making synthetic weights can take a while.
func openModel(ctx context.Context, ref string, o weights.Options) (weights.Source, error) {
	return interruptible(ctx, func() (weights.Source, error) { return weights.Open(ref, o) })
}

// run executes the model, hands every event to sink, and returns the header of
// the trace. Step is called after the weights, after the prompt and after each
// token.
func (c *capture) run(ctx context.Context, sink traces.Sink, step func(doing string)) (h traces.Header, err error) {
	src, err := openModel(ctx, c.model, c.open)
	if err != nil {
		return h, err
	}
	defer closeInto(&err, src)
	step("reading the prompt")
	e, err := engine.New(src, engine.Options{Threads: c.threads, ShapeOnly: c.open.ShapeOnly})
	if err != nil {
		return h, err
	}
	defer e.Close()
	session, err := e.NewSession(engine.SessionOptions{Context: c.promptLength() + c.tokens, Sink: sink})
	if err != nil {
		return h, err
	}
	if err := c.generate(ctx, session, e.Shape().Vocab, step); err != nil {
		return h, err
	}
	if err := session.Flush(); err != nil {
		return h, err
	}
	return session.Header(generator, c.seed), ctx.Err()
}

func (c *capture) promptLength() int {
	if len(c.promptIDs) > 0 {
		return len(c.promptIDs)
	}
	return c.prompt
}

// generate runs the prompt and the decode steps. After a seeded prompt the
// tokens are seeded too, whatever the model would choose, so that a trace is the
// same on every machine, and the same without arithmetic.
func (c *capture) generate(ctx context.Context, s *engine.Session, vocab int, step func(string)) error {
	prompt, forced := c.promptIDs, []int32(nil)
	if len(prompt) == 0 || c.open.ShapeOnly {
		ids := engine.RandomTokens(c.seed, c.promptLength()+c.tokens, vocab)
		forced = ids[c.promptLength():]
		if len(prompt) == 0 {
			prompt = ids[:c.prompt]
		}
	}
	logits, err := s.Prefill(ctx, prompt)
	if err != nil {
		return err
	}
	step("decoding")
	for i := range c.tokens {
		id := int32(0)
		if forced != nil {
			id = forced[i]
		} else {
			id = engine.Greedy(logits)
		}
		if logits, err = s.Decode(ctx, id); err != nil {
			return err
		}
		if (i+1)%flushEvery == 0 {
			if err := s.Flush(); err != nil {
				return err
			}
		}
		step("decoding")
	}
	return nil
}

// flushEvery is after how many decode steps their events are written: rarely, since
// that takes caches from the next step, and often enough that a long run needs no
// more memory than a short one.
const flushEvery = 512

// checkLengths refuses numbers of tokens that make no run.
func checkLengths(prompt, tokens int) error {
	switch {
	case prompt < 1:
		return fault.Userf("--prompt-tokens %d: a prompt has at least one token", prompt)
	case tokens < 0:
		return fault.Userf("--tokens %d is negative", tokens)
	}
	return nil
}

// toFile captures a trace to a file at path. The file is there when toFile returns
// without an error, and only then.
func (c *capture) toFile(ctx context.Context, path string, step func(string)) error {
	w, err := traces.Create(path, traces.Header{})
	if err != nil {
		return err
	}
	defer w.Abort()
	head, err := c.run(ctx, untilDone{ctx, w}, step)
	switch {
	case err == nil:
	case strings.HasPrefix(err.Error(), c.model) || strings.HasPrefix(err.Error(), "model "+c.model):
		return err // names the model already
	default:
		return fmt.Errorf("%s: %w", c.name(), err)
	}
	w.SetHeader(head)
	return w.Close()
}
