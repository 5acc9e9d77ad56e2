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

// A fastChannel is a channel that remembers what it did.
type fastChannel struct {
	*channel
	graph     *graph
	turns     *turns
	view      view
	at        *node  // the channel's state, if it is known to the graph
	ahead     bool   // at is ahead of the channel, whose frame alone is true
	busySet   uint64 // if ahead: the banks that have something to do
	recording recording
	played    playing
	lesson    lesson
}

func newFastChannel(c *channel, g *graph, t *turns) *fastChannel {
	f := &fastChannel{channel: c, graph: g, turns: t}
	for i := range f.view.lastRow {
		f.view.lastRow[i] = -1
	}
	return f
}

// turn returns the turn that makes the bank last asked for the first one.
func (f *fastChannel) turn() *turn { return &f.turns.list[f.turns.at[f.view.lastBank]] }

// busyBanks returns the banks that have something to do.
func (f *fastChannel) busyBanks() uint64 {
	if f.ahead {
		return f.busySet
	}
	return f.channel.busyBanks(&f.view)
}

// locate finds the channel's node, if it is not known yet.
func (f *fastChannel) locate() bool {
	if f.at == nil {
		f.settle()
		f.view.turn = f.turn()
		f.park(&f.view)
		f.at, f.ahead = f.graph.node(f), false
	}
	return f.at != nil
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
func (f *fastChannel) runStep(r run, l *layout) (s step, in lanes, ok bool) {
	turn := f.turn()
	s = step{bank: int16(turn.count[r.bank]), twist: uint8(r.twist), count: r.count, phase: r.at & (l.period - 1), write: r.write}
	in = lanes{run: r, layout: l}
	for lane := range l.lanes {
		in.banks |= 1 << l.bank(&r, lane)
	}
	ok = !f.view.meetsParked(&in)
	for lane := range l.lanes {
		bank := l.bank(&r, lane)
		var fine bool
		if s.met[lane], fine = f.meet(&in, bank, lane); fine && s.met[lane] <= restsHit {
			s.held[lane], fine = f.heldAtRest(bank)
		}
		ok = ok && fine
	}
	s.otherOpen = f.openRanks(f.notClosed &^ f.busyBanks() &^ in.banks)
	return s, in, ok
}

// continues reports whether the run writes on in a lane, at the column behind
// the one that was last asked for.
func (f *fastChannel) continues(in *lanes, bank, lane int) bool {
	r, l := &in.run, in.layout
	at := r.at
	for at < r.at+r.count && int(l.lane[at]) != lane {
		at++
	}
	return at == r.at+r.count || r.write && r.first+l.column[at] == f.view.lastColumn[bank]+1
}

// meet says how a run finds the bank of a lane.
func (f *fastChannel) meet(in *lanes, bank, lane int) (m meeting, ok bool) {
	r, b := &in.run, &f.bank[bank]
	switch {
	case f.busyBanks()>>bank&1 == 0:
		m = restsClosed
		if b.row == r.row {
			m = restsHit
		} else if b.row >= 0 {
			m = restsOpen
		}
		return m, true
	case r.row == f.view.lastRow[bank]:
		return busySame, !f.hasWrites(bank) || f.continues(in, bank, lane)
	case b.row == r.row:
		return busyHit, true
	}
	return busyOther, true
}

// heldAtRest returns what is held back from a bank at rest. It fails if that is
// more than one class of commands.
func (f *fastChannel) heldAtRest(bank int) (h restHold, ok bool) {
	for col := range nColumns {
		left := f.bankReady[bank][col] - f.now
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
func (f *fastChannel) drainStep() step {
	return step{bank: -1, otherOpen: f.openRanks(f.notClosed &^ f.busyBanks())}
}

// openRanks returns the ranks that have banks of a set.
func (f *fastChannel) openRanks(set uint64) (ranks uint8) {
	for rank := range f.ranks {
		if set&f.rankMask[rank] != 0 {
			ranks |= 1 << rank
		}
	}
	return ranks
}

// hasWrites reports whether writes to a bank are queued.
func (f *fastChannel) hasWrites(bank int) bool {
	if f.ahead {
		return f.at.writes>>f.turn().count[bank]&1 != 0
	}
	return (f.writes.pending&^f.view.parkedOnly)>>bank&1 != 0
}

// refreshing returns the step with the channel's next refresh in it. It fails if
// several classes of commands are held back from a target at rest.
func (s step) refreshing(f *fastChannel, lanes uint64) (step, bool) {
	s.refresh.in = int32(min(f.refreshDue-f.now, 1<<30)) + 1
	perBank := f.spec.Refresh == PerBank
	busy := f.busyBanks()
	others := f.notClosed &^ busy &^ lanes
	for rank := range f.ranks {
		if !perBank {
			s.refresh.wait[rank] = clocksUntil(f.rankReady[rank][colREFab], f.now)
			continue
		}
		s.refresh.wait[rank] = clocksUntil(f.rankReady[rank][colREFpb], f.now)
		bank := rank*f.perRank + f.refreshBank
		counted := f.turn().count[bank]
		others &^= 1 << bank
		switch {
		case (busy|lanes)>>bank&1 != 0:
			s.refresh.target[rank] = targetBusy + uint8(counted)
			continue
		case f.bank[bank].row >= 0:
			s.refresh.target[rank] = targetOpen
		}
		var ok bool
		if s.refresh.held[rank], ok = f.heldAtRest(bank); !ok {
			return s, false
		}
	}
	s.otherOpen = f.openRanks(others)
	return s, true
}

func clocksUntil(t, now int64) uint16 { return uint16(min(max(t-now, 0), 1<<16-1)) }

// jump follows the edge of a step, if there is one.
func (f *fastChannel) jump(s step, in *lanes) bool {
	if !f.locate() {
		return false
	}
	e := f.at.recent
	if e == nil || e.step != s {
		e = f.at.edges[s]
	}
	if e == nil || f.now+e.clocks > f.refreshDue {
		rs, ok := s.refreshing(f, in.banks)
		if e = f.at.edges[rs]; e == nil || !ok {
			return false
		}
	} else {
		f.at.recent = e
	}
	f.follow(e, in)
	return true
}

// follow moves the channel along an edge.
func (f *fastChannel) follow(e *edge, in *lanes) {
	turn := f.turn()
	var earlier [maxLanes]int32
	if e.bank >= 0 {
		f.ask(in, &earlier)
	}
	if e.closesAll {
		for bank := range f.banks {
			f.bank[bank].row = -1
		}
		f.notClosed = 0
	}
	for _, ch := range e.rows {
		bank := f.edgeBank(ch.bank, turn)
		row := int32(-1)
		switch ch.row {
		case fromLast:
			row = f.view.lastRow[bank]
		case fromEarlier: // only in lanes has it changed
			row = earlier[in.lane(bank)]
		}
		f.bank[bank].row = row
		f.notClosed &^= 1 << bank
		if row >= 0 {
			f.notClosed |= 1 << bank
		}
	}
	f.lastArrival = f.now + e.arrival
	f.lastData = f.now + e.lastData
	f.now += e.clocks
	f.since = f.now
	for i := range e.times {
		f.holdBank(f.edgeBank(e.times[i].bank, turn), &e.times[i].ready)
	}
	f.holdRefreshes(&e.wait)
	f.tally.add(&e.tally)
	if e.refreshes > 0 {
		f.refreshDue += e.refreshes * f.refreshEvery
		f.refreshed += e.refreshes * f.refreshEvery
		f.nextRefreshBank(e.refreshes)
	}
	f.reach(e.to)
}

// holdBank holds commands back from a bank for some clocks.
func (f *fastChannel) holdBank(bank int, left *times) {
	ready := &f.bankReady[bank]
	for col := range nColumns {
		ready[col] = f.now + left[col]
	}
}

// holdRefreshes holds the refreshes of each rank back for some clocks at least.
func (f *fastChannel) holdRefreshes(wait *[maxRanks]refreshWait) {
	for rank := range f.ranks {
		ready := &f.rankReady[rank]
		ready[colREFab] = max(ready[colREFab], f.now+wait[rank].all)
		ready[colREFpb] = max(ready[colREFpb], f.now+wait[rank].one)
	}
}

// reach makes a node the channel's state, ahead of its own fields.
func (f *fastChannel) reach(n *node) {
	f.at, f.ahead, f.busySet = n, true, 0
	turn := f.turn()
	for _, counted := range n.busy {
		f.busySet |= 1 << turn.bank[counted]
	}
}

// ask notes what a run asks of its banks last, and returns the rows that were
// asked for before.
func (f *fastChannel) ask(in *lanes, earlier *[maxLanes]int32) {
	r, l := &in.run, in.layout
	f.view.lastBank = r.bank
	if l.lanes == 1 {
		earlier[0] = f.view.lastRow[r.bank]
		f.view.lastRow[r.bank], f.view.lastColumn[r.bank] = r.row, r.first+l.column[r.at+r.count-1]
		return
	}
	for lane := range l.lanes {
		earlier[lane] = f.view.lastRow[l.bank(r, lane)]
	}
	for at := max(r.at, r.at+r.count-l.period); at < r.at+r.count; at++ {
		bank := l.bank(r, int(l.lane[at]))
		f.view.lastRow[bank], f.view.lastColumn[bank] = r.row, r.first+l.column[at]
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

func (f *fastChannel) edgeBank(b edgeBank, turn *turn) int {
	if b >= firstRefreshed {
		return int(b-firstRefreshed)*f.perRank + f.refreshBank
	}
	return turn.bank[b]
}

// leave makes the channel's own fields hold its state again, for the
// command-level engine to change.
func (f *fastChannel) leave() {
	if f.at != nil && f.ahead {
		f.view.turn = f.turn()
		f.restore(&f.view, f.at.state)
	}
	f.at, f.ahead = nil, false
	f.view.parked, f.view.parkedOnly = f.view.parked[:0], 0
}
