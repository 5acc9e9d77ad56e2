package sweeps

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/parquet-go/parquet-go"
)

var axes = []sweep.Axis{{Name: "kv-heads", Values: []string{"1", "2"}}, {Name: "quant", Values: []string{"f16"}}}

func rows(t *testing.T) []sweep.Row {
	t.Helper()
	s, err := sweep.NewSpace(axes)
	if err != nil {
		t.Fatal(err)
	}
	return []sweep.Row{
		{Index: 0, Point: s.Point(0), Result: sim.Result{Model: "a", Quant: "f16", KVHeads: 1, LatencyMS: 1.5, FitsDRAMBudget: true}},
		{Index: 1, Point: s.Point(1), Invalid: errors.New(`2 heads, and "no" more`)},
	}
}

func TestCSVHasTheAxesThenTheKeysThenTheRefusal(t *testing.T) {
	var b bytes.Buffer
	w, err := NewCSV(&b, Layout{Axes: axes})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows(t) {
		if err := w.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	head := lines[0]
	if head[0] != "kv_heads" || head[1] != "quant" || head[len(head)-1] != "invalid" {
		t.Errorf("columns are %v", head)
	}
	for _, name := range head {
		if n := len(slices.DeleteFunc(slices.Clone(head), func(s string) bool { return s != name })); n != 1 {
			t.Errorf("column %s is there %d times", name, n)
		}
	}
	latency := slices.Index(head, "latency_ms_per_token")
	if lines[1][latency] != "1.5" || lines[2][latency] != "" || lines[2][len(head)-1] != `2 heads, and "no" more` {
		t.Errorf("rows are %v", lines[1:])
	}
}

func TestCSVSaysWhatIsOnTheFrontAndWhatWasPublished(t *testing.T) {
	layout := Layout{Axes: []sweep.Axis{{Name: "layers", Values: []string{"15", "30"}}}, Front: map[int]bool{1: true}}
	s, err := sweep.NewSpace(layout.Axes)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := NewCSV(&b, layout)
	if err != nil {
		t.Fatal(err)
	}
	for i, layers := range []int{15, 30} {
		r := sweep.Row{Index: i, Point: s.Point(i), Result: sim.Result{Quant: "f16", LayersStored: layers, LayersExecuted: layers, Dim: 576, StoredParams: 124_600_000}}
		if err := w.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i, want := range []string{",published_accuracy,published_training,pareto,invalid", ",,,false,", ",46.3,1 T tokens,true,"} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %d is %s, want %s at its end", i, lines[i], want)
		}
	}
}

func TestAnAxisOfFractionsIsOfNumbers(t *testing.T) {
	for values, want := range map[string]kind{"1,2": whole, "1,2.5": real, "1,two": text} {
		if got := kindOf(sweep.Axis{Name: "ffn-ratio", Values: strings.Split(values, ",")}); got != want {
			t.Errorf("values %s are of kind %d, want %d", values, got, want)
		}
	}
}

