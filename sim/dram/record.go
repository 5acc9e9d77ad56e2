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
	switches    int             // between reading and writing, before it
	channel     *channel        // that it is taken by
	own         [maxRanks]times // what the step itself holds back in each rank
}

func (rec *recording) arrived(int64, uint64, bool, place) {}
func (rec *recording) served(int64, uint64, bool, int64)  {}
func (rec *recording) entered(powerState)                 {}
func (rec *recording) issued(now int64, c Command, bank int, _ int32) {
	p := rec.channel.plan
	rec.own[p.rankOf[bank&63]&3].hold(now, p.causes[c].rank)
}

// record prepares to learn the edge of a step from the channel's node.
func (f *fastChannel) record(s step, lanes uint64) *recording {
	rec := &f.recording
	rec.from = f.at
	if f.at == nil {
		return rec
	}
	rec.step, rec.lanes = s, lanes
	rec.refreshing, rec.refreshable = s.refreshing(f, lanes)
	rec.start, rec.refreshDue, rec.refreshBank = f.now, f.refreshDue, f.refreshBank
	rec.tally, rec.turn, rec.busy = f.tally, f.turn(), f.busyBanks()
	rec.channel, rec.own = f.channel, [maxRanks]times{}
	rec.parked, rec.switches = len(f.view.parked), f.switches
	f.observer = rec
	for i := range f.banks {
		rec.rows[i], rec.lastRow[i] = f.bank[i].row, f.view.lastRow[i]
	}
	return rec
}

// learn adds the edge that was recorded to the graph, unless it cannot be named.
func (f *fastChannel) learn(rec *recording) {
	f.observer = nil
	if f.guard.err != nil || !f.locate() || rec.from == nil {
		return
	}
	if rec.parked != len(f.view.parked) || rec.parked > 0 && rec.switches != f.switches {
		return
	}
	e := &edge{
		step: rec.step, to: f.at,
		clocks: f.now - rec.start, arrival: f.lastArrival - rec.start, lastData: f.lastData - rec.start,
		tally: f.tally.since(&rec.tally),
	}
	if f.refreshDue != rec.refreshDue {
		e.step = rec.refreshing
		e.refreshes = (f.refreshDue - rec.refreshDue) / f.refreshEvery
		e.closesAll = f.spec.Refresh == AllBank
		if !rec.refreshable || e.refreshes > 1 && f.spec.Refresh == PerBank {
			return
		}
	}
	if !f.learnRows(e, rec) {
		return
	}
	f.learnTimes(e, rec)
	rec.from.edges[e.step] = e
}

// learnRows notes which rows changed. It fails if a bank has a row that the step
// has no name for.
func (f *fastChannel) learnRows(e *edge, rec *recording) bool {
	for bank := range f.banks {
		before, row := rec.rows[bank], f.bank[bank].row
		if e.closesAll {
			before = -1
		}
		var from rowSource
		switch row {
		case before:
			continue
		case -1:
			from = fromNone
		case f.view.lastRow[bank]:
			from = fromLast
		case rec.lastRow[bank]:
			from = fromEarlier
		default:
			return false
		}
		e.rows = append(e.rows, rowChange{rec.name(f, bank, e), from})
	}
	return true
}

// learnTimes notes what the step holds back from banks that it has left at rest,
// and from refreshes.
func (f *fastChannel) learnTimes(e *edge, rec *recording) {
	busy := f.busyBanks()
	for bank := range f.banks {
		ready := &f.bankReady[bank]
		if busy>>bank&1 != 0 || ready.after(f.now) == f.now || !rec.touched(f, bank, e) {
			continue
		}
		e.times = append(e.times, timeChange{rec.name(f, bank, e), ready.left(f.now)})
	}
	for rank := range f.ranks {
		e.wait[rank] = rec.own[rank].refreshWait(f.now)
	}
}

// refreshed reports whether a bank at rest was refreshed during the step.
func (rec *recording) refreshed(f *fastChannel, bank int, e *edge) bool {
	return e.refreshes == 1 && f.spec.Refresh == PerBank && bank%f.perRank == rec.refreshBank &&
		(rec.busy|rec.lanes)>>bank&1 == 0
}

// touched reports whether a bank had commands during the step.
func (rec *recording) touched(f *fastChannel, bank int, e *edge) bool {
	return (rec.busy|rec.lanes)>>bank&1 != 0 || rec.refreshed(f, bank, e)
}

// name names a bank as an edge does.
func (rec *recording) name(f *fastChannel, bank int, e *edge) edgeBank {
	if rec.refreshed(f, bank, e) {
		return edgeBank(firstRefreshed + bank/f.perRank)
	}
	return edgeBank(rec.turn.count[bank])
}
