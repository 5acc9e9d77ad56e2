package dram

// The fast path remembers what a channel did with a run of requests. A stream of
// rows drives a controller into few states, which come again and again: each is
// a node of a graph, and a step from one to the next, taking in one run, is an
// edge that knows how many clocks and commands it took. Following edges skips the
// command-level engine, and is exact: a node holds all that decides what the
// channel does next (see snapshot), a step all that it meets on the way, and an
// edge is only followed if no refresh comes due before its end, or if one does
// exactly as it did when the edge was recorded.

const (
	longBursts = 64      // extents shorter than this on a channel go at command level
	maxNodes   = 1 << 14 // the graph starts anew beyond
)

// locate finds the channel's node, if it is not known yet.
func (c *channel) locate() bool {
	if c.at == nil {
		c.settle()
		c.park()
		c.at, c.ahead = c.graph.node(c), false
	}
	return c.at != nil
}

// lanes are the banks of a run, and what it asks of them last.
type lanes struct {
	run    run
	banks  uint64
	layout *layout
}

// runStep describes a run to the fast path; ok is false if it has to be taken at
// command level: if it may meet queued writes to the same bursts, or a bank at
// rest from which several classes of commands are still held back.
func (c *channel) runStep(r run, l *layout) (s step, in lanes, ok bool) {
	turn := c.turn()
	s = step{bank: int16(turn.count[r.bank]), twist: uint8(r.twist), count: r.count, phase: r.at & (l.period - 1), write: r.write}
	in = lanes{run: r, layout: l}
	for lane := range l.lanes {
		in.banks |= 1 << l.bank(&r, lane)
	}
	ok = !c.meetsParked(&in)
	for lane := range l.lanes {
		bank := l.bank(&r, lane)
		var fine bool
		if s.met[lane], fine = c.meet(&in, bank, lane); fine && s.met[lane] <= restsHit {
			s.held[lane], fine = c.heldAtRest(bank)
		}
		ok = ok && fine
	}
	s.otherOpen = c.openRanks(c.notClosed &^ c.busyBanks() &^ in.banks)
	return s, in, ok
}

// continues reports whether the run writes on in a lane, at the column behind
// the one that was last asked for.
func (c *channel) continues(in *lanes, bank, lane int) bool {
	r, l := &in.run, in.layout
	at := r.at
	for at < r.at+r.count && int(l.lane[at]) != lane {
		at++
	}
	return at == r.at+r.count || r.write && r.first+l.column[at] == c.lastColumn[bank]+1
}

// meet says how a run finds the bank of a lane.
func (c *channel) meet(in *lanes, bank, lane int) (m meeting, ok bool) {
	r, b := &in.run, &c.bank[bank]
	switch {
	case c.busyBanks()>>bank&1 == 0:
		m = restsClosed
		if b.row == r.row {
			m = restsHit
		} else if b.row >= 0 {
			m = restsOpen
		}
		return m, true
	case r.row == c.lastRow[bank]:
		return busySame, !c.hasWrites(bank) || c.continues(in, bank, lane)
	case b.row == r.row:
		return busyHit, true
	}
	return busyOther, true
}

// heldAtRest returns what is held back from a bank at rest. It fails if that is
// more than one class of commands.
func (c *channel) heldAtRest(bank int) (h restHold, ok bool) {
	for col := range nColumns {
		left := c.bankReady[bank][col] - c.now
		if left <= 0 {
			continue
		}
		if h != 0 || left >= 1<<12 {
			return 0, false
		}
		h = restHold(col)<<12 | restHold(left)
	}
	return h, true
}

// drainStep describes the draining of the queues.
func (c *channel) drainStep() step {
	return step{bank: -1, otherOpen: c.openRanks(c.notClosed &^ c.busyBanks())}
}

// openRanks returns the ranks that have banks of a set.
func (c *channel) openRanks(set uint64) (ranks uint8) {
	for rank := range c.ranks {
		if set&c.rankMask[rank] != 0 {
			ranks |= 1 << rank
		}
	}
	return ranks
}

// hasWrites reports whether writes to a bank are queued.
func (c *channel) hasWrites(bank int) bool {
	if c.ahead {
		return c.at.writes>>c.turn().count[bank]&1 != 0
	}
	return (c.writes.pending&^c.parkedOnly)>>bank&1 != 0
}

// refreshing returns the step with the channel's next refresh in it. It fails if
// several classes of commands are held back from a target at rest.
func (s step) refreshing(c *channel, lanes uint64) (step, bool) {
	s.refresh.in = int32(min(c.refreshDue-c.now, 1<<30)) + 1
	perBank := c.spec.Refresh == PerBank
	busy := c.busyBanks()
	others := c.notClosed &^ busy &^ lanes
	for rank := range c.ranks {
		if !perBank {
			s.refresh.wait[rank] = clocksUntil(c.rankReady[rank][colREFab], c.now)
			continue
		}
		s.refresh.wait[rank] = clocksUntil(c.rankReady[rank][colREFpb], c.now)
		bank := rank*c.perRank + c.refreshBank
		counted := c.turn().count[bank]
		others &^= 1 << bank
		switch {
		case (busy|lanes)>>bank&1 != 0:
			s.refresh.target[rank] = targetBusy + uint8(counted)
			continue
		case c.bank[bank].row >= 0:
			s.refresh.target[rank] = targetOpen
		}
		var ok bool
		if s.refresh.held[rank], ok = c.heldAtRest(bank); !ok {
			return s, false
		}
	}
	s.otherOpen = c.openRanks(others)
	return s, true
}

