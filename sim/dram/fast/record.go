package fast

import "github.com/memsim/memsim/sim/dram"

// A recording is a step that is being simulated, to be learned. It observes the
// channel, for how long the step's own commands delay refreshes.
type recording struct {
	from        *state // nil: not to be learned
	step        step
	refreshing  step // if a refresh comes due on the way
	refreshable bool
	ways        uint64 // banks of the run
	start       int64
	refreshDue  int64
	refreshBank int
	counters    dram.Counters
	rotation    *rotation
	busy        uint64
	rows        [dram.MaxBanks]int32
	lastRow     [dram.MaxBanks]int32
	parked      int // writes before it
	switches    int // between reading and writing, before it
	timing      *dram.Timing
	own         [dram.MaxRanks]dram.Times // delays of refreshes by the step itself
}

// Issued notes how long a command delays refreshes.
func (rec *recording) Issued(now int64, c dram.Command, bank int, _ int32) {
	all, one := rec.timing.RefreshDelay(c)
	own := &rec.own[rec.timing.RankOf[bank]]
	if all > 0 {
		own[dram.ColREFab] = max(own[dram.ColREFab], now+all)
	}
	if one > 0 {
		own[dram.ColREFpb] = max(own[dram.ColREFpb], now+one)
	}
}

func (rec *recording) Arrived(int64, uint64, bool, dram.Place) {}
func (rec *recording) Served(int64, uint64, bool, int64)       {}
func (rec *recording) Entered(dram.PowerState)                 {}

// record prepares to learn the transition of a step from the channel's state.
func (c *channel) record(s step, ways uint64) *recording {
	rec := &c.recording
	rec.from = c.at
	if c.at == nil {
		return rec
	}
	rec.step, rec.ways = s, ways
	rec.refreshing, rec.refreshable = s.refreshing(c, ways)
	rec.start, rec.refreshDue, rec.refreshBank = c.Now, c.RefreshDue, c.RefreshBank
	rec.counters, rec.rotation, rec.busy = c.Counters, c.rotation(), c.busyBanks()
	rec.timing, rec.own = c.Timing, [dram.MaxRanks]dram.Times{}
	rec.parked, rec.switches = c.view.Parked(), c.Switches
	for bank := range c.Banks {
		rec.rows[bank], rec.lastRow[bank] = c.Row(bank), c.view.LastRow[bank]
	}
	c.Observer = rec
	return rec
}

// learn adds the transition that was recorded to the graph, unless it has no name.
func (c *channel) learn(rec *recording) {
	c.Observer = nil
	if c.guard.Err() != nil || !c.locate() || rec.from == nil {
		return
	}
	if rec.parked != c.view.Parked() || rec.parked > 0 && rec.switches != c.Switches {
		return // it depends on the parked writes
	}
	t := &transition{
		step: rec.step, to: c.at,
		clocks: c.Now - rec.start, arrival: c.LastArrival - rec.start, lastData: c.LastData - rec.start,
		counted: c.Counters.Since(&rec.counters),
	}
	if c.RefreshDue != rec.refreshDue {
		t.step = rec.refreshing
		t.refreshes = (c.RefreshDue - rec.refreshDue) / c.RefreshEvery
		t.closesAll = c.spec.Refresh == dram.AllBank
		if !rec.refreshable || t.refreshes > 1 && c.spec.Refresh == dram.PerBank {
			return
		}
	}
	if !c.learnRows(t, rec) {
		return
	}
	c.learnTimes(t, rec)
	rec.from.transitions[t.step] = t
}

// learnRows notes which rows changed. It fails if a bank has a row that the step
// has no name for.
func (c *channel) learnRows(t *transition, rec *recording) bool {
	for bank := range c.Banks {
		before, row := rec.rows[bank], c.Row(bank)
		if t.closesAll {
			before = -1
		}
		var from rowSource
		switch row {
		case before:
			continue
		case -1:
			from = fromNone
		case c.view.LastRow[bank]:
			from = fromLast
		case rec.lastRow[bank]:
			from = fromEarlier
		default:
			return false
		}
		t.rows = append(t.rows, rowChange{rec.name(c, bank, t), from})
	}
	return true
}

// learnTimes notes what the step still delays: commands to banks that it has left at
// rest, and refreshes.
func (c *channel) learnTimes(t *transition, rec *recording) {
	busy := c.busyBanks()
	for bank := range c.Banks {
		ready := &c.BankReady[bank]
		if busy>>bank&1 != 0 || after(ready, c.Now) == c.Now || !rec.touched(c, bank, t) {
			continue
		}
		t.times = append(t.times, timeChange{rec.name(c, bank, t), left(ready, c.Now)})
	}
	for rank := range c.Ranks {
		t.wait[rank] = refreshes(&rec.own[rank], c.Now)
	}
}

// refreshed reports whether a bank at rest was refreshed during the step.
func (rec *recording) refreshed(c *channel, bank int, t *transition) bool {
	return t.refreshes == 1 && c.spec.Refresh == dram.PerBank && bank%c.PerRank == rec.refreshBank &&
		(rec.busy|rec.ways)>>bank&1 == 0
}

// touched reports whether a bank had commands during the step.
func (rec *recording) touched(c *channel, bank int, t *transition) bool {
	return (rec.busy|rec.ways)>>bank&1 != 0 || rec.refreshed(c, bank, t)
}

// name names a bank as a transition does.
func (rec *recording) name(c *channel, bank int, t *transition) bankName {
	if rec.refreshed(c, bank, t) {
		return bankName(firstRefreshed + bank/c.PerRank)
	}
	return bankName(rec.rotation.Count[bank])
}
