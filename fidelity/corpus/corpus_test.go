package corpus

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func shipped(t *testing.T) []Row {
	t.Helper()
	rows, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheTablesOfNamesAreWhole(t *testing.T) {
	if _, err := loadTables(); err != nil {
		t.Fatal(err)
	}
	for _, f := range names().formats {
		if _, ok := plainFormat(f); !ok {
			t.Errorf("formats.csv leads to %q, which is no format", f)
		}
	}
	for _, n := range names().notes {
		if _, ok := names().flags[n.flag]; !ok {
			t.Errorf("notes.csv sets the flag %q, which flags.csv does not hold", n.flag)
		}
		if n.phrase != strings.ToLower(n.phrase) {
			t.Errorf("phrase %q would never be found: remarks are compared in small letters", n.phrase)
		}
	}
	for _, s := range names().sources {
		if _, ok := names().flags[s.flag]; !ok {
			t.Errorf("sources.csv sets the flag %q, which flags.csv does not hold", s.flag)
		}
	}
	for name, m := range names().metrics {
		if m.metric != prefillMS && !slices.Contains(Metrics, m.metric) {
			t.Errorf("metrics.csv leads from %s to %q, which is no metric", name, m.metric)
		}
	}
}

func TestEveryRowIsPredictableOrSaysWhyNot(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range shipped(t) {
		if ids[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		ids[r.ID] = true
		if r.Source == "" {
			t.Errorf("%s has no source", r.ID)
		}
		if e := r.Exclude; e != nil {
			if e.Reason == "" || !slices.Contains(Kinds, e.Kind) {
				t.Errorf("%s is left out as %q, %q", r.ID, e.Kind, e.Reason)
			}
			continue
		}
		checkRow(t, r)
	}
}

func checkRow(t *testing.T, r Row) {
	t.Helper()
	if r.Phone == "" || r.Runtime == "" || r.Unit == "" || r.Model == "" || r.Quant == "" {
		t.Errorf("%s lacks a name: %+v", r.ID, r)
	}
	if !slices.Contains(Metrics, r.Metric) || !(r.Value > 0) || math.IsInf(r.Value, 0) {
		t.Errorf("%s: %v %s", r.ID, r.Value, r.Metric)
	}
	if r.Phase() == prefill && (r.Prompt < 1 || r.Context != 0 || r.Tokens != 0) {
		t.Errorf("%s measures a prompt of %d tokens, %d, %d", r.ID, r.Prompt, r.Context, r.Tokens)
	}
	if r.Phase() != prefill && (r.Prompt != 0 || r.Held() < 1) {
		t.Errorf("%s measures decode behind %d of a prompt of %d", r.ID, r.Context, r.Prompt)
	}
	if r.Spread < 0 || math.IsInf(r.Spread, 0) || math.IsNaN(r.Spread) {
		t.Errorf("%s has a spread of %v", r.ID, r.Spread)
	}
}

// The rows of the sources' own tables that are counted; a change of a table of
// names that loses rows shows here.
func TestTheShippedRowsAreCounted(t *testing.T) {
	rows := shipped(t)
	held := 0
	for _, r := range rows {
		if r.Exclude == nil {
			held++
		}
	}
	if len(rows) != 1814 {
		t.Errorf("%d rows, not the 1781 that were collected and 33 of papers", len(rows))
	}
	if held < 1100 {
		t.Errorf("only %d rows are held against predictions", held)
	}
}

func TestRowsThatAreNotToBeCountedAreNot(t *testing.T) {
	for _, r := range shipped(t) {
		note := strings.ToLower(r.Record.Note + " " + r.Record.Flags)
		for _, word := range []string{"known", "repeat", "implausible", "unfit"} {
			if slices.ContainsFunc(strings.Fields(r.Record.Flags), func(f string) bool { return strings.HasPrefix(f, word) }) && r.Exclude == nil {
				t.Errorf("%s is counted though its flags are %s", r.ID, note)
			}
		}
	}
}

func TestMachinesAreReadAsPhonesAre(t *testing.T) {
	rows, err := Machines()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 300 {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.Record.Device == "" || r.Source == "" {
			t.Errorf("%s: %+v", r.ID, r.Record)
		}
	}
}
