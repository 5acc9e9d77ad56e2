package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// notes say what a reader must know to read the figures rightly.
func (c *comparing) notes() []string {
	var notes []string
	if n := c.synthetic(); n != "" {
		notes = append(notes, n)
	}
	for i := range c.result.Results {
		r := &c.result.Results[i]
		if !r.FitsDRAMBudget {
			notes = append(notes, c.beyondBudget(r))
		}
		if len(r.FormatsWidened) > 0 {
			notes = append(notes, fmt.Sprintf("%s: the profile has no arithmetic of %s for %s weights; they are taken as widened to float, an operation each.",
				r.Model, c.result.Runtime, list(r.FormatsWidened)))
		}
	}
	if n := c.uncertainty(); n != "" {
		notes = append(notes, n)
	}
	return append(notes, c.calibrated()...)
}

// uncertainty says how sure the latencies are, as far as the calibrated numbers
// of the profile state their errors.
func (c *comparing) uncertainty() string {
	var parts []string
	for i := range c.result.Results {
		r := &c.result.Results[i]
		if u := validation.LatencyUncertainty(c.machine, *r); u > 0 {
			parts = append(parts, fmt.Sprintf("%s %s ms ± %.0f %%", r.Model, profiles.Number(r.LatencyMS), 100*float64(u)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Latency, by the errors of the calibrated numbers: " + list(parts) + "."
}

// beyondBudget says what it means that a model is larger than its app's budget.
func (c *comparing) beyondBudget(r *sim.Result) string {
	budget := humanize.IBytes(uint64(r.DRAMBudgetBytes))
	if r.FlashBytesPerToken > 0 {
		return fmt.Sprintf("%s does not fit the app's DRAM budget of %s, so it decodes at flash speed: what was dropped is read again for every token.", r.Model, budget)
	}
	return fmt.Sprintf("%s is beyond the app's DRAM budget of %s; %s holds on to its weights all the same, as long as the system lets it.", r.Model, budget, c.result.Runtime)
}

// synthetic names the models whose weights are noise.
func (c *comparing) synthetic() string {
	var names []string
	for i := range c.headers {
		if c.headers[i].Synthetic {
			names = append(names, c.headers[i].Model)
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) == len(c.headers):
		return "Weights are synthetic: shapes are exact, values are seeded noise."
	}
	return "Weights of " + strings.Join(names, ", ") + " are synthetic: shapes are exact, values are seeded noise."
}

// calibrated lists the numbers of the device, the unit and the runtime that were
// fitted, and to what.
func (c *comparing) calibrated() []string {
	var notes []string
	for _, n := range c.machine.Device().Numbers() {
		if n.Kind == devices.Calibrated && c.applies(n.Path) {
			notes = append(notes, fmt.Sprintf("%s = %s is calibrated: %s", n.Path, n.Value, n.Source))
		}
	}
	return notes
}

// applies reports whether a number of the profile counts for the unit and the
// runtime in use.
func (c *comparing) applies(path string) bool {
	other := func(prefix, name string) bool {
		rest, ok := strings.CutPrefix(path, prefix+".")
		return ok && !strings.HasPrefix(rest, name+".")
	}
	if other("units", c.result.Unit) || other("runtimes", c.result.Runtime) {
		return false
	}
	rest, ok := strings.CutPrefix(path, "sram.")
	if !ok {
		return true
	}
	cache, _, _ := strings.Cut(rest, ".")
	return slices.Contains(c.machine.Unit().Caches, cache)
}
