package posterior

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/memsim/memsim/devices"
)

func two(t *testing.T) *Posterior {
	t.Helper()
	p, err := New([]string{"runtime/a/launch", "runtime/a/bandwidth_share"}, []float64{0.1, -0.2}, mat.NewSymDense(2, []float64{200, 120, 120, 100}))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func multiplier(number string) devices.Multiplier {
	return devices.Multiplier{Scope: "runtime", Name: "a", Number: number, Sigma: 0.3}
}

func TestDrawsHaveTheCovarianceOfThePosterior(t *testing.T) {
	p := two(t)
	d := p.Draw(4000, 1)
	a, b := d.Deviations(multiplier("launch")), d.Deviations(multiplier("bandwidth_share"))
	var covariance mat.SymDense
	var c mat.Cholesky
	if !c.Factorize(p.Precision) || c.InverseTo(&covariance) != nil {
		t.Fatal("no covariance")
	}
	for _, x := range []struct {
		what      string
		got, want float64
	}{
		{"first variance", stat.Variance(a, nil), covariance.At(0, 0)},
		{"second variance", stat.Variance(b, nil), covariance.At(1, 1)},
		{"covariance", stat.Covariance(a, b, nil), covariance.At(0, 1)},
	} {
		if math.Abs(x.got/x.want-1) > 0.08 {
			t.Errorf("%s %g, want %g", x.what, x.got, x.want)
		}
	}
	sigma, err := p.Sigma()
	if err != nil || math.Abs(sigma[0]-math.Sqrt(covariance.At(0, 0))) > 1e-12 {
		t.Errorf("%v, %v", sigma, err)
	}
}

// A multiplier that no measurement told about has its prior, the same for one name
// and seed whoever asks.
func TestWhatNobodyMeasuredHasItsPrior(t *testing.T) {
	p := two(t)
	m := multiplier("overlap")
	got := p.Draw(500, 7).Deviations(m)
	if s := stat.StdDev(got, nil); math.Abs(s/m.Sigma-1) > 0.05 {
		t.Errorf("standard deviation %g, want %g", s, m.Sigma)
	}
	if again := p.Draw(500, 7).Deviations(m); !slices.Equal(got, again) {
		t.Error("the same seed gives other draws")
	}
	if other := p.Draw(500, 8).Deviations(m); slices.Equal(got, other) {
		t.Error("another seed gives the same draws")
	}
	if p.Knows(m.ID()) || p.Estimate(m.ID()) != 0 || p.Estimate("runtime/a/launch") != 0.1 {
		t.Error("estimates are of the multipliers that were fitted, and no others")
	}
}

func TestTheShippedPosteriorIsWhole(t *testing.T) {
	p, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	sigma, err := p.Sigma()
	if err != nil {
		t.Fatal(err)
	}
	estimates, err := devices.Estimates()
	if err != nil {
		t.Fatal(err)
	}
	if len(estimates) < 100 {
		t.Errorf("%d multipliers", len(estimates))
	}
	for j, e := range estimates {
		if math.Abs(sigma[j]-e.Sigma) > 0.02*e.Sigma+1e-3 {
			t.Errorf("%s: standard error %g in one file, %g in the other", e.ID, e.Sigma, sigma[j])
		}
	}
}
