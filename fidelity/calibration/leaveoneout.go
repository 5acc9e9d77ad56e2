package calibration

import (
	"math"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/validation"
)

// LeaveOneOut gives each fitted outcome the error that it would have had if the
// profile had been fitted to the other fitted ones of its device and runtime
// alone: what the numbers of a profile are worth for a point that they have not
// seen. It refits in the linearised form, without new predictions. A point that
// has no others beside it, or whose others do not tell a number, gets none.
//
// The fit starts at the profile's own numbers, in which the point had its part;
// the pull towards them is weak against that of the points (see the package).
func LeaveOneOut(x *validation.Predictor, outcomes []validation.Outcome) {
	for i := range outcomes {
		if !fitted(outcomes[i]) {
			continue
		}
		if e, ok := leftOut(x, outcomes, i); ok {
			outcomes[i].LeaveOneOutPct = &e
		}
	}
}

func fitted(o validation.Outcome) bool {
	return o.Fitted && o.Implausible == "" && o.Disputed == ""
}

// leftOut is the error of outcome i without itself in the fit.
func leftOut(x *validation.Predictor, outcomes []validation.Outcome, i int) (float64, bool) {
	out := outcomes[i]
	var others []validation.Outcome
	for j, o := range outcomes {
		if j != i && fitted(o) && o.Device == out.Device && o.Runtime == out.Runtime {
			others = append(others, o)
		}
	}
	machine, err := x.Machine(out.Point)
	if err != nil || len(others) == 0 {
		return 0, false
	}
	numbers, err := usual(machine.Device().Parameters(), others)
	if err != nil {
		return 0, false
	}
	s, err := linear(others, numbers).solve()
	if err != nil {
		return 0, false
	}
	return validation.ErrorPct(out.Predicted*moved(out, numbers, s.at), out.Measured), true
}

// moved is the factor by which a prediction changes when numbers move to at, to
// first order in logarithms.
func moved(o validation.Outcome, numbers []devices.Parameter, at []float64) float64 {
	sum := 0.0
	for j, q := range numbers {
		sum += o.Elasticity[q.Path] * at[j]
	}
	return math.Exp(sum)
}
