package validation

import (
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
)

// uncertainty propagates the stated uncertainty of the profile's calibrated
// numbers to a prediction, to first order and as if they were independent.
func uncertainty(m *sim.Machine, elasticity map[string]float64) units.Ratio {
	sum := 0.0
	for _, q := range m.Device().Parameters() {
		if q.Kind == devices.Calibrated {
			e := float64(q.Uncertainty) * elasticity[q.Path]
			sum += e * e
		}
	}
	return units.Ratio(math.Sqrt(sum))
}

// elasticities reads off the ledger how much a figure moves with the numbers of
// the profile that a calibration may change, and of those in watch: a time moves
// as the part that the number governs, an energy as what is drawn for that time.
func elasticities(m *sim.Machine, s sim.Sums, p Point, watch []string) map[string]float64 {
	paths := slices.Clone(watch)
	for _, q := range m.Device().Parameters() {
		paths = append(paths, q.Path)
	}
	out := map[string]float64{}
	for _, path := range paths {
		if e := elasticity(m, s, p, path); e != 0 && m.Uses(path) {
			out[path] = e
		}
	}
	return out
}

// elasticity is that of one number, signed.
func elasticity(m *sim.Machine, s sim.Sums, p Point, path string) float64 {
	time := s.Time.Total()
	if time == 0 {
		return 0
	}
	slower := m.TimeElasticity(s.Time, p.phase(), path)
	switch p.Metric {
	case TokensPerS, PrefillTokensPerS, WarmTokensPerS:
		return -slower
	case MSPerToken, FirstTokenMS:
		return slower
	case MemoryMJPerToken:
		return 0 // what moving a bit costs stands in the parts, which are not fitted
	}
	system := float64(m.Device().SystemPower.Value) * time.Seconds()
	static := s.Energy.Static.Joules()
	whole := s.Energy.Total().Joules() + system
	switch {
	case path == "system_power":
		return system / whole
	case strings.HasSuffix(path, ".static_power"):
		return static / whole
	}
	return slower * (static + system) / whole
}