func TestParquetHasTheSameColumnsTyped(t *testing.T) {
	var b bytes.Buffer
	w := NewParquet(&b, Layout{Axes: axes})
	for _, r := range rows(t) {
		if err := w.Add(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	table := newTable(Layout{Axes: axes})
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	if strings.Join(names, ",") != strings.Join(table.names, ",") {
		t.Errorf("columns are %v, want %v", names, table.names)
	}
	type narrow struct {
		KVHeads int64    `parquet:"kv_heads"`
		Latency *float64 `parquet:"latency_ms_per_token"`
		Fits    string   `parquet:"fits_dram_budget"`
		Invalid string   `parquet:"invalid"`
	}
	got, err := parquet.Read[narrow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].KVHeads != 1 || *got[0].Latency != 1.5 || got[0].Fits != "true" || got[1].Latency != nil || got[1].Invalid == "" {
		t.Errorf("rows are %+v", got)
	}
}

func TestJSONHasTheAxesTheKeysAndTheRefusal(t *testing.T) {
	layout := Layout{Axes: append(axes, sweep.Axis{Name: "dram.channels", Values: []string{"2"}}, sweep.Axis{Name: "sram.slc.capacity", Values: []string{"8 MiB"}}), Front: map[int]bool{0: true}}
	s, err := sweep.NewSpace(layout.Axes)
	if err != nil {
		t.Fatal(err)
	}
	r := sweep.Row{Point: s.Point(0), Result: sim.Result{KVHeads: 1, LatencyMS: 1.5, EnergyPartsMJ: sim.EnergyMJ{DRAM: 2}}}
	good, err := NewJSON(layout).Encode(&r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"dram.channels":2,"sram.slc.capacity":"8 MiB",`, `"kv_heads":1,`, `"latency_ms_per_token":1.5,`, `"energy_parts_mj":{"dram":2,`, `"pareto":true}`} {
		if !strings.Contains(string(good), want) {
			t.Errorf("no %s in %s", want, good)
		}
	}
	r.Invalid = errors.New(`"no"`)
	bad, err := NewJSON(layout).Encode(&r)
	if want := `{"kv_heads":1,"quant":"f16","dram.channels":2,"sram.slc.capacity":"8 MiB","invalid":"\"no\""}`; err != nil || string(bad) != want {
		t.Errorf("got %s (%v), want %s", bad, err, want)
	}
	if !json.Valid(good) || !json.Valid(bad) {
		t.Error("not JSON")
	}
}

func TestAccuraciesArePublishedForShapes(t *testing.T) {
	ls := sim.Result{Quant: "bf16", LayersStored: 30, LayersExecuted: 60, Dim: 576, Sharing: "immediate", StoredParams: 124_600_000}
	if a := accuraciesOf(&ls); len(a) != 2 || a[0].Percent != 47.0 || a[0].Training != "1 T tokens" || a[1].Percent != 45.0 {
		t.Errorf("published for LS-125M: %+v", a)
	}
	for _, other := range []func(*sim.Result){
		func(r *sim.Result) { r.Sharing = "reverse" },
		func(r *sim.Result) { r.LayersExecuted = 90 },
		func(r *sim.Result) { r.Dim = 512 },
		func(r *sim.Result) { r.Quant = "q4_0" }, // what it costs was not published
		func(r *sim.Result) { r.StoredParams = 60_000_000 },
	} {
		r := ls
		if other(&r); len(accuraciesOf(&r)) > 0 {
			t.Errorf("something was published for %+v", r)
		}
	}
	for _, a := range published().Models {
		if a.Percent < 30 || a.Percent > 70 || a.Training == "" || a.Name == "" {
			t.Errorf("not believable: %+v", a)
		}
	}
}

func TestOneLayerIsOne(t *testing.T) {
	for layers, want := range map[int]string{1: "1 layer × 64", 2: "2 layers × 64"} {
		if got := shapeText(&sim.Result{LayersStored: layers, LayersExecuted: layers, Dim: 64}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Rows of several devices say on what unit and under what runtime each ran.
func TestRowsSayOnWhatTheyRan(t *testing.T) {
	l := Layout{Axes: []sweep.Axis{{Name: "device", Values: []string{"a", "b"}}}, Machines: func(p sweep.Point) (string, string) {
		return map[string]string{"a": "cpu", "b": "gpu"}[p.Values[0]], "r-" + p.Values[0]
	}}
	s, err := sweep.NewSpace(l.Axes)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := NewCSV(&b, l)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Size() {
		if err := w.Add(&sweep.Row{Index: i, Point: s.Point(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"device,unit,runtime,", "a,cpu,r-a,", "b,gpu,r-b,"} {
		if line := strings.Split(b.String(), "\n")[i]; !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %s, want %s at its start", i, line, want)
		}
	}
	row, err := NewJSON(l).Encode(&sweep.Row{Index: 1, Point: s.Point(1)})
	if err != nil || !strings.HasPrefix(string(row), `{"device":"b","unit":"gpu","runtime":"r-b",`) {
		t.Errorf("got %s, %v", row, err)
	}
}
