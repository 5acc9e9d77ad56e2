package devices

import (
	"math"
	"testing"
)

func TestKernelsFeedTwoPipesAndAFourthRootBeyond(t *testing.T) {
	d, err := LoadPrior("galaxys24", nil) // Cortex-X4 with four pipes, A720 and A520
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Unit("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		threads int
		want    float64
	}{
		{1, math.Pow(2, -0.75)}, // the prime core alone
		{0, (1*3.39*4*math.Pow(2, -0.75) + 3*3.1*2 + 2*2.9*2) / (1*3.39*4 + 3*3.1*2 + 2*2.9*2)},
	} {
		if got := u.WithThreads(test.threads).Fed(); math.Abs(got-test.want) > 0.02 {
			t.Errorf("%d threads: %.3f of the pipes are fed, want %.3f", test.threads, got, test.want)
		}
	}
	gpu, err := d.Unit("gpu")
	if err != nil {
		t.Fatal(err)
	}
	if got := gpu.Fed(); got != 1 {
		t.Errorf("a GPU is fed to %g", got)
	}
}

func TestBuildsScatterWithTheTimeBetweenThem(t *testing.T) {
	d, err := LoadPrior("galaxys24", nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Unit("cpu")
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Runtime("llama.cpp-cpu", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	of := func(months float64, phase string) float64 {
		list := OfBuild(*u, *r, "b1", months, phase)
		if len(list) == 0 {
			return 0
		}
		return list[0].Sigma
	}
	if of(0, "decode") != 0 {
		t.Error("the build that the fit is of scatters")
	}
	if one, four := of(1, "decode"), of(4, "decode"); math.Abs(four-2*one) > 1e-9 || one <= 0 {
		t.Errorf("a month %g, four %g", one, four)
	}
	if of(1, "prefill") <= of(1, "decode") {
		t.Error("prefill changes no more than decode")
	}
}
