package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/tokenizer"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// running is the run command.
type running struct {
	modelFlags
	promptFlags
	activationFlags
	kvFlags
	engine.Sampling
	tokens    int
	context   int
	logprobs  string
	ignoreEnd bool
	compareTo string
}

func (a *app) runCommand() *cobra.Command {
	var r running
	cmd := &cobra.Command{
		Use:   "run --model MODEL --prompt TEXT",
		Short: "Generate text with the real engine",
		Example: `  memsim run --model tinyllama.gguf --prompt "Once upon a time"
  memsim run --model m.gguf --prompt-ids 1,5,9 --tokens 32 --temperature 0 --logprobs 64 --format json
  memsim run --model folder --quant q8_0 --activations per-token --compare f32 --prompt "$(cat text.txt)"`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context(), &r) },
	}
	r.modelFlags.add(cmd, "")
	r.promptFlags.add(cmd)
	r.activationFlags.add(cmd)
	r.kvFlags.add(cmd)
	f := cmd.Flags()
	f.IntVarP(&r.tokens, "tokens", "n", 128, "tokens to generate at most")
	f.Float64Var(&r.Temperature, "temperature", 0.8, "how freely tokens are drawn; 0 takes the likeliest")
	f.IntVar(&r.TopK, "top-k", 40, "draw from the `K` likeliest tokens (0: all)")
	f.Float64Var(&r.TopP, "top-p", 0.95, "draw from the likeliest tokens that together have this `probability`")
	f.IntVar(&r.context, "context", 0, "positions of the KV cache (0: as many as the request needs)")
	f.StringVar(&r.logprobs, "logprobs", "", "print the `N` likeliest tokens after the prompt with their probabilities, or all (JSON only)")
	f.BoolVar(&r.ignoreEnd, "ignore-eos", false, "go on after the end of the text")
	f.StringVar(&r.compareTo, "compare", "", "instead of generating, say how far the weights have moved from this `format` of the same model over the prompt, such as f32")
	completeWith(cmd, "compare", weights.Schemes()...)
	return cmd
}

// runReply is what the run command prints for scripts.
type runReply struct {
	Model         string       `json:"model"`
	Quant         string       `json:"quant"`
	Activations   string       `json:"activations,omitempty"` // per-token, if they are scaled so
	PromptIDs     []int32      `json:"prompt_ids"`
	TokenIDs      []int32      `json:"token_ids"`
	Text          string       `json:"text"`
	Probabilities [][2]float64 `json:"next_token_probabilities,omitempty"` // id and probability, likeliest first
	PrefillRate   float64      `json:"prefill_tokens_per_s"`
	DecodeRate    float64      `json:"decode_tokens_per_s"`
}

func (a *app) run(ctx context.Context, r *running) (err error) {
	if err := r.check(a.format()); err != nil {
		return err
	}
	if r.compareTo != "" {
		return a.compare(ctx, r)
	}
	r.Seed = a.common.seed
	sampler, err := engine.NewSampler(r.Sampling)
	if err != nil {
		return err
	}
	probabilities, err := parseLogprobs(r.logprobs)
	if err != nil {
		return err
	}
	src, err := study.Open(ctx, r.model, r.modelFlags.options(a))
	if err != nil {
		return err
	}
	defer closeInto(&err, src)
	tok, prompt, err := r.promptFlags.encode(src, a.note)
	if err != nil {
		return err
	}
	session, closeEngine, err := r.session(src, a.common.threads, len(prompt))
	if err != nil {
		return err
	}
	defer closeEngine()
	reply := runReply{Model: src.Name(), Quant: src.Quant(), Activations: r.reported(), PromptIDs: prompt, TokenIDs: []int32{}}
	request := engine.Generation{Prompt: prompt, Tokens: r.tokens, Chooser: sampler}
	if tok != nil && !r.ignoreEnd {
		request.Stop = tok.Ends
	}
	request.OnPrompt = func(logits []float32) error {
		reply.Probabilities = top(logits, probabilities)
		return nil
	}
	if err := reply.generate(ctx, session, request, a.newTranscript(tok)); err != nil {
		return err
	}
	if a.format() == "json" {
		return a.print(reply)
	}
	a.note("%s %s: prompt %d tokens at %.1f/s, generated %d at %.1f/s", reply.Model, quantText(reply.Quant, reply.Activations),
		len(prompt), reply.PrefillRate, len(reply.TokenIDs), reply.DecodeRate)
	return nil
}

