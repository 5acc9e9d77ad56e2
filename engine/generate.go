package engine

import (
	"context"

	"github.com/memsim/memsim/internal/fault"
)

// Generation is a request for text.
type Generation struct {
	Prompt  []int32
	Tokens  int     // most tokens to generate
	Chooser Chooser // of the next token; nil is greedy
	// Stop, if set, ends the generation after a token for which it is true,
	// such as the end of the text.
	Stop func(id int32) bool
	// OnPrompt, if set, is called with the logits that follow the prompt, before
	// the first token is chosen. It may not keep or change them.
	OnPrompt func(logits []float32) error
	// OnToken, if set, is called with each token as soon as it is chosen. An
	// error from it ends the generation.
	OnToken func(id int32) error
}

// Generate processes the prompt and generates up to g.Tokens tokens. The last
// one is returned without a pass of its own, so n tokens take n-1 decode steps.
// With an error it returns the tokens that were generated before it.
func (s *Session) Generate(ctx context.Context, g Generation) ([]int32, error) {
	if err := s.fits(g); err != nil {
		return nil, err
	}
	if g.Chooser == nil {
		g.Chooser = &Sampler{}
	}
	logits, err := s.Prefill(ctx, g.Prompt)
	if err != nil {
		return nil, err
	}
	if g.OnPrompt != nil {
		if err := g.OnPrompt(logits); err != nil {
			return nil, err
		}
	}
	var ids []int32
	for len(ids) < g.Tokens {
		if len(ids) > 0 {
			if logits, err = s.Decode(ctx, ids[len(ids)-1]); err != nil {
				return ids, err
			}
		}
		id := g.Chooser.Choose(logits)
		ids = append(ids, id)
		if g.OnToken != nil {
			if err := g.OnToken(id); err != nil {
				return ids, err
			}
		}
		if g.Stop != nil && g.Stop(id) {
			break
		}
	}
	return ids, nil
}

// fits checks before the first pass that the whole request will have room.
func (s *Session) fits(g Generation) error {
	if g.Tokens < 0 {
		return fault.Userf("%d tokens to generate; give 0 or more", g.Tokens)
	}
	if need := s.pos + len(g.Prompt) + max(g.Tokens-1, 0); need > s.context {
		return fault.Userf("%d tokens so far, %d of prompt and %d to generate need %d positions, the context has %d; shorten the prompt, ask for fewer tokens or give a larger context",
			s.pos, len(g.Prompt), g.Tokens, need, s.context)
	}
	return nil
}

// Replay processes a prompt, and then decodes the given tokens one by one
// whatever the model would have chosen: a run whose trace depends on the shape
// and the tokens alone, and is the same with weights and without.
func (s *Session) Replay(ctx context.Context, prompt, tokens []int32) error {
	if len(prompt) > 0 {
		if _, err := s.Prefill(ctx, prompt); err != nil {
			return err
		}
	}
	for _, id := range tokens {
		if _, err := s.Decode(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
