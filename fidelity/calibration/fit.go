package calibration

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/fault"
)

// Number is one number of a profile that the fit moved.
type Number struct {
	Path        string  `json:"number"`
	Before      string  `json:"before"`
	Value       string  `json:"value"`
	Uncertainty float64 `json:"uncertainty_pct"` // relative standard error
	Range       string  `json:"range"`           // widened to hold the value
}

// Told is what the measurements told of one multiplier of the joint fit.
type Told struct {
	Multiplier string  `json:"multiplier"`
	Factor     float64 `json:"factor"`     // that the fit moved it by, from what it was
	BeforePct  float64 `json:"before_pct"` // relative standard error before and after
	AfterPct   float64 `json:"after_pct"`
}

// Point is a measurement with its predictions.
type Point struct {
	validation.Point
	Before    float64 `json:"predicted_before"`
	Predicted float64 `json:"predicted"`
	ErrorPct  float64 `json:"error_pct"`
}

// Result is a fitted profile.
type Result struct {
	Device  string   `json:"device"`
	Runtime string   `json:"runtime"` // of all measurements; several are joined by commas
	Numbers []Number `json:"numbers"`
	Told    []Told   `json:"told"`
	// Untold are multipliers that the measurements say next to nothing about, although
	// predictions of them depend on them.
	Untold []string `json:"untold"`
	Points []Point  `json:"points"`
	Before float64  `json:"mae_before_pct"`
	After  float64  `json:"mae_after_pct"`
}

// most is by what share of its standard error before a multiplier's must have shrunk
// for the measurements to have told about it.
const most = 0.9

// Fit updates what the shipped fit says of a device by measurements of it: ref names
// the device or its file. All rows are of it, and times. Rows that cannot be predicted
// are the user's mistake.
func Fit(ctx context.Context, ref string, rows []corpus.Row, workers int) (Result, error) {
	d, err := devices.Load(ref, nil)
	if err != nil {
		return Result{}, err
	}
	shipped, err := posterior.Shipped()
	if err != nil {
		return Result{}, err
	}
	cases, err := casesOf(ctx, d.Name, ref, rows, workers)
	if err != nil {
		return Result{}, err
	}
	f := newUpdate(cases, shipped)
	solution, err := f.problem().Solve(ctx, f.mean, workers)
	if err != nil {
		return Result{}, err
	}
	r := Result{Device: d.Name, Runtime: runtimesOf(cases)}
	if err := f.report(&r, solution); err != nil {
		return Result{}, err
	}
	r.Numbers, err = f.numbers(d, ref, solution, len(cases))
	return r, err
}

// casesOf predicts the rows, or says why one of them cannot be.
func casesOf(ctx context.Context, name, ref string, rows []corpus.Row, workers int) ([]fit.Case, error) {
	rows = slices.Clone(rows)
	cases, err := fit.Cases(ctx, rows, fit.Setting{Workers: workers, Profiles: map[string]string{name: ref}})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Exclude != nil {
			return nil, fault.Userf("%s cannot be fitted to: %s; leave it out", r, r.Exclude.Reason)
		}
	}
	for i := range cases {
		if c := &cases[i]; c.Ceiling != "" {
			return nil, fault.Userf("%s cannot be: it %s; leave it out", c.Row, c.Ceiling)
		}
	}
	if len(cases) == 0 {
		return nil, fault.Userf("there is no measurement to fit to")
	}
	return cases, nil
}

func runtimesOf(cases []fit.Case) string {
	var names []string
	for i := range cases {
		if n := cases[i].Runtime(); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return join(names)
}

func join(names []string) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	return text
}

// update is the fit of a few measurements, with the shipped posterior as its prior.
type update struct {
	cases       []fit.Case
	multipliers []devices.Multiplier // of machines' numbers, each once
	mean        []float64
	covariance  *mat.SymDense // before
	rows        []fit.Row
	shipped     *posterior.Posterior
}

func newUpdate(cases []fit.Case, shipped *posterior.Posterior) *update {
	u := &update{cases: cases, shipped: shipped}
	index := map[string]int{}
	for i := range cases {
		for _, m := range cases[i].Machine() {
			if _, ok := index[m.ID()]; !ok {
				index[m.ID()] = len(u.multipliers)
				u.multipliers = append(u.multipliers, m)
			}
		}
	}
	for _, m := range u.multipliers {
		u.mean = append(u.mean, shipped.Estimate(m.ID()))
	}
	u.covariance = shipped.Covariance(u.multipliers)
	for i := range cases {
		u.rows = append(u.rows, cases[i].MachineRow(shipped, index))
	}
	return u
}

func (u *update) problem() *fit.Problem {
	var c mat.Cholesky
	precision := mat.NewSymDense(len(u.multipliers), nil)
	if c.Factorize(u.covariance) {
		c.InverseTo(precision) //nolint:errcheck // a bad condition is a multiplier that is known well
	}
	return &fit.Problem{Sigma: make([]float64, len(u.multipliers)), Mean: u.mean, Precision: precision, Rows: u.rows}
}

// report tells what became of predictions and of multipliers.
func (u *update) report(r *Result, s *fit.Solution) error {
	var after mat.SymDense
	var c mat.Cholesky
	if !c.Factorize(s.Precision) {
		return fault.Userf("the measurements contradict each other: the fit has no covariance")
	}
	c.InverseTo(&after) //nolint:errcheck // as above
	for j, m := range u.multipliers {
		was, is := math.Sqrt(u.covariance.At(j, j)), math.Sqrt(after.At(j, j))
		if is < most*was || math.Abs(s.Theta[j]-u.mean[j]) > was/4 {
			r.Told = append(r.Told, Told{m.ID(), math.Exp(s.Theta[j] - u.mean[j]), 100 * was, 100 * is})
		} else if was > 0.2 {
			r.Untold = append(r.Untold, m.ID())
		}
	}
	n := float64(len(u.cases))
	for i := range u.cases {
		before, err := u.rows[i].At(u.mean)
		if err != nil {
			return err
		}
		p := Point{Point: validation.PointOf(u.cases[i].Row)}
		p.Before, p.Predicted = p.OfSeconds(math.Exp(before)), p.OfSeconds(math.Exp(s.Residual[i]+u.rows[i].LogMeasured))
		p.ErrorPct = validation.ErrorPct(p.Predicted, p.Value)
		r.Points = append(r.Points, p)
		r.Before += math.Abs(validation.ErrorPct(p.Before, p.Value)) / n
		r.After += math.Abs(p.ErrorPct) / n
	}
	return nil
}

// numbers lists the numbers of the profile that moved.
func (u *update) numbers(d *devices.Device, ref string, s *fit.Solution, n int) ([]Number, error) {
	var after mat.SymDense
	var c mat.Cholesky
	if c.Factorize(s.Precision) {
		c.InverseTo(&after) //nolint:errcheck // as above
	}
	estimates := make([]devices.Estimate, len(u.multipliers))
	for j, m := range u.multipliers {
		estimates[j] = devices.Estimate{ID: m.ID(), Log: s.Theta[j], Sigma: math.Sqrt(after.At(j, j)), Rows: n}
	}
	moved, err := devices.LoadRefitted(ref, estimates)
	if err != nil {
		return nil, err
	}
	prior, err := devices.LoadPrior(ref, nil)
	if err != nil {
		return nil, err
	}
	var out []Number
	for _, m := range d.MovedTo(moved) {
		if prior.Has(m.Path) { // other numbers are the fit's alone
			out = append(out, Number{m.Path, m.Before, m.Value, 100 * float64(min(m.Uncertainty, 9.99)), m.Range})
		}
	}
	return out, nil
}
