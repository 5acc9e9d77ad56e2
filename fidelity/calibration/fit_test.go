package calibration_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/calibration"
	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/fault"
)

const head = "device,runtime,unit,threads,model,quant,context,metric,value\n"

var models = []string{"qwen2.5-0.5b", "llama3.2-1b", "qwen2.5-1.5b", "llama3.2-3b", "qwen3-4b"}

// slower is a table of what a phone that nobody measured would show if it were slower by
// a factor than predicted.
func slower(t *testing.T, factor float64, models ...string) []corpus.Row {
	t.Helper()
	table := head
	for _, m := range models {
		table += fmt.Sprintf("galaxys23,llama.cpp-cpu,cpu,4,%s,q4_0,64,ms_per_token,100\n", m)
	}
	rows := read(t, table)
	var x validation.Predictor
	r, err := x.Rows(context.Background(), rows, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	table = head
	for _, o := range r.Points {
		table += fmt.Sprintf("galaxys23,llama.cpp-cpu,cpu,4,%s,q4_0,64,ms_per_token,%g\n", o.Model, factor*o.Predicted)
	}
	return read(t, table)
}

func read(t *testing.T, table string) []corpus.Row {
	t.Helper()
	rows, err := corpus.Read("mine.csv", strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	corpus.Hold(rows, corpus.Shipped())
	return rows
}

// Three measurements of a phone that nobody measured bring its other models within 8 %,
// and narrow what is stated about them.
func TestThreeMeasurementsOfANewPhoneTellOfItsOtherModels(t *testing.T) {
	all := slower(t, 1.25, models...)
	learnt := []corpus.Row{all[0], all[2], all[4]}
	others := []corpus.Row{all[1], all[3]}
	r, err := calibration.Fit(context.Background(), "galaxys23", learnt, 2)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Before-20) > 1 || r.After > 8 || len(r.Numbers) == 0 || len(r.Told) == 0 {
		t.Fatalf("before %.1f %%, after %.1f %%, %d numbers", r.Before, r.After, len(r.Numbers))
	}
	profile, err := r.Profile("galaxys23", "mine.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "galaxys23-calibrated.yaml")
	if err := os.WriteFile(path, profile, 0o600); err != nil {
		t.Fatal(err)
	}
	before, after := width(t, validation.Predictor{}, others), width(t, validation.Predictor{Profiles: map[string]string{"galaxys23": path}}, others)
	for i := range others {
		if e := after[i].ErrorPct; math.Abs(e) > 8 {
			t.Errorf("%s is off by %.1f %% with the calibrated profile, %.1f %% before", others[i], e, before[i].ErrorPct)
		}
	}
	d, err := devices.Load(path, nil)
	if err != nil || d.Name != "galaxys23" {
		t.Fatal(d, err)
	}
	if !strings.Contains(string(profile), "kind: calibrated") || !strings.Contains(string(profile), "# ") {
		t.Error("the profile does not say what was fitted")
	}
}

func width(t *testing.T, x validation.Predictor, rows []corpus.Row) []validation.Outcome {
	t.Helper()
	r, err := x.Rows(context.Background(), rows, 2, nil)
	if err != nil || len(r.Points) != len(rows) {
		t.Fatal(err, r.NotPredicted)
	}
	return r.Points
}

// What the shipped fit and the measurements agree on stays as it is.
func TestMeasurementsAsPredictedMoveNothing(t *testing.T) {
	r, err := calibration.Fit(context.Background(), "galaxys23", slower(t, 1, models[:3]...), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Told {
		if math.Abs(x.Factor-1) > 0.02 {
			t.Errorf("%s moved by a factor of %.3f", x.Multiplier, x.Factor)
		}
	}
}

func TestWhatCannotBeFittedToIsNamed(t *testing.T) {
	for _, test := range []struct{ row, want string }{
		{"galaxys23,llama.cpp-cpu,cpu,4,llama3.2-1b,q4_0,64,mj_per_token,300", "energy"},
		{"galaxys23,llama.cpp-cpu,cpu,4,llama3.2-1b,f16,64,tokens_per_s,1000", "GB/s"},
		{"galaxys23,llama.cpp-cpu,cpu,4,llama9-1b,q4_0,64,tokens_per_s,30", "llama9"},
	} {
		if _, err := calibration.Fit(context.Background(), "galaxys23", read(t, head+test.row+"\n"), 1); !fault.IsUser(err) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.row, err)
		}
	}
	if _, err := calibration.Fit(context.Background(), "galaxys23", nil, 1); !fault.IsUser(err) {
		t.Error(err)
	}
}
