package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// compareReply is what "run --compare" prints: how far the model has moved from
// the same model in another weight format, over a text.
type compareReply struct {
	Model         string  `json:"model"`
	Quant         string  `json:"quant"`
	Activations   string  `json:"activations,omitempty"` // per-token, if they are scaled so
	Reference     string  `json:"reference_quant"`
	Tokens        int     `json:"tokens"`
	KLDivergence  float64 `json:"kl_divergence"`  // mean over positions, in nats
	Top1Agreement float64 `json:"top1_agreement"` // share of positions at which the likeliest token is the same
	Perplexity    float64 `json:"perplexity"`
	ReferencePPL  float64 `json:"reference_perplexity"`
}

// compare runs the prompt through the model as it is and in the format of
// r.compareTo, and compares what they expect next at each position. The
// reference's activations are not scaled per token: that is part of what is
// judged.
func (a *app) compare(ctx context.Context, r *running) (err error) {
	open := r.modelFlags.options(a)
	src, err := study.Open(ctx, r.model, open)
	if err != nil {
		return err
	}
	defer closeInto(&err, src)
	_, ids, err := r.promptFlags.encode(src, a.note)
	if err != nil {
		return err
	}
	if len(ids) < 2 {
		return fault.Userf("a text of %d tokens has nothing to predict; --compare needs two or more", len(ids))
	}
	open.Quant = r.compareTo
	reference, err := study.Open(ctx, r.model, open)
	if err != nil {
		return err
	}
	defer closeInto(&err, reference)
	reply, err := compareOver(ctx, src, reference, ids, engine.Options{Threads: a.common.threads, Activations: r.granularity(), KV: r.kvFlags.format()})
	if err != nil {
		return err
	}
	reply.Activations = r.reported()
	g := grid{columns: columns("model", "quant", "against", "tokens>", "KL divergence>", "top-1 agreement>", "perplexity>", "of reference>")}
	g.add(reply.Model, quantText(reply.Quant, reply.Activations), reply.Reference, fmt.Sprint(reply.Tokens), fixed(reply.KLDivergence, 6),
		fixed(100*reply.Top1Agreement, 1)+"%", fixed(reply.Perplexity, 3), fixed(reply.ReferencePPL, 3))
	return a.print(reply, g)
}

// compareOver scores ids with both models, src with options o. The reference's
// logits are kept for the whole text: its length times the vocabulary.
func compareOver(ctx context.Context, src, reference weights.Source, ids []int32, o engine.Options) (compareReply, error) {
	reply := compareReply{Model: src.Name(), Quant: src.Quant(), Reference: reference.Quant(), Tokens: len(ids)}
	var expected [][]float32
	err := score(ctx, reference, ids, engine.Options{Threads: o.Threads}, func(_ int, logits []float32) error {
		expected = append(expected, slices.Clone(logits))
		return nil
	})
	if err != nil {
		return reply, err
	}
	var surprise, referenceSurprise float64
	err = score(ctx, src, ids, o, func(i int, logits []float32) error {
		reply.KLDivergence += engine.Divergence(expected[i], logits)
		if engine.Greedy(logits) == engine.Greedy(expected[i]) {
			reply.Top1Agreement++
		}
		if i+1 < len(ids) {
			surprise += engine.NegativeLogLikelihood(logits, ids[i+1])
			referenceSurprise += engine.NegativeLogLikelihood(expected[i], ids[i+1])
		}
		return nil
	})
	n := float64(len(ids))
	reply.KLDivergence /= n
	reply.Top1Agreement /= n
	reply.Perplexity, reply.ReferencePPL = math.Exp(surprise/(n-1)), math.Exp(referenceSurprise/(n-1))
	return reply, err
}

func score(ctx context.Context, src weights.Source, ids []int32, o engine.Options, each func(int, []float32) error) error {
	e, err := engine.New(src, o)
	if err != nil {
		return err
	}
	defer e.Close()
	s, err := e.NewSession(engine.SessionOptions{Context: len(ids)})
	if err != nil {
		return err
	}
	return s.Score(ctx, ids, each)
}
