package dram

import "math/bits"

// powerState is the power state of a channel.
type powerState uint8

const (
	standby     powerState = iota // the clock runs, commands are taken
	powerDown                     // rows are closed; refresh needs a wake-up
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
		case c.power == powerDown && c.graph != nil && until-c.refreshDue > 2*c.refreshEvery:
			c.doze(until)
		default:
			c.rest(until)
		}
	}
	c.settle()
}

// doze passes power-down with its refreshes. They are all alike once the channel
// has been idle for long, so after one of them the others are jumped.
func (c *channel) doze(until int64) {
	start := c.refreshDue
	c.idle(start)
	quiet := c.quiet()
	c.settle()
	before := c.tally
	c.idle(start + c.refreshEvery)
	if !quiet || c.power != powerDown || c.now != c.refreshDue || !c.quiet() {
		return
	}
	periods := (min(until, c.entry(c.spec.Idle.SelfRefresh)) - c.now) / c.refreshEvery
	if periods <= 0 {
		return
	}
	c.tally = c.tally.plus(c.tally.plus(before, -1), periods)
	c.now += periods * c.refreshEvery
	c.since, c.refreshDue = c.now, c.now
	c.refreshBank = int((int64(c.refreshBank) + periods) % int64(c.perRank))
}

// quiet reports whether no command is held back by one before.
func (c *channel) quiet() bool {
	quiet := true
	check := func(t *int64) { quiet = quiet && *t <= c.now }
	c.commonTimes(c.turn(), check)
	for rank := range c.ranks {
		c.rankReady[rank].visit(check)
	}
	for bank := range c.banks {
		c.bankReady[bank].visit(check)
	}
	return quiet
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
		c.enter(selfRefresh, until)
		return
	case down <= c.now && c.power == standby:
		c.enter(powerDown, until)
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

// enter goes to a low-power state, after rows were closed: the power-down that
// parts state the power of is that of a precharged memory.
func (c *channel) enter(p powerState, until int64) {
	if c.notClosed != 0 {
		c.closeAll(until)
		return
	}
	c.settle()
	switch p {
	case powerDown:
		c.tally.PowerDowns++
	case selfRefresh:
		c.tally.SelfRefreshes++
	}
	c.power = p
}

// closeAll closes the rows of one rank, once timing allows it.
func (c *channel) closeAll(until int64) {
	rank := c.rankOf[bits.TrailingZeros64(c.notClosed)]
	first := int(rank) * c.perRank
	if t := max(c.earliestInRank(colPREab, first), c.busFree); t > c.now {
		c.now = min(t, until)
		return
	}
	c.issue(PREab, first, -1)
	c.book(PREab)
	c.close(c.rankMask[rank])
	c.now++
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
