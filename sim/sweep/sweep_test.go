package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"pgregory.net/rapid"
)

func TestParseAxis(t *testing.T) {
	for text, want := range map[string]string{
		"8":            "8",
		"8,16, 32":     "8 16 32",
		"8:20:4":       "8 12 16 20",
		"8:21:4":       "8 12 16 20",
		"1:3":          "1 2 3",
		"none,reverse": "none reverse",
		"4,8:12:2":     "4 8 10 12",
	} {
		axis, err := ParseAxis("layers", text)
		if err != nil || strings.Join(axis.Values, " ") != want {
			t.Errorf("%q is %v (%v), want %s", text, axis.Values, err, want)
		}
	}
	for _, text := range []string{"", "8,,9", "9:8", "1:9:0", "a:b", "1:2:3:4", "8,8", "1:9,9", "0:99999999999"} {
		if axis, err := ParseAxis("layers", text); !fault.IsUser(err) {
			t.Errorf("%q is %v, error %v; want a user's mistake", text, axis.Values, err)
		}
	}
}

func TestASpaceHoldsEveryCombinationOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var axes []Axis
		want := 1
		for i := range rapid.IntRange(0, 4).Draw(rt, "axes") {
			a := Axis{Name: fmt.Sprint("a", i)}
			for v := range rapid.IntRange(1, 4).Draw(rt, "values") {
				a.Values = append(a.Values, fmt.Sprint(v))
			}
			want *= len(a.Values)
			axes = append(axes, a)
		}
		s, err := NewSpace(axes)
		if err != nil {
			rt.Fatal(err)
		}
		seen := map[string]bool{}
		for i := range s.Size() {
			seen[s.Point(i).String()] = true
		}
		if s.Size() != want || len(seen) != want {
			rt.Fatalf("%d points, %d different, want %d", s.Size(), len(seen), want)
		}
	})
}

func TestASpaceRefusesWhatCannotBeWalked(t *testing.T) {
	many := Axis{Name: "a", Values: make([]string, 10_000)}
	for _, axes := range [][]Axis{
		{{Name: "a"}},
		{{Name: "a", Values: []string{"1"}}, {Name: "a", Values: []string{"2"}}},
	} {
		if _, err := NewSpace(axes); !fault.IsUser(err) {
			t.Errorf("error is %v, want a user's mistake", err)
		}
	}
	s, err := NewSpace([]Axis{many, {Name: "b", Values: many.Values}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Walkable(); !fault.IsUser(err) {
		t.Errorf("a grid of %d points is to be walked: %v", s.Size(), err)
	}
}

func space(t *testing.T, n int) Space {
	t.Helper()
	axis, err := ParseAxis("n", fmt.Sprintf("0:%d", n-1))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSpace([]Axis{axis})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRowsComeInOrderAndRefusalsAreKept(t *testing.T) {
	for _, workers := range []int{1, 2, 7, 1000} {
		next := 0
		err := Run(context.Background(), space(t, 100), space(t, 100).All(), workers, func(_ context.Context, p Point) (sim.Result, error) {
			v, _ := p.Value("n")
			if strings.HasSuffix(v, "7") {
				return sim.Result{}, fault.Userf("%s ends in 7", v)
			}
			return sim.Result{Model: v}, nil
		}, func(r Row) error {
			if r.Index != next {
				t.Fatalf("%d workers: row %d came as number %d", workers, r.Index, next)
			}
			next++
			if refused := r.Index%10 == 7; refused != (r.Invalid != nil) || !refused && r.Result.Model != fmt.Sprint(r.Index) {
				t.Errorf("row %d is %+v", r.Index, r)
			}
			return nil
		})
		if err != nil || next != 100 {
			t.Errorf("%d workers: %d rows, error %v", workers, next, err)
		}
	}
}

func TestAFailureEndsTheSweepAndNothingKeepsRunning(t *testing.T) {
	var running, evaluated atomic.Int64
	broken := errors.New("disk is gone")
	var rows []int
	err := Run(context.Background(), space(t, 1000), space(t, 1000).All(), 4, func(_ context.Context, p Point) (sim.Result, error) {
		running.Add(1)
		defer running.Add(-1)
		evaluated.Add(1)
		if p.Values[0] == "20" {
			return sim.Result{}, broken
		}
		return sim.Result{}, nil
	}, func(r Row) error {
		rows = append(rows, r.Index)
		return nil
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "n=20") {
		t.Errorf("error is %v", err)
	}
	if len(rows) != 20 || !slices.IsSorted(rows) {
		t.Errorf("rows before the failure: %v", rows)
	}
	if running.Load() != 0 || evaluated.Load() > 20+1+4*ahead+4 {
		t.Errorf("%d points run on, %d were evaluated", running.Load(), evaluated.Load())
	}
}

func TestCancelStopsASweep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rows := 0
	err := Run(ctx, space(t, 1000), space(t, 1000).All(), 2, func(context.Context, Point) (sim.Result, error) {
		return sim.Result{}, nil
	}, func(Row) error {
		if rows++; rows == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows > 10+2*ahead+2 {
		t.Errorf("%d rows, error %v", rows, err)
	}
}

// An axis that is named as innermost varies fastest, whatever its place; points
// and their numbers stay one to one.
func TestInnermostAxesVaryFastest(t *testing.T) {
	axes := []Axis{{"layers", []string{"2", "4"}}, {"dim", []string{"8", "16"}}, {"quant", []string{"f16", "q8_0"}}}
	for _, c := range []struct {
		innermost []string
		want      string
	}{
		{nil, "2/8/f16 2/8/q8_0 2/16/f16 2/16/q8_0 4/8/f16 4/8/q8_0 4/16/f16 4/16/q8_0"},
		{[]string{"layers", "heads"}, "2/8/f16 4/8/f16 2/8/q8_0 4/8/q8_0 2/16/f16 4/16/f16 2/16/q8_0 4/16/q8_0"},
		{[]string{"dim", "layers"}, "2/8/f16 4/8/f16 2/16/f16 4/16/f16 2/8/q8_0 4/8/q8_0 2/16/q8_0 4/16/q8_0"},
	} {
		s, err := NewSpace(axes, c.innermost...)
		if err != nil {
			t.Fatal(err)
		}
		var points []string
		for i := range s.All() {
			points = append(points, strings.Join(s.Point(i).Values, "/"))
			if n := s.index(s.digits(i)); n != i {
				t.Errorf("innermost %v: point %d has the digits of %d", c.innermost, i, n)
			}
		}
		if got := strings.Join(points, " "); got != c.want {
			t.Errorf("innermost %v: %s, want %s", c.innermost, got, c.want)
		}
	}
}
