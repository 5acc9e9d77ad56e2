package study

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/residency"
)

// memory says what a run's footprint means on its machine, "" if it fits.
func memory(run *Run) string {
	r := &run.Result
	bytes := func(n int64) string { return humanize.Bytes(uint64(max(0, n))) }
	switch r.Residency {
	case residency.Killed:
		return killed(run)
	case residency.Pages:
		return fmt.Sprintf("%s maps %s of weights and the system lets %s of them stay: the rest is read from flash again, %s a token.",
			r.Model, bytes(r.MappedWeightBytes), bytes(r.ResidentWeightBytes), bytes(int64(r.FlashBytesPerToken)))
	case residency.Squeezes:
		return fmt.Sprintf("%s takes %s and %s are free: other apps have to go.", r.Model, bytes(r.FootprintBytes), bytes(int64(run.Machine.Limits().Free)))
	}
	if !r.FitsDRAMBudget {
		return fmt.Sprintf("%s fits, and takes more than the %s that an app is advised to stay under.", r.Model, bytes(r.DRAMBudgetBytes))
	}
	return ""
}

// killed says why the system kills an app, and what would fit instead.
func killed(run *Run) string {
	r, limits := &run.Result, run.Machine.Limits()
	gb := func(n int64) float64 { return float64(n) / 1e9 }
	parts := r.FootprintPartsBytes
	return fmt.Sprintf("%s is killed: it pins %.2f GB (weights %.2f, KV cache %.2f, activations %.2f, runtime %.2f) and %s kills an app beyond %.2f GB. What would fit: %s.",
		r.Model, gb(r.FootprintBytes-r.MappedWeightBytes), gb(parts.Weights-r.MappedWeightBytes), gb(parts.KV), gb(parts.Activations), gb(parts.Runtime),
		run.Machine.Device().Name, gb(int64(limits.Kill)), limits.Instead(run.Machine.Footprint(run.Head), run.Head))
}

// NoneRuns is the mistake of asking for models of which the system kills every
// one; nil if one of them runs.
func NoneRuns(runs ...Run) error {
	var texts []string
	for i := range runs {
		if runs[i].Result.Residency != residency.Killed {
			return nil
		}
		texts = append(texts, killed(&runs[i]))
	}
	if len(texts) == 0 {
		return nil
	}
	return fault.Userf("%s", strings.Join(texts, "\n"))
}
