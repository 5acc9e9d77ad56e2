package sweeps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// model is a row of an unshared model of a size in millions of parameters.
func model(layers, dim int, params, ms float64) *sweep.Row {
	n := int64(params * 1e6)
	return &sweep.Row{Result: sim.Result{
		LayersStored: layers, LayersExecuted: layers, Dim: dim, Params: n, StoredParams: n, ModelBytes: n,
		LatencyMS: ms, LatencyPartsMS: sim.LatencyMS{Dispatch: float64(layers) / 10}, DRAMBytesPerToken: float64(n),
	}}
}

// repeated is the same model with its blocks run twice, which moves a share of
// its bytes again.
func repeated(r *sweep.Row, ms, again float64) *sweep.Row {
	s := r.Result
	s.Sharing, s.LayersExecuted, s.Params, s.LatencyMS = "immediate", 2*s.LayersStored, 2*s.StoredParams, ms
	s.DRAMBytesPerToken *= 1 + again
	return &sweep.Row{Result: s}
}

func TestTheTurningPointIsOfModelsOfOneSize(t *testing.T) {
	for name, c := range map[string]struct {
		rows []*sweep.Row
		want string // "" for nothing to say
	}{
		"deeper is slower from 20 layers on": {
			[]*sweep.Row{model(30, 500, 100, 13), model(10, 800, 100, 9), model(20, 600, 101, 12), model(5, 1100, 99, 10), model(40, 300, 50, 5)},
			"at 100 M parameters the crossover is behind 10 layers × 800: from 20 layers × 600 on, deeper and thinner is slower. " +
				"30 layers × 500 moves 100 % of its bytes and yet takes 13 ms a token against 9; dispatch is 50 % of the 4 ms between them.",
		},
		"the deepest is the quickest": {
			[]*sweep.Row{model(5, 1100, 100, 12), model(10, 800, 100, 11), model(20, 600, 100, 10)},
			"at 100 M parameters latency falls with every depth up to 20 layers × 600",
		},
		"all are as quick":       {[]*sweep.Row{model(5, 1100, 100, 9), model(10, 800, 100, 9), model(20, 600, 100, 9)}, ""},
		"two depths are too few": {[]*sweep.Row{model(5, 1100, 100, 9), model(10, 800, 100, 10), model(10, 801, 100, 11), model(20, 600, 110, 12)}, ""},
		"of a depth the quickest counts, and shared ones do not": {
			[]*sweep.Row{model(5, 1100, 100, 12), model(10, 801, 100, 14), model(10, 800, 100, 11), model(20, 600, 100, 13), repeated(model(10, 802, 100, 0), 5, 1)},
			"the crossover is behind 10 layers × 800",
		},
		"the first of the largest groups counts": {
			[]*sweep.Row{model(5, 1100, 100, 12), model(10, 800, 100, 11), model(20, 600, 100, 13), model(5, 1500, 200, 22), model(10, 1200, 200, 21), model(20, 900, 200, 23)},
			"at 100 M parameters",
		},
	} {
		if got := turningPoint(c.rows); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: it says %q", name, got)
		}
	}
}

func TestSharingIsComparedWithTheSameShape(t *testing.T) {
	once := model(15, 576, 60, 4)
	rows := []*sweep.Row{once, repeated(once, 5, 0.1), model(15, 512, 50, 3), model(30, 576, 120, 8)}
	const want = "running the blocks of 15 layers × 576 twice (immediate) adds 25 % to a token's latency, 4 ms to 5; " +
		"30 layers × 576 of the same width, the same depth unshared, takes 8 ms (160 % of the shared model's)."
	if got := priceOfSharing(rows); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if got := priceOfSharing(rows[1:]); got != "" {
		t.Errorf("without the model that runs once it says %q", got)
	}
}

// The worst of all shapes says whether sharing pays at a size.
func TestSharingPaysWhereEveryShapeFindsItsWeights(t *testing.T) {
	axis := axis(t, "sram.slc.capacity", "8MiB,2MiB,4MiB")
	space, err := sweep.NewSpace([]sweep.Axis{axis})
	if err != nil {
		t.Fatal(err)
	}
	// at returns two shapes, once and shared, at a value of the axis: the second
	// moves that share of its repeats again, the first none.
	at := func(value int, again float64) []*sweep.Row {
		small, large := model(15, 512, 50, 3), model(15, 576, 60, 4)
		rows := []*sweep.Row{large, repeated(large, 5, again), small, repeated(small, 4, 0)}
		for _, r := range rows {
			r.Point = space.Point(value)
		}
		return rows
	}
	for _, c := range []struct {
		at8, at2, at4 float64
		want          string
	}{
		{0, 1, 0.75, "from 8MiB of slc on, a repeated block finds all of its weights in the cache; at 4MiB, 25 %."},
		{0.1, 0.4, 0.2, "from 2MiB of slc on, the smallest tried, a repeated block finds 60 % of its weights in the cache: sharing saves its traffic."},
		{0.9, 1, 1, "up to 8MiB of slc, sharing does not pay for all shapes: a repeated block finds 10 % of its weights in the cache."},
	} {
		rows := append(append(at(0, c.at8), at(1, c.at2)...), at(2, c.at4)...)
		if got := paysFrom(rows, axis); got != c.want {
			t.Errorf("it says %q, want %q", got, c.want)
		}
	}
}

func TestFindingsOfFewSettingsAreSaid(t *testing.T) {
	devices := axis(t, "device", "a,b,c,d,e")
	space, err := sweep.NewSpace([]sweep.Axis{devices})
	if err != nil {
		t.Fatal(err)
	}
	var rows []*sweep.Row
	for i := range space.Size() {
		rows = append(rows, &sweep.Row{Point: space.Point(i)})
	}
	got := perSetting(rows, []sweep.Axis{devices}, "", func(rows []*sweep.Row) string { return "is " + rows[0].Point.Values[0] })
	if want := "With a: is a; With b: is b; With c: is c; With d: is d"; strings.Join(got, "; ") != want {
		t.Errorf("said is %q, want %q", got, want)
	}
}

func TestOneFindingOfManySettingsIsSaidOnce(t *testing.T) {
	devices := axis(t, "device", "a,b,c,d,e")
	space, err := sweep.NewSpace([]sweep.Axis{devices})
	if err != nil {
		t.Fatal(err)
	}
	var rows []*sweep.Row
	for i := range space.Size() {
		rows = append(rows, &sweep.Row{Point: space.Point(i)})
	}
	got := perSetting(rows, []sweep.Axis{devices}, "", func(rows []*sweep.Row) string { return fmt.Sprintf("has %d", len(rows)) })
	if want := "With a to e: has 1"; strings.Join(got, "; ") != want {
		t.Errorf("said is %q, want %q", got, want)
	}
}
