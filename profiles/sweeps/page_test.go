package sweeps

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// sample evaluates a grid with a simple law: a token costs its weights at 20
// GB/s and 10 us for each layer that runs; a repeated block stays on the chip if
// it fits.
func sample(t *testing.T, axes ...sweep.Axis) []sweep.Row {
	t.Helper()
	s, err := sweep.NewSpace(axes)
	if err != nil {
		t.Fatal(err)
	}
	var rows []sweep.Row
	for i := range s.Size() {
		rows = append(rows, sweep.Row{Index: i, Point: s.Point(i), Result: law(s.Point(i))})
	}
	return rows
}

func law(p sweep.Point) sim.Result {
	number := func(axis string, otherwise float64) float64 {
		text, ok := p.Value(axis)
		v, err := strconv.ParseFloat(strings.TrimSuffix(text, "MiB"), 64)
		if !ok || err != nil {
			return otherwise
		}
		return v
	}
	layers, dim := number("layers", 30), number("dim", 576)
	if _, ok := p.Value("size"); ok { // held: width follows depth
		dim = 32 * float64(int(60/layers*4))
	}
	block := 12 * dim * dim
	params := layers * block
	if size := number("size", 0); size > 0 {
		params = size * 1e4
		block = params / layers
	}
	runs := 1.0
	sharing, _ := p.Value("sharing")
	if sharing == "immediate" {
		runs = 2
	}
	read := params
	if block > number("sram.slc.capacity", 8)*(1<<20) {
		read *= runs
	}
	dispatch := 0.01 * layers * runs
	return sim.Result{
		Model: "m", Quant: "f16", Sharing: sharing, Dim: int(dim), FFN: int(3 * dim), Heads: 9, KVHeads: 3, Vocab: 32000,
		LayersStored: int(layers), LayersExecuted: int(layers * runs), StoredParams: int64(params), Params: int64(params * runs), ModelBytes: int64(params),
		DRAMBytesPerToken: read, LatencyMS: read/20e6 + dispatch, LatencyPartsMS: sim.LatencyMS{Dispatch: dispatch, DRAM: read / 20e6}, EnergyMJPerToken: read / 1e7,
	}
}

