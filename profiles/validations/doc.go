// Package validations renders a validation report: lines for a table, and a page
// with predicted against measured.
//
// # Caveats
//
// The chart shows relative figures: predicted over measured by point, so that
// tokens a second and millijoules stand on one axis.
package validations

import (
	"fmt"

	"github.com/memsim/memsim/fidelity/validation"
)

// Model names the model of a point with its overrides.
func Model(p validation.Point) string {
	if p.Overrides == "" {
		return p.Model
	}
	return p.Model + "+" + p.Overrides
}

// Note says why a point counts in no mean; "" if it does.
func Note(o validation.Outcome) string {
	switch {
	case o.Implausible != "":
		return "implausible: " + o.Implausible
	case o.Disputed != "":
		return "disputed: " + o.Disputed
	}
	return ""
}

// Summary says in sentences what the report comes to.
func Summary(r validation.Report) []string {
	lines := []string{
		"Mean absolute error: " + percent(r.MAEUnfitted) + " on points that no profile was fitted to, " +
			percent(r.MAEFitted) + " on fitted ones, " + percent(r.MAELeaveOneOut) + " on those when each is left out of the fit.",
	}
	if r.MaxUnfitted != nil {
		lines = append(lines, "Largest error of an unfitted point: "+percent(r.MaxUnfitted)+".")
	}
	if r.LeftOut > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d points are flagged and count in no mean.", r.LeftOut, len(r.Points)))
	}
	return lines
}

func percent(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("%.1f %%", *v)
}
