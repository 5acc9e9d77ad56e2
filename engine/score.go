package engine

import (
	"context"
	"errors"
	"math"

	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// Score processes ids, in batches, and calls each with the logits that follow
// each of them; it may not keep or change them. Score is for judging a model on
// a text and is not recorded: a session with a sink refuses it.
func (s *Session) Score(ctx context.Context, ids []int32, each func(i int, logits []float32) error) error {
	switch {
	case s.rec != nil:
		return errors.New("a session that records cannot score")
	case s.engine.shapeOnly:
		return errors.New("a shape-only session has no logits to score")
	}
	if err := s.check(ids); err != nil {
		return err
	}
	for done := 0; done < len(ids); {
		chunk := ids[done:min(done+s.program.acts.batch, len(ids))]
		if err := s.run(ctx, traces.Prefill, chunk, false); err != nil {
			return err
		}
		for i := range chunk {
			logits, err := s.logitsAfter(ctx, i)
			if err != nil {
				return err
			}
			if err := each(done+i, logits); err != nil {
				return err
			}
		}
		done += len(chunk)
	}
	return nil
}

// logitsAfter runs the operators behind the blocks for vector i of the batch
// that went through the blocks last.
func (s *Session) logitsAfter(ctx context.Context, i int) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.engine.lock(); err != nil {
		return nil, err
	}
	defer s.engine.mu.Unlock()
	b := batch{n: i + 1}
	err := weights.Guard(func() error {
		for _, op := range s.program.ops[s.program.head:] {
			op.run(&b)
		}
		return nil
	})
	return s.program.logits.rows(0, 1), err
}

// NegativeLogLikelihood returns -ln of the probability that logits give to a
// token. The exponential of its mean over a text is the model's perplexity.
func NegativeLogLikelihood(logits []float32, id int32) float64 {
	return logSumExp(logits) - float64(logits[id])
}

// Divergence returns the Kullback-Leibler divergence, in nats, of the
// next-token distribution of other logits from that of logits: how much a
// quantized model has moved from the one that it stands for. It is 0 if they
// are the same and never negative but for rounding.
func Divergence(logits, other []float32) float64 {
	a, b := logSumExp(logits), logSumExp(other)
	sum := 0.0
	for i := range logits {
		p, q := float64(logits[i])-a, float64(other[i])-b
		sum += math.Exp(p) * (p - q)
	}
	return sum
}

func logSumExp(logits []float32) float64 {
	largest := math.Inf(-1)
	for _, v := range logits {
		largest = max(largest, float64(v))
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - largest)
	}
	return largest + math.Log(sum)
}
