package dram

// powerState is the power state of a channel.
type powerState uint8

const (
	standby     powerState = iota // the clock runs, commands are taken
	powerDown                     // rows are closed; refresh needs a wake-up
	selfRefresh                   // rows are closed; the memory refreshes itself
)

// postponed is how many intervals tREFI a refresh may wait in power-down for
// work to end. The standards allow eight.
const postponed = 4

// enter goes to a low-power state, after rows were closed (the power-down that
// parts state the power of is that of a precharged memory) and all commands have
// done their work: a memory that sleeps holds nothing back.
func (c *channel) enter(p powerState, until int64) {
	if c.notClosed != 0 {
		c.closeAll(until)
		return
	}
	if quiet := c.quietFrom(); quiet > c.now {
		c.now = min(quiet, until, c.refreshDue)
		return
	}
	c.settle()
	switch p {
	case powerDown:
		c.tally[countPowerDowns]++
	case selfRefresh:
		c.tally[countSelfRefreshes]++
	}
	c.power, c.writeMode, c.pulseFrom = p, false, c.now
	if c.observer != nil {
		c.observer.entered(p)
	}
}

// quietFrom returns the clock from which on no command is held back by one
// before.
func (c *channel) quietFrom() int64 {
	var last int64
	see := func(t *int64) { last = max(last, *t) }
	c.commonTimes(c.allGroups, see)
	for rank := range c.ranks {
		c.rankReady[rank].visit(see)
	}
	for bank := range c.banks {
		c.bankReady[bank].visit(see)
	}
	return last
}

// inLowPower passes time in a low-power state.
func (c *channel) inLowPower(until int64) {
	if c.power == powerDown {
		deeper := c.selfRefreshFrom()
		c.doze(min(until, deeper))
		if c.now >= deeper {
			c.enter(selfRefresh, until)
		}
		return
	}
	c.now = until
}

// doze passes time in power-down. The controller uses it to refresh out of the
// way of work, as the standards' rules for postponed and early refreshes allow:
// it goes on until every bank has had its turn, so that work begins with the first
// bank and a full interval ahead, and then leaves out what it did too early. Later
// it wakes the memory once for each round of banks that the time has made due. A
// refresh that would not be over when work comes waits.
func (c *channel) doze(until int64) {
	if c.refreshEvery > 0 {
		for at := c.nextPulse(); at+c.pulse <= until; at = c.nextPulse() {
			c.wakeToRefresh(at, min((until-at-c.pulse)/c.pulseEvery+1, c.turnsLeft()))
		}
	}
	c.now = max(c.now, until)
	c.settle()
}

// nextPulse returns the clock at which a channel in power-down wakes for its next
// refresh.
func (c *channel) nextPulse() int64 {
	if c.refreshBank != 0 {
		return c.pulseFrom
	}
	return max(c.pulseFrom, c.refreshed+c.refreshRound)
}

// turnsLeft returns the refreshes of each rank that are left in a round.
func (c *channel) turnsLeft() int64 {
	if c.spec.Refresh == PerBank {
		return int64(c.perRank - c.refreshBank)
	}
	return 1
}

// wakeToRefresh does some of the refreshes of a round from a clock in power-down
// on: of one bank, or all, of each rank.
func (c *channel) wakeToRefresh(at, refreshes int64) {
	c.showRefreshes(at, refreshes)
	if c.spec.Refresh == PerBank {
		c.tally[countBankRefreshes] += refreshes * int64(c.ranks)
	} else {
		c.tally[countAllBankRefreshes] += refreshes * int64(c.ranks)
	}
	c.nextRefreshBank(refreshes)
	c.tally[countPowerDowns] += refreshes
	c.refreshed += refreshes * c.refreshEvery
	c.pulseFrom = at + refreshes*c.pulseEvery
}

// showRefreshes tells the observer of refreshes in power-down.
func (c *channel) showRefreshes(at, refreshes int64) {
	if c.observer == nil {
		return
	}
	command := c.refresh
	for i := range refreshes {
		clock := at + i*c.pulseEvery + c.spec.Timing["XP"]
		for rank := range c.ranks {
			c.observer.issued(clock+int64(rank)*c.busClocks[command], command, rank*c.perRank+c.refreshBank+int(i), -1)
		}
	}
}

// wake leaves a low-power state: commands follow tXP or tXSR later. The refresh
// timer starts anew, or has run out if refreshes have been postponed for long.
func (c *channel) wake() {
	c.settle()
	exit := c.spec.Timing["XP"]
	if c.power == selfRefresh {
		exit = c.spec.Timing["XSR"]
		c.refreshedItself(c.now)
	}
	switch {
	case c.refreshEvery == 0:
	case c.overdue():
		c.refreshDue = c.now
	default:
		c.refreshDue = c.now + c.refreshEvery
	}
	c.power = standby
	for col := range nColumns {
		c.channelReady[col] = max(c.channelReady[col], c.now+exit)
	}
}

// refreshedItself notes that a memory has refreshed itself up to a clock: no
// refresh is owed, and the round of banks begins anew.
func (c *channel) refreshedItself(until int64) { c.refreshed, c.refreshBank = until, 0 }

// refreshedBefore is the clock up to which a channel that sleeps has been
// refreshed.
func (c *channel) refreshedBefore() int64 {
	if c.power == selfRefresh {
		return c.now
	}
	return c.refreshed
}

// overdue reports whether refreshes of a channel in power-down have been
// postponed for as long as they may.
func (c *channel) overdue() bool {
	return c.power == powerDown && c.refreshEvery > 0 && c.now-c.refreshed >= postponed*c.refreshRound
}
