package html

import (
	"fmt"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// answer says in words what the figures mean: what limits the first model, what
// sharing costs and saves, how far a charge goes.
func answer(c profiles.Comparison) []string {
	if len(c.Results) == 0 {
		return []string{"No model was simulated."}
	}
	sentences := []string{profiles.Limit(&c.Results[0])}
	if c.Results[0].LatencyMS == 0 {
		return sentences
	}
	if s := profiles.Lever(c); s != "" {
		sentences = append(sentences, s)
	}
	for i := range c.Results {
		if s := profiles.Sharing(c.Results, i); s != "" {
			sentences = append(sentences, s)
		}
	}
	return append(sentences, energy(&c.Results[0]))
}

// energy says what a token costs and how many a charge gives.
func energy(r *sim.Result) string {
	name := profiles.Clean(r.Model)
	s := fmt.Sprintf("%s uses %s mJ per token on the whole phone", name, profiles.Number(r.PhoneEnergyMJ))
	if r.EnergyMJPerToken > 0 {
		s = fmt.Sprintf("%s uses %s mJ per token in chip and memory (%.0f %% DRAM), %s mJ with the rest of the phone",
			name, profiles.Number(r.EnergyMJPerToken), 100*r.EnergyPartsMJ.DRAM/r.EnergyMJPerToken, profiles.Number(r.PhoneEnergyMJ))
	}
	if r.TokensPerCharge == 0 {
		return s + "."
	}
	return s + fmt.Sprintf(": %s tokens per battery charge.", profiles.Count(r.TokensPerCharge))
}
