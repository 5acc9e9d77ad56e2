package validation

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func outcome(errorPct float64, change func(*Outcome)) Outcome {
	o := Outcome{Point: Point{Device: "d", Runtime: "r"}, ErrorPct: errorPct}
	if change != nil {
		change(&o)
	}
	return o
}

func TestMeansKeepFittedAndUnfittedApart(t *testing.T) {
	left := 3.0
	r := Summarize([]Outcome{
		outcome(-10, nil),
		outcome(20, func(o *Outcome) { o.Device = "e" }),
		outcome(2, func(o *Outcome) { o.Fitted, o.LeaveOneOutPct = true, &left }),
		outcome(900, func(o *Outcome) { o.Implausible = "too fast" }),
		outcome(-70, func(o *Outcome) { o.Disputed = "another says otherwise" }),
	})
	for _, test := range []struct {
		name string
		got  *float64
		want float64
	}{{"unfitted", r.MAEUnfitted, 15}, {"fitted", r.MAEFitted, 2}, {"left out", r.MAELeaveOneOut, 3}, {"largest", r.MaxUnfitted, 20}, {"of e", r.Devices[1].MAEUnfitted, 20}} {
		if test.got == nil || math.Abs(*test.got-test.want) > 1e-12 {
			t.Errorf("%s: %v, want %g", test.name, test.got, test.want)
		}
	}
	if r.LeftOut != 2 || r.Devices[0].Points != 2 {
		t.Errorf("%d left out, %d count on d", r.LeftOut, r.Devices[0].Points)
	}
}

func TestReportWithoutPointsIsJSONWithNulls(t *testing.T) {
	text, err := json.Marshal(Summarize(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"points":[]`, `"mae_fitted_pct":null`, `"mae_unfitted_pct":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}
