package sweep

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/residency"
	"pgregory.net/rapid"
)

var shapes = []Axis{
	{Name: "layers", Values: []string{"4", "30"}},
	{Name: "kv-heads", Values: []string{"3"}},
	{Name: "sharing", Values: []string{"none", "immediate"}},
	{Name: "dram.channels", Values: []string{"2"}},
}

func row(t testing.TB, index int, r sim.Result) *Row {
	t.Helper()
	s, err := NewSpace(shapes)
	if err != nil {
		t.Fatal(err)
	}
	return &Row{Index: index, Point: s.Point(index), Result: r}
}

func TestConditionsAreOverKeysAndAxes(t *testing.T) {
	r := row(t, 3, sim.Result{LatencyMS: 12, FitsDRAMBudget: true, Residency: residency.Pages, LayersStored: 30, EnergyPartsMJ: sim.EnergyMJ{DRAM: 3}})
	for text, want := range map[string]bool{
		"latency_ms_per_token < 20 && fits_dram_budget": true,
		`residency == "pages" && footprint_bytes < 3e9`: true,
		`residency in ["fits", "squeezes"]`:             false,
		"latency_ms_per_token < 12":                     false,
		"layers == 30 && layers_stored == layers":       true,
		`sharing == "immediate" || sharing == "none"`:   false, // the result has the last word
		"kv_heads > 2":               false, // here too
		"energy_parts_mj.dram > 2.5": true,
		"layers in [4, 30] and not (latency_ms_per_token > 20)": true,
	} {
		c, err := ParseCondition(text, shapes)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := c.True(r); err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
	}
}

func TestAFigureIsANumber(t *testing.T) {
	r := row(t, 0, sim.Result{LatencyMS: 12, Params: 7})
	for text, want := range map[string]float64{
		"params": 7, "latency_ms_per_token * 2": 24, "layers": 4, "latency_parts_ms.dispatch + 1": 1,
	} {
		f, err := ParseFigure(text, shapes)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := f.Number(r); err != nil || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
	}
	f, err := ParseFigure("1 / dim", shapes)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := f.Number(r); !fault.IsUser(err) {
		t.Errorf("1 / 0 is %v (%v), want a user's mistake", v, err)
	}
}

func TestAWrongExpressionSaysWhatWasMeant(t *testing.T) {
	for text, want := range map[string]string{
		"latency_ms_per_tokn < 20": "did you mean latency_ms_per_token?",
		"latency < 20":             "did you mean latency_ms_per_token?",
		"zzzzzzzzzzzz < 20":        "the keys are app_limit_bytes, block_bytes, dim,",
		"latency_ms_per_token":     "bool",
		"latency_ms_per_token <":   "unexpected",
		"sharing < 3":              "<",
	} {
		_, err := ParseCondition(text, shapes)
		if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a user's mistake with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the message has lines: %v", text, err)
		}
	}
	if _, err := ParseFigure("sharing", shapes); !fault.IsUser(err) {
		t.Errorf("a text is a figure: %v", err)
	}
}

func TestGoalsKnowWhichWayIsBetter(t *testing.T) {
	goals, err := ParseGoals("latency_ms_per_token, tokens_per_s,+dim,-params", shapes)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(goals); got != "[-latency_ms_per_token +tokens_per_s +dim -params]" {
		t.Errorf("goals are %s", got)
	}
	for _, text := range []string{"", "params", "params,params", "params,nonsense"} {
		if _, err := ParseGoals(text, shapes); !fault.IsUser(err) {
			t.Errorf("%q passes: %v", text, err)
		}
	}
}

// The front is what a comparison of every row with every other one finds,
// whatever the order in which rows come.
func TestTheFrontIsWhatNoRowBeats(t *testing.T) {
	goals, err := ParseGoals("latency_ms_per_token,+params", shapes)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		front := NewFront(goals)
		var rows []Row
		for i := range rapid.IntRange(0, 30).Draw(rt, "rows") {
			r := row(t, 0, sim.Result{
				LatencyMS: float64(rapid.IntRange(0, 5).Draw(rt, "latency")),
				Params:    rapid.Int64Range(0, 5).Draw(rt, "params"),
			})
			r.Index = i
			rows = append(rows, *r)
			if err := front.Add(r); err != nil {
				rt.Fatal(err)
			}
		}
		var want []int
		for _, a := range rows {
			beaten := slices.ContainsFunc(rows, func(b Row) bool {
				x, y := a.Result, b.Result
				return y.LatencyMS <= x.LatencyMS && y.Params >= x.Params && (y.LatencyMS < x.LatencyMS || y.Params > x.Params)
			})
			if !beaten {
				want = append(want, a.Index)
			}
		}
		var got []int
		for _, r := range front.Rows() {
			got = append(got, r.Index)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			rt.Fatalf("the front is %v, want %v", got, want)
		}
	})
}

func TestInvalidRowsAreOnNoFront(t *testing.T) {
	goals, err := ParseGoals("latency_ms_per_token,dim", shapes)
	if err != nil {
		t.Fatal(err)
	}
	f := NewFront(goals)
	if err := f.Add(&Row{Invalid: fault.Userf("no")}); err != nil || len(f.Rows()) != 0 {
		t.Errorf("front is %v (%v)", f.Rows(), err)
	}
}
