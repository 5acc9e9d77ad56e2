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
func (f *fastChannel) replaySession(source *cutter) bool {
	reads := source.reads()
	again := reads
	first, some := again.next()
	if !some || reads.bursts() < fewestRuns*runBursts<<reads.channelBits {
		return f.replay(source)
	}
	source.extents = source.extents[len(reads.extents):]
	key := f.sessionKey(&reads)
	if w := f.graph.waypoints.find(key); w != nil {
		f.begin()
		f.resume(w, first.row)
	} else {
		f.lead(string(key), &reads, first.row)
	}
	f.takeIn(source)
	f.finish()
	return true
}

// lead takes in the reads that begin a session, and learns where they lead.
func (f *fastChannel) lead(key string, reads *cutter, firstRow int32) {
	f.settle()
	start, refreshed, before := f.now, f.refreshedBefore(), f.tally
	f.takeIn(reads)
	if f.guard.err != nil || !f.locate() {
		return
	}
	w := f.waypoint(firstRow)
	w.clocks, w.arrival = f.now-start, f.lastArrival-start
	var fits bool
	if w.tally, fits = f.tally.since(&before).pack(); !fits {
		return
	}
	if f.refreshEvery > 0 {
		w.refreshes = (f.refreshed - refreshed) / f.refreshEvery
	}
	f.graph.waypoints.add(key, w)
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
func (f *fastChannel) waypoint(firstRow int32) *waypoint {
	f.settle()
	w := &waypoint{node: node{state: f.at.state, busy: f.at.busy, writes: f.at.writes}, refreshDue: f.refreshDue - f.now, lastBank: f.view.lastBank}
	busy := f.busyBanks()
	for bank := range f.banks {
		w.banks = append(w.banks, bankRows{
			f.rowFrom(firstRow, f.bank[bank].row), f.rowFrom(firstRow, f.view.lastRow[bank]), f.view.lastColumn[bank],
		})
		ready := &f.bankReady[bank]
		if busy>>bank&1 == 0 && ready.after(f.now) > f.now {
			w.held = append(w.held, timeChange{edgeBank(bank), ready.left(f.now)})
		}
	}
	for rank := range f.ranks {
		w.wait[rank] = f.rankReady[rank].refreshWait(f.now)
	}
	return w
}

// resume brings a channel at the start of a session to a waypoint.
func (f *fastChannel) resume(w *waypoint, firstRow int32) {
	f.lastArrival = f.now + w.arrival
	f.now += w.clocks
	f.since = f.now
	f.tally.addPacked(&w.tally)
	if f.refreshEvery > 0 {
		f.refreshDue = f.now + w.refreshDue
		f.refreshed += w.refreshes * f.refreshEvery
		f.nextRefreshBank(w.refreshes)
	}
	f.view.lastBank, f.notClosed = w.lastBank, 0
	for bank := range f.banks {
		b := &w.banks[bank]
		f.bank[bank].row, f.view.lastRow[bank], f.view.lastColumn[bank] = f.rowFrom(-firstRow, b.open), f.rowFrom(-firstRow, b.last), b.column
		if b.open >= 0 {
			f.notClosed |= 1 << bank
		}
	}
	for i := range w.held {
		f.holdBank(int(w.held[i].bank), &w.held[i].ready)
	}
	f.holdRefreshes(&w.wait)
	f.reach(f.graph.known(&w.node))
}

// rowFrom returns the distance of a row from another one; -1 is no row.
func (f *fastChannel) rowFrom(first, row int32) int32 {
	if row < 0 {
		return row
	}
	return (row - first) & (1<<bits.Len64(uint64(f.spec.Rows-1)) - 1)
}
