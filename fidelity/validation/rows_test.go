package validation

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/traces"
)

func rowsOf(t *testing.T, table string) []corpus.Row {
	t.Helper()
	rows, err := corpus.Read("mine.csv", strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	corpus.Hold(rows, corpus.Shipped())
	return rows
}

func report(t *testing.T, rows []corpus.Row) Report {
	t.Helper()
	var x Predictor
	r, err := x.Rows(context.Background(), rows, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Rows that nobody has seen are predicted in the order of their table, each with an
// interval; what cannot be predicted says why.
func TestRowsOfAStrangerArePredictedOrSayWhyNot(t *testing.T) {
	r := report(t, rowsOf(t, `device,runtime,unit,threads,model,quant,context,metric,value
Galaxy S23,llama.cpp,cpu,4,Llama-3.2-1B,Q4_0,64,tokens_per_s,25
Galaxy S23,llama.cpp,cpu,4,Llama-3.2-1B,Q4_0,256,prefill_tokens_per_s,100
Nokia 3310,llama.cpp,cpu,1,Llama-3.2-1B,Q4_0,64,tokens_per_s,1
Galaxy S23,llama.cpp,cpu,4,Llama-3.2-1B,F16,64,tokens_per_s,1000
Galaxy S23,llama.cpp,cpu,4,Llama-3.2-1B,Q4_0,64,mj_per_token,300
`))
	if len(r.Points) != 4 || len(r.NotPredicted) != 1 || !strings.Contains(r.NotPredicted[0].Reason, "Nokia") {
		t.Fatalf("%d points, not predicted: %+v", len(r.Points), r.NotPredicted)
	}
	for i, o := range r.Points[:2] {
		if o.Fitted || o.PhoneOut != nil || o.Interval90 == nil || !(o.Interval90[0] < o.Predicted && o.Predicted < o.Interval90[1]) {
			t.Errorf("row %d: %+v", i, o)
		}
	}
	if !strings.Contains(r.Points[2].Implausible, "GB/s") {
		t.Errorf("1000 token/s of 2.5 GB pass for possible: %+v", r.Points[2])
	}
	if e := r.Points[3]; e.Metric != MJPerToken || !(e.Predicted > 0) || e.Interval90 != nil {
		t.Errorf("an energy: %+v", e)
	}
	s, ok := By(r.ErrorsBy, "unit and phase", UnitAndPhase("cpu", traces.Decode))
	if !ok || s.N != 1 || math.Abs(s.MAEPct-math.Abs(r.Points[0].ErrorPct)) > 1e-9 {
		t.Errorf("%+v", s)
	}
	if len(r.LeavePhoneOut) != 0 || r.MAEUnfitted == nil {
		t.Errorf("%+v", r.LeavePhoneOut)
	}
}

// A row that the shipped fit saw tells what it would have been predicted to be without.
func TestShippedRowsTellWhatTheyWouldBeWithout(t *testing.T) {
	r := report(t, few(t, 60))
	if len(r.Points) == 0 {
		t.Fatal("no points")
	}
	for _, o := range r.Points {
		if !o.Fitted || o.PhoneOut == nil || o.ModelOut == nil || o.LeaveOneOutPct == nil {
			t.Errorf("%+v", o)
		}
	}
	if s, ok := By(r.LeavePhoneOut, "all", "all"); !ok || s.N != len(r.Points) {
		t.Errorf("%+v of %d points", s, len(r.Points))
	}
}

// few is every n-th shipped row of a time that can be predicted.
func few(t *testing.T, n int) []corpus.Row {
	t.Helper()
	left, err := posterior.ShippedLeftOut()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := corpus.Published()
	if err != nil {
		t.Fatal(err)
	}
	var out []corpus.Row
	for i, r := range rows {
		if _, ok := left[r.ID]; ok && i%n == 0 {
			out = append(out, r)
		}
	}
	return out
}

// The shipped fit is of today's profiles, rows and models of time: predictions with its
// estimates are those that it ended with. When this fails, run scripts/fit.
func TestTheShippedFitIsOfTheseProfiles(t *testing.T) {
	rows := few(t, 37)
	cases, err := fit.Cases(context.Background(), rows, fit.Setting{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < len(rows) {
		t.Errorf("%d of %d rows are predicted", len(cases), len(rows))
	}
	shipped, err := posterior.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	left, err := posterior.ShippedLeftOut()
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		var logs []float64
		for _, m := range cases[i].Multipliers() {
			logs = append(logs, shipped.Estimate(m.ID()))
		}
		log, err := cases[i].LogSeconds(logs)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := log-math.Log(cases[i].Row.Seconds()), left[cases[i].Row.ID].Log; math.Abs(got-want) > 0.01 {
			t.Errorf("%s is off by %.3f, the fit left %.3f", cases[i].Row, got, want)
		}
	}
}

// The intervals that predictions state hold what was measured: of phones that were left
// out of the fit 80 to 97 % lie in the central 90 %, of every unit and phase.
func TestIntervalsHoldOverTheCorpusLeavingPhonesOut(t *testing.T) {
	left, err := posterior.ShippedLeftOut()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := corpus.Published()
	if err != nil {
		t.Fatal(err)
	}
	in, n := map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		l, ok := left[r.ID]
		if !ok {
			continue
		}
		for _, kind := range []string{"all", UnitAndPhase(r.Unit, r.Phase())} {
			n[kind]++
			if math.Abs(l.PhoneLog) < central*l.PhoneSigma {
				in[kind]++
			}
		}
	}
	if n["all"] < 1000 {
		t.Fatalf("%g rows", n["all"])
	}
	for kind := range n {
		if c := 100 * in[kind] / n[kind]; c < 80 || c > 97 {
			t.Errorf("%s: %.0f %% of %g measurements lie in their 90 %% interval", kind, c, n[kind])
		}
	}
}
