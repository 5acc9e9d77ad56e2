package calibration

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/fault"
)

const (
	shareOf    = "runtimes.executorch-xnnpack.bandwidth_share"
	dispatchOf = "runtimes.executorch-xnnpack.dispatch"
)

// measured makes points of what a phone with the given numbers would show.
func measured(t *testing.T, sets ...string) []validation.Point {
	t.Helper()
	var x validation.Predictor
	var points []validation.Point
	for _, m := range []struct {
		model, overrides, quant string
	}{{"smollm-135m", "layers=10", "bf16"}, {"mobilellm-125m", "layers=12", "q8_0"}, {"mobilellm-350m", "layers=6", "f16"}} {
		p := validation.Point{Device: "oneplus12", Runtime: "executorch-cpu", Model: m.model, Overrides: m.overrides, Quant: m.quant, Context: 8, Metric: validation.TokensPerS, Value: 1}
		got, err := x.Predict(context.Background(), p, sets...)
		if err != nil {
			t.Fatal(err)
		}
		p.Value = got.Value
		points = append(points, p)
	}
	return points
}

// What a fit finds is what the measurements were made with.
func TestFitRecoversTheNumbersBehindMeasurements(t *testing.T) {
	points := measured(t, shareOf+"=78%", dispatchOf+"=24us")
	r, err := Fit(context.Background(), &validation.Predictor{}, points, []string{shareOf, dispatchOf})
	if err != nil {
		t.Fatal(err)
	}
	if r.After > 2 || r.After > r.Before/4 {
		t.Errorf("mean error %.2f %% after the fit, %.2f %% before", r.After, r.Before)
	}
	d, err := devices.Load("oneplus12", []string{shareOf + "=" + r.Numbers[0].Value, dispatchOf + "=" + r.Numbers[1].Value})
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := d.Runtime("executorch-cpu", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(runtime.BandwidthShare.Value); math.Abs(share/0.78-1) > 0.06 {
		t.Errorf("bandwidth_share is %s, want 78 %%", r.Numbers[0].Value)
	}
	if us := runtime.Dispatch.Value.Nanoseconds() / 1e3; math.Abs(us/24-1) > 0.1 {
		t.Errorf("dispatch is %s, want 24 us", r.Numbers[1].Value)
	}
	for _, n := range r.Numbers {
		if n.Uncertainty <= 0 || n.Uncertainty > 60 || n.AtLimit {
			t.Errorf("%+v", n)
		}
	}
}

func TestFitKeepsToTheRanges(t *testing.T) {
	points := measured(t, shareOf+"=40%") // below the range of the profile
	r, err := Fit(context.Background(), &validation.Predictor{}, points, []string{shareOf})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Numbers[0].AtLimit {
		t.Errorf("%+v is not at the end of its range", r.Numbers[0])
	}
}

func TestFitRefusesMoreNumbersThanThePointsCarry(t *testing.T) {
	points := measured(t)
	for _, test := range []struct {
		name    string
		points  []validation.Point
		numbers []string
		want    string
	}{
		{"one point, two numbers", points[:1], []string{shareOf, dispatchOf}, "cannot carry 2 free numbers"},
		{"two names of one product", points, []string{shareOf, "units.cpu.bandwidth"}, "they tell 1 apart"},
		{"not a parameter", points, []string{"dram.channels"}, "dram.channels cannot be fitted"},
		{"nothing", nil, nil, "no measurement"},
	} {
		_, err := Fit(context.Background(), &validation.Predictor{}, test.points, test.numbers)
		if !fault.IsUser(err) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	other := append(points[:1:1], points[1])
	other[1].Device = "galaxys24ultra"
	if _, err := Fit(context.Background(), &validation.Predictor{}, other, nil); !fault.IsUser(err) {
		t.Errorf("two devices: %v", err)
	}
	fast := points[0]
	fast.Value = 1e4
	if _, err := Fit(context.Background(), &validation.Predictor{}, []validation.Point{fast}, nil); !fault.IsUser(err) || !strings.Contains(err.Error(), "cannot be") {
		t.Errorf("an impossible point: %v", err)
	}
}

// The file stands in for the device, and its predictions carry an uncertainty.
func TestProfileHoldsWhatWasFitted(t *testing.T) {
	points := measured(t, shareOf+"=80%")
	r, err := Fit(context.Background(), &validation.Predictor{}, points, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Profile("oneplus12", "mine.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fitted.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	x := validation.Predictor{Profiles: map[string]string{"oneplus12": path}}
	outcomes, err := x.Run(context.Background(), points, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if math.Abs(o.ErrorPct-r.Points[i].ErrorPct) > 0.01 || o.UncertaintyPct <= 0 {
			t.Errorf("%s: error %+.2f %% ± %.1f from the file, %+.2f %% from the fit", o.Point, o.ErrorPct, o.UncertaintyPct, r.Points[i].ErrorPct)
		}
	}
	for _, want := range []string{"# Calibrated: executorch-xnnpack of oneplus12", "(mine.csv)", "kind: calibrated", "uncertainty: "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the profile lacks %q", want)
		}
	}
}

func TestLeaveOneOutJudgesByTheOthers(t *testing.T) {
	points := measured(t)
	for i := range points {
		points[i].Fitted = true
	}
	points[0].Value *= 0.8
	var x validation.Predictor
	outcomes, err := x.Run(context.Background(), points, nil)
	if err != nil {
		t.Fatal(err)
	}
	LeaveOneOut(&x, outcomes)
	for _, o := range outcomes {
		if o.LeaveOneOutPct == nil {
			t.Fatalf("%s has no figure", o.Point)
		}
	}
	if e := *outcomes[0].LeaveOneOutPct; math.Abs(e-25) > 2 {
		t.Errorf("the odd point is off by %+.1f %% by the others, want +25", e)
	}
	alone := outcomes[:1:1]
	alone[0].LeaveOneOutPct = nil
	LeaveOneOut(&x, alone)
	if alone[0].LeaveOneOutPct != nil {
		t.Error("a point without others has a figure")
	}
}