func axis(t *testing.T, name, values string) sweep.Axis {
	t.Helper()
	a, err := sweep.ParseAxis(name, values)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func write(t *testing.T, rows []sweep.Row, about About) string {
	t.Helper()
	var b bytes.Buffer
	if err := pageOf(t, rows, about).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wantAll(t *testing.T, page string, words ...string) {
	t.Helper()
	head, _, _ := strings.Cut(page, "</main>")
	for _, w := range words {
		if !strings.Contains(head, w) {
			_, answer, _ := strings.Cut(head, `<div id="answer">`)
			answer, _, _ = strings.Cut(answer, "</div>")
			t.Errorf("the page does not say %q; it says %s", w, answer)
		}
	}
}

func TestAPageNamesTheCrossover(t *testing.T) {
	rows := sample(t, axis(t, "size", "12500"), axis(t, "layers", "4:60:8"), axis(t, "sharing", "none"))
	for i := range rows { // deeper is thinner and saves a little, until dispatch outweighs it
		r := &rows[i].Result
		r.LatencyMS += 2 / float64(r.LayersStored)
	}
	wantAll(t, write(t, rows, About{}), "At 125 M parameters the crossover is behind 12 layers × ", "from 20 layers × ", "on, deeper and thinner is slower",
		"moves 100 % of its bytes", "Latency over depth at 125 M stored parameters")
}

func TestAPageSaysWhatSharingCosts(t *testing.T) {
	rows := sample(t, axis(t, "layers", "15,30,60"), axis(t, "dim", "512,576"), axis(t, "sharing", "none,immediate"))
	wantAll(t, write(t, rows, About{}), "Running the blocks of 30 layers × ", "twice (immediate) adds ", "60 layers × ", "of the same width, the same depth unshared, takes ",
		"Latency over depth and width: not shared", "Latency over depth and width: immediate, twice", "Pareto front",
		"MobileLLM-LS-125M", "Published accuracy against energy", "arXiv 2402.14905")
}

func TestAPageSaysFromWhichMemoryOnSharingPays(t *testing.T) {
	rows := sample(t, axis(t, "layers", "30"), axis(t, "sharing", "none,immediate"), axis(t, "sram.slc.capacity", "2MiB,3MiB,4MiB,8MiB"))
	wantAll(t, write(t, rows, About{}), "From 4MiB of slc on, a repeated block finds all of its weights in the cache; at 3MiB, none.")
}

func TestAPageShowsDevicesEffectsAndRefusals(t *testing.T) {
	rows := sample(t, axis(t, "layers", "4,8"), axis(t, "device", "one,two"))
	rows[3].Invalid = fault.Userf("<b>no</b>")
	page := write(t, rows, About{Figure: "latency_ms_per_token", Least: "latency_ms_per_token", Best: &rows[0],
		Effects: []sweep.Effect{{Path: "dram.channels", Low: "2", High: "8", AtLow: 20, AtHigh: 8, Base: 10}}})
	wantAll(t, page, "The same shapes over devices", "Which device parameter moves the answer", "Most uncertain input: dram.channels (2 to 8)",
		"The search for the least latency_ms_per_token ends at 4 layers × 576, one", "&lt;b&gt;no&lt;/b&gt;", "layers=8 device=two")
}

func TestAPageIsBoundedAndItsFrontIsNot(t *testing.T) {
	a := axis(t, "layers", fmt.Sprintf("1:%d", 3*mostPoints))
	p, err := NewPage([]sweep.Axis{a}, About{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweep.NewSpace([]sweep.Axis{a})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Size() {
		r := sweep.Row{Index: i, Point: s.Point(i), Result: sim.Result{LayersStored: i + 1, LayersExecuted: i + 1, LatencyMS: float64(i + 10), EnergyMJPerToken: float64(i + 10)}}
		if i == 7 {
			r.Result.EnergyMJPerToken = 1
		}
		if err := p.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.rows) > mostPoints || p.stride != 4 || len(p.front.Rows()) != 2 {
		t.Errorf("%d points kept, every %dth; %d on the front", len(p.rows), p.stride, len(p.front.Rows()))
	}
	odd := 0
	for _, r := range p.rows {
		odd += r.Result.LayersStored % 2
	}
	if half := len(p.rows) / 2; odd < half-half/5 || odd > half+half/5 {
		t.Errorf("%d of %d points kept are of odd layers", odd, len(p.rows))
	}
	if notes := p.notes(); !strings.Contains(notes[0], fmt.Sprintf("of %d of the 24576 valid points", len(p.rows))) {
		t.Errorf("notes are %v", notes)
	}
}

func TestRefusalsAreCountedByTheirReason(t *testing.T) {
	rows := sample(t, axis(t, "layers", fmt.Sprintf("1:%d", mostReasons+5)))
	for i := range rows {
		rows[i].Invalid = fault.Userf("reason %d", i)
	}
	rows[1].Invalid = fault.Userf("reason 0")
	p := pageOf(t, rows, About{})
	if first := *p.reasons[0]; first != (reason{"reason 0", 2, "layers=1"}) {
		t.Errorf("the first reason is %+v", first)
	}
	if notes := p.notes(); len(p.reasons) != mostReasons || notes[0] != "4 more points are invalid for other reasons; sweep.csv names them." {
		t.Errorf("%d reasons, then: %s", len(p.reasons), notes[0])
	}
}

func TestAPageKeepsRowsThatItsCallerUsesAgain(t *testing.T) {
	rows := sample(t, axis(t, "layers", "4,8"))
	p, err := NewPage(rows[0].Point.Axes(), About{})
	if err != nil {
		t.Fatal(err)
	}
	var reused sweep.Row
	for _, reused = range rows {
		if err := p.Add(&reused); err != nil {
			t.Fatal(err)
		}
	}
	if p.rows[0].Index != 0 || p.rows[1].Index != 1 {
		t.Errorf("the page holds rows %d and %d", p.rows[0].Index, p.rows[1].Index)
	}
}

func TestTilesHoldTheLeastOfEachCost(t *testing.T) {
	rows := sample(t, axis(t, "layers", "4,8,12"))
	for i, r := range []struct{ ms, mj float64 }{{5, 30}, {3, 40}, {6, 20}} {
		rows[i].Result.LatencyMS, rows[i].Result.EnergyMJPerToken = r.ms, r.mj
	}
	var got []string
	for _, tile := range pageOf(t, rows, About{Counts: map[string]int{"invalid": 2}}).tiles() {
		got = append(got, tile.Value+" "+tile.Label)
	}
	if want := "3 valid points, 2 invalid, 3 least latency, 20 least energy, 3 points on the front"; strings.Join(got, ", ") != want {
		t.Errorf("tiles are %q, want %q", got, want)
	}
}

func TestTwoPagesOfTheSameRowsAreEqual(t *testing.T) {
	rows := sample(t, axis(t, "layers", "15,30,60"), axis(t, "dim", "512,576"), axis(t, "sharing", "none,immediate"))
	if first, second := write(t, rows, About{}), write(t, rows, About{}); first != second {
		t.Error("they differ")
	}
}

func TestAPageWithoutAValidPointSaysSo(t *testing.T) {
	rows := sample(t, axis(t, "layers", "4"))
	rows[0].Invalid = fault.Userf("no")
	wantAll(t, write(t, rows, About{}), "No point is valid")
}
