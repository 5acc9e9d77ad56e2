package sim

import (
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Row is one operator execution on the device: a row of the ledger. All that
// reports show is a sum over rows.
//
// Time is covered once: rows follow each other without gap or overlap, and
// Time.Total() == End - Start for each of them.
type Row struct {
	Seq      int64
	Phase    traces.Phase
	Token    int32
	Op       string
	Layer    int32
	Block    int32
	Repeated bool // the block ran before for this token: a shared repeat
	MACs     int64
	HostNS   int64
	Start    units.Picoseconds
	End      units.Picoseconds
	Time     TimeParts
	Energy   EnergyParts
	DMA      Interval // from when operands began to stream in to when the last had arrived; empty if none did
	DRAM     DRAMCounts
	// Needs is the time that each resource would take if nothing hid it: overlap is
	// counted under each. Waits for DRAM, flash and arithmetic are never longer.
	Needs    TimeParts
	Experts  ExpertUse     // of a runtime that streams them
	Hits     []units.Bytes // served by each on-chip memory of the unit, nearest first
	Channels []ChannelUse  // one per DRAM channel, by number; empty if the operator moves nothing beyond the chip
	Operands []Operand     // one per event of the operator, in order
}

// ExpertUse is what a layer's choice of experts found in the runtime's cache, and
// what it cost to read the others. It stands on the layer's first operator with
// experts.
type ExpertUse struct {
	Chosen int64
	Held   int64
	IO     units.Picoseconds // from the first read to the last, hidden or not
}

// Plus returns the part-wise sum.
func (u ExpertUse) Plus(o ExpertUse) ExpertUse {
	return ExpertUse{u.Chosen + o.Chosen, u.Held + o.Held, u.IO + o.IO}
}

// Interval is a piece of simulated time.
type Interval struct{ Start, End units.Picoseconds }

// ChannelUse is what an operator moved through one DRAM channel, and when: a
// channel's uses follow each other without overlap. It is the memory's own time,
// which the waits of the row come from: a transfer that a prefetcher begins lies
// partly before the row's Start, and one that the unit draws more slowly than the
// memory could deliver ends before the operator stops waiting for it.
//
// Reads, writes, row hits, misses and conflicts and activations of the channels
// sum to the row's. Refreshes are those during the transfer.
type ChannelUse struct {
	Start units.Picoseconds // of the transfer
	End   units.Picoseconds // of the channel's last data; Start if it has no part
	Bytes units.Bytes       // read and written, in whole bursts
	DRAM  DRAMCounts
}

// Operand is what one operand of an operator cost. The time and energy of an
// operator are split over its operands so that they sum to the row's exactly.
type Operand struct {
	Tensor string
	Kind   traces.Kind
	Access traces.Access
	DType  string
	Addr   uint64
	Bytes  BytesByLevel
	Time   units.Picoseconds
	Energy units.Femtojoules
}

// TimeParts says where an operator's time went. Fetch is hidden behind compute
// and the other way round, so a part is the time in which that resource was
// what the operator waited for.
type TimeParts struct {
	Dispatch units.Picoseconds // launching it
	Compute  units.Picoseconds // arithmetic
	SRAM     units.Picoseconds // waiting for on-chip memory
	DRAM     units.Picoseconds // waiting for DRAM
	Flash    units.Picoseconds // waiting for storage
}

// EnergyParts says where an operator's energy went.
type EnergyParts = energy.Parts

// BytesByLevel follows the bytes of an operand down the hierarchy.
//
// Requested == the sum of SRAMHit + DRAM for reads and writes through the
// caches; Flash is the part of DRAM that first had to come from storage.
type BytesByLevel struct {
	Requested units.Bytes
	SRAMHit   units.Bytes // served by any on-chip level
	DRAMRead  units.Bytes
	DRAMWrite units.Bytes // including write-backs that the operand forced out
	FlashRead units.Bytes
}

// DRAMCounts are the commands that an operator caused.
type DRAMCounts struct {
	Reads        int64 // bursts
	Writes       int64
	RowHits      int64
	RowMisses    int64 // the bank was closed
	RowConflicts int64 // another row was open
	Activates    int64
	Refreshes    int64
}

// Total returns the sum of the parts.
func (t TimeParts) Total() units.Picoseconds {
	return t.Dispatch + t.Compute + t.SRAM + t.DRAM + t.Flash
}

// Plus returns the part-wise sum.
func (t TimeParts) Plus(o TimeParts) TimeParts {
	return TimeParts{t.Dispatch + o.Dispatch, t.Compute + o.Compute, t.SRAM + o.SRAM, t.DRAM + o.DRAM, t.Flash + o.Flash}
}

// Plus returns the level-wise sum.
func (b BytesByLevel) Plus(o BytesByLevel) BytesByLevel {
	return BytesByLevel{b.Requested + o.Requested, b.SRAMHit + o.SRAMHit, b.DRAMRead + o.DRAMRead, b.DRAMWrite + o.DRAMWrite, b.FlashRead + o.FlashRead}
}

// Plus returns the count-wise sum.
func (c DRAMCounts) Plus(o DRAMCounts) DRAMCounts {
	return DRAMCounts{c.Reads + o.Reads, c.Writes + o.Writes, c.RowHits + o.RowHits, c.RowMisses + o.RowMisses,
		c.RowConflicts + o.RowConflicts, c.Activates + o.Activates, c.Refreshes + o.Refreshes}
}

// Bytes returns the bytes of all operands.
func (r *Row) Bytes() BytesByLevel {
	var sum BytesByLevel
	for i := range r.Operands {
		sum = sum.Plus(r.Operands[i].Bytes)
	}
	return sum
}
