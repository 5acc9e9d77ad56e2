package sweeps

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// pageOf is a page that holds rows.
func pageOf(t *testing.T, rows []sweep.Row, about About) *Page {
	t.Helper()
	p, err := NewPage(rows[0].Point.Axes(), about)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := p.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// drawn lists the series of a chart, each as its name and the values of its
// marks.
func drawn(t *testing.T, c page.Chart) []string {
	t.Helper()
	var option struct {
		Series []struct {
			Name string
			Data []struct{ Value any }
		}
	}
	if err := json.Unmarshal(c.Option, &option); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range option.Series {
		text := s.Name
		for _, d := range s.Data {
			text += fmt.Sprintf(" %v", d.Value)
		}
		list = append(list, text)
	}
	return list
}

// one returns the only chart of a function of a page.
func one(t *testing.T, draw func() ([]page.Chart, error)) page.Chart {
	t.Helper()
	list, err := draw()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d charts (%v)", len(list), err)
	}
	return list[0]
}

func wantDrawn(t *testing.T, c page.Chart, want ...string) {
	t.Helper()
	if got := drawn(t, c); !slices.Equal(got, want) {
		t.Errorf("chart %s holds\n%s\nwant\n%s", c.ID, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// results gives rows of axes the latencies listed, a millijoule for each
// millisecond, and their shape by the axes.
func results(t *testing.T, axes []sweep.Axis, ms ...float64) []sweep.Row {
	t.Helper()
	rows := sample(t, axes...)
	if len(rows) != len(ms) {
		t.Fatalf("%d rows, %d latencies", len(rows), len(ms))
	}
	for i := range rows {
		rows[i].Result.LatencyMS, rows[i].Result.EnergyMJPerToken = ms[i], ms[i]
	}
	return rows
}

func TestTheTradeOffShowsAllPointsAndTheFront(t *testing.T) {
	rows := results(t, []sweep.Axis{axis(t, "layers", "2,4"), axis(t, "device", "one,two")}, 1, 2, 3, 4)
	rows[1].Result.EnergyMJPerToken = 0.5
	wantDrawn(t, one(t, pageOf(t, rows, About{}).trade), "not shared, one [1 1] [3 3]", "not shared, two [2 0.5] [4 4]", "Pareto front [1 1] [2 0.5]")
}

func TestSeriesBeyondTheColoursShareOne(t *testing.T) {
	rows := results(t, []sweep.Axis{axis(t, "device", "a,b,c,d,e,f,g,h,i")}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	got := drawn(t, one(t, pageOf(t, rows, About{}).trade))
	if len(got) != mostSeries+1 || got[5] != "not shared, f [6 6]" || got[6] != "others [7 7] [8 8] [9 9]" {
		t.Errorf("the series are %q", got)
	}
}

func TestCurvesAreOfModelsThatDifferInDepth(t *testing.T) {
	deep := axis(t, "layers", "4,2")
	size := []sweep.Axis{axis(t, "size", "12500"), deep, axis(t, "device", "one,two")}
	equal := one(t, pageOf(t, results(t, size, 1, 2, 3, 4), About{}).curves)
	wantDrawn(t, equal, "not shared, one [2 3] [4 1]", "not shared, two [2 4] [4 2]")
	widths := results(t, []sweep.Axis{deep, axis(t, "dim", "512,576")}, 1, 2, 3, 4)
	widths[1].Result.Dim = 600 // a width of one depth only, as the other 576 is
	other := one(t, pageOf(t, widths, About{}).curves)
	wantDrawn(t, other, "width 512, not shared [2 3] [4 1]")
	if other.Title != "Latency over depth" || equal.Title != "Latency over depth at 125 M stored parameters" {
		t.Errorf("titles are %q and %q", other.Title, equal.Title)
	}
}

func TestTheFirstCurvesAreShownAndCounted(t *testing.T) {
	devices := axis(t, "device", "a,b,c,d,e,f,g,h")
	rows := sample(t, axis(t, "layers", "2,4"), axis(t, "dim", "512"), devices)
	c := one(t, pageOf(t, rows, About{}).curves)
	if n := len(drawn(t, c)); n != mostSeries || !strings.HasSuffix(c.Caption, "The first 7 of 8 curves.") {
		t.Errorf("%d curves: %s", n, c.Caption)
	}
}

func TestAMapHoldsTheLeastLatencyOfAShape(t *testing.T) {
	rows := results(t, []sweep.Axis{axis(t, "layers", "2,4"), axis(t, "dim", "512,576"), axis(t, "heads", "8,16")}, 5, 1, 2, 6, 3, 7, 8, 4)
	wantDrawn(t, one(t, pageOf(t, rows, About{}).maps), "latency [0 0 1] [0 1 3] [1 0 2] [1 1 4]")
}

func TestAMapIsDrawnWhereMostShapesArePoints(t *testing.T) {
	rows := sample(t, axis(t, "layers", "2,4,6"), axis(t, "dim", "512,576,640"))
	diagonal := []sweep.Row{rows[0], rows[4], rows[8]}
	if list, err := pageOf(t, diagonal, About{}).maps(); err != nil || len(list) > 0 {
		t.Errorf("three shapes of nine make %d maps (%v)", len(list), err)
	}
	many := sample(t, axis(t, "layers", "2,4"), axis(t, "dim", "512,576"), axis(t, "device", "a,b,c,d,e,f,g"))
	if list, err := pageOf(t, many, About{}).maps(); err != nil || len(list) != mostMaps {
		t.Errorf("seven devices make %d maps (%v)", len(list), err)
	}
}

func TestCostsStandAgainstPublishedAccuracies(t *testing.T) {
	rows := sample(t, axis(t, "layers", "4,8,12,16"), axis(t, "dim", "576"))
	for i, name := range published().Models[:4] {
		rows[i].Result = sim.Result{Quant: "f16", LayersStored: name.Layers, LayersExecuted: name.Layers * name.Repeat, Dim: name.Dim, Sharing: name.Sharing, StoredParams: int64(name.Params), LatencyMS: 20, EnergyMJPerToken: 90}
	}
	few := pageOf(t, rows[:1], About{})
	if list, err := few.accuracies(); err != nil || len(list) != 0 {
		t.Errorf("%d charts of a shape or two (%v)", len(list), err)
	}
	rows[0].Result = sim.Result{Quant: "f16", LayersStored: 30, LayersExecuted: 30, Dim: 576, StoredParams: 124_600_000, LatencyMS: 8, EnergyMJPerToken: 36}
	list, err := pageOf(t, rows, About{}).accuracies()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d charts (%v)", len(list), err)
	}
	wantDrawn(t, list[0], "published, 1 T tokens [8 46.3] [20 47] [20 51.3] [20 52.1]", "published, 0.25 T tokens [20 45] [20 50.2]")
	wantDrawn(t, list[1], "published, 1 T tokens [36 46.3] [90 47] [90 51.3] [90 52.1]", "published, 0.25 T tokens [90 45] [90 50.2]")
}

func TestDevicesStandSideBySide(t *testing.T) {
	rows := results(t, []sweep.Axis{axis(t, "layers", "2,4"), axis(t, "device", "one,two")}, 1, 2, 3, 4)
	wantDrawn(t, one(t, pageOf(t, rows, About{}).machines), "2 layers × 576 1 2", "4 layers × 576 3 4")
}

func TestATornadoShowsChangesFromTheBase(t *testing.T) {
	rows := sample(t, axis(t, "layers", "2"))
	p := pageOf(t, rows, About{Effects: []sweep.Effect{
		{Path: "dram.channels", AtLow: 20, AtHigh: 8, Base: 10}, {Path: "dram.latency", AtLow: 9.5, AtHigh: 11, Base: 10}}})
	wantDrawn(t, one(t, p.tornado), "at the low end of its range 10 -0.5", "at the high end -2 1")
}

func TestANumberOfTheHardwareHasAChartOfItsOwn(t *testing.T) {
	rows := sample(t, axis(t, "layers", "30"), axis(t, "sharing", "none,immediate"), axis(t, "sram.slc.capacity", "1MiB,4MiB,16MiB"))
	list, err := pageOf(t, rows, About{}).overAxes()
	if err != nil || len(list) != 2 {
		t.Fatalf("%d charts (%v)", len(list), err)
	}
	if list[0].Title != "Latency over sram.slc.capacity" || !strings.Contains(string(list[0].Option), "sram.slc.capacity (MiB)") || !strings.Contains(string(list[0].Option), `"type":"log"`) {
		t.Errorf("%s: %s", list[0].Title, list[0].Option)
	}
}

func TestSizesInDifferentUnitsStandOnOneAxis(t *testing.T) {
	axes := quantityAxes([]sweep.Axis{{Name: "sram.slc.capacity", Values: []string{"512 KiB", "1 MiB", "2 MiB"}}, {Name: "layers", Values: []string{"1", "2", "3"}}, {Name: "device", Values: []string{"a", "b", "c"}}})
	if len(axes) != 1 || axes[0].numbers[0] != 0.5 || axes[0].unit != "MiB" {
		t.Errorf("%+v", axes)
	}
}
