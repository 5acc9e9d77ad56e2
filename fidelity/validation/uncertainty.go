package validation

import (
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
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

// LatencyUncertainty is the relative standard error of the decode latency of a
// result of m that follows from the uncertainty of the profile's calibrated
// numbers; 0 if none is stated.
func LatencyUncertainty(m *sim.Machine, r sim.Result) units.Ratio {
	ps := func(ms float64) units.Picoseconds { return units.Picoseconds(ms * 1e9) }
	s := sim.Sums{Time: sim.TimeParts{
		Dispatch: ps(r.LatencyPartsMS.Dispatch), Compute: ps(r.LatencyPartsMS.Compute),
		SRAM: ps(r.LatencyPartsMS.SRAM), DRAM: ps(r.LatencyPartsMS.DRAM), Flash: ps(r.LatencyPartsMS.Flash),
	}}
	return uncertainty(m, elasticities(m, s, Point{Metric: MSPerToken}, nil))
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
		if e := elasticity(m, s, p, path); e != 0 && applies(m, path) {
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
	slower := ofTime(s.Time, p.phase(), path) / float64(time)
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

// ofTime is the change of the time for a relative change of the number at path:
// a cost lengthens its part of the time, a rate shortens it.
func ofTime(t sim.TimeParts, phase traces.Phase, path string) float64 {
	group, _, _ := strings.Cut(path, ".")
	field := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case field == "dispatch":
		return float64(t.Dispatch)
	case group == "sram" && field == "bandwidth":
		return -float64(t.SRAM)
	case group == "units" && field == "bandwidth", field == "bandwidth_share":
		return -float64(t.DRAM)
	case field == "compute_share" && phase == traces.Prefill, field == "matvec_share" && phase == traces.Decode, field == "peak":
		return -float64(t.Compute)
	}
	return 0
}

// applies reports whether a number of the profile has a bearing on what a
// machine predicts.
func applies(m *sim.Machine, path string) bool {
	group, rest, _ := strings.Cut(path, ".")
	switch group {
	case "units":
		return strings.HasPrefix(rest, m.Unit().Name+".")
	case "runtimes":
		return strings.HasPrefix(rest, m.Runtime().Name+".")
	case "sram":
		return slices.ContainsFunc(m.Unit().Caches, func(name string) bool { return strings.HasPrefix(rest, name+".") })
	}
	return true
}
