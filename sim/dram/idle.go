package dram

import "math/bits"

// Idle lets a channel without requests run until a clock: it keeps up refresh,
// and enters power-down and self-refresh after their idle times.
func (c *Channel) Idle(until int64) {
	for c.Now < until && !c.Stopped() {
		switch {
		case c.Power != Standby:
			c.inLowPower(until)
		case c.unkept():
			c.upkeep(until)
		default:
			c.rest(until)
		}
	}
	c.Settle()
}

// unkept reports whether there is maintenance to do.
func (c *Channel) unkept() bool {
	return len(c.maintenance) > 0 || c.capped != 0 || c.Now >= c.RefreshDue
}

// upkeep spends one clock on maintenance, or none if nothing is left to do.
func (c *Channel) upkeep(until int64) {
	if c.idleTick() || !c.unkept() {
		return
	}
	c.Now = min(max(c.next, c.Now+1), until)
}

// idleTick is a tick while idle. If a command is issued, it goes on to the next
// clock.
func (c *Channel) idleTick() bool {
	if !c.tick() {
		return false
	}
	c.Now++
	return true
}

// rest passes time up to the next refresh or the next lower power state.
func (c *Channel) rest(until int64) {
	target := min(until, c.RefreshDue)
	down, refresh := c.PowerDownFrom(), c.SelfRefreshFrom()
	switch {
	case refresh <= c.Now:
		c.enter(SelfRefresh, until)
		return
	case down <= c.Now:
		c.enter(PowerDown, until)
		return
	case c.timeout && c.NotClosed != 0:
		if c.idleTick() {
			return
		}
		target = min(target, max(c.next, c.Now+1))
	}
	c.Now = min(target, down, refresh)
}

// PowerDownFrom returns the clock from which on a channel without requests may
// enter power-down.
func (c *Channel) PowerDownFrom() int64 {
	if c.spec.Idle.PowerDown == 0 {
		return Never
	}
	return c.workDone(max(c.IdleSince, c.LastData) + c.spec.Idle.PowerDown)
}

// SelfRefreshFrom is the same for self-refresh, whose idle time is that of all
// channels together. Rows that need no refresh need no self-refresh.
func (c *Channel) SelfRefreshFrom() int64 {
	if c.spec.Idle.SelfRefresh == 0 || c.spec.Refresh == NoRefresh || c.QuietSince == Never {
		return Never
	}
	return c.workDone(c.QuietSince + c.spec.Idle.SelfRefresh)
}

// workDone delays t until every rank's last command has completed.
func (c *Channel) workDone(t int64) int64 {
	for rank := range c.Ranks {
		t = max(t, c.RankReady[rank][ColREFab])
	}
	return t
}

// closeAll closes the rows of one rank, once timing allows it.
func (c *Channel) closeAll(until int64) {
	rank := c.RankOf[bits.TrailingZeros64(c.NotClosed)]
	first := int(rank) * c.PerRank
	if t := max(c.earliestInRank(colPREab, first), c.busFree); t > c.Now {
		c.Now = min(t, until, c.RefreshDue)
		return
	}
	c.issue(PREab, first, -1)
	c.Book(PREab)
	c.close(c.RankMask[rank])
	c.Now++
}
