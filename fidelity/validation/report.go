package validation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Outcome is a point with what memsim says of it.
type Outcome struct {
	Point
	Predicted float64 `json:"predicted"`
	Measured  float64 `json:"measured"`
	ErrorPct  float64 `json:"error_pct"` // of the prediction, signed, in percent of the measured value
	// UncertaintyPct is the relative standard error of the prediction that
	// follows from the uncertainty of the profile's calibrated numbers; 0 if
	// none is stated.
	UncertaintyPct float64 `json:"uncertainty_pct,omitempty"`
	// LeaveOneOutPct is the error once the profile is fitted without this point.
	LeaveOneOutPct *float64 `json:"leave_one_out_error_pct,omitempty"`
	// Implausible says why the device cannot have done what was measured; such a
	// point counts in no mean.
	Implausible string `json:"implausible,omitempty"`

	// Interval90 is the central 90 % of what the prediction states, with the error that
	// a measurement has; nil if none is stated.
	Interval90 *[2]float64 `json:"interval90,omitempty"`
	// PhoneOut and ModelOut are the predictions of the fit to all other phones and to
	// all other models; nil of what the shipped fit did not see.
	PhoneOut *Held `json:"leave_phone_out,omitempty"`
	ModelOut *Held `json:"leave_model_out,omitempty"`

	// Own is the prediction as it stands; nil of an energy.
	Own *Held `json:"-"`

	key string // of its row
}

// counts reports whether the outcome enters the means.
func (o Outcome) counts() bool { return o.Implausible == "" && o.Disputed == "" }

// Report is the outcome of a validation. A mean over no point is left out as
// null.
type Report struct {
	Points         []Outcome `json:"points"`
	MAEFitted      *float64  `json:"mae_fitted_pct"`
	MAEUnfitted    *float64  `json:"mae_unfitted_pct"`
	MAELeaveOneOut *float64  `json:"mae_leave_one_out_pct"`
	MaxUnfitted    *float64  `json:"max_unfitted_pct"`
	Devices        []Mean    `json:"devices"`
	LeftOut        int       `json:"points_left_out"` // implausible or disputed

	ErrorsBy      []Score   `json:"errors_by"`       // of the predictions as they are
	LeavePhoneOut []Score   `json:"leave_phone_out"` // of the fit to all other phones
	LeaveModelOut []Score   `json:"leave_model_out"` // of the fit to all other models
	NotPredicted  []Skipped `json:"not_predicted"`
}

// Mean is the mean absolute error of one device and runtime.
type Mean struct {
	Device      string   `json:"device"`
	Runtime     string   `json:"runtime"`
	Points      int      `json:"points"`
	MAEFitted   *float64 `json:"mae_fitted_pct"`
	MAEUnfitted *float64 `json:"mae_unfitted_pct"`
}

// Run predicts every point. Before each it calls step (which may be nil). What a
// point names and does not exist is the user's mistake; all such points are
// named.
func (x *Predictor) Run(ctx context.Context, points []Point, step func(Point)) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(points))
	var problems []error
	for _, p := range points {
		if step != nil {
			step(p)
		}
		o, err := x.outcome(ctx, p)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case fault.IsUser(err):
			problems = append(problems, fault.User(fmt.Errorf("%s: %w", p, err)))
		case err != nil:
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, errors.Join(problems...)
}

func (x *Predictor) outcome(ctx context.Context, p Point) (Outcome, error) {
	predicted, err := x.Predict(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Point: p, Predicted: predicted.Value, Measured: p.Value,
		ErrorPct:    ErrorPct(predicted.Value, p.Value),
		Implausible: predicted.Limit,
	}, nil
}

// ErrorPct is the signed error of a prediction in percent of the measured value.
func ErrorPct(predicted, measured float64) float64 { return 100 * (predicted/measured - 1) }

// Summarize puts outcomes into a report.
func Summarize(outcomes []Outcome) Report {
	r := Report{Points: outcomes, Devices: []Mean{}, ErrorsBy: []Score{}, LeavePhoneOut: []Score{}, LeaveModelOut: []Score{}, NotPredicted: []Skipped{}}
	if r.Points == nil {
		r.Points = []Outcome{}
	}
	errorOf := func(o Outcome) float64 { return o.ErrorPct }
	unfitted := func(o Outcome) bool { return !o.Fitted }
	r.MAEFitted = mean(outcomes, func(o Outcome) bool { return o.Fitted }, errorOf)
	r.MAEUnfitted = mean(outcomes, unfitted, errorOf)
	r.MAELeaveOneOut = mean(outcomes, func(o Outcome) bool { return o.LeaveOneOutPct != nil }, func(o Outcome) float64 { return *o.LeaveOneOutPct })
	for _, o := range outcomes {
		switch abs := math.Abs(o.ErrorPct); {
		case !o.counts():
			r.LeftOut++
		case !o.Fitted && (r.MaxUnfitted == nil || abs > *r.MaxUnfitted):
			r.MaxUnfitted = &abs
		}
	}
	for _, o := range outcomes {
		same := func(m Mean) bool { return m.Device == o.Device && m.Runtime == o.Runtime }
		if slices.ContainsFunc(r.Devices, same) {
			continue
		}
		r.Devices = append(r.Devices, meanOf(outcomes, o.Device, o.Runtime))
	}
	return r
}

func meanOf(outcomes []Outcome, device, runtime string) Mean {
	m := Mean{Device: device, Runtime: runtime}
	mine := func(o Outcome) bool { return o.Device == device && o.Runtime == runtime }
	for _, o := range outcomes {
		if mine(o) && o.counts() {
			m.Points++
		}
	}
	errorOf := func(o Outcome) float64 { return o.ErrorPct }
	m.MAEFitted = mean(outcomes, func(o Outcome) bool { return mine(o) && o.Fitted }, errorOf)
	m.MAEUnfitted = mean(outcomes, func(o Outcome) bool { return mine(o) && !o.Fitted }, errorOf)
	return m
}

// mean is the mean absolute value over the outcomes that count and match; nil
// over none.
func mean(outcomes []Outcome, match func(Outcome) bool, value func(Outcome) float64) *float64 {
	sum, n := 0.0, 0
	for _, o := range outcomes {
		if o.counts() && match(o) {
			sum += math.Abs(value(o))
			n++
		}
	}
	if n == 0 {
		return nil
	}
	sum /= float64(n)
	return &sum
}
