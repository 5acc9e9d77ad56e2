package dram

// A recording is a step that is being taken at command level, to be learned.
type recording struct {
	from        *node // nil: not to be learned
	step        step
	refreshing  step // if a refresh comes due on the way
	refreshable bool
	lanes       uint64 // banks of the run
	start       int64
	refreshDue  int64
	refreshBank int
	tally       tally
	turn        *turn
	busy        uint64
	rows        [maxBanks]int32
	lastRow     [maxBanks]int32
	parked      int             // writes before it
	wrote       bool            // the controller turned to writing on the way
	on          bool            // while the step is being taken
	own         [maxRanks]times // what the step itself holds back in each rank
}

// record prepares to learn the edge of a step from the channel's node.
func (c *channel) record(s step, lanes uint64) *recording {
	rec := &c.recording
	rec.from = c.at
	if c.at == nil {
		return rec
	}
	rec.step, rec.lanes = s, lanes
	rec.refreshing, rec.refreshable = s.refreshing(c, lanes)
	rec.start, rec.refreshDue, rec.refreshBank = c.now, c.refreshDue, c.refreshBank
	rec.tally, rec.turn, rec.busy = c.tally, c.turn(), c.busyBanks()
	rec.on, rec.own = true, [maxRanks]times{}
	rec.parked, rec.wrote = len(c.parked), false
	for i := range c.banks {
		rec.rows[i], rec.lastRow[i] = c.bank[i].row, c.lastRow[i]
	}
	return rec
}

// learn adds the edge that was recorded to the graph, unless it cannot be named.
func (c *channel) learn(rec *recording) {
	rec.on = false
	if c.guard.err != nil || !c.locate() || rec.from == nil {
		return
	}
	if rec.parked != len(c.parked) || rec.parked > 0 && rec.wrote {
		return
	}
	e := &edge{
		step: rec.step, to: c.at,
		clocks: c.now - rec.start, arrival: c.lastArrival - rec.start, lastData: c.lastData - rec.start,
		tally: c.tally.since(&rec.tally),
	}
	if c.refreshDue != rec.refreshDue {
		e.step = rec.refreshing
		e.refreshes = (c.refreshDue - rec.refreshDue) / c.refreshEvery
		e.closesAll = c.spec.Refresh == AllBank
		if !rec.refreshable || e.refreshes > 1 && c.spec.Refresh == PerBank {
			return
		}
	}
	if !c.learnRows(e, rec) {
		return
	}
	c.learnTimes(e, rec)
	rec.from.edges[e.step] = e
}

// learnRows notes which rows changed. It fails if a bank has a row that the step
// has no name for.
func (c *channel) learnRows(e *edge, rec *recording) bool {
	for bank := range c.banks {
		before, row := rec.rows[bank], c.bank[bank].row
		if e.closesAll {
			before = -1
		}
		var from rowSource
		switch row {
		case before:
			continue
		case -1:
			from = fromNone
		case c.lastRow[bank]:
			from = fromLast
		case rec.lastRow[bank]:
			from = fromEarlier
		default:
			return false
		}
		e.rows = append(e.rows, rowChange{rec.name(c, bank, e), from})
	}
	return true
}

// learnTimes notes what the step holds back from banks that it has left at rest,
// and from refreshes.
func (c *channel) learnTimes(e *edge, rec *recording) {
	busy := c.busyBanks()
	for bank := range c.banks {
		ready := &c.bankReady[bank]
		if busy>>bank&1 != 0 || ready.after(c.now) == c.now || !rec.touched(c, bank, e) {
			continue
		}
		e.times = append(e.times, timeChange{rec.name(c, bank, e), ready.left(c.now)})
	}
	for rank := range c.ranks {
		e.wait[rank] = rec.own[rank].refreshWait(c.now)
	}
}

// refreshed reports whether a bank at rest was refreshed during the step.
func (rec *recording) refreshed(c *channel, bank int, e *edge) bool {
	return e.refreshes == 1 && c.spec.Refresh == PerBank && bank%c.perRank == rec.refreshBank &&
		(rec.busy|rec.lanes)>>bank&1 == 0
}

// touched reports whether a bank had commands during the step.
func (rec *recording) touched(c *channel, bank int, e *edge) bool {
	return (rec.busy|rec.lanes)>>bank&1 != 0 || rec.refreshed(c, bank, e)
}

// name names a bank as an edge does.
func (rec *recording) name(c *channel, bank int, e *edge) edgeBank {
	if rec.refreshed(c, bank, e) {
		return edgeBank(firstRefreshed + bank/c.perRank)
	}
	return edgeBank(rec.turn.count[bank])
}
