// Package dispatch models what launching an operator costs: the time between a
// runtime's decision to run it and its first instruction on the compute unit.
//
// On phones this, not bandwidth, is what makes very deep and thin models slower
// than their bytes say: a GPU operator that moves almost nothing still takes
// 0.1 ms on a Pixel 8 Pro, and a 30-layer model has hundreds of operators a
// token. The cost belongs to the runtime on the device. A runtime that compiles
// operators into one launch pays for the first of them only.
//
// # Caveats
//
// One cost for all operators of a runtime; queues that let a CPU run ahead of
// its GPU are part of that figure and not modelled apart.
package dispatch

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Model is the launch cost of one runtime.
type Model struct {
	cost  units.Picoseconds
	fused map[string]bool
}

// Of returns the launch cost of r on the cores of u that work.
func Of(r devices.Runtime, u devices.Unit) Model {
	m := Model{cost: r.LaunchOn(u), fused: make(map[string]bool, len(r.Fused))}
	for _, op := range r.Fused {
		m.fused[op] = true
	}
	return m
}

// Cost returns the time that launching operator op takes: none if the runtime
// runs it within the launch of the operator before.
func (m Model) Cost(op string) units.Picoseconds {
	if m.fused[op] {
		return 0
	}
	return m.cost
}
