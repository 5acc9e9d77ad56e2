package units

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTransfersAreNeverFasterThanTheirRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Bytes(rapid.Int64Range(1, 1<<40).Draw(t, "bytes"))
		rate := BytesPerSecond(rapid.Float64Range(1e6, 1e12).Draw(t, "rate"))
		took := n.Over(rate)
		if reached := float64(n) / took.Seconds(); reached > float64(rate)*(1+1e-12) {
			t.Fatalf("%d bytes in %d ps are %g B/s, above %g", n, took, reached, float64(rate))
		}
		if exact := float64(n) / float64(rate) * 1e12; float64(took)-exact > 1+exact*1e-12 {
			t.Fatalf("%d ps, more than a picosecond above %g", took, exact)
		}
	})
}

func TestNoRateTakesNoTime(t *testing.T) {
	if got := Bytes(1).Over(0); got != 0 {
		t.Errorf("bytes take %d ps", got)
	}
	if got := OpsPerSecond(-1).Over(1); got != 0 {
		t.Errorf("operations take %d ps", got)
	}
}

func TestEnergyOfBitsAndOfPower(t *testing.T) {
	if got, want := Bytes(1e9).Energy(12.5).Joules(), 0.1; math.Abs(got-want) > 1e-12 {
		t.Errorf("a gigabyte at 12.5 pJ/bit is %g J, want %g", got, want)
	}
	if got, want := Watts(2.5).Energy(4*Millisecond).Millijoules(), 10.0; math.Abs(got-want) > 1e-12 {
		t.Errorf("2.5 W over 4 ms are %g mJ, want %g", got, want)
	}
}

func TestSpansAreToldInAnyUnit(t *testing.T) {
	const span = 2*Second + 500*Millisecond
	if s, ms, ns := span.Seconds(), span.Milliseconds(), span.Nanoseconds(); s != 2.5 || ms != 2500 || ns != 2.5e9 {
		t.Errorf("%d ps are %g s, %g ms, %g ns", span, s, ms, ns)
	}
	if got := FromNanoseconds(1.2504); got != 1250 {
		t.Errorf("1.2504 ns are %d ps, want 1250", got)
	}
}

// What a token of a model of 125 MB costs at 16 GB/s and 6 pJ/bit.
func Example() {
	const weights = Bytes(125e6)
	fmt.Printf("%.2f ms, %.1f mJ\n", weights.Over(16e9).Milliseconds(), weights.Energy(6).Millijoules())
	// Output: 7.81 ms, 6.0 mJ
}
