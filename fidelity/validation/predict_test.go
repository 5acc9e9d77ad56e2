package validation

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/internal/fault"
)

// smol is a point of a model that is predicted in no time.
func smol(metric string, value float64) Point {
	return Point{Device: "oneplus12", Runtime: "executorch-cpu", Model: "smollm-135m", Quant: "bf16", Context: 8, Metric: metric, Value: value}
}

func predict(t *testing.T, x *Predictor, p Point, sets ...string) Prediction {
	t.Helper()
	got, err := x.Predict(context.Background(), p, sets...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// published returns the figures of papers and documents.
func published(t *testing.T) []Point {
	t.Helper()
	rows, err := corpus.Published()
	if err != nil {
		t.Fatal(err)
	}
	var points []Point
	for _, r := range rows {
		if r.Campaign() == "published" {
			points = append(points, PointOf(r))
		}
	}
	return points
}

// Table 7 of MobileLLM, fitted to its first line alone: sharing is nearly free,
// depth is not.
func TestTable7(t *testing.T) {
	points := published(t)
	var x Predictor
	seen := 0
	for _, p := range points {
		if p.Device != "iphone13" || p.Metric != MSPerToken {
			continue
		}
		seen++
		if e := ErrorPct(predict(t, &x, p).Value, p.Value); math.Abs(e) > 5 {
			t.Errorf("%s is off by %+.1f %%, want 5 at most", p, e)
		}
	}
	if seen != 3 {
		t.Errorf("%d lines of table 7, want 3", seen)
	}
}

func TestEnergyIsMetOnTheMemoryPathAndOnTheWholePhone(t *testing.T) {
	points := published(t)
	var x Predictor
	seen := 0
	for _, p := range points {
		if p.Metric != MJPerToken && p.Metric != MemoryMJPerToken {
			continue
		}
		if p.Fitted {
			continue // a power of the profile was taken from it
		}
		seen++
		if e := ErrorPct(predict(t, &x, p).Value, p.Value); math.Abs(e) > 20 {
			t.Errorf("%s %s is off by %+.1f %%, want 20 at most", p, p.Energy, e)
		}
	}
	if seen < 2 {
		t.Errorf("%d points of energy", seen)
	}
}

func TestMetricsOfOnePredictionAgree(t *testing.T) {
	var x Predictor
	speed, latency := predict(t, &x, smol(TokensPerS, 100)), predict(t, &x, smol(MSPerToken, 10))
	if d := speed.Value*latency.Value/1e3 - 1; math.Abs(d) > 1e-9 {
		t.Errorf("%g token/s and %g ms", speed.Value, latency.Value)
	}
	prompt, first := predict(t, &x, smol(PrefillTokensPerS, 100)), predict(t, &x, smol(FirstTokenMS, 10))
	if d := prompt.Value*first.Value/1e3/8 - 1; math.Abs(d) > 1e-9 {
		t.Errorf("%g token/s and %g ms for 8 tokens", prompt.Value, first.Value)
	}
	whole, memory := predict(t, &x, smol(MJPerToken, 1)), predict(t, &x, smol(MemoryMJPerToken, 1))
	if memory.Value <= 0 || memory.Value >= whole.Value {
		t.Errorf("memory path %g mJ, whole phone %g mJ", memory.Value, whole.Value)
	}
}

func TestImpossibleClaimsAreFlagged(t *testing.T) {
	var x Predictor
	for _, test := range []struct {
		point Point
		limit string
	}{
		{smol(TokensPerS, 100), ""},
		{smol(TokensPerS, 400), "GB/s of weights"}, // 0.27 GB each, of 76.8 GB/s
		{smol(MSPerToken, 2.5), "GB/s of weights"},
		{smol(PrefillTokensPerS, 500), ""},
		{smol(PrefillTokensPerS, 1e5), "TMAC/s"},
		{smol(MJPerToken, 1e-3), ""},
	} {
		if got := predict(t, &x, test.point).Limit; got == "" != (test.limit == "") || !strings.Contains(got, test.limit) {
			t.Errorf("%s %g: %q, want %q", test.point.Metric, test.point.Value, got, test.limit)
		}
	}
}

func TestStatedBytesAreWhatMoves(t *testing.T) {
	var x Predictor
	p := smol(MSPerToken, 10)
	stored := predict(t, &x, p).Value
	p.Bytes = 2 * 134_515_008 * 6 / 5 // a fifth more than two bytes each
	if more := predict(t, &x, p).Value; more < 1.05*stored || more > 1.25*stored {
		t.Errorf("a fifth more bytes take %g ms, not %g", more, stored)
	}
}

func TestWhatDoesNotExistIsNamedForEveryPoint(t *testing.T) {
	var x Predictor
	bad := func(change func(*Point)) Point {
		p := smol(TokensPerS, 1)
		change(&p)
		return p
	}
	_, err := x.Run(context.Background(), []Point{
		bad(func(p *Point) { p.Device = "pixel8por" }),
		bad(func(p *Point) { p.Model = "smolm" }),
		bad(func(p *Point) { p.Runtime = "llama.cpp-cup" }),
		bad(func(p *Point) { p.Quant = "q3" }),
		bad(func(p *Point) { p.Overrides = "depth=3" }),
		bad(func(p *Point) { p.Energy = "free" }),
	}, nil)
	if !fault.IsUser(err) {
		t.Fatal(err)
	}
	for _, want := range []string{"pixel8pro", "smolm", "llama.cpp-cpu", "q3", "depth=3", "free"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var x Predictor
	if _, err := x.Run(ctx, []Point{smol(TokensPerS, 1)}, nil); err != context.Canceled {
		t.Error(err)
	}
}
