package sram

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// distancesByLine computes stack distances from a list of lines, newest first.
func distancesByLine(line uint64, list []access) map[int]units.Bytes {
	var stack []uint64
	at := map[int]units.Bytes{} // 0: cold
	for _, a := range list {
		for addr := a.addr; addr < a.addr+uint64(a.n); {
			next := min((addr/line+1)*line, a.addr+uint64(a.n))
			i := slices.Index(stack, addr/line)
			at[i+1] += units.Bytes(next - addr)
			if i >= 0 {
				stack = slices.Delete(stack, i, i+1)
			}
			stack = slices.Insert(stack, 0, addr/line)
			addr = next
		}
	}
	return at
}

func curveOf(line units.Bytes, list []access) Curve {
	d := NewDistances[int](line)
	for i, a := range list {
		d.Add(Use[int]{i % 3, a.addr, a.n})
	}
	return d.Curve(nil)
}

func TestStackDistancesAreThoseOfSingleLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := units.Bytes(rapid.SampledFrom([]int{1, 16, 64}).Draw(t, "line"))
		list := drawAccesses(t, line, 30)
		got, want := curveOf(line, list), distancesByLine(uint64(line), list)
		if got.Cold != want[0] {
			t.Fatalf("%d bytes cold, by line %d", got.Cold, want[0])
		}
		steps := got.Cold
		for _, s := range got.Steps {
			if d := int(s.Capacity / line); want[d] != s.Bytes {
				t.Fatalf("%d bytes at a distance of %d lines, by line %d", s.Bytes, d, want[d])
			}
			steps += s.Bytes
		}
		if steps != got.Requested {
			t.Fatalf("the distances account for %d of %d bytes", steps, got.Requested)
		}
	})
}

// The curve and the cache are two computations of one thing.
func TestCurveAgreesWithTheCache(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const line = 64
		list := drawAccesses(t, line, 30)
		for i := range list {
			list[i].write = false
		}
		curve := curveOf(line, list)
		last := curve.Requested
		for lines := 1; lines < 600; lines += 37 {
			h, err := NewHierarchy([]Config{{Capacity: units.Bytes(lines * line), Line: line}})
			if err != nil {
				t.Fatal(err)
			}
			var missed units.Bytes
			for _, a := range list {
				missed += h.Access(a.addr, a.n, false).Miss
			}
			if got := curve.Misses(units.Bytes(lines * line)); got != missed {
				t.Fatalf("%d lines: the curve misses %d bytes, the cache %d", lines, got, missed)
			}
			if missed > last {
				t.Fatalf("%d lines miss %d bytes, %d lines only %d", lines, missed, lines-37, last)
			}
			last = missed
		}
	})
}

// Renumbering times must not change an answer.
func TestDistancesOfManyAccesses(t *testing.T) {
	var list []access
	for i := range 5000 {
		list = append(list, access{addr: uint64(i*i%97) * 64, n: 64 * units.Bytes(1+i%5)})
	}
	got, want := curveOf(64, list), distancesByLine(64, list)
	if got.Cold != want[0] {
		t.Fatalf("%d bytes cold, by line %d", got.Cold, want[0])
	}
	for _, s := range got.Steps {
		if s.Bytes != want[int(s.Capacity/64)] {
			t.Fatalf("%d bytes at %d, by line %d", s.Bytes, s.Capacity, want[int(s.Capacity/64)])
		}
	}
}

// A block that runs twice in a row needs a cache of its own size to be hit, and
// layers in between raise that to the size of all of them.
func ExampleMissCurve() {
	const block = 4 << 20
	type use = Use[string]
	sequence := func(order ...string) func(func(use) bool) {
		return func(yield func(use) bool) {
			for _, name := range order {
				if !yield(use{name, uint64(name[0]) << 30, block}) {
					return
				}
			}
		}
	}
	immediate := MissCurve(64, sequence("A", "A", "B", "B")).Curve(nil)
	repeated := MissCurve(64, sequence("A", "B", "A", "B")).Curve(nil)
	for _, capacity := range []units.Bytes{2 << 20, 4 << 20, 8 << 20} {
		fmt.Printf("%d MiB: immediate %.0f %% hit, repeat-all-over %.0f %%\n",
			capacity>>20, 100*immediate.HitRate(capacity), 100*repeated.HitRate(capacity))
	}
	fmt.Printf("all hits from %d and %d MiB on\n", immediate.Capacity(1)>>20, repeated.Capacity(1)>>20)
	// Output:
	// 2 MiB: immediate 0 % hit, repeat-all-over 0 %
	// 4 MiB: immediate 50 % hit, repeat-all-over 0 %
	// 8 MiB: immediate 50 % hit, repeat-all-over 50 %
	// all hits from 4 and 8 MiB on
}

// BenchmarkMissCurve passes over decode steps.
func BenchmarkMissCurve(b *testing.B) {
	d := NewDistances[int](64)
	position := 128
	for b.Loop() {
		position = 128 + (position+1)%512
		for i, a := range decodeStep(30, 1, position) {
			d.Add(Use[int]{i, a.addr, a.n})
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e3, "ms/token")
}
