package sim

import (
	"slices"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/units"
)

// charge closes the row's account: energy by component, and time and energy by
// operand.
func (r *replay) charge(moved dram.Transfer, read flash.Transfer, arithmetic units.Femtojoules) {
	idle := r.memory.Idle(r.idleUntil())
	counts := moved.Counts.Plus(idle.Counts)
	r.row.DRAM = countsOf(&counts)
	r.row.Energy = r.energy.Charge(energy.Use{
		Time:    r.row.End - r.row.Start,
		DRAM:    moved.Energy.Total() + idle.Energy.Total(),
		Moved:   r.demand.moved,
		Levels:  r.demand.levels,
		Flash:   read.Energy + r.flash.IdlePower.Energy(r.row.End-r.row.Start),
		Compute: arithmetic,
	})
	if !r.summary {
		r.chargeOperands()
	}
	if r.movement != nil {
		r.movement.note(r, movementRow{
			command:    moved.Energy.Commands() + idle.Energy.Commands(),
			background: moved.Energy.Background() + idle.Energy.Background(),
			flashRead:  read.Energy,
		})
	}
}

// idleUntil is up to when the DRAM's background is this operator's: to its end,
// or until a prefetcher may begin on behalf of the next one.
func (r *replay) idleUntil() units.Picoseconds {
	if r.runtime.Prefetch {
		return r.pipeFree
	}
	return r.row.End
}

// noteChannels enters each channel's part of the transfer that has just been made.
func (r *replay) noteChannels(moved dram.Transfer) {
	if r.summary {
		return
	}
	uses := r.memory.Channels()
	r.row.Channels = slices.Grow(r.row.Channels, len(uses))[:len(uses)]
	for i := range uses {
		use, c := &uses[i], &r.row.Channels[i]
		c.Start, c.End = moved.Start, use.Done
		c.Bytes = units.Bytes(use.Counts.Reads+use.Counts.Writes) * r.dram.BurstBytes
		c.DRAM = countsOf(&use.Counts)
	}
}

func countsOf(c *dram.Counts) DRAMCounts {
	return DRAMCounts{
		Reads: c.Reads, Writes: c.Writes,
		RowHits: c.RowHits, RowMisses: c.RowMisses, RowConflicts: c.RowConflicts,
		Activates: c.Activates, Refreshes: c.AllBankRefreshes + c.BankRefreshes,
	}
}

// chargeOperands divides the row over its operands: what DRAM took by their
// bytes there, the rest by the bytes that were requested of them.
func (r *replay) chargeOperands() {
	row := &r.row
	far, near := r.operandWeights()
	memoryTime := row.Time.DRAM + row.Time.Flash
	memoryEnergy := row.Energy.DRAM + row.Energy.Flash
	r.times = split(r.times[:0], memoryTime, far)
	r.times = split(r.times, row.Time.Total()-memoryTime, near)
	r.joules = split(r.joules[:0], memoryEnergy, far)
	r.joules = split(r.joules, row.Energy.Total()-memoryEnergy, near)
	n := len(row.Operands)
	for i := range row.Operands {
		row.Operands[i].Time = r.times[i] + r.times[n+i]
		row.Operands[i].Energy = r.joules[i] + r.joules[n+i]
	}
}

// operandWeights returns, for each operand, the bytes that it moved beyond the
// chip and those that it was asked for.
func (r *replay) operandWeights() (far, near []int64) {
	n := len(r.row.Operands)
	r.weights = r.weights[:0]
	for i := range r.row.Operands {
		b := &r.row.Operands[i].Bytes
		r.weights = append(r.weights, int64(b.DRAMRead+b.DRAMWrite))
	}
	for i := range r.row.Operands {
		r.weights = append(r.weights, int64(r.row.Operands[i].Bytes.Requested))
	}
	return r.weights[:n], r.weights[n:]
}
