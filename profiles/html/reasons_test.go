package html

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/ledgertest"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// needing makes the needs of a row at least its waits, as a ledger has them.
func needing(row *sim.Row, more units.Picoseconds) {
	row.Needs = row.Time
	row.Needs.DRAM += more
}

func TestAWaterfallEndsAtTheLatency(t *testing.T) {
	device, err := devices.Load("iphone13", nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		rows := ledgertest.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7)), rapid.IntRange(1, 100).Draw(t, "rows"))
		r := New(device, "gpu", "executorch-mps")
		m := r.Model(traces.Header{Model: "m", Tokens: 1})
		for i := range rows {
			needing(&rows[i], units.Picoseconds(rapid.IntRange(0, 1<<30).Draw(t, "hidden")))
			m.Add(&rows[i])
		}
		c := m.focus().cost()
		steps := r.idealSteps(c, "token")
		sum, left := 0.0, 0.0
		for _, s := range steps[:len(steps)-1] {
			sum += s.value
		}
		last := steps[len(steps)-1]
		if left = math.Abs(sum - last.value); !last.Sum || left > 0.01*last.value+1e-9 { // steps under a thousandth are left out
			t.Fatalf("steps sum to %v ms, the token takes %v: %+v", sum, last.value, steps)
		}
	})
}

func TestTheDifferenceIsThatOfTheLatencies(t *testing.T) {
	a := sim.Result{Model: "a", LatencyMS: 8, LatencyPartsMS: sim.LatencyMS{Dispatch: 5, DRAM: 3}}
	b := sim.Result{Model: "b", LatencyMS: 12, LatencyPartsMS: sim.LatencyMS{Dispatch: 6, DRAM: 2, Flash: 4}}
	c, ok, err := differences([]sim.Result{a, b})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, want := range []string{"b: 4 ms slower than a", "−1.0 ms", "&#43;4.0 ms", "12.0 ms"} {
		if !strings.Contains(string(c.Markup), want) {
			t.Errorf("the waterfall lacks %q: %s", want, c.Markup)
		}
	}
	if _, ok, _ := differences([]sim.Result{a}); ok {
		t.Error("one model differs from itself")
	}
}

// A repeated block that is still on chip has a few stray bytes of traffic; they must
// not stretch the axis over many decades.
func TestTheRooflineEndsBeforeStrayTraffic(t *testing.T) {
	points := []point{{op: "a", macs: 1000, bytes: 1000, time: 1000}, {op: "b", macs: 1e9, bytes: 100, time: 1e9}}
	if left, right := extent(points); left != 1 || right > highestIntensity {
		t.Errorf("the axis goes from %v to %v", left, right)
	}
	r := roof{bandwidth: 1e9}
	for _, p := range r.between(0.1, 1000, 1, 100) {
		if p[1] < 0.99 || p[1] > 101 {
			t.Errorf("the roof leaves the chart at %v", p)
		}
	}
}

// While a prompt pages, it waits for flash; that is no part of loading.
func TestFlashWaitsOfThePromptAreNotLoading(t *testing.T) {
	r := New(nil, "", "")
	m := r.Model(traces.Header{Model: "m"})
	m.Add(&sim.Row{Phase: traces.Prefill, Op: "ffn_up", Time: sim.TimeParts{Flash: 4 * units.Millisecond}, End: 4 * units.Millisecond})
	b := r.firstToken([]sim.Result{{LoadMS: 5}})
	if b.series[0].Name != "load" || b.series[0].Values[0] != 5 || b.series[1].Name != "prompt: flash" || b.series[1].Values[0] != 4 {
		t.Errorf("%+v", b.series[:2])
	}
}

func TestThePictureHasEveryMemoryOfTheUnit(t *testing.T) {
	for _, name := range devices.Names() {
		device, err := devices.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := New(device, device.DefaultUnit, "")
		m := r.Model(traces.Header{Model: "m"})
		for row := range ledgertest.MobileLLM("m", 2, 2).Rows {
			m.Add(row)
		}
		p := r.picture(m, "m", 1e6)
		if want := len(r.caches()) + 3; len(p.Boxes) != want || len(p.Flows) != want-1 {
			t.Errorf("%s: %d boxes and %d flows, want %d memories", name, len(p.Boxes), len(p.Flows), want)
		}
	}
}

func TestOperatorsFallIntoTheirGroups(t *testing.T) {
	for op, want := range map[string]string{"ffn_norm": "norms and adds", "attn_norm": "norms and adds", "add": "norms and adds", "attn_q": "attention",
		"rope": "attention", "kv_store": "attention", "ffn_gate": "feed-forward", "swiglu": "feed-forward", "output": "output", "embed": "others", "output_norm": "norms and adds"} {
		if got := opGroups[groupOf(op)].name; got != want {
			t.Errorf("%s is in %s, want %s", op, got, want)
		}
	}
}

func TestTheIciclesPartsSumToTheirWhole(t *testing.T) {
	m := New(nil, "", "").Model(traces.Header{Model: "m"})
	for row := range ledgertest.MobileLLM("m", 3, 2).Rows {
		m.Add(row)
	}
	l := m.focus()
	raw, err := l.icicle()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "layer 1 (block 0 again)") {
		t.Errorf("no repeat is named: %.300s", raw)
	}
}

func TestChangesStandBehindTheWaterfallWithTheirIntervals(t *testing.T) {
	c := profiles.Comparison{Results: []sim.Result{{Model: "m", LatencyMS: 8, Interval90: map[string][2]float64{"latency_ms_per_token": {6, 16}}}},
		WhatIf: []profiles.WhatIf{{Change: "<b>", LatencyMS: 4, Ratio: 0.5, Interval90: &[2]float64{3, 8}}}}
	show := content{Overview: []page.Chart{{ID: "memories"}, {ID: "ideal"}, {ID: "latency"}}}
	if err := show.whatIf(c); err != nil || show.Overview[2].ID != "whatif" || strings.Contains(string(show.Overview[2].Markup), "<b>") {
		t.Fatalf("%+v (%v)", show.Overview, err)
	}
	if rows := whatIfRows(c); rows[0].Width != 50 || rows[1].Width != 25 || rows[1].SpanLeft != 18.75 || rows[1].SpanWidth != 31.25 || rows[1].Ratio != "0.50×" {
		t.Errorf("%+v", rows)
	}
}
