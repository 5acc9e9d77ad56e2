package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// tracing is the trace command.
type tracing struct {
	modelFlags
	promptFlags
	kvFlags
	context int
	routeFlags
	promptTokens int
	tokens       int
	shapeOnly    bool
	out          string
}

func (a *app) traceCommand() *cobra.Command {
	var t tracing
	cmd := &cobra.Command{
		Use:   "trace --model MODEL -o FILE.parquet",
		Short: "Run a model and write down every byte that moves",
		Long: `Run a model and write down every byte that moves, as a Parquet file: one row for
each operand of each operator. Prompt and tokens are seeded noise, so that the
trace is the same on every machine, unless --prompt or --prompt-ids is given.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.trace(cmd.Context(), &t) },
	}
	t.modelFlags.add(cmd, "")
	t.promptFlags.add(cmd)
	t.routeFlags.add(cmd)
	f := cmd.Flags()
	f.IntVar(&t.promptTokens, "prompt-tokens", 16, "length of a seeded prompt in tokens")
	f.IntVar(&t.tokens, "tokens", 16, "tokens to decode")
	f.IntVar(&t.context, "context", 0, "`positions` that the KV cache holds before the prompt")
	t.kvFlags.add(cmd)
	f.BoolVar(&t.shapeOnly, "shape-only", false, "record what would move without computing it")
	f.StringVarP(&t.out, "out", "o", "", "`file` to write")
	completeWithFiles(cmd, "out")
	return cmd
}

func (a *app) trace(ctx context.Context, t *tracing) error {
	if err := needModel(t.model); err != nil {
		return err
	}
	if err := t.promptFlags.check(); err != nil {
		return err
	}
	lengths := study.Lengths{Prompt: t.promptTokens, Tokens: t.tokens, Context: t.context}
	if err := lengths.Validate(); err != nil {
		return err
	}
	if err := outputFile(t.out); err != nil {
		return err
	}
	if info, err := os.Stat(t.out); err == nil && !info.Mode().IsRegular() {
		return fault.Userf("cannot write a trace to %s: it is no regular file, and a trace is read again", t.out)
	}
	m := t.named(t.model)
	m.KV = t.format()
	r := a.recording(m, lengths)
	r.ShapeOnly = t.shapeOnly
	if err := t.routeFlags.into(&r); err != nil {
		return err
	}
	if t.promptFlags.given() {
		var err error
		if r.PromptIDs, err = t.promptFlags.ids(ctx, t.model, t.modelFlags.options(a)); err != nil {
			return err
		}
	}
	bar := a.newProgress(t.tokens + 2)
	defer bar.done()
	bar.begin(t.model + ": weights")
	r.Step = bar.step
	if err := r.WriteFile(ctx, t.out); err != nil {
		return err
	}
	bar.done()
	return a.summarize(t.out)
}

// traceReply is what the trace command prints.
type traceReply struct {
	Trace        string `json:"trace"`
	Model        string `json:"model"`
	Quant        string `json:"quant"`
	PromptTokens int    `json:"prompt_tokens"`
	Tokens       int    `json:"tokens"`
	Events       int64  `json:"events"`
}

func (a *app) summarize(path string) error {
	f, err := traces.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := f.Header()
	r := traceReply{path, h.Model, h.Quant, h.PromptTokens, h.Tokens, f.Rows()}
	g := grid{columns: columns("trace", "model", "quant", "prompt tokens>", "tokens>", "events>")}
	g.add(r.Trace, r.Model, r.Quant, fmt.Sprint(r.PromptTokens), fmt.Sprint(r.Tokens), fmt.Sprint(r.Events))
	return a.print(r, g)
}

// recording is a run of a model that is to be recorded.
func (a *app) recording(m study.Model, l study.Lengths) study.Recording {
	return study.Recording{Model: m, Lengths: l, Seed: a.common.seed, Threads: a.common.threads, Generator: generator}
}
