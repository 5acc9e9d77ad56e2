// Package validations renders a validation report: lines for a table, and a page of
// errors in percent.
//
// # Caveats
//
// The page shows errors relative to what was measured, so that tokens a second and
// millijoules stand on one axis. An error beyond 100 % stands at its end.
package validations

import (
	"fmt"
	"math"
	"strings"

	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/profiles"
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
	var parts []string
	for _, p := range []struct {
		value *float64
		what  string
	}{
		{r.MAEUnfitted, "on points that no profile was fitted to"}, {r.MAEFitted, "on fitted ones"},
		{r.MAELeaveOneOut, "on fitted ones in leave-one-out"},
	} {
		if p.value != nil {
			parts = append(parts, percent(p.value)+" "+p.what)
		}
	}
	if len(parts) == 0 {
		return []string{"No point counts."}
	}
	lines := []string{"Mean absolute error: " + strings.Join(parts, ", ") + "."}
	lines = append(lines, leftOut("Phone left out of the fit", r.LeavePhoneOut)...)
	lines = append(lines, leftOut("Model left out of the fit", r.LeaveModelOut)...)
	if largest := largest(r); largest != "" {
		lines = append(lines, largest)
	}
	if r.LeftOut == 1 {
		lines = append(lines, fmt.Sprintf("1 of %d points is flagged and left out of the means.", len(r.Points)))
	} else if r.LeftOut > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d points are flagged and left out of the means.", r.LeftOut, len(r.Points)))
	}
	return lines
}

// largest names the points of the largest errors, not fitted and fitted.
func largest(r validation.Report) string {
	var parts []string
	for _, fitted := range []bool{false, true} {
		var worst *validation.Outcome
		for i := range r.Points {
			o := &r.Points[i]
			if Note(*o) == "" && o.Fitted == fitted && (worst == nil || math.Abs(o.ErrorPct) > math.Abs(worst.ErrorPct)) {
				worst = o
			}
		}
		if worst != nil && math.Abs(worst.ErrorPct) >= 0.05 {
			parts = append(parts, fmt.Sprintf("%s (%s, %s%s)", signed(worst.ErrorPct, 1), profiles.Clean(worst.Device), profiles.Clean(Model(worst.Point)), map[bool]string{true: ", fitted"}[fitted]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Largest errors: " + strings.Join(parts, ", ") + "."
}

func percent(v *float64) string {
	return fmt.Sprintf("%.1f %%", *v)
}

// leftOut says, by unit and phase, how far predictions are without what was left out,
// and how many measurements lie in the 90 % intervals.
func leftOut(what string, scores []validation.Score) (lines []string) {
	for _, s := range scores {
		if s.Kind == "unit and phase" {
			lines = append(lines, fmt.Sprintf("%s, %s: mean %.0f %%, median %.0f %%, %.0f %% of %d in the 90 %% interval.", what, profiles.Clean(s.Value), s.MAEPct, s.MedianPct, s.Coverage90, s.N))
		}
	}
	return lines
}
