package fast

import "github.com/memsim/memsim/sim/dram"

// A step is what takes a channel from one state to the next: a run, or the
// draining of its queues, and what that meets. Banks count from the one last
// asked for before the step.
type step struct {
	bank      int16 // of the run's first way; -1: drain
	twist     uint8 // of its ways
	write     bool
	otherOpen uint8 // ranks in which banks that are not concerned have an open row
	count     int32
	phase     int32 // place of the first burst in the pattern of ways
	met       [dram.MaxWays]meeting
	held      [dram.MaxWays]restDelay // of ways whose bank rests
	refresh   refreshStep
}

// A restDelay is what a bank at rest still delays: the column and the clocks. Zero is
// nothing.
type restDelay uint16

// A meeting is how a run finds the bank of a way.
type meeting uint8

const (
	noWay       meeting = iota
	restsClosed         // nothing to do, no row open
	restsOpen           // nothing to do, another row open
	restsHit            // nothing to do, the run's row open
	busyOther           // with requests for other rows, which are open or not
	busyHit             // with requests for another row, while the run's is still open
	busySame            // with requests for the run's row
)

// refreshStep is the refresh that comes due during a step. The zero value is
// none.
type refreshStep struct {
	in     int32                    // clocks from the start of the step, plus one
	target [dram.MaxRanks]uint8     // bank that is refreshed in each rank, of per-bank refresh
	held   [dram.MaxRanks]restDelay // of targets that rest
	wait   [dram.MaxRanks]uint16    // clocks for which a refresh of each rank is delayed
}

// Targets of per-bank refresh. A bank that rests may be any; the others are
// counted from targetBusy on.
const (
	targetClosed = iota
	targetOpen
	targetBusy
)

// A request is a run and the banks that it asks for.
type request struct {
	run    dram.Run
	banks  uint64
	layout *dram.Layout
}

// way returns the way of a bank.
func (in *request) way(bank int) int {
	for way := range in.layout.Ways {
		if in.layout.Bank(&in.run, way) == bank {
			return way
		}
	}
	return 0
}

// step describes taking in a run; ok is false if that has to be simulated: if it may
// meet queued writes to the same bursts, or a bank at rest that still delays several
// classes of commands.
func (c *channel) step(r dram.Run, l *dram.Layout) (s step, in request, ok bool) {
	rotation := c.rotation()
	s = step{bank: int16(rotation.Count[r.Bank]), twist: uint8(r.Twist), count: r.Count, phase: r.At & (l.Period - 1), write: r.Write}
	in = request{run: r, layout: l}
	for way := range l.Ways {
		in.banks |= 1 << l.Bank(&r, way)
	}
	ok = c.view.Parked() == 0 || !c.view.MeetsParked(&r, l)
	for way := range l.Ways {
		bank := l.Bank(&r, way)
		var fine bool
		if s.met[way], fine = c.meet(&in, bank, way); fine && s.met[way] <= restsHit {
			s.held[way], fine = c.delayAtRest(bank)
		}
		ok = ok && fine
	}
	s.otherOpen = c.openRanks(c.NotClosed &^ c.busyBanks() &^ in.banks)
	return s, in, ok
}

// drainStep describes the draining of the queues.
func (c *channel) drainStep() step {
	return step{bank: -1, otherOpen: c.openRanks(c.NotClosed &^ c.busyBanks())}
}

// meet says how a run finds the bank of a way.
func (c *channel) meet(in *request, bank, way int) (m meeting, ok bool) {
	r, row := &in.run, c.Row(bank)
	switch {
	case c.busyBanks()>>bank&1 == 0:
		m = restsClosed
		if row == r.Row {
			m = restsHit
		} else if row >= 0 {
			m = restsOpen
		}
		return m, true
	case r.Row == c.view.LastRow[bank]:
		return busySame, !c.hasWrites(bank) || c.continues(in, bank, way)
	case row == r.Row:
		return busyHit, true
	}
	return busyOther, true
}

// continues reports whether the run writes on in a way, at the column behind
// the one that was last asked for.
func (c *channel) continues(in *request, bank, way int) bool {
	r, l := &in.run, in.layout
	at := r.At
	for at < r.At+r.Count && int(l.Way[at]) != way {
		at++
	}
	return at == r.At+r.Count || r.Write && r.First+l.Column[at] == c.view.LastColumn[bank]+1
}

// hasWrites reports whether writes to a bank are queued that are not parked.
func (c *channel) hasWrites(bank int) bool {
	if c.ahead {
		return c.at.writes>>c.rotation().Count[bank]&1 != 0
	}
	return c.WaitingWrites(&c.view)>>bank&1 != 0
}

// delayAtRest returns the one command class that a bank at rest must still delay; ok
// is false if there are several.
func (c *channel) delayAtRest(bank int) (d restDelay, ok bool) {
	for col := range dram.NColumns {
		left := c.BankReady[bank][col] - c.Now
		if left <= 0 {
			continue
		}
		if d != 0 || left >= 1<<12 {
			return 0, false
		}
		d = restDelay(col)<<12 | restDelay(left)
	}
	return d, true
}

// openRanks returns the ranks that have banks of a set.
func (c *channel) openRanks(set uint64) (ranks uint8) {
	for rank := range c.Ranks {
		if set&c.RankMask[rank] != 0 {
			ranks |= 1 << rank
		}
	}
	return ranks
}

// refreshing returns the step with the channel's next refresh in it. It fails if a
// target at rest still delays several classes of commands.
func (s step) refreshing(c *channel, ways uint64) (step, bool) {
	s.refresh.in = int32(min(c.RefreshDue-c.Now, 1<<30)) + 1
	perBank := c.spec.Refresh == dram.PerBank
	busy := c.busyBanks()
	others := c.NotClosed &^ busy &^ ways
	for rank := range c.Ranks {
		if !perBank {
			s.refresh.wait[rank] = clocksUntil(c.RankReady[rank][dram.ColREFab], c.Now)
			continue
		}
		s.refresh.wait[rank] = clocksUntil(c.RankReady[rank][dram.ColREFpb], c.Now)
		bank := rank*c.PerRank + c.RefreshBank
		others &^= 1 << bank
		switch {
		case (busy|ways)>>bank&1 != 0:
			s.refresh.target[rank] = targetBusy + uint8(c.rotation().Count[bank])
			continue
		case c.Row(bank) >= 0:
			s.refresh.target[rank] = targetOpen
		}
		var ok bool
		if s.refresh.held[rank], ok = c.delayAtRest(bank); !ok {
			return s, false
		}
	}
	s.otherOpen = c.openRanks(others)
	return s, true
}

func clocksUntil(t, now int64) uint16 { return uint16(min(max(t-now, 0), 1<<16-1)) }
