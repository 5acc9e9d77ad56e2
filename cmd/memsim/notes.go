package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/memsim/memsim/devices"
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
			notes = append(notes, fmt.Sprintf("%s does not fit the app's DRAM budget of %s, so part of its weights is read from flash for every token.",
				r.Model, humanize.IBytes(uint64(r.DRAMBudgetBytes))))
		}
	}
	return append(notes, c.calibrated()...)
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

// tracesText counts traces.
func tracesText(n int) string {
	if n == 1 {
		return "a trace"
	}
	return fmt.Sprintf("%d traces", n)
}
