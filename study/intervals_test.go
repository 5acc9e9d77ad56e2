package study_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/study"
)

// intervals answers for two depths of one model on a phone.
func intervals(t *testing.T, device string, samples int, seed uint64) []study.Run {
	t.Helper()
	m, err := study.Hardware{Device: device}.Machine()
	if err != nil {
		t.Fatal(err)
	}
	var runs []study.Run
	for _, layers := range []int{4, 8} {
		r := study.Recording{Model: study.Model{Ref: "smollm-135m", Overrides: model.Overrides{Layers: layers}, Quant: "q8_0"},
			Lengths: study.Lengths{Prompt: 4, Tokens: 2}, Seed: 1, ShapeOnly: true}
		trace, err := r.Trace(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		run, err := study.Replay(context.Background(), m, trace)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	p, err := posterior.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if err := study.Interval(m, runs, p.Draw(samples, seed)); err != nil {
		t.Fatal(err)
	}
	return runs
}

// A prediction lies within its interval, which more work does not make narrower, and a
// ratio is surer than either of its figures.
func TestIntervalsAreThoseOfDraws(t *testing.T) {
	const latency = "latency_ms_per_token"
	runs := intervals(t, "pixel8pro", 64, 1)
	for _, r := range runs {
		span := r.Result.Interval90[latency]
		if !(span[0] < r.Result.LatencyMS && r.Result.LatencyMS < span[1]) {
			t.Errorf("%s: %g ms lies outside %v", r.Result.Model, r.Result.LatencyMS, span)
		}
		if u := r.Result.MainUncertainty; u == nil || u.Share <= 0 || u.Share > 1 || u.Field == "" {
			t.Errorf("main uncertainty is %+v", u)
		}
	}
	span, ratio := runs[1].Result.Interval90[latency], runs[1].Result.RatioInterval90[latency]
	if ratio[1]/ratio[0] >= span[1]/span[0] {
		t.Errorf("the ratio lies in %v, the figure in %v: what both share should cancel", ratio, span)
	}
	if runs[0].Result.RatioInterval90 != nil {
		t.Error("the first model is compared with itself")
	}
	if runs[1].Longer < 0.99 {
		t.Errorf("twice the layers take longer in %g of the draws", runs[1].Longer)
	}
}

func TestTheSameSeedGivesTheSameIntervals(t *testing.T) {
	a, b := intervals(t, "iphone15", 16, 3), intervals(t, "iphone15", 16, 3)
	for i := range a {
		if !reflect.DeepEqual(a[i].Result, b[i].Result) {
			t.Errorf("%+v\n%+v", a[i].Result, b[i].Result)
		}
	}
	if none := intervals(t, "iphone15", 0, 3); none[0].Result.Interval90 != nil {
		t.Error("no draws, and an interval all the same")
	}
}
