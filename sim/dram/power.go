package dram

// powerState is the power state of a channel.
type PowerState uint8

const (
	Standby     PowerState = iota // the clock runs, commands are taken
	PowerDown                     // rows are closed; refresh needs a wake-up
	SelfRefresh                   // rows are closed; the memory refreshes itself
)

// postponed is how many intervals tREFI a refresh may wait in power-down for
// work to end. The standards allow eight.
const postponed = 4

// enter goes to a low-power state, after rows were closed (parts state the power of
// precharge power-down) and all commands have completed: nothing is delayed then.
func (c *Channel) enter(p PowerState, until int64) {
	if c.NotClosed != 0 {
		c.closeAll(until)
		return
	}
	if quiet := c.QuietFrom(); quiet > c.Now {
		c.Now = min(quiet, until, c.RefreshDue)
		return
	}
	c.Settle()
	switch p {
	case PowerDown:
		c.Counters[countPowerDowns]++
	case SelfRefresh:
		c.Counters[countSelfRefreshes]++
	}
	c.Power, c.writeMode, c.WakeFrom = p, false, c.Now
	if c.Observer != nil {
		c.Observer.Entered(p)
	}
}

// QuietFrom returns the first clock at which no rule delays any command.
func (c *Channel) QuietFrom() int64 {
	var last int64
	see := func(t *int64) { last = max(last, *t) }
	c.commonTimes(c.allGroups, see)
	for rank := range c.Ranks {
		c.RankReady[rank].visit(see)
	}
	for bank := range c.Banks {
		c.BankReady[bank].visit(see)
	}
	return last
}

// inLowPower passes time in a low-power state.
func (c *Channel) inLowPower(until int64) {
	if c.Power == PowerDown {
		deeper := c.SelfRefreshFrom()
		c.stayDown(min(until, deeper))
		if c.Now >= deeper {
			c.enter(SelfRefresh, until)
		}
		return
	}
	c.Now = until
}

// stayDown passes time in power-down. The controller uses it to refresh out of the
// way of work, as the standards' rules for postponed and early refreshes allow:
// it goes on until every bank has had its turn, so that work begins with the first
// bank and a full interval ahead, and then leaves out what it did too early. Later
// it wakes the memory once for each round of banks that the time has made due. A
// refresh that would not be over when work comes waits.
func (c *Channel) stayDown(until int64) {
	if c.RefreshEvery > 0 {
		for at := c.NextWake(); at+c.refreshBurst <= until; at = c.NextWake() {
			c.wakeToRefresh(at, min((until-at-c.refreshBurst)/c.burstEvery+1, c.turnsLeft()))
		}
	}
	c.Now = max(c.Now, until)
	c.Settle()
}

// NextWake returns the clock at which a channel in power-down wakes for its next
// refresh.
func (c *Channel) NextWake() int64 {
	if c.RefreshBank != 0 {
		return c.WakeFrom
	}
	return max(c.WakeFrom, c.Refreshed+c.RefreshRound)
}

// turnsLeft returns the refreshes of each rank that are left in a round.
func (c *Channel) turnsLeft() int64 {
	if c.spec.Refresh == PerBank {
		return int64(c.PerRank - c.RefreshBank)
	}
	return 1
}

// wakeToRefresh does some of the refreshes of a round from a clock in power-down
// on: of one bank, or all, of each rank.
func (c *Channel) wakeToRefresh(at, refreshes int64) {
	c.showRefreshes(at, refreshes)
	if c.spec.Refresh == PerBank {
		c.Counters[countBankRefreshes] += refreshes * int64(c.Ranks)
	} else {
		c.Counters[countAllBankRefreshes] += refreshes * int64(c.Ranks)
	}
	c.NextRefreshBank(refreshes)
	c.Counters[countPowerDowns] += refreshes
	c.Refreshed += refreshes * c.RefreshEvery
	c.WakeFrom = at + refreshes*c.burstEvery
}

// showRefreshes tells the observer of refreshes in power-down.
func (c *Channel) showRefreshes(at, refreshes int64) {
	if c.Observer == nil {
		return
	}
	command := c.refresh
	for i := range refreshes {
		clock := at + i*c.burstEvery + c.spec.Timing["XP"]
		for rank := range c.Ranks {
			c.Observer.Issued(clock+int64(rank)*c.busClocks[command], command, rank*c.PerRank+c.RefreshBank+int(i), -1)
		}
	}
}

// Wake leaves a low-power state: commands follow tXP or tXSR later. The refresh
// timer starts anew, or has run out if refreshes have been postponed for long.
func (c *Channel) Wake() {
	c.Settle()
	exit := c.spec.Timing["XP"]
	if c.Power == SelfRefresh {
		exit = c.spec.Timing["XSR"]
		c.RefreshedItself(c.Now)
	}
	switch {
	case c.RefreshEvery == 0:
	case c.Overdue():
		c.RefreshDue = c.Now
	default:
		c.RefreshDue = c.Now + c.RefreshEvery
	}
	c.Power = Standby
	for col := range NColumns {
		c.channelReady[col] = max(c.channelReady[col], c.Now+exit)
	}
}

// RefreshedItself notes that a memory has refreshed itself up to a clock: no
// refresh is owed, and the round of banks begins anew.
func (c *Channel) RefreshedItself(until int64) { c.Refreshed, c.RefreshBank = until, 0 }

// RefreshedBefore is the clock up to which a channel that sleeps has been
// refreshed.
func (c *Channel) RefreshedBefore() int64 {
	if c.Power == SelfRefresh {
		return c.Now
	}
	return c.Refreshed
}

// Overdue reports whether refreshes of a channel in power-down have been
// postponed for as long as they may.
func (c *Channel) Overdue() bool {
	return c.Power == PowerDown && c.RefreshEvery > 0 && c.Now-c.Refreshed >= postponed*c.RefreshRound
}

// PoweredDown puts a channel, which has done its work and so many refreshes since it
// was woken, into power-down.
func (c *Channel) PoweredDown(refreshes int64) {
	c.Counters[countPowerDowns]++
	c.WakeFrom = c.Now
	c.Refreshed += refreshes * c.RefreshEvery
	c.NextRefreshBank(refreshes)
	c.Power = PowerDown
}

// Settle books the time since the last call under the state of each rank.
func (c *Channel) Settle() {
	clocks := c.Now - c.Since
	c.Since = c.Now
	if clocks == 0 {
		return
	}
	for rank := range c.Ranks {
		switch {
		case c.Power == SelfRefresh:
			c.Counters[clocksSelfRefresh] += clocks
		case c.Power == PowerDown:
			c.Counters[clocksPowerDown] += clocks
		case c.NotClosed&c.RankMask[rank] != 0:
			c.Counters[clocksActive] += clocks
		default:
			c.Counters[clocksPrecharge] += clocks
		}
	}
}

// Pass lets clocks go by without a command, in which so many ranks have open rows.
func (c *Channel) Pass(clocks int64, active int) {
	c.Counters[clocksActive] += int64(active) * clocks
	c.Counters[clocksPrecharge] += int64(c.Ranks-active) * clocks
	c.Now += clocks
	c.Since = c.Now
}
