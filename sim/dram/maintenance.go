package dram

import (
	"math/bits"
	"slices"
)

// requestRefresh queues the refresh that is due: of each rank, or of one bank of
// each rank, in turn.
func (c *channel) requestRefresh() {
	c.refreshDue += c.refreshEvery
	c.refreshed += c.refreshEvery
	for rank := range c.ranks {
		c.maintenance = append(c.maintenance, maintenance{c.refresh, rank*c.perRank + c.refreshBank})
	}
	c.nextRefreshBank(1)
}

// nextRefreshBank moves the turn of per-bank refresh on by some refreshes.
func (c *channel) nextRefreshBank(refreshes int64) {
	if c.spec.Refresh == PerBank {
		c.refreshBank = int((int64(c.refreshBank) + refreshes) % int64(c.perRank))
	}
}

// requestPrecharges queues, under the closed policy, the precharge of each bank
// whose row has had its accesses, once timing allows it.
func (c *channel) requestPrecharges() {
	each(c.spending, func(bank int) {
		b := &c.bank[bank]
		if b.spent {
			return
		}
		if t := c.earliest(colPREpb, bank); t > c.now {
			c.next = min(c.next, t)
			return
		}
		b.spent = true
		c.maintenance = append(c.maintenance, maintenance{PREpb, bank})
	})
}

// due reports whether maintenance waits. Precharges that a refresh or an
// auto-precharge has made needless are dropped.
func (c *channel) due() bool {
	for len(c.maintenance) > 0 {
		m := c.maintenance[0]
		if m.command != PREpb || c.notClosed>>m.bank&1 != 0 {
			return true
		}
		c.maintenance = slices.Delete(c.maintenance, 0, 1)
	}
	return false
}

// maintain issues the next command of the maintenance that came first, and
// reports whether it could. Rows that it closes are not closed under a request
// that opened them and still waits.
func (c *channel) maintain() bool {
	m := c.maintenance[0]
	set := uint64(1) << m.bank
	cmd, col, t := PREpb, colPREpb, int64(0)
	if m.command == REFab {
		set = c.rankMask[c.rankOf[m.bank]]
		cmd, col = PREab, colPREab
	}
	closed := c.notClosed&set == 0
	switch {
	case closed:
		cmd, col = m.command, columnOf[m.command]
	case c.openers&set != 0 || c.act2 >= 0 && set>>c.act2&1 != 0:
		return false
	}
	if m.command == REFab {
		t = c.earliestInRank(col, m.bank)
	} else {
		t = c.earliest(col, m.bank)
	}
	if t > c.now {
		c.next = min(c.next, t)
		return false
	}
	c.issue(cmd, m.bank, c.bank[m.bank].row)
	c.book(cmd)
	if !closed {
		c.close(set)
	}
	if cmd == m.command {
		c.maintenance = slices.Delete(c.maintenance, 0, 1)
	}
	return true
}

func (c *channel) book(cmd Command) {
	switch cmd {
	case PREpb:
		c.tally[countPrecharges]++
	case PREab:
		c.tally[countPrechargeAlls]++
	case REFab:
		c.tally[countAllBankRefreshes]++
	case REFpb:
		c.tally[countBankRefreshes]++
	}
}

// closeIdle precharges, under the timeout policy, a bank that has not been
// accessed for TimeoutClocks and whose row no request wants.
func (c *channel) closeIdle() bool {
	for set := c.notClosed; set != 0; set &= set - 1 {
		bank := bits.TrailingZeros64(set)
		b := &c.bank[bank]
		if b.state != bankOpen || b.opener.waits || c.reads.banks[bank].hits > 0 || c.writes.banks[bank].hits > 0 {
			continue
		}
		if t := max(b.used+TimeoutClocks, c.earliest(colPREpb, bank)); t > c.now {
			c.next = min(c.next, t)
			continue
		}
		c.precharge(bank)
		return true
	}
	return false
}
