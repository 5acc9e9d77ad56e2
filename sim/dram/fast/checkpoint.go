package fast

import (
	"math/bits"

	"github.com/memsim/memsim/sim/dram"
)

// A checkpoint is the state of a channel at the end of the reads that come first in a
// busy period. An operator of a model reads the same weights each time and then writes
// back what these have evicted from the caches, which differs from time to time: such
// a period is known up to its checkpoint.
type checkpoint struct {
	state   state // without transitions
	clocks  int64
	arrival int64 // clock of the last arrival, from the start
	counted packed

	refreshes  int64 // on the way
	refreshDue int64 // from the checkpoint

	lastBank int
	banks    []bankRows
	times    []timeChange // of banks at rest, by number
	wait     [dram.MaxRanks]refreshWait
}

// bankRows are the open row of a bank, and the row and column it was last asked
// for. Rows count from that of the period's first run.
type bankRows struct{ open, last, column int32 }

// fewestRuns is how many runs of reads are worth a checkpoint.
const fewestRuns = 64

// replayPeriod replays from the checkpoint after the leading reads, if one is known.
func (c *channel) replayPeriod(source *dram.Splitter) bool {
	reads := source.Reads()
	again := reads
	first, some := again.Next()
	if !some || reads.Bursts() < fewestRuns*dram.RunBursts<<reads.ChannelBits {
		return c.replay(source)
	}
	source.Extents = source.Extents[len(reads.Extents):]
	key := c.periodKey(&reads)
	if p, ok := c.graph.checkpoints.Get(string(key)); ok {
		c.begin()
		c.resume(p, first.Row)
	} else {
		c.lead(string(key), &reads, first.Row)
	}
	c.takeIn(source)
	c.finish()
	return true
}

// lead takes in the reads that begin a period, and remembers where they lead.
func (c *channel) lead(key string, reads *dram.Splitter, firstRow int32) {
	c.Settle()
	start, refreshed, before := c.Now, c.RefreshedBefore(), c.Counters
	c.takeIn(reads)
	if c.guard.Err() != nil || !c.locate() {
		return
	}
	p := c.checkpoint(firstRow)
	p.clocks, p.arrival = c.Now-start, c.LastArrival-start
	var fits bool
	if p.counted, fits = pack(c.Counters.Since(&before)); !fits {
		return
	}
	if c.RefreshEvery > 0 {
		p.refreshes = (c.Refreshed - refreshed) / c.RefreshEvery
	}
	c.graph.checkpoints.Add(key, p)
}

// checkpoint describes the channel's state, which the graph knows.
func (c *channel) checkpoint(firstRow int32) *checkpoint {
	c.Settle()
	p := &checkpoint{state: state{bytes: c.at.bytes, busy: c.at.busy, writes: c.at.writes}, refreshDue: c.RefreshDue - c.Now, lastBank: c.view.LastBank}
	busy := c.busyBanks()
	for bank := range c.Banks {
		p.banks = append(p.banks, bankRows{
			c.rowFrom(firstRow, c.Row(bank)), c.rowFrom(firstRow, c.view.LastRow[bank]), c.view.LastColumn[bank],
		})
		ready := &c.BankReady[bank]
		if busy>>bank&1 == 0 && after(ready, c.Now) > c.Now {
			p.times = append(p.times, timeChange{bankName(bank), left(ready, c.Now)})
		}
	}
	for rank := range c.Ranks {
		p.wait[rank] = refreshes(&c.RankReady[rank], c.Now)
	}
	return p
}

// resume brings a channel at the start of a period to a checkpoint.
func (c *channel) resume(p *checkpoint, firstRow int32) {
	c.LastArrival = c.Now + p.arrival
	c.Now += p.clocks
	c.Since = c.Now
	p.counted.addTo(&c.Counters)
	if c.RefreshEvery > 0 {
		c.RefreshDue = c.Now + p.refreshDue
		c.Refreshed += p.refreshes * c.RefreshEvery
		c.NextRefreshBank(p.refreshes)
	}
	c.view.LastBank = p.lastBank
	for bank := range c.Banks {
		b := &p.banks[bank]
		c.SetRow(bank, c.rowFrom(-firstRow, b.open))
		c.view.LastRow[bank], c.view.LastColumn[bank] = c.rowFrom(-firstRow, b.last), b.column
	}
	for i := range p.times {
		c.delayBank(int(p.times[i].bank), &p.times[i].ready)
	}
	c.delayRefreshes(&p.wait)
	c.reach(c.graph.known(&p.state))
}

// rowFrom returns the distance of a row from another one; -1 is no row.
func (c *channel) rowFrom(first, row int32) int32 {
	if row < 0 {
		return row
	}
	return (row - first) & (1<<bits.Len64(uint64(c.spec.Rows-1)) - 1)
}
