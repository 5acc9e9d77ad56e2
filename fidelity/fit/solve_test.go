package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// linear is a row whose prediction is a sum of its parameters.
func linear(measured, sigma float64, slope []float64, touches ...int) Row {
	return Row{LogMeasured: measured, Sigma: sigma, Touches: touches, LogPredicted: func(theta []float64) (float64, error) {
		sum := 0.0
		for k, x := range theta {
			sum += slope[k] * x
		}
		return sum, nil
	}}
}

func solve(t *testing.T, p *Problem) *Solution {
	t.Helper()
	s, err := p.Solve(context.Background(), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One parameter with one row is the mean of prior and row, by their precisions: a
// row that agrees with the prior's width to within a sigma is hardly discounted.
func TestPriorAndRowMeetByTheirPrecisions(t *testing.T) {
	s := solve(t, &Problem{Sigma: []float64{0.1}, Rows: []Row{linear(0.05, 0.1, []float64{1}, 0)}})
	w := s.Weight[0]
	if want := 0.05 * w / (1 + w); math.Abs(s.Theta[0]-want) > 1e-4 {
		t.Errorf("%g, want %g", s.Theta[0], want)
	}
	if want := 100 * (1 + w); math.Abs(s.Precision.At(0, 0)-want) > 0.1 {
		t.Errorf("precision %g, want %g", s.Precision.At(0, 0), want)
	}
}

// A phone without rows of its own gets what the others taught the runtime.
func TestWhatIsSharedIsLearntFromAll(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := Problem{Sigma: []float64{0.5}} // 0 is the runtime, the others are phones
	for phone := 1; phone <= 12; phone++ {
		p.Sigma = append(p.Sigma, 0.1)
		own := 0.1 * random.NormFloat64()
		for range 6 {
			p.Rows = append(p.Rows, linear(0.3+own+0.03*random.NormFloat64(), 0.03, []float64{1, 1}, 0, phone))
		}
	}
	p.Sigma = append(p.Sigma, 0.1) // 13 has none
	s := solve(t, &p)
	if math.Abs(s.Theta[0]-0.3) > 0.07 {
		t.Errorf("the runtime is %.3f, it was made with 0.3", s.Theta[0])
	}
	if math.Abs(s.Theta[13]) > 1e-9 {
		t.Errorf("a phone without rows moved by %g", s.Theta[13])
	}
}

func TestAnOddRowPullsLittle(t *testing.T) {
	p := Problem{Sigma: []float64{1}}
	for range 10 {
		p.Rows = append(p.Rows, linear(0.2, 0.05, []float64{1}, 0))
	}
	p.Rows = append(p.Rows, linear(1.5, 0.05, []float64{1}, 0))
	if s := solve(t, &p); math.Abs(s.Theta[0]-0.2) > 0.01 {
		t.Errorf("%g, ten rows say 0.2", s.Theta[0])
	}
}

// What a row is bent in is found by steps: here a maximum of two times.
func TestBentRowsAreFollowed(t *testing.T) {
	max2 := func(measured float64) Row {
		return Row{LogMeasured: math.Log(measured), Sigma: 0.01, Touches: []int{0, 1}, LogPredicted: func(th []float64) (float64, error) {
			return math.Log(max(2*math.Exp(th[0]), 3*math.Exp(th[1]))), nil
		}}
	}
	s := solve(t, &Problem{Sigma: []float64{1, 1}, Rows: []Row{max2(6)}})
	if math.Abs(s.Residual[0]) > 0.01 {
		t.Errorf("residual %g", s.Residual[0])
	}
}

// A fit with a posterior as its prior continues where the other ended: rows in two
// lots give what they give at once, where they are linear and none is odd.
func TestRowsMayComeInLots(t *testing.T) {
	a, b := linear(0.1, 0.1, []float64{1, 0.5}, 0, 1), linear(0.05, 0.1, []float64{1, 2}, 0, 1)
	prior := []float64{0.2, 0.2}
	whole := solve(t, &Problem{Sigma: prior, Rows: []Row{a, b}})
	first := solve(t, &Problem{Sigma: prior, Rows: []Row{a}})
	then := solve(t, &Problem{Sigma: prior, Mean: first.Theta, Precision: first.Precision, Rows: []Row{b}})
	for j := range prior {
		if math.Abs(whole.Theta[j]-then.Theta[j]) > 0.01 {
			t.Errorf("parameter %d: %g at once, %g in lots", j, whole.Theta[j], then.Theta[j])
		}
	}
	var c mat.Cholesky
	if !c.Factorize(then.Precision) {
		t.Error("the posterior has no covariance")
	}
}

// In the linear form, a problem without a row is solved as if it had never been there.
func TestARowLeftOutIsForgotten(t *testing.T) {
	rows := []Row{linear(0.1, 0.1, []float64{1, 0.5}, 0, 1), linear(0.05, 0.1, []float64{1, 2}, 0, 1), linear(-0.2, 0.1, []float64{1, 1}, 0, 1)}
	sigma := []float64{0.2, 0.2}
	p := &Problem{Sigma: sigma, Rows: rows}
	without, err := p.Without(solve(t, p), func(i int) bool { return i == 2 })
	if err != nil {
		t.Fatal(err)
	}
	alone := solve(t, &Problem{Sigma: sigma, Rows: rows[:2]})
	for j := range sigma {
		if math.Abs(without.Theta[j]-alone.Theta[j]) > 1e-3 {
			t.Errorf("parameter %d: %g, alone %g", j, without.Theta[j], alone.Theta[j])
		}
	}
	var c mat.Cholesky
	if !c.Factorize(alone.Precision) {
		t.Fatal("no covariance")
	}
	log, spread, err := Spread(&rows[2], alone.Theta, &c)
	if err != nil {
		t.Fatal(err)
	}
	if want := alone.Theta[0] + alone.Theta[1]; math.Abs(log-want) > 1e-9 || spread <= rows[2].Sigma {
		t.Errorf("predicted %g ± %g, want %g with more than the row's own %g", log, spread, want, rows[2].Sigma)
	}
}
