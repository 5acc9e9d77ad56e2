package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
)

// landscape is a space of 2,880 points and a law like that of a token's cost:
// two valleys, values that depend on each other, and points that are not valid.
func landscape(t *testing.T) (Space, Evaluate) {
	t.Helper()
	var axes []Axis
	for _, a := range [][2]string{{"layers", "2:60:2"}, {"heads", "1:8"}, {"repeat", "1:3"}, {"vocab", "1,2,4,8"}} {
		axis, err := ParseAxis(a[0], a[1])
		if err != nil {
			t.Fatal(err)
		}
		axes = append(axes, axis)
	}
	s, err := NewSpace(axes)
	if err != nil {
		t.Fatal(err)
	}
	return s, func(_ context.Context, p Point) (sim.Result, error) {
		var v [4]float64
		for i := range v {
			v[i], _ = strconv.ParseFloat(p.Values[i], 64)
		}
		layers, heads, repeat, vocab := v[0], v[1], v[2], v[3]
		if int(layers)%int(repeat) != 0 {
			return sim.Result{}, fault.Userf("layers do not divide")
		}
		cost := math.Abs(layers-24) + 9*math.Abs(heads-1-layers/8) + 5*math.Abs(repeat-2) + 3*math.Abs(vocab-4) + 4*math.Sin(layers)
		return sim.Result{LatencyMS: 100 + cost, Params: int64(layers * heads)}, nil
	}
}

func search(t *testing.T, s Space, evaluate Evaluate, where string, evaluations int, seed uint64) *Search {
	t.Helper()
	figure, err := ParseFigure("latency_ms_per_token", s.Axes())
	if err != nil {
		t.Fatal(err)
	}
	out := &Search{Space: s, Figure: figure, Evaluations: evaluations, Seed: seed, Workers: 2, Evaluate: evaluate}
	if where != "" {
		if out.Where, err = ParseCondition(where, s.Axes()); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// optimum walks the whole space.
func optimum(t *testing.T, s Space, evaluate Evaluate, where *Expression) Row {
	t.Helper()
	best := Row{Result: sim.Result{LatencyMS: math.Inf(1)}}
	err := Run(context.Background(), s, s.All(), 2, evaluate, func(r Row) error {
		meets := r.Invalid == nil
		if meets && where != nil {
			meets, _ = where.True(&r)
		}
		if meets && r.Result.LatencyMS < best.Result.LatencyMS {
			best = r
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return best
}

func TestASearchFindsTheOptimumOfASpaceThatCanBeEnumerated(t *testing.T) {
	s, evaluate := landscape(t)
	const rare = "layers < 10 && params > 60"
	for _, where := range []string{"", "params > 200", rare} {
		for _, evaluations := range []int{s.Size(), 400} { // all of it, and a seventh
			if evaluations < s.Size() && where == rare {
				continue // a needle that only a walk of the whole is sure to find
			}
			for seed := range uint64(8) {
				h := search(t, s, evaluate, where, evaluations, seed)
				got, ok, err := h.Run(context.Background())
				if want := optimum(t, s, evaluate, h.Where); err != nil || !ok || got.Index != want.Index {
					t.Errorf("where %q, %d evaluations, seed %d: %s costs %v (%v), the optimum %s %v",
						where, evaluations, seed, got.Point, got.Result.LatencyMS, err, want.Point, want.Result.LatencyMS)
				}
			}
		}
	}
}

func TestASearchIsTheSameEveryTimeAndWithKnownRows(t *testing.T) {
	s, evaluate := landscape(t)
	run := func(workers int, known map[int]Row) (order []int, best Row) {
		h := search(t, s, evaluate, "params > 200", 150, 5)
		h.Workers, h.Known = workers, known
		h.Visit = func(r Row) error {
			order = append(order, r.Index)
			return nil
		}
		best, _, err := h.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return order, best
	}
	order, best := run(1, nil)
	if again, same := run(7, nil); !reflect.DeepEqual(order, again) || same.Index != best.Index {
		t.Error("two searches go different ways")
	}
	if len(order) != 150 {
		t.Errorf("%d points were evaluated", len(order))
	}
	known := map[int]Row{}
	for _, i := range order[:64] {
		r, err := evaluate(context.Background(), s.Point(i))
		known[i] = Row{Index: i, Point: s.Point(i), Result: r}
		if err != nil {
			known[i] = Row{Index: i, Point: s.Point(i), Invalid: err}
		}
	}
	rest, same := run(2, known)
	if !reflect.DeepEqual(rest, order[64:]) || same.Index != best.Index {
		t.Error("a search that goes on takes another way")
	}
}

func TestASearchWithoutAnAnswerSaysSo(t *testing.T) {
	s, evaluate := landscape(t)
	if best, ok, err := search(t, s, evaluate, "params < 0", 50, 1).Run(context.Background()); ok || err != nil {
		t.Errorf("found %v (%v)", best.Point, err)
	}
	if _, _, err := search(t, s, evaluate, "", 0, 1).Run(context.Background()); !fault.IsUser(err) {
		t.Errorf("no evaluations: %v", err)
	}
	broken := errors.New("broken")
	_, _, err := search(t, s, func(context.Context, Point) (sim.Result, error) { return sim.Result{}, broken }, "", 50, 1).Run(context.Background())
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func ExampleSearch() {
	axis, _ := ParseAxis("layers", "1:1000")
	space, _ := NewSpace([]Axis{axis, {Name: "sharing", Values: []string{"none", "immediate"}}})
	figure, _ := ParseFigure("latency_ms_per_token", space.Axes())
	s := Search{Space: space, Figure: figure, Evaluations: 200, Workers: 1, Evaluate: func(_ context.Context, p Point) (sim.Result, error) {
		layers, _ := strconv.ParseFloat(p.Values[0], 64)
		return sim.Result{LatencyMS: math.Abs(layers - 321)}, nil
	}}
	best, _, err := s.Run(context.Background())
	fmt.Println(best.Result.LatencyMS < 10, err)
	// Output: true <nil>
}
