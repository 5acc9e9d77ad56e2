package study

import (
	"fmt"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
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
		add(undescribed(&runs[i].Head))
		add(memory(&runs[i]))
		add(widened(m, &runs[i].Result))
		add(speculation(&runs[i].Result))
	}
	for i := range runs {
		add(slower(&runs[0], &runs[i]))
	}
	add(uncertainty(m, runs))
	return append(list, calibrated(m)...)
}

// undescribed says that a model's architecture is not known, and what stands in for it.
func undescribed(h *traces.Header) string {
	if !h.Shape.Undescribed {
		return ""
	}
	return fmt.Sprintf("Architecture %q of %s is not known: its layers are taken as products with the matrices that its file lists, or as a plain decoder's of the sizes in its config.json, and as attention over a cache of the stated heads. Bytes and products are predicted, its other operators are not.",
		h.Shape.Architecture, h.Model)
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

// uncertainty says what makes the latencies uncertain, and how to pin it down.
func uncertainty(m *sim.Machine, runs []Run) string {
	for i := range runs {
		u := runs[i].Result.MainUncertainty
		if u == nil {
			continue
		}
		d := m.Device()
		what := fmt.Sprintf("%s of the latency's range is %s", fraction(u.Share), u.Field)
		switch u.Kind {
		case "calibrated":
			return fmt.Sprintf("%s, which was fitted to measurements of %s. More rows narrow it: memsim calibrate --device %s --data mine.csv.", what, d.Title, d.Name)
		case "derived":
			return fmt.Sprintf("%s. No measurement of %s with %s is known; it was learnt from other phones. Three speeds measured on the phone pin it down: memsim calibrate --device %s --data mine.csv.", what, d.Title, m.Runtime().Name, d.Name)
		}
		return fmt.Sprintf("%s, which is estimated on %s and which nobody has published. Three speeds measured on the phone pin it down: memsim calibrate --device %s --data mine.csv.", what, d.Title, d.Name)
	}
	return ""
}

// slower says how sure it is that a model takes longer than the first.
func slower(first, r *Run) string {
	span, ok := r.Result.RatioInterval90["latency_ms_per_token"]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s takes %s to %s times as long a token as %s (90 %% of samples), longer in %.0f %% of them.",
		r.Result.Model, profiles.Number(span[0]), profiles.Number(span[1]), first.Result.Model, 100*r.Longer)
}

// fraction says how large a share is.
func fraction(share float64) string {
	return fmt.Sprintf("%.0f %%", 100*share)
}

// calibrated says how many numbers in use come from the shipped fit, and lists those
// that were fitted to something else.
func calibrated(m *sim.Machine) []string {
	n := 0
	var list []string
	for _, row := range m.Device().Numbers() {
		switch {
		case row.Kind != devices.Calibrated || !m.Uses(row.Path):
		case strings.HasPrefix(row.Source, devices.FitSource):
			n++
		default:
			list = append(list, fmt.Sprintf("%s = %s is calibrated: %s", row.Path, row.Value, row.Source))
		}
	}
	if n > 0 {
		list = append(list, fmt.Sprintf("%d numbers of %s on the %s are calibrated, by one fit to all measurements; memsim devices show %s lists each with its source.",
			n, m.Runtime().Name, m.Unit().Name, m.Device().Name))
	}
	return list
}
