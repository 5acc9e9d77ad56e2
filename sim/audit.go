package sim

import (
	"fmt"

	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Auditor checks the ledger's invariants as its rows pass by: time is covered
// once, parts sum to their wholes, operands and DRAM channels sum to their rows,
// bytes in are hits and misses, the DMA and each DRAM channel do one thing at a
// time. The zero value is ready. A violation is a fault of the simulator, never of
// a user.
type Auditor struct {
	// Line is the line size of the on-chip memories: a miss moves whole lines.
	Line units.Bytes
	// Summary says that rows come without what their operands cost and without
	// channels.
	Summary bool

	end      units.Picoseconds
	rows     int64
	streamed units.Picoseconds   // end of the last DMA
	busy     []units.Picoseconds // by DRAM channel: until when
}

// Add checks a row against its own sums and against the row before it.
func (a *Auditor) Add(r *Row) error {
	if err := a.check(r); err != nil {
		return fmt.Errorf("ledger row %d (seq %d, %s of layer %d): %w", a.rows, r.Seq, r.Op, r.Layer, err)
	}
	a.end = r.End
	a.rows++
	return nil
}

func (a *Auditor) check(r *Row) error {
	if a.rows > 0 && r.Start != a.end {
		return fmt.Errorf("starts at %d ps, the row before ended at %d ps", r.Start, a.end)
	}
	if got, want := r.Time.Total(), r.End-r.Start; got != want {
		return fmt.Errorf("time parts sum to %d ps, the row takes %d ps", got, want)
	}
	t, e := r.Time, r.Energy
	if min(t.Dispatch, t.Compute, t.SRAM, t.DRAM, t.Flash) < 0 {
		return fmt.Errorf("a time part is negative: %+v", t)
	}
	if min(e.DRAM, e.SRAM, e.Flash, e.Compute, e.Static) < 0 {
		return fmt.Errorf("an energy part is negative: %+v", e)
	}
	if n := r.Needs; n != (TimeParts{}) && r.Phase != traces.Load && (t.DRAM > n.DRAM || t.Flash > n.Flash+n.DRAM || t.Compute > n.Compute) {
		return fmt.Errorf("waits of %+v are longer than what the resources need, %+v", t, n)
	}
	if r.DMA.End < r.DMA.Start || r.DMA.End > r.End || r.DMA != (Interval{}) && r.DMA.Start < a.streamed {
		return fmt.Errorf("operands stream in from %d to %d ps, those of the row before until %d ps", r.DMA.Start, r.DMA.End, a.streamed)
	}
	a.streamed = max(a.streamed, r.DMA.End)
	if err := a.checkChannels(r); err != nil {
		return err
	}
	return a.checkOperands(r)
}

// checkChannels holds the parts of the DRAM channels to the row's counts, and each
// channel's time to the time before.
func (a *Auditor) checkChannels(r *Row) error {
	if len(r.Channels) == 0 {
		return nil
	}
	var sum DRAMCounts
	for i := range r.Channels {
		c := &r.Channels[i]
		sum = sum.Plus(c.DRAM)
		if i == len(a.busy) {
			a.busy = append(a.busy, 0)
		}
		if c.Start < a.busy[i] || c.End < c.Start {
			return fmt.Errorf("DRAM channel %d is busy from %d to %d ps, and was busy until %d ps", i, c.Start, c.End, a.busy[i])
		}
		a.busy[i] = c.End
	}
	sum.Refreshes = r.DRAM.Refreshes // of which some are of idle time
	if sum != r.DRAM {
		return fmt.Errorf("DRAM channels sum to %+v, the row has %+v", sum, r.DRAM)
	}
	return nil
}

func (a *Auditor) checkOperands(r *Row) error {
	var time units.Picoseconds
	var joules units.Femtojoules
	var hit units.Bytes
	for i := range r.Operands {
		o := &r.Operands[i]
		time += o.Time
		joules += o.Energy
		hit += o.Bytes.SRAMHit
		if err := a.checkBytes(&o.Bytes); err != nil {
			return fmt.Errorf("operand %s: %w", o.Tensor, err)
		}
	}
	if err := a.checkHits(r, hit); err != nil {
		return err
	}
	if a.Summary {
		return nil
	}
	if time != r.Time.Total() {
		return fmt.Errorf("operands sum to %d ps, the row is %d ps", time, r.Time.Total())
	}
	if joules != r.Energy.Total() {
		return fmt.Errorf("operands sum to %d fJ, the row is %d fJ", joules, r.Energy.Total())
	}
	return nil
}

// checkHits holds what the on-chip memories served to what their operands hit.
func (a *Auditor) checkHits(r *Row, hit units.Bytes) error {
	if len(r.Hits) == 0 {
		return nil
	}
	for _, n := range r.Hits {
		hit -= n
	}
	if hit != 0 {
		return fmt.Errorf("operands hit %d bytes more than the on-chip memories served", hit)
	}
	return nil
}

// checkBytes holds an operand's bytes to conservation: what no on-chip memory
// served came from DRAM or went there, in whole lines.
func (a *Auditor) checkBytes(b *BytesByLevel) error {
	missed := b.Requested - b.SRAMHit
	switch {
	case min(b.Requested, b.SRAMHit, b.DRAMRead, b.DRAMWrite, b.FlashRead) < 0:
		return fmt.Errorf("bytes are negative: %+v", *b)
	case missed < 0:
		return fmt.Errorf("%d bytes hit of %d requested", b.SRAMHit, b.Requested)
	case missed > b.DRAMRead+b.DRAMWrite:
		return fmt.Errorf("%d bytes missed, %d moved", missed, b.DRAMRead+b.DRAMWrite)
	case b.DRAMRead > missed+2*a.Line && missed > 0, missed == 0 && b.DRAMRead > 0:
		return fmt.Errorf("%d bytes missed, %d read", missed, b.DRAMRead)
	case b.FlashRead > b.DRAMWrite:
		return fmt.Errorf("%d bytes from flash, %d written to DRAM", b.FlashRead, b.DRAMWrite)
	}
	return nil
}
