package study

import (
	"context"
	"errors"
	"slices"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
)

// measureAcceptance returns the share of a draft's tokens that the model chooses
// too, both greedy, over the tokens of the recording.
func measureAcceptance(ctx context.Context, target, draft Recording, width int) (share float64, err error) {
	t, err := openGreedy(ctx, target)
	if err != nil {
		return 0, err
	}
	defer t.closeInto(&err)
	d, err := openGreedy(ctx, draft)
	if err != nil {
		return 0, err
	}
	defer d.closeInto(&err)
	vocab := t.source.Shape().Vocab
	if own := d.source.Shape().Vocab; own != vocab {
		return 0, fault.Userf("--draft %s: its vocabulary has %d tokens, that of %s has %d; a draft needs the same one", draft.Model, own, target.Model, vocab)
	}
	prompt := engine.RandomTokens(target.Seed, target.Prompt, vocab)
	chosen, err := t.after(ctx, prompt, target.Tokens+width)
	if err != nil {
		return 0, err
	}
	drafted, accepted := 0, 0
	for at := 0; at < target.Tokens; {
		guess, err := d.after(ctx, append(slices.Clone(prompt), chosen[:at+1]...), width)
		if err != nil {
			return 0, err
		}
		n := 0
		for n < width && guess[n] == chosen[at+1+n] {
			n++
		}
		drafted, accepted, at = drafted+width, accepted+n, at+1+n
	}
	return float64(accepted) / float64(drafted), nil
}

// greedyModel is a model that chooses its likeliest tokens.
type greedyModel struct {
	source  weights.Source
	engine  *engine.Engine
	session *engine.Session
}

// openGreedy opens the model of a recording, which must have weights of its own:
// what noise chooses says nothing.
func openGreedy(ctx context.Context, r Recording) (g greedyModel, err error) {
	if r.ShapeOnly {
		return g, fault.Userf("--acceptance: without arithmetic nothing is accepted or refused; give the share of drafted tokens that are, such as 0.6")
	}
	if g.source, err = r.Open(ctx); err != nil {
		return g, r.named(err)
	}
	defer func() {
		if err != nil {
			g.closeInto(&err)
		}
	}()
	if g.source.Synthetic() {
		return g, fault.Userf("--acceptance: the weights of %s are synthetic, and what noise chooses says nothing; give the share of drafted tokens that are accepted, such as 0.6", r.Model)
	}
	if g.engine, err = engine.New(g.source, engine.Options{Threads: r.Threads, KV: r.KV}); err != nil {
		return g, r.named(err)
	}
	g.session, err = g.engine.NewSession(engine.SessionOptions{})
	return g, r.named(err)
}

// after returns the n likeliest tokens that follow ids, one after another.
func (g *greedyModel) after(ctx context.Context, ids []int32, n int) ([]int32, error) {
	g.session.Reset()
	return g.session.Generate(ctx, engine.Generation{Prompt: ids, Tokens: n})
}

// closeInto closes the model, and makes a failure of that the caller's, if it has
// none of its own.
func (g *greedyModel) closeInto(err *error) {
	if g.engine != nil {
		*err = errors.Join(*err, g.engine.Close())
	}
	*err = errors.Join(*err, g.source.Close())
}