// generate generates what is requested, shows it as it comes, and notes it with
// its speed.
func (r *runReply) generate(ctx context.Context, s *engine.Session, request engine.Generation, out *transcript) error {
	request.OnToken = out.token
	ids, err := s.Generate(ctx, request)
	r.TokenIDs = append(r.TokenIDs, ids...)
	if err == nil || out.shown {
		err = errors.Join(err, out.end())
	}
	r.Text = out.text.String()
	timing := s.Timing()
	r.PrefillRate, r.DecodeRate = rate(timing.PromptTokens, timing.Prefill), rate(timing.Tokens, timing.Decode)
	return err
}

func (r *running) check(format string) error {
	if err := needModel(r.model); err != nil {
		return err
	}
	if err := r.promptFlags.check(); err != nil {
		return err
	}
	switch {
	case !r.promptFlags.given():
		return fault.Userf("give a prompt with --prompt TEXT or --prompt-ids 1,5,9")
	case r.compareTo == "" && format != "json" && format != "table":
		return fault.Userf("--format %s: run prints text, or JSON with --format json", format)
	case r.logprobs != "" && format != "json":
		return fault.Userf("--logprobs needs --format json")
	case r.tokens < 0:
		return fault.Userf("--tokens %d is negative", r.tokens)
	}
	return nil
}

// session starts an engine with room for the request.
func (r *running) session(src weights.Source, threads, prompt int) (*engine.Session, func() error, error) {
	e, err := engine.New(src, engine.Options{Threads: threads, Activations: r.granularity(), KV: r.kvFlags.format()})
	if err != nil {
		return nil, nil, err
	}
	room := r.context
	if room == 0 {
		room = prompt + max(r.tokens-1, 0) // the last token is not processed
	}
	s, err := e.NewSession(engine.SessionOptions{Context: room})
	if err != nil {
		e.Close()
		return nil, nil, err
	}
	return s, e.Close, nil
}

// allTokens asks for the probability of every token.
const allTokens = -1

func parseLogprobs(text string) (int, error) {
	switch text {
	case "":
		return 0, nil
	case "all":
		return allTokens, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.Userf("--logprobs %q: give a number of tokens, or all", text)
	}
	return n, nil
}

// top returns the n likeliest tokens.
func top(logits []float32, n int) [][2]float64 {
	if n == 0 {
		return nil
	}
	all := engine.Probabilities(logits)
	if n != allTokens {
		all = all[:min(n, len(all))]
	}
	pairs := make([][2]float64, len(all))
	for i, p := range all {
		pairs[i] = [2]float64{float64(p.ID), p.Probability}
	}
	return pairs
}

func rate(tokens int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(tokens) / d.Seconds()
}

// transcript shows tokens as they come, unless JSON is wanted, and keeps their text.
// Without a tokenizer it shows ids.
type transcript struct {
	app    *app
	stream *tokenizer.Stream
	live   bool
	shown  bool // something is on stdout
	text   strings.Builder
}

func (a *app) newTranscript(tok *tokenizer.Tokenizer) *transcript {
	t := &transcript{app: a, live: a.format() != "json"}
	if tok != nil {
		t.stream = tok.Stream().Continue()
	}
	return t
}

func (t *transcript) token(id int32) error {
	if t.stream != nil {
		return t.show(t.stream.Next(id))
	}
	if !t.live {
		return nil
	}
	separator := ","
	if !t.shown {
		separator = ""
	}
	t.shown = true
	_, err := fmt.Fprintf(t.app.Out, "%s%d", separator, id)
	return err
}

func (t *transcript) show(piece string) error {
	t.text.WriteString(piece)
	if !t.live || piece == "" {
		return nil
	}
	t.shown = true
	_, err := fmt.Fprint(t.app.Out, piece)
	return err
}

// end shows what is held back, and ends the line.
func (t *transcript) end() error {
	if t.stream != nil {
		if err := t.show(t.stream.End()); err != nil {
			return err
		}
	}
	if !t.live {
		return nil
	}
	_, err := fmt.Fprintln(t.app.Out)
	return err
}
