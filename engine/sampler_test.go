package engine

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

func drawLogits(t *rapid.T) []float32 {
	return rapid.SliceOfN(rapid.Float32Range(-20, 20), 1, 50).Draw(t, "logits")
}

func TestProbabilitiesAreADistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := drawLogits(t)
		p := Probabilities(logits)
		if d := math.Abs(total(p) - 1); d > 1e-9 || len(p) != len(logits) {
			t.Fatalf("%d probabilities, off one by %g", len(p), d)
		}
		// Logits that differ by nothing that a probability can show are equal to
		// Probabilities, not to Greedy.
		if !slices.IsSortedFunc(p, likelier) || logits[p[0].ID] < logits[Greedy(logits)]-1e-6 {
			t.Fatalf("not the likeliest first: %v", p)
		}
	})
}

func TestSamplerStaysWithinTopKAndTopP(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := drawLogits(t)
		o := Sampling{
			Temperature: rapid.Float64Range(0.01, 4).Draw(t, "temperature"),
			TopK:        rapid.IntRange(0, 60).Draw(t, "top-k"),
			TopP:        rapid.Float64Range(0, 1).Draw(t, "top-p"),
			Seed:        rapid.Uint64().Draw(t, "seed"),
		}
		a, errA := NewSampler(o)
		b, errB := NewSampler(o)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		allowed := allowedTokens(logits, o)
		for range 20 {
			id := a.Choose(logits)
			if !allowed[id] {
				t.Fatalf("chose %d, allowed are %v", id, allowed)
			}
			if other := b.Choose(logits); other != id {
				t.Fatalf("the same seed chose %d and %d", id, other)
			}
		}
	})
}

// allowedTokens applies the definitions of top-k and top-p without shortcuts.
func allowedTokens(logits []float32, o Sampling) map[int32]bool {
	p := softmax(nil, logits, o.Temperature)
	slices.SortFunc(p, likelier)
	if o.TopK > 0 {
		p = p[:min(o.TopK, len(p))]
	}
	sum, reached := total(p), 0.0
	allowed := map[int32]bool{}
	for _, c := range p {
		if o.TopP != 0 && o.TopP != 1 && reached >= o.TopP*sum*(1+1e-9) {
			break
		}
		allowed[c.ID] = true
		reached += c.Probability
	}
	return allowed
}

func TestSamplerFollowsTheDistribution(t *testing.T) {
	logits := []float32{1, 2, 3, 0}
	s, err := NewSampler(Sampling{Temperature: 1, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	const draws = 20000
	counts := make([]float64, len(logits))
	for range draws {
		counts[s.Choose(logits)]++
	}
	for _, p := range Probabilities(logits) {
		if got := counts[p.ID] / draws; math.Abs(got-p.Probability) > 0.02 {
			t.Errorf("token %d drawn with frequency %.3f, its probability is %.3f", p.ID, got, p.Probability)
		}
	}
}

func TestSamplerSettingsOutOfRangeAreTheUsersMistake(t *testing.T) {
	for _, o := range []Sampling{{Temperature: -1}, {Temperature: math.NaN()}, {TopK: -1}, {TopP: 1.1}, {TopP: math.NaN()}} {
		if _, err := NewSampler(o); !fault.IsUser(err) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestGenerateStreamsAndStops(t *testing.T) {
	shape := small()
	e := newEngine(t, makeUp(shape, allOf(quant.F32), 2), Options{})
	defer e.Close()
	prompt := []int32{4, 9, 2}
	all, err := newSession(t, e, SessionOptions{}).Generate(background, Generation{Prompt: prompt, Tokens: 10})
	if err != nil || len(all) != 10 {
		t.Fatalf("%v, %v", all, err)
	}
	var streamed []int32
	s := newSession(t, e, SessionOptions{})
	last := all[4]
	stopped, err := s.Generate(background, Generation{
		Prompt:  prompt,
		Tokens:  10,
		Stop:    func(id int32) bool { return id == last },
		OnToken: func(id int32) error { streamed = append(streamed, id); return nil },
	})
	end := slices.Index(all, last) + 1
	if err != nil || !slices.Equal(stopped, all[:end]) || !slices.Equal(streamed, stopped) {
		t.Errorf("got %v, streamed %v, error %v; want %v", stopped, streamed, err, all[:end])
	}
	if timing := s.Timing(); timing.PromptTokens != 3 || timing.Tokens != end-1 {
		t.Errorf("%+v after %d tokens", timing, end)
	}
}

func TestRandomTokensFollowTheirSeed(t *testing.T) {
	a, b, c := RandomTokens(1, 100, 50), RandomTokens(1, 100, 50), RandomTokens(2, 100, 50)
	if !slices.Equal(a, b) || slices.Equal(a, c) || slices.Max(a) >= 50 || slices.Min(a) < 0 {
		t.Errorf("%v\n%v\n%v", a, b, c)
	}
}
