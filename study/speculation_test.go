package study

import (
	"context"
	"math"
	"strings"
	"testing"
)

// speculate returns what a draft makes of a model on a phone.
func speculate(t *testing.T, phone string, target Recording, d Draft) (Run, error) {
	t.Helper()
	m, err := Hardware{Device: phone}.Machine()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := target.Trace(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	run, err := Replay(context.Background(), m, trace)
	if err != nil {
		t.Fatal(err)
	}
	return run, Speculate(context.Background(), target, d, &run)
}

func drafted(ref string) Recording {
	return Recording{Model: Model{Ref: ref}, Lengths: Lengths{Prompt: 4, Tokens: 2}, Seed: 1, ShapeOnly: true}
}

// TestDraftingBreaksEven has the time of a token equal with and without a draft
// where the break-even acceptance says, and pay above it alone.
func TestDraftingBreaksEven(t *testing.T) {
	d := Draft{Model: Model{Ref: "smollm-135m"}, Tokens: 3, Acceptance: 0.5}
	run, err := speculate(t, "iphone13", drafted("smollm2-1.7b"), d)
	if err != nil {
		t.Fatal(err)
	}
	even := run.Result.BreakEvenAcceptance
	if !(even > 0 && even < 1) {
		t.Fatalf("a draft of a tenth of the size pays from an acceptance of %g on", even)
	}
	step := run.Result.DraftMS + run.Result.VerifyMS
	if at := step / (1 + 3*even); math.Abs(at-run.Result.LatencyMS) > 1e-9*at {
		t.Errorf("at the break-even acceptance a token takes %g ms, without a draft %g", at, run.Result.LatencyMS)
	}
	for _, c := range []struct {
		acceptance float64
		pays       bool
	}{{1.5 * even, true}, {0.5 * even, false}} {
		d.Acceptance = c.acceptance
		run, err := speculate(t, "iphone13", drafted("smollm2-1.7b"), d)
		if err != nil {
			t.Fatal(err)
		}
		if s := run.Result.Speculation; s.Pays != c.pays || s.Pays != (s.MSPerAccepted < run.Result.LatencyMS) {
			t.Errorf("at an acceptance of %g: %+v", c.acceptance, s)
		}
	}
}

// TestAModelThatDraftsForItself never pays, and its own draft is always accepted.
func TestAModelThatDraftsForItself(t *testing.T) {
	const file = "../engine/testdata/tiny-f16.gguf"
	target := drafted(file)
	target.ShapeOnly = false
	run, err := speculate(t, "iphone13", target, Draft{Model: Model{Ref: file}, Tokens: 2, Acceptance: math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	s := run.Result.Speculation
	if !s.AcceptanceMeasured || s.Acceptance != 1 || s.AcceptedPerStep != 3 || s.Pays {
		t.Errorf("drafting for itself: %+v", s)
	}
	if note := speculation(&run.Result); !strings.Contains(note, "costs") {
		t.Errorf("the note says %q", note)
	}
}

func TestAcceptanceOfNoiseIsNotMeasured(t *testing.T) {
	target := drafted("smollm-135m")
	_, err := speculate(t, "iphone13", target, Draft{Model: Model{Ref: OwnBlock}, Tokens: 2, Acceptance: math.NaN()})
	if err == nil || !strings.Contains(err.Error(), "--acceptance") {
		t.Errorf("measured: %v", err)
	}
}
