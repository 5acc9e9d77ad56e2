package study

import (
	"fmt"
	"math"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Compare puts runs on one machine side by side, the first as what the others are
// measured against, with the notes that a reader needs. The program's version is
// left to the caller.
func Compare(m *sim.Machine, runs ...Run) profiles.Comparison {
	d := m.Device()
	c := profiles.Comparison{Device: d.Name, Title: d.Title, Unit: m.Unit().Name, Runtime: m.Runtime().Name, Energy: DeviceEnergy}
	if a := m.EnergyAssumption(); a != nil {
		c.Energy = a.Name
	}
	for _, r := range runs {
		c.Results = append(c.Results, r.Result)
	}
	c.Notes = notes(m, runs)
	return c
}

// notes say what a reader must know to read the figures rightly.
func notes(m *sim.Machine, runs []Run) []string {
	var list []string
	add := func(note string) {
		if note != "" {
			list = append(list, note)
		}
	}
	add(synthetic(runs))
	for i := range runs {
		add(memory(&runs[i]))
		add(widened(m, &runs[i].Result))
	}
	add(uncertainty(m, runs))
	return append(list, calibrated(m)...)
}

// synthetic names the models whose weights are noise.
func synthetic(runs []Run) string {
	var names []string
	for i := range runs {
		if runs[i].Head.Synthetic {
			names = append(names, runs[i].Head.Model)
		}
	}
	switch len(names) {
	case 0:
		return ""
	case len(runs):
		return "Weights are synthetic: shapes are exact, values are seeded noise."
	}
	return "Weights of " + strings.Join(names, ", ") + " are synthetic: shapes are exact, values are seeded noise."
}

// widened names weight formats without arithmetic of their own.
func widened(m *sim.Machine, r *sim.Result) string {
	if len(r.FormatsWidened) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: the profile has no arithmetic of %s for %s weights; they are taken as widened to float, an operation each.",
		r.Model, m.Runtime().Name, strings.Join(r.FormatsWidened, ", "))
}

// uncertainty says how sure the latencies are, as far as the calibrated numbers
// of the profile state their errors.
func uncertainty(m *sim.Machine, runs []Run) string {
	var parts []string
	for i := range runs {
		r := &runs[i].Result
		if u := latencyUncertainty(m, r); u > 0 {
			parts = append(parts, fmt.Sprintf("%s %s ms ± %.0f %%", r.Model, profiles.Number(r.LatencyMS), 100*u))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Latency, by the errors of the calibrated numbers: " + strings.Join(parts, ", ") + "."
}

// latencyUncertainty is the relative standard error of the decode latency that
// follows from those of the profile's calibrated numbers, to first order and as if
// they were independent; 0 if none is stated.
func latencyUncertainty(m *sim.Machine, r *sim.Result) float64 {
	ps := func(ms float64) units.Picoseconds { return units.Picoseconds(ms * 1e9) }
	p := r.LatencyPartsMS
	parts := sim.TimeParts{Dispatch: ps(p.Dispatch), Compute: ps(p.Compute), SRAM: ps(p.SRAM), DRAM: ps(p.DRAM), Flash: ps(p.Flash)}
	sum := 0.0
	for _, q := range m.Device().Parameters() {
		if q.Kind == devices.Calibrated {
			e := float64(q.Uncertainty) * m.TimeElasticity(parts, traces.Decode, q.Path)
			sum += e * e
		}
	}
	return math.Sqrt(sum)
}

// calibrated lists the numbers in use that were fitted, and to what.
func calibrated(m *sim.Machine) []string {
	var list []string
	for _, n := range m.Device().Numbers() {
		if n.Kind == devices.Calibrated && m.Uses(n.Path) {
			list = append(list, fmt.Sprintf("%s = %s is calibrated: %s", n.Path, n.Value, n.Source))
		}
	}
	return list
}
