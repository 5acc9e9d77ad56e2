package study

import (
	"context"
	"fmt"
	"strings"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/interrupt"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/traces"
)

// Model names a model.
type Model struct {
	Ref       string          // a preset, a GGUF file, a Hugging Face folder or a shape file
	Overrides model.Overrides // of its shape
	Quant     string          // weight format; "" is the model's own
	KV        quant.Type      // format of the KV cache; "" is f16
}

// String is the model with what is overridden of it.
func (m Model) String() string {
	if m.Overrides.IsZero() {
		return m.Ref
	}
	return m.Ref + "+" + m.Overrides.String()
}

// Lengths are the numbers of tokens of a run.
type Lengths struct {
	Prompt  int // tokens before the first that is decoded, at least 1
	Tokens  int // decoded
	Context int // positions that the KV cache holds before the prompt
}

// Validate reports, as a user's mistake, lengths that make no run.
func (l Lengths) Validate() error {
	switch {
	case l.Prompt < 1:
		return fault.Userf("--prompt-tokens %d: a prompt has at least one token", l.Prompt)
	case l.Tokens < 0:
		return fault.Userf("--tokens %d is negative", l.Tokens)
	case l.Context < 0:
		return fault.Userf("--context %d is negative; give the positions that are held before the prompt", l.Context)
	}
	return nil
}

// Recording is a run of a model through the engine that writes down what moves.
type Recording struct {
	Model
	Lengths
	PromptIDs []int32         // instead of a seeded prompt; followed by greedy decoding
	Seed      uint64          // of synthetic weights, prompt and tokens
	Threads   int             // of the engine; 0 is one for each processor
	ShapeOnly bool            // nothing is computed; the same events, host times aside
	Routes    *experts.Routes // of a mixture's experts, where nothing is computed; nil draws them
	Verify    engine.Verify   // see engine.Recording
	RouteSkew *float64        // of drawn experts; nil is the engine's
	Generator string          // program and version, for the trace's header

	// Step, if set, is called after the weights, after the prompt and after each
	// token, with what comes next.
	Step func(doing string)
}

// Open opens the model. It returns when ctx is done, whatever is under way: making
// synthetic weights can take a while.
func (r *Recording) Open(ctx context.Context) (weights.Source, error) {
	return Open(ctx, r.Ref, weights.Options{Overrides: r.Overrides, Quant: r.Quant, Seed: r.Seed, ShapeOnly: r.ShapeOnly})
}

// Record runs the model, hands every event to sink, and returns the header of the
// trace.
func (r *Recording) Record(ctx context.Context, sink traces.Sink) (h traces.Header, err error) {
	src, err := r.Open(ctx)
	if err != nil {
		return h, r.named(err)
	}
	// A model file that was written to while it was in use is found out at its end.
	defer func() {
		if closeErr := src.Close(); err == nil {
			err = closeErr
		}
	}()
	routes, err := r.routes()
	if err != nil {
		return h, err
	}
	h, err = engine.Record(ctx, src, sink, engine.Recording{
		Options: engine.Options{Threads: r.Threads, ShapeOnly: r.ShapeOnly, KV: r.KV},
		Held:    r.Context, Prompt: r.Prompt, PromptIDs: r.PromptIDs, Tokens: r.Tokens, Seed: r.Seed,
		Generator: r.Generator, Step: r.Step, Routes: routes, Verify: r.Verify,
	})
	return h, r.named(err)
}

// named is an error that names the model.
func (r *Recording) named(err error) error {
	if err == nil || strings.HasPrefix(err.Error(), r.Ref) || strings.HasPrefix(err.Error(), "model "+r.Ref) {
		return err
	}
	return fmt.Errorf("%s: %w", r.Model, err)
}

// Trace records to memory.
func (r *Recording) Trace(ctx context.Context) (*traces.Trace, error) {
	t := &traces.Trace{}
	var err error
	t.Head, err = r.Record(ctx, t)
	return t, err
}

// WriteFile records to a file at path. The file is there when WriteFile returns
// without an error, and only then.
func (r *Recording) WriteFile(ctx context.Context, path string) error {
	w, err := traces.Create(path, traces.Header{})
	if err != nil {
		return err
	}
	defer w.Abort()
	head, err := r.Record(ctx, w)
	if err != nil {
		return err
	}
	w.SetHeader(head)
	return w.Close()
}

// RecordShape replaces what trace holds with what the model of src moves over a
// seeded run, without arithmetic: the weights are not read, and src may be open for
// its shape only.
func RecordShape(ctx context.Context, trace *traces.Trace, src weights.Source, l Lengths, seed uint64) (err error) {
	trace.Events = trace.Events[:0]
	trace.Head, err = engine.Record(ctx, src, trace, engine.Recording{
		Options: engine.Options{ShapeOnly: true}, Held: l.Context, Prompt: l.Prompt, Tokens: l.Tokens, Seed: seed, Generator: "memsim",
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", src.Name(), err)
	}
	return nil
}

// Open is weights.Open, and returns as soon as ctx is done.
func Open(ctx context.Context, ref string, o weights.Options) (weights.Source, error) {
	return interrupt.Return(ctx, func() (weights.Source, error) { return weights.Open(ref, o) })
}
