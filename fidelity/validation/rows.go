package validation

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// Rows predicts measurements and reports how far off each is. Times come from the
// shipped fit: of a row that the fit saw, the errors with its phone and with its model
// left out of it are told too. Energies are replayed. Step is called after each row
// (it may be nil). A row that cannot be predicted is in the report with its reason.
func (x *Predictor) Rows(ctx context.Context, rows []corpus.Row, workers int, step func()) (Report, error) {
	shipped, err := posterior.Shipped()
	if err != nil {
		return Report{}, err
	}
	held, err := posterior.ShippedLeftOut()
	if err != nil {
		return Report{}, err
	}
	place := map[string]int{}
	var times, others []corpus.Row
	for i, r := range rows {
		place[key(r)] = i
		if r.Exclude != nil || r.Seconds() == 0 {
			others = append(others, r)
		} else {
			times = append(times, r)
		}
	}
	outcomes, err := x.energies(ctx, others, step)
	if err != nil {
		return Report{}, err
	}
	cases, err := fit.Cases(ctx, times, fit.Setting{Workers: workers, Profiles: x.Profiles, Sets: x.Sets, Step: step})
	if err != nil {
		return Report{}, err
	}
	forecasts, err := fit.Forecasts(ctx, cases, shipped, workers)
	if err != nil {
		return Report{}, err
	}
	own := len(x.Profiles)+len(x.Sets) > 0 // what was left out of the fit is told for shipped profiles alone
	for i := range forecasts {
		left, known := held[forecasts[i].Row.ID]
		outcomes = append(outcomes, timed(&forecasts[i], left, known && forecasts[i].Row.Shipped, own))
	}
	slices.SortStableFunc(outcomes, func(a, b Outcome) int { return place[a.key] - place[b.key] })
	r := Summarize(outcomes)
	r.ErrorsBy = scores(outcomes, func(o Outcome) *Held { return o.Own })
	r.LeavePhoneOut = scores(outcomes, func(o Outcome) *Held { return o.PhoneOut })
	r.LeaveModelOut = scores(outcomes, func(o Outcome) *Held { return o.ModelOut })
	rest := slices.Concat(times, others)
	slices.SortStableFunc(rest, func(a, b corpus.Row) int { return place[key(a)] - place[key(b)] })
	r.NotPredicted = skipped(rest)
	return r, ctx.Err()
}

// key tells rows of several files apart.
func key(r corpus.Row) string { return fmt.Sprint(r.Record.File, ":", r.Record.Line, " ", r.ID) }

// energies predicts the rows of energy by replaying them; one that cannot be predicted
// gets its reason.
func (x *Predictor) energies(ctx context.Context, rows []corpus.Row, step func()) ([]Outcome, error) {
	var out []Outcome
	for i := range rows {
		r := &rows[i]
		if r.Exclude != nil {
			continue
		}
		o, err := x.outcome(ctx, PointOf(*r))
		if step != nil {
			step()
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			r.Exclude = &corpus.Exclusion{Kind: "unpredicted", Reason: err.Error()}
		default:
			o.key = key(*r)
			out = append(out, o)
		}
	}
	return out, nil
}

// PointOf is a row as a point.
func PointOf(r corpus.Row) Point {
	p := Point{
		ID: r.ID, Device: r.Phone, Runtime: r.Runtime, Unit: r.Unit, Model: r.Model, Quant: r.Quant, Threads: r.Threads,
		Context: r.Held(), Metric: r.Metric, Value: r.Value, Fitted: r.Fitted, Source: r.Source, Bytes: r.Resize, Overrides: r.Overrides, Energy: r.Energy,
	}
	if r.Phase() == traces.Prefill {
		p.Context = r.Prompt
	}
	return p
}

// timed is the outcome of a time.
func timed(f *fit.Forecast, left posterior.LeftOut, fitted, own bool) Outcome {
	p := PointOf(f.Row)
	p.Fitted = fitted || f.Row.Fitted
	measured := math.Log(f.Row.Seconds())
	value := func(log float64) float64 { return p.OfSeconds(math.Exp(log)) }
	o := Outcome{
		Point: p, Predicted: value(f.Log), Measured: p.Value, Implausible: f.Ceiling,
		Interval90: interval(value(f.Log-central*f.Sigma), value(f.Log+central*f.Sigma)),
		key:        key(f.Row),
	}
	o.ErrorPct = ErrorPct(o.Predicted, o.Measured)
	if f.Ceiling != "" {
		return o
	}
	o.Own = o.held(f.Log-measured, f.Sigma)
	if fitted && !own {
		o.PhoneOut, o.ModelOut = o.held(left.PhoneLog, left.PhoneSigma), o.held(left.ModelLog, left.ModelSigma)
		o.LeaveOneOutPct = &o.PhoneOut.ErrorPct
	}
	o.UncertaintyPct = 100 * math.Expm1(f.Sigma)
	return o
}

// central is how many standard deviations the central 90 % reach to each side.
const central = 1.6449

func interval(a, b float64) *[2]float64 { return &[2]float64{min(a, b), max(a, b)} }

// OfSeconds is the figure that a point measures, of the time that it is about.
func (p Point) OfSeconds(s float64) float64 {
	switch p.Metric {
	case TokensPerS, WarmTokensPerS:
		return 1 / s
	case PrefillTokensPerS:
		return float64(p.Context) / s
	}
	return 1e3 * s
}

// Held is how a prediction did: its error, and where the measurement lies in what it
// states.
type Held struct {
	ErrorPct   float64    `json:"error_pct"`
	Interval90 [2]float64 `json:"interval90"`
	z          float64    // distance of the measurement in standard deviations
	log, sigma float64    // ln predicted - ln measured of the time, and its standard deviation
}

// held is a prediction of the outcome's measurement whose time is off by log.
func (o Outcome) held(log, sigma float64) *Held {
	measured := math.Log(secondsMeasured(o.Point))
	value := func(l float64) float64 { return o.OfSeconds(math.Exp(l)) }
	return &Held{
		ErrorPct:   ErrorPct(value(measured+log), o.Measured),
		Interval90: *interval(value(measured+log-central*sigma), value(measured+log+central*sigma)),
		z:          math.Abs(log) / sigma, log: log, sigma: sigma,
	}
}

// Skipped is a measurement that is not predicted.
type Skipped struct {
	ID     string  `json:"id"`
	Device string  `json:"device"`
	Model  string  `json:"model"`
	Quant  string  `json:"quant"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Kind   string  `json:"kind"`
	Reason string  `json:"reason"`
	Source string  `json:"source"`
}

func skipped(rows []corpus.Row) []Skipped {
	out := []Skipped{}
	for _, r := range rows {
		if e := r.Exclude; e != nil {
			out = append(out, Skipped{r.ID, r.Record.Device, r.Record.Model, r.Record.Quant, r.Metric, r.Value, e.Kind, e.Reason, r.Source})
		}
	}
	return out
}

// Unknown is the user's mistake of a table no row of which can be predicted, nil if
// some can.
func (r Report) Unknown() error {
	if len(r.Points) > 0 || len(r.NotPredicted) == 0 {
		return nil
	}
	first := r.NotPredicted[0]
	return fault.Userf("none of %d measurements can be predicted; of %s: %s", len(r.NotPredicted), first.ID, first.Reason)
}
