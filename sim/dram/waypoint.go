package dram

import "math/bits"

// A waypoint is the state of a channel at the end of the reads that come first in
// a session. An operator of a model reads the same weights each
// time and then writes back what these have pushed out of the caches, which
// differs from time to time: such a session is known up to its waypoint.
type waypoint struct {
	node    node // as a graph has it, but without edges
	clocks  int64
	arrival int64 // clock of the last arrival, from the start
	tally   packed

	refreshes  int64 // on the way
	refreshDue int64 // from the waypoint

	lastBank int
	banks    []bankRows
	held     []timeChange // from banks at rest, by number
	wait     [maxRanks]refreshWait
}

// bankRows are the open row of a bank, and the row and column it was last asked
// for. Rows count from that of the session's first run.
type bankRows struct{ open, last, column int32 }

// fewestRuns is how many runs of reads are worth a waypoint, and mostWaypoints how
// many of those a generation has.
const (
	fewestRuns    = 64
	mostWaypoints = 1 << 13
)

// replaySession is replay at the start of a session: from the waypoint that the
// extents lead by, if it is known.
func (c *channel) replaySession(source *cutter) bool {
	reads := source.reads()
	again := reads
	first, some := again.next()
	if !some || reads.bursts() < fewestRuns*runBursts<<reads.channelBits {
		return c.replay(source)
	}
	source.extents = source.extents[len(reads.extents):]
	key := c.sessionKey(&reads)
	if w := c.graph.waypoints.find(key); w != nil {
		c.begin()
		c.resume(w, first.row)
	} else {
		c.lead(string(key), &reads, first.row)
	}
	c.takeIn(source)
	c.finish()
	return true
}

// lead takes in the reads that begin a session, and learns where they lead.
func (c *channel) lead(key string, reads *cutter, firstRow int32) {
	c.settle()
	start, refreshed, before := c.now, c.refreshedBefore(), c.tally
	c.takeIn(reads)
	if c.guard.err != nil || !c.locate() {
		return
	}
	w := c.waypoint(firstRow)
	w.clocks, w.arrival = c.now-start, c.lastArrival-start
	var fits bool
	if w.tally, fits = c.tally.since(&before).pack(); !fits {
		return
	}
	if c.refreshEvery > 0 {
		w.refreshes = (c.refreshed - refreshed) / c.refreshEvery
	}
	c.graph.waypoints.add(key, w)
}

// reads returns the part of a source that has not begun up to its first write.
func (c *cutter) reads() cutter {
	part := *c
	for i, e := range c.extents {
		if e.Write {
			part.extents = c.extents[:i]
			break
		}
	}
	return part
}

// waypoint describes the channel's state, which the graph knows.
func (c *channel) waypoint(firstRow int32) *waypoint {
	c.settle()
	w := &waypoint{node: node{state: c.at.state, busy: c.at.busy, writes: c.at.writes}, refreshDue: c.refreshDue - c.now, lastBank: c.lastBank}
	busy := c.busyBanks()
	for bank := range c.banks {
		w.banks = append(w.banks, bankRows{
			c.rowFrom(firstRow, c.bank[bank].row), c.rowFrom(firstRow, c.lastRow[bank]), c.lastColumn[bank],
		})
		ready := &c.bankReady[bank]
		if busy>>bank&1 == 0 && ready.after(c.now) > c.now {
			w.held = append(w.held, timeChange{edgeBank(bank), ready.left(c.now)})
		}
	}
	for rank := range c.ranks {
		w.wait[rank] = c.rankReady[rank].refreshWait(c.now)
	}
	return w
}

// resume brings a channel at the start of a session to a waypoint.
func (c *channel) resume(w *waypoint, firstRow int32) {
	c.lastArrival = c.now + w.arrival
	c.now += w.clocks
	c.since = c.now
	c.tally.addPacked(&w.tally)
	if c.refreshEvery > 0 {
		c.refreshDue = c.now + w.refreshDue
		c.refreshed += w.refreshes * c.refreshEvery
		c.nextRefreshBank(w.refreshes)
	}
	c.lastBank, c.notClosed = w.lastBank, 0
	for bank := range c.banks {
		b := &w.banks[bank]
		c.bank[bank].row, c.lastRow[bank], c.lastColumn[bank] = c.rowFrom(-firstRow, b.open), c.rowFrom(-firstRow, b.last), b.column
		if b.open >= 0 {
			c.notClosed |= 1 << bank
		}
	}
	for i := range w.held {
		c.holdBank(int(w.held[i].bank), &w.held[i].ready)
	}
	c.holdRefreshes(&w.wait)
	c.reach(c.graph.known(&w.node))
}

// rowFrom returns the distance of a row from another one; -1 is no row.
func (c *channel) rowFrom(first, row int32) int32 {
	if row < 0 {
		return row
	}
	return (row - first) & (1<<bits.Len64(uint64(c.spec.Rows-1)) - 1)
}
