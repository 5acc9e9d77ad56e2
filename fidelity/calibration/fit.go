package calibration

import (
	"context"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/fault"
)

// free are the fields of a profile that are fitted unless told otherwise, the
// ones that points tell most about first.
var free = []string{"bandwidth_share", "dispatch", "compute_share", "static_power", "matvec_share"}

// rounds is how often predictions are made anew; the last moves numbers by less
// than a thousandth.
const rounds = 6

// Number is a fitted number of a profile.
type Number struct {
	Path        string  `json:"path"`
	Prior       string  `json:"prior"`
	Value       string  `json:"value"`
	Uncertainty float64 `json:"uncertainty_pct"` // relative standard error
	AtLimit     bool    `json:"at_limit"`        // of its range: the points ask for more
}

// Result is the outcome of a fit.
type Result struct {
	Device  string               `json:"device"`
	Runtime string               `json:"runtime"`
	Numbers []Number             `json:"numbers"`
	Points  []validation.Outcome `json:"points"` // as predicted with the fitted numbers
	Before  float64              `json:"mae_before_pct"`
	After   float64              `json:"mae_after_pct"`
}

// Fit fits the numbers at paths (or, if there are none, the usual ones that the
// points can carry) of the one device and runtime that all points measure. More
// numbers than the points carry are refused as the user's mistake.
func Fit(ctx context.Context, x *validation.Predictor, points []validation.Point, paths []string) (Result, error) {
	if err := oneRuntime(points); err != nil {
		return Result{}, err
	}
	outcomes, err := x.Run(ctx, points, nil)
	if err != nil {
		return Result{}, err
	}
	for _, o := range outcomes {
		if o.Implausible != "" {
			return Result{}, fault.Userf("%s cannot be: it %s; leave it out", o.Point, o.Implausible)
		}
	}
	machine, err := x.Machine(points[0])
	if err != nil {
		return Result{}, err
	}
	numbers, err := choose(machine.Device(), outcomes, paths)
	if err != nil {
		return Result{}, err
	}
	r := Result{Device: points[0].Device, Runtime: machine.Runtime().Name, Before: meanError(outcomes)}
	fit := fitting{predictor: x, points: points, priors: numbers, at: make([]float64, len(numbers))}
	return fit.run(ctx, r, outcomes)
}

func oneRuntime(points []validation.Point) error {
	if len(points) == 0 {
		return fault.Userf("there is no measurement to fit to")
	}
	first := points[0]
	for _, p := range points {
		if p.Device != first.Device || p.Runtime != first.Runtime || p.Unit != first.Unit {
			return fault.Userf("%s and %s are measurements of different devices, runtimes or units; fit one at a time", first, p)
		}
	}
	return nil
}

// choose returns the numbers to fit.
func choose(d *devices.Device, outcomes []validation.Outcome, paths []string) ([]devices.Parameter, error) {
	all := d.Parameters()
	if len(paths) == 0 {
		return usual(all, outcomes)
	}
	var chosen []devices.Parameter
	for _, path := range paths {
		path = d.Canonical(path)
		i := slices.IndexFunc(all, func(q devices.Parameter) bool { return q.Path == path })
		if i < 0 {
			return nil, fault.Userf("%s cannot be fitted: it is not a number of %s that is estimated or calibrated and has a range; %s can", path, d.Name, list(tellable(all, outcomes)))
		}
		chosen = append(chosen, all[i])
	}
	if rank := carried(slopes(outcomes, chosen)); rank < len(chosen) {
		return nil, fault.Userf("%d points cannot carry %d free numbers, they tell %d apart: add measurements of models of other sizes (or of prompts, or of energy), or free fewer of %s",
			len(outcomes), len(chosen), rank, strings.Join(paths, ", "))
	}
	return chosen, nil
}

