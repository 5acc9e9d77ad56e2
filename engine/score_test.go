package engine

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/quant"
)

func TestScoreGivesTheLogitsOfDecode(t *testing.T) {
	shape := small()
	e := newEngine(t, makeUp(shape, allOf(quant.F16), 2), Options{})
	defer e.Close()
	ids := RandomTokens(3, 11, shape.Vocab)
	one := newSession(t, e, SessionOptions{})
	var want [][]float32
	for _, id := range ids {
		want = append(want, decode(t, one, id))
	}
	s := newSession(t, e, SessionOptions{Batch: 4})
	next := 0
	err := s.Score(background, ids, func(i int, logits []float32) error {
		if i != next {
			t.Errorf("position %d follows %d", i, next-1)
		}
		next++
		closeTo(t, "scored", logits, want[i], rounding)
		return nil
	})
	if err != nil || next != len(ids) || s.Position() != len(ids) {
		t.Errorf("%d of %d scored, position %d, error %v", next, len(ids), s.Position(), err)
	}
	closeTo(t, "decode after it", decode(t, s, 7), decode(t, one, 7), rounding)
}

func TestScoreIsNotForRecordingSessions(t *testing.T) {
	src := makeUp(small(), allOf(quant.F16), 2)
	e := newEngine(t, src, Options{})
	defer e.Close()
	bare := newEngine(t, src, Options{ShapeOnly: true})
	if newSession(t, e, SessionOptions{Sink: discard{}}).Score(background, []int32{1}, nil) == nil {
		t.Error("a recording session scores")
	}
	if newSession(t, bare, SessionOptions{}).Score(background, []int32{1}, nil) == nil {
		t.Error("a shape-only session scores")
	}
}

func TestDivergenceIsNeverNegativeAndZeroForTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := drawLogits(t)
		shifted := slices.Clone(logits)
		for i := range shifted {
			shifted[i] += 3 // the same distribution
		}
		other := rapid.SliceOfN(rapid.Float32Range(-20, 20), len(logits), len(logits)).Draw(t, "other")
		if d := Divergence(logits, shifted); math.Abs(d) > 1e-5 {
			t.Fatalf("divergence of the same distribution is %g", d)
		}
		if d := Divergence(logits, other); d < -1e-9 {
			t.Fatalf("divergence %g is negative", d)
		}
		id := int32(rapid.IntRange(0, len(logits)-1).Draw(t, "id"))
		p := softmax(nil, logits, 1)[id].Probability
		if got := NegativeLogLikelihood(logits, id); math.Abs(math.Exp(-got)-p) > 1e-6 {
			t.Fatalf("likelihood %g of a token of probability %g", math.Exp(-got), p)
		}
	})
}
