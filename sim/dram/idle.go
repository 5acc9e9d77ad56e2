package dram

// powerState is the power state of a channel.
type powerState uint8

const (
	standby     powerState = iota // the clock runs, commands are taken
	powerDown                     // rows keep their state; refresh needs a wake-up
	selfRefresh                   // rows are closed; the memory refreshes itself
)

// idle lets a channel without requests run until a clock: it keeps up refresh,
// and enters power-down and self-refresh after their idle times.
func (c *channel) idle(until int64) {
	if c.now >= until {
		if !c.ahead {
			c.settle()
		}
		return
	}
	c.leave()
	for c.now < until {
		switch {
		case c.power == selfRefresh:
			c.now = until
		case len(c.maintenance) > 0 || c.spending != 0 || c.now >= c.refreshDue:
			c.upkeep(until)
		default:
			c.rest(until)
		}
	}
	c.settle()
}

// upkeep is a clock of maintenance while idle.
func (c *channel) upkeep(until int64) {
	if c.power != standby {
		c.wake()
	}
	if c.tick() {
		c.now++
		return
	}
	c.now = min(max(c.next, c.now+1), until)
}

// rest passes time up to the next refresh or the next lower power state.
func (c *channel) rest(until int64) {
	target := min(until, c.refreshDue)
	down, asleep := c.entry(c.spec.Idle.PowerDown), c.entry(c.spec.Idle.SelfRefresh)
	if c.spec.Refresh == NoRefresh {
		asleep = never // rows that need no refresh need no self-refresh
	}
	switch {
	case asleep <= c.now:
		c.enter(selfRefresh)
		return
	case down <= c.now && c.power == standby:
		c.enter(powerDown)
		return
	case c.timeout && c.power == standby && c.notClosed != 0:
		if c.tick() {
			c.now++
			return
		}
		target = min(target, max(c.next, c.now+1))
	}
	if c.power == standby {
		target = min(target, down)
	}
	c.now = min(target, asleep)
}

// entry returns the clock at which a channel that has been idle for some clocks
// may enter a low-power state: not before its last command has done its work.
func (c *channel) entry(after int64) int64 {
	if after == 0 {
		return never
	}
	t := max(c.idleSince, c.lastData) + after
	for rank := range c.ranks {
		t = max(t, c.rankReady[rank][colREFab])
	}
	return t
}

// enter goes to a low-power state. For self-refresh, rows are closed first.
func (c *channel) enter(p powerState) {
	if p == selfRefresh {
		if c.power == powerDown {
			c.wake()
		}
		if c.notClosed != 0 {
			c.closeAll()
			return
		}
		c.tally.SelfRefreshes++
	} else {
		c.tally.PowerDowns++
	}
	c.settle()
	c.power = p
}

// closeAll closes the rows of one rank, as soon as timing allows it.
func (c *channel) closeAll() {
	for rank := range c.ranks {
		first := rank * c.perRank
		if c.notClosed&c.rankMask[rank] == 0 {
			continue
		}
		c.now = max(c.now, c.earliestInRank(colPREab, first), c.busFree)
		c.issue(PREab, first, -1)
		c.book(PREab)
		c.close(c.rankMask[rank])
		c.now++
		return
	}
}

// wake leaves a low-power state: commands follow tXP or tXSR later.
func (c *channel) wake() {
	c.settle()
	var exit int64
	switch c.power {
	case powerDown:
		exit = c.spec.Timing["XP"]
	case selfRefresh:
		exit = c.spec.Timing["XSR"]
		c.refreshDue = c.now + c.refreshEvery
	}
	c.power = standby
	for col := range nColumns {
		c.channelReady[col] = max(c.channelReady[col], c.now+exit)
	}
}