// usual chooses numbers by the order of free, as long as the points tell them
// apart and one point more than numbers is left to judge the fit by.
func usual(all []devices.Parameter, outcomes []validation.Outcome) ([]devices.Parameter, error) {
	var chosen []devices.Parameter
	for _, field := range free {
		for _, q := range all {
			if !strings.HasSuffix(q.Path, "."+field) || !tells(outcomes, q) {
				continue
			}
			trial := append(slices.Clone(chosen), q)
			spare := len(outcomes) > len(trial) || len(trial) == 1
			if spare && carried(slopes(outcomes, trial)) == len(trial) {
				chosen = trial
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fault.Userf("the points tell nothing about the numbers that may be fitted (%s)", strings.Join(free, ", "))
	}
	return chosen, nil
}

func tells(outcomes []validation.Outcome, q devices.Parameter) bool {
	return slices.ContainsFunc(outcomes, func(o validation.Outcome) bool { return math.Abs(o.Elasticity[q.Path]) >= noticeable })
}

func tellable(all []devices.Parameter, outcomes []validation.Outcome) []string {
	var names []string
	for _, q := range all {
		if tells(outcomes, q) {
			names = append(names, q.Path)
		}
	}
	return names
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// slopes is the matrix of elasticities, points by numbers.
func slopes(outcomes []validation.Outcome, numbers []devices.Parameter) *mat.Dense {
	if len(outcomes) == 0 {
		return nil
	}
	m := mat.NewDense(len(outcomes), len(numbers), nil)
	for i, o := range outcomes {
		for j, q := range numbers {
			m.Set(i, j, o.Elasticity[q.Path])
		}
	}
	return m
}

// fitting is a fit under way.
type fitting struct {
	predictor *validation.Predictor
	points    []validation.Point
	priors    []devices.Parameter
	at        []float64 // ln(number/prior)
}

func (f *fitting) run(ctx context.Context, r Result, outcomes []validation.Outcome) (Result, error) {
	var s solution
	for range rounds {
		var err error
		if s, err = f.problem(outcomes).solve(); err != nil {
			return r, err
		}
		moved := distance(f.at, s.at)
		f.at = s.at
		if outcomes, err = f.predict(ctx); err != nil {
			return r, err
		}
		if moved < 1e-3 {
			break
		}
	}
	r.Points, r.After = outcomes, meanError(outcomes)
	r.Numbers = f.numbers(s.sigma)
	return r, nil
}

// problem linearises the fit around where it is.
func (f *fitting) problem(outcomes []validation.Outcome) problem {
	p := linear(outcomes, f.priors)
	p.from = f.at
	return p
}

// linear is the fit of numbers around outcomes that were predicted with them.
func linear(outcomes []validation.Outcome, numbers []devices.Parameter) problem {
	p := problem{slope: slopes(outcomes, numbers), from: make([]float64, len(numbers))}
	for _, o := range outcomes {
		p.errors = append(p.errors, math.Log(o.Predicted/o.Measured))
	}
	for _, q := range numbers {
		p.low = append(p.low, math.Log(math.Max(q.Low, q.Value/1e3)/q.Value))
		p.high = append(p.high, math.Log(q.High/q.Value))
	}
	return p
}

// predict makes the predictions with the numbers as they are.
func (f *fitting) predict(ctx context.Context) ([]validation.Outcome, error) {
	x := *f.predictor
	x.Sets, x.Watch = slices.Clone(x.Sets), nil
	for j, q := range f.priors {
		x.Sets = append(x.Sets, q.Path+"="+q.Text(f.value(j)))
		x.Watch = append(x.Watch, q.Path) // an override is not among the parameters of a profile
	}
	return x.Run(ctx, f.points, nil)
}

// value is number j as it is, to the four digits that a profile states.
func (f *fitting) value(j int) float64 {
	q := f.priors[j]
	v := q.Value * math.Exp(f.at[j])
	scale := math.Pow(10, 3-math.Floor(math.Log10(v)))
	return min(max(math.Round(v*scale)/scale, q.Low), q.High)
}

func (f *fitting) numbers(sigma []float64) []Number {
	p := linear(nil, f.priors)
	var out []Number
	for j, q := range f.priors {
		v := f.value(j)
		out = append(out, Number{
			Path: q.Path, Prior: q.Text(q.Value), Value: q.Text(v), Uncertainty: 100 * sigma[j],
			AtLimit: f.at[j] <= p.low[j]+1e-6 || f.at[j] >= p.high[j]-1e-6,
		})
	}
	return out
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum = math.Max(sum, math.Abs(a[i]-b[i]))
	}
	return sum
}

func meanError(outcomes []validation.Outcome) float64 {
	sum := 0.0
	for _, o := range outcomes {
		sum += math.Abs(o.ErrorPct)
	}
	return sum / float64(len(outcomes))
}