func clocksUntil(t, now int64) uint16 { return uint16(min(max(t-now, 0), 1<<16-1)) }

// jump follows the edge of a step, if there is one.
func (c *channel) jump(s step, in *lanes) bool {
	if !c.locate() {
		return false
	}
	e := c.at.recent
	if e == nil || e.step != s {
		e = c.at.edges[s]
	}
	if e == nil || c.now+e.clocks > c.refreshDue {
		rs, ok := s.refreshing(c, in.banks)
		if e = c.at.edges[rs]; e == nil || !ok {
			return false
		}
	} else {
		c.at.recent = e
	}
	c.follow(e, in)
	return true
}

// follow moves the channel along an edge.
func (c *channel) follow(e *edge, in *lanes) {
	turn := c.turn()
	var earlier [maxLanes]int32
	if e.bank >= 0 {
		c.ask(in, &earlier)
	}
	if e.closesAll {
		for bank := range c.banks {
			c.bank[bank].row = -1
		}
		c.notClosed = 0
	}
	for _, ch := range e.rows {
		bank := c.edgeBank(ch.bank, turn)
		row := int32(-1)
		switch ch.row {
		case fromLast:
			row = c.lastRow[bank]
		case fromEarlier: // only in lanes has it changed
			row = earlier[in.lane(bank)]
		}
		c.bank[bank].row = row
		c.notClosed &^= 1 << bank
		if row >= 0 {
			c.notClosed |= 1 << bank
		}
	}
	c.lastArrival = c.now + e.arrival
	c.lastData = c.now + e.lastData
	c.now += e.clocks
	c.since = c.now
	for i := range e.times {
		c.holdBank(c.edgeBank(e.times[i].bank, turn), &e.times[i].ready)
	}
	c.holdRefreshes(&e.wait)
	c.tally.add(&e.tally)
	if e.refreshes > 0 {
		c.refreshDue += e.refreshes * c.refreshEvery
		c.refreshed += e.refreshes * c.refreshEvery
		c.nextRefreshBank(e.refreshes)
	}
	c.reach(e.to)
}

// holdBank holds commands back from a bank for some clocks.
func (c *channel) holdBank(bank int, left *times) {
	ready := &c.bankReady[bank]
	for col := range nColumns {
		ready[col] = c.now + left[col]
	}
}

// holdRefreshes holds the refreshes of each rank back for some clocks at least.
func (c *channel) holdRefreshes(wait *[maxRanks]refreshWait) {
	for rank := range c.ranks {
		ready := &c.rankReady[rank]
		ready[colREFab] = max(ready[colREFab], c.now+wait[rank].all)
		ready[colREFpb] = max(ready[colREFpb], c.now+wait[rank].one)
	}
}

// reach makes a node the channel's state, ahead of its own fields.
func (c *channel) reach(n *node) {
	c.at, c.ahead, c.busySet = n, true, 0
	turn := c.turn()
	for _, counted := range n.busy {
		c.busySet |= 1 << turn.bank[counted]
	}
}

// ask notes what a run asks of its banks last, and returns the rows that were
// asked for before.
func (c *channel) ask(in *lanes, earlier *[maxLanes]int32) {
	r, l := &in.run, in.layout
	c.lastBank = r.bank
	if l.lanes == 1 {
		earlier[0] = c.lastRow[r.bank]
		c.lastRow[r.bank], c.lastColumn[r.bank] = r.row, r.first+l.column[r.at+r.count-1]
		return
	}
	for lane := range l.lanes {
		earlier[lane] = c.lastRow[l.bank(r, lane)]
	}
	for at := max(r.at, r.at+r.count-l.period); at < r.at+r.count; at++ {
		bank := l.bank(r, int(l.lane[at]))
		c.lastRow[bank], c.lastColumn[bank] = r.row, r.first+l.column[at]
	}
}

// lane returns the lane of a bank.
func (in *lanes) lane(bank int) int {
	for lane := range in.layout.lanes {
		if in.layout.bank(&in.run, lane) == bank {
			return lane
		}
	}
	return 0
}

func (c *channel) edgeBank(b edgeBank, turn *turn) int {
	if b >= firstRefreshed {
		return int(b-firstRefreshed)*c.perRank + c.refreshBank
	}
	return turn.bank[b]
}

// leave makes the channel's own fields hold its state again, for the
// command-level engine to change.
func (c *channel) leave() {
	if c.at != nil && c.ahead {
		c.restore(c.at.state)
	}
	c.at, c.ahead = nil, false
	c.parked, c.parkedOnly = c.parked[:0], 0
}
