package hostbench

import (
	"math"
	"testing"

	"github.com/memsim/memsim/engine/quant"
)

// TestBandwidthAndOverlapComeFromWhatProductsTakePastTheCaches makes rates of
// machines that are known, and finds them again.
func TestBandwidthAndOverlapComeFromWhatProductsTakePastTheCaches(t *testing.T) {
	for _, want := range []struct{ overlap, gbps float64 }{{1, 20}, {0.5, 20}, {0, 35}, {0.8, 12}} {
		r := sample(1)
		for _, f := range Formats {
			compute, fetch := 1e9/r.Weights[f], bytesOf(f)/want.gbps
			took := max(compute, fetch) + (1-want.overlap)*min(compute, fetch)
			r.Far = append(r.Far, Far{f, 1e9 / took, want.gbps})
		}
		if overlap, gbps, misfit := r.memory(); math.Abs(overlap-want.overlap) > 0.051 || math.Abs(gbps/want.gbps-1) > 0.03 || misfit > 0.01 {
			t.Errorf("overlap %.2f, %.1f GB/s, off by %.3f; want %.2f, %.1f GB/s", overlap, gbps, misfit, want.overlap, want.gbps)
		}
	}
}

func TestMemoryBeyondTheCachesFitsTheMachine(t *testing.T) {
	for _, c := range []struct{ llc, memory, want int64 }{
		{0, 0, leastFar}, {32 << 20, 64 << 30, 128 << 20}, {96 << 20, 64 << 30, 384 << 20}, {480 << 20, 256 << 30, mostFar}, {8 << 20, 1 << 30, 64 << 20},
	} {
		if got := farBytes(c.llc, c.memory); got != c.want {
			t.Errorf("cache of %d in memory of %d: %d bytes, want %d", c.llc, c.memory, got, c.want)
		}
	}
}

func TestCoresAreListedInRanges(t *testing.T) {
	if got := CoreList([]int{0, 1, 2, 3, 7, 9, 10}); got != "0-3,7,9-10" {
		t.Error(got)
	}
}

func TestProductsPastTheCachesAreMeasured(t *testing.T) {
	o, err := newOperands(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	b := newBench(o, 1)
	defer b.close()
	if err := b.fars(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, f := range b.rates.Far {
		if f.Type != Formats[i] || f.Weights <= 0 || f.GBps <= 0 {
			t.Errorf("%+v", f)
		}
	}
	if len(b.rates.Far) != len(Formats) || quant.F16 != Formats[0] {
		t.Errorf("%+v", b.rates.Far)
	}
}

func TestRoundsThatLieApartMakeAPredictionUncertain(t *testing.T) {
	if got := (repeats{10, 13, 10.5}).spread(); math.Abs(got-0.05) > 1e-9 {
		t.Error(got)
	}
	if got := (repeats{10}).spread(); got != 0 {
		t.Error(got)
	}
}
