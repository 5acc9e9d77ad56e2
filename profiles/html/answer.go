package html

import (
	"fmt"
	"math"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// answer says in words what the figures mean: what limits the first model, what
// sharing saves, how far a charge goes.
func answer(c profiles.Comparison) []string {
	if len(c.Results) == 0 {
		return []string{"No model was simulated."}
	}
	sentences := []string{limit(&c.Results[0])}
	if c.Results[0].LatencyMS == 0 {
		return sentences
	}
	for i := range c.Results {
		if r := &c.Results[i]; i > 0 && r.LayersExecuted > r.LayersStored {
			sentences = append(sentences, sharing(c.Results, r))
		}
	}
	return append(sentences, energy(&c.Results[0]))
}

// limit says where most of a token's time goes.
func limit(r *sim.Result) string {
	if r.LatencyMS == 0 {
		return fmt.Sprintf("%s processes a prompt of %d tokens in %s ms; no token was decoded.",
			profiles.Clean(r.Model), r.PromptTokens, profiles.Number(r.PrefillMS))
	}
	parts := []struct {
		ms   float64
		what string
	}{
		{r.LatencyPartsMS.DRAM, "waiting for DRAM"},
		{r.LatencyPartsMS.Flash, "waiting for flash, because the model does not fit the app's share of DRAM"},
		{r.LatencyPartsMS.Dispatch, "launching operators"},
		{r.LatencyPartsMS.Compute, "arithmetic"},
		{r.LatencyPartsMS.SRAM, "waiting for on-chip memory"},
	}
	largest := parts[0]
	for _, p := range parts {
		if p.ms > largest.ms {
			largest = p
		}
	}
	return fmt.Sprintf("A token of %s takes %s ms, %.0f %% of it %s, and moves %s MB through DRAM.",
		profiles.Clean(r.Model), profiles.Number(r.LatencyMS), 100*largest.ms/r.LatencyMS, largest.what, profiles.Number(r.DRAMBytesPerToken/1e6))
}

// sharing compares a model that runs its blocks more than once with the first
// model, and with the same layers unshared if they were simulated.
func sharing(results []sim.Result, shared *sim.Result) string {
	base := &results[0]
	s := fmt.Sprintf("Sharing lets %s run %d layers with the weights of %d: %s than %s",
		profiles.Clean(shared.Model), shared.LayersExecuted, shared.LayersStored, change(shared.LatencyMS, base.LatencyMS, "slower", "faster"), profiles.Clean(base.Model))
	for i := range results {
		r := &results[i]
		if r.LayersExecuted == shared.LayersExecuted && r.LayersStored == r.LayersExecuted && r.Quant == shared.Quant && r != base {
			return s + fmt.Sprintf(", where %d layers of their own are %s and move %s the bytes.",
				r.LayersExecuted, change(r.LatencyMS, base.LatencyMS, "slower", "faster"), profiles.Ratio(r.DRAMBytesPerToken, base.DRAMBytesPerToken))
		}
	}
	return s + "."
}

// change says by how much v differs from base.
func change(v, base float64, more, less string) string {
	if base == 0 {
		return "no " + more
	}
	percent := 100 * (v/base - 1)
	switch {
	case math.Abs(percent) < 0.05:
		return "no " + more
	case percent > 0:
		return digits(percent) + " % " + more
	}
	return digits(-percent) + " % " + less
}

func digits(percent float64) string {
	if percent < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", percent), ".0")
	}
	return fmt.Sprintf("%.0f", percent)
}

// energy says what a token costs and how many a charge gives.
func energy(r *sim.Result) string {
	s := fmt.Sprintf("It costs %s mJ on the whole phone", profiles.Number(r.PhoneEnergyMJ))
	if r.EnergyMJPerToken > 0 {
		s = fmt.Sprintf("It costs %s mJ in memory and chip, %.0f %% of that in DRAM, and %s mJ on the whole phone",
			profiles.Number(r.EnergyMJPerToken), 100*r.EnergyPartsMJ.DRAM/r.EnergyMJPerToken, profiles.Number(r.PhoneEnergyMJ))
	}
	if r.TokensPerCharge == 0 {
		return s + "."
	}
	return s + fmt.Sprintf(": a battery charge gives %s tokens.", profiles.Number(r.TokensPerCharge))
}
