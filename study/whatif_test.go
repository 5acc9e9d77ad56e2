package study_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/study"
)

// levers asks what would make a small model faster on a phone, by change.
func levers(t *testing.T, quant string, samples int) (study.Run, []profiles.WhatIf) {
	t.Helper()
	hardware := study.Hardware{Device: "pixel8pro"}
	m, err := hardware.Machine()
	if err != nil {
		t.Fatal(err)
	}
	r := study.Recording{Model: study.Model{Ref: "smollm-135m", Quant: quant}, Lengths: study.Lengths{Prompt: 4, Tokens: 2}, Seed: 1, ShapeOnly: true}
	trace, err := r.Trace(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	run, err := study.Replay(context.Background(), m, trace)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "trace.parquet")
	if err := r.WriteFile(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	p, err := posterior.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	l := study.Lever{Hardware: hardware, Run: run, Trace: path, Draws: p.Draw(samples, 1), Recording: &r, Scratch: filepath.Join(t.TempDir(), "scratch.parquet")}
	list, err := l.Ask(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return run, list
}

// Every change of a model in 8 bits is tried, and faster hardware is no slower. Four
// bits may be: where launches and arithmetic decide, unpacking them costs more than
// the bytes save.
func TestEveryLeverIsReplayed(t *testing.T) {
	run, list := levers(t, "q8_0", 16)
	for i, want := range []string{"bandwidth", "launches", "twice as large", "q4_0", "same parameters"} {
		if i >= len(list) || !strings.Contains(list[i].Change, want) {
			t.Fatalf("change %d of %+v lacks %q", i, list, want)
		}
	}
	for i, w := range list {
		if w.LatencyMS <= 0 || i < 3 && w.LatencyMS > run.Result.LatencyMS*1.001 {
			t.Errorf("%s takes %g ms, %g as it is", w.Change, w.LatencyMS, run.Result.LatencyMS)
		}
		if s := w.Interval90; s == nil || !(s[0] < w.LatencyMS && w.LatencyMS < s[1]) {
			t.Errorf("%s: %g ms lies outside %v", w.Change, w.LatencyMS, s)
		}
		if s := w.RatioInterval90; s == nil || s[1]/s[0] >= w.Interval90[1]/w.Interval90[0] {
			t.Errorf("%s: the ratio lies in %v, the latency in %v: what both share should cancel", w.Change, s, w.Interval90)
		}
	}
	if four := list[3]; four.DRAMBytesPerToken > 0.7*run.Result.DRAMBytesPerToken {
		t.Errorf("four bits move %g of %g bytes", four.DRAMBytesPerToken, run.Result.DRAMBytesPerToken)
	}
	m, err := study.Hardware{Device: "pixel8pro", Sets: []string{list[0].How}}.Machine()
	if err != nil {
		t.Fatal(err)
	}
	if twice := 2 * run.Machine.Bandwidth(); m.Bandwidth() != twice {
		t.Errorf("%s draws %v, want %v", list[0].How, m.Bandwidth(), twice)
	}
}

func TestWeightsOfFourBitsAreNotTriedAgain(t *testing.T) {
	_, list := levers(t, "q4_0", 0)
	for _, w := range list {
		if strings.Contains(w.Change, "q4_0") {
			t.Errorf("%+v", w)
		}
		if w.Interval90 != nil {
			t.Errorf("%s has an interval without draws", w.Change)
		}
	}
}
