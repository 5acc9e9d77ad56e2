package dram

import "math/bits"

// idle lets a channel without requests run until a clock: it keeps up refresh,
// and enters power-down and self-refresh after their idle times.
func (c *channel) idle(until int64) {
	for c.now < until && !c.stopped() {
		switch {
		case c.power != standby:
			c.inLowPower(until)
		case c.unkept():
			c.upkeep(until)
		default:
			c.rest(until)
		}
	}
	c.settle()
}

// unkept reports whether there is maintenance to do.
func (c *channel) unkept() bool {
	return len(c.maintenance) > 0 || c.spending != 0 || c.now >= c.refreshDue
}

// upkeep is a clock of maintenance while idle, or none if all of it has become
// needless.
func (c *channel) upkeep(until int64) {
	if c.idleTick() || !c.unkept() {
		return
	}
	c.now = min(max(c.next, c.now+1), until)
}

// idleTick is a tick while idle. If a command is issued, it goes on to the next
// clock.
func (c *channel) idleTick() bool {
	if !c.tick() {
		return false
	}
	c.now++
	return true
}

// rest passes time up to the next refresh or the next lower power state.
func (c *channel) rest(until int64) {
	target := min(until, c.refreshDue)
	down, asleep := c.powerDownFrom(), c.selfRefreshFrom()
	switch {
	case asleep <= c.now:
		c.enter(selfRefresh, until)
		return
	case down <= c.now:
		c.enter(powerDown, until)
		return
	case c.timeout && c.notClosed != 0:
		if c.idleTick() {
			return
		}
		target = min(target, max(c.next, c.now+1))
	}
	c.now = min(target, down, asleep)
}

// powerDownFrom returns the clock from which on a channel without requests may
// enter power-down.
func (c *channel) powerDownFrom() int64 {
	if c.spec.Idle.PowerDown == 0 {
		return never
	}
	return c.workDone(max(c.idleSince, c.lastData) + c.spec.Idle.PowerDown)
}

// selfRefreshFrom is the same for self-refresh, whose idle time is that of all
// channels together. Rows that need no refresh need no self-refresh.
func (c *channel) selfRefreshFrom() int64 {
	if c.spec.Idle.SelfRefresh == 0 || c.spec.Refresh == NoRefresh || c.quietSince == never {
		return never
	}
	return c.workDone(c.quietSince + c.spec.Idle.SelfRefresh)
}

// workDone puts a clock off until the last command to each rank has done its
// work.
func (c *channel) workDone(t int64) int64 {
	for rank := range c.ranks {
		t = max(t, c.rankReady[rank][colREFab])
	}
	return t
}

// closeAll closes the rows of one rank, once timing allows it.
func (c *channel) closeAll(until int64) {
	rank := c.rankOf[bits.TrailingZeros64(c.notClosed)]
	first := int(rank) * c.perRank
	if t := max(c.earliestInRank(colPREab, first), c.busFree); t > c.now {
		c.now = min(t, until, c.refreshDue)
		return
	}
	c.issue(PREab, first, -1)
	c.book(PREab)
	c.close(c.rankMask[rank])
	c.now++
}
