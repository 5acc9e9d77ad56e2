package engine

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Chooser picks the next token from the logits of a forward pass.
type Chooser interface {
	Choose(logits []float32) int32
}

// Sampling says how the next token is drawn. The zero value is greedy.
type Sampling struct {
	Temperature float64 // divides the logits; 0 takes the likeliest token
	TopK        int     // draws from the K likeliest tokens; 0 is all
	TopP        float64 // draws from the likeliest tokens that together reach this probability; 0 or 1 is all
	Seed        uint64  // of the draws
}

// Sampler draws tokens. The same seed and logits give the same tokens. The zero
// value is greedy; NewSampler makes all others.
type Sampler struct {
	sampling   Sampling
	random     *rand.Rand
	candidates []TokenProbability
}

// NewSampler returns a sampler. A setting out of range is the user's error.
func NewSampler(s Sampling) (*Sampler, error) {
	switch {
	case !(s.Temperature >= 0 && s.Temperature <= 100):
		return nil, fault.Userf("temperature %g is not within 0 to 100", s.Temperature)
	case s.TopK < 0:
		return nil, fault.Userf("top-k %d is negative; 0 takes all tokens", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return nil, fault.Userf("top-p %g is not within 0 to 1", s.TopP)
	}
	return &Sampler{sampling: s, random: rand.New(rand.NewPCG(s.Seed, 0))}, nil
}

// Choose draws the next token.
func (s *Sampler) Choose(logits []float32) int32 {
	if s.sampling.Temperature == 0 {
		return Greedy(logits)
	}
	s.candidates = softmax(s.candidates[:0], logits, s.sampling.Temperature)
	candidates := nucleus(likeliest(s.candidates, s.sampling.TopK), s.sampling.TopP)
	draw := s.random.Float64() * total(candidates)
	for _, c := range candidates {
		draw -= c.Probability
		if draw < 0 {
			return c.ID
		}
	}
	return candidates[len(candidates)-1].ID
}

// likeliest returns the k likeliest candidates, in no order; all if k is 0. It
// reorders its argument.
func likeliest(candidates []TokenProbability, k int) []TokenProbability {
	if k == 0 || k >= len(candidates) {
		return candidates
	}
	slices.SortFunc(candidates, likelier)
	return candidates[:k]
}

// nucleus returns the likeliest candidates that together reach the share p of
// their sum, at least one; all if p is 0 or 1. It reorders its argument.
func nucleus(candidates []TokenProbability, p float64) []TokenProbability {
	if p == 0 || p == 1 {
		return candidates
	}
	sum := total(candidates)
	// Candidates under the floor could together fill no more than 1-p, so that
	// the others reach p without them: sorting those few is enough.
	floor := sum * (1 - p) / float64(len(candidates)+1)
	kept := candidates[:0]
	for _, c := range candidates {
		if c.Probability >= floor {
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, likelier)
	reached := 0.0
	for i, c := range kept {
		reached += c.Probability
		if reached >= p*sum {
			return kept[:i+1]
		}
	}
	return kept
}

func total(candidates []TokenProbability) float64 {
	sum := 0.0
	for _, c := range candidates {
		sum += c.Probability
	}
	return sum
}

// Greedy returns the token of the largest logit, the smallest id of equals.
func Greedy(logits []float32) int32 {
	best, largest := 0, float32(math.Inf(-1))
	for i, v := range logits {
		if v > largest {
			best, largest = i, v
		}
	}
	return int32(best)
}

// TokenProbability is a token and its share of the next-token distribution.
type TokenProbability struct {
	ID          int32
	Probability float64
}

// Probabilities returns the next-token distribution, likeliest token first; of
// equals, the smallest id first.
func Probabilities(logits []float32) []TokenProbability {
	p := softmax(nil, logits, 1)
	slices.SortFunc(p, likelier)
	return p
}

func likelier(a, b TokenProbability) int {
	return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.ID, b.ID))
}

// softmax appends the distribution of logits at a temperature to dst, by id.
func softmax(dst []TokenProbability, logits []float32, temperature float64) []TokenProbability {
	if len(logits) == 0 {
		return dst
	}
	largest, sum := float64(slices.Max(logits)), 0.0
	for i, v := range logits {
		p := math.Exp((float64(v) - largest) / temperature)
		dst = append(dst, TokenProbability{int32(i), p})
		sum += p
	}
	for i := range dst {
		dst[i].Probability /= sum
	}
	return dst
}

// RandomTokens returns n seeded token ids of a vocabulary, uniformly drawn: a
// text for runs in which only the number of tokens matters.
func RandomTokens(seed uint64, n, vocab int) []int32 {
	random := rand.New(rand.NewPCG(seed, 1))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = random.Int32N(int32(vocab))
	}
	return ids
}
