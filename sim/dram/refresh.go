package dram

import (
	"math/bits"
	"slices"
)

// requestRefresh queues the refresh that is due: of each rank, or of one bank of
// each rank, in turn.
func (c *Channel) requestRefresh() {
	c.RefreshDue += c.RefreshEvery
	c.Refreshed += c.RefreshEvery
	for rank := range c.Ranks {
		c.maintenance = append(c.maintenance, maintenance{c.refresh, rank*c.PerRank + c.RefreshBank})
	}
	c.NextRefreshBank(1)
}

// NextRefreshBank moves the turn of per-bank refresh on by some refreshes.
func (c *Channel) NextRefreshBank(refreshes int64) {
	if c.spec.Refresh == PerBank {
		c.RefreshBank = int((int64(c.RefreshBank) + refreshes) % int64(c.PerRank))
	}
}

// requestPrecharges queues, under the closed policy, the precharge of each bank
// whose row has had its accesses, once timing allows it.
func (c *Channel) requestPrecharges() {
	each(c.capped, func(bank int) {
		b := &c.bank[bank]
		if b.capReached {
			return
		}
		if t := c.earliest(colPREpb, bank); t > c.Now {
			c.next = min(c.next, t)
			return
		}
		b.capReached = true
		c.maintenance = append(c.maintenance, maintenance{PREpb, bank})
	})
}

// due reports whether maintenance waits. Precharges that a refresh or an
// auto-precharge has made needless are dropped.
func (c *Channel) due() bool {
	for len(c.maintenance) > 0 {
		m := c.maintenance[0]
		if m.command != PREpb || c.NotClosed>>m.bank&1 != 0 {
			return true
		}
		c.maintenance = slices.Delete(c.maintenance, 0, 1)
	}
	return false
}

// maintain issues the next command of the maintenance that came first, and
// reports whether it could. Rows that it closes are not closed under a request
// that opened them and still waits.
func (c *Channel) maintain() bool {
	m := c.maintenance[0]
	set := uint64(1) << m.bank
	cmd, col, t := PREpb, colPREpb, int64(0)
	if m.command == REFab {
		set = c.RankMask[c.RankOf[m.bank]]
		cmd, col = PREab, colPREab
	}
	closed := c.NotClosed&set == 0
	switch {
	case closed:
		cmd, col = m.command, columnOf[m.command]
	case c.pendingACTs&set != 0 || c.act2 >= 0 && set>>c.act2&1 != 0:
		return false
	}
	if m.command == REFab {
		t = c.earliestInRank(col, m.bank)
	} else {
		t = c.earliest(col, m.bank)
	}
	if t > c.Now {
		c.next = min(c.next, t)
		return false
	}
	c.issue(cmd, m.bank, c.bank[m.bank].row)
	c.Book(cmd)
	if !closed {
		c.close(set)
	}
	if cmd == m.command {
		c.maintenance = slices.Delete(c.maintenance, 0, 1)
	}
	return true
}

// Book counts a command of maintenance.
func (c *Channel) Book(cmd Command) {
	switch cmd {
	case PREpb:
		c.Counters[countPrecharges]++
	case PREab:
		c.Counters[countPrechargeAlls]++
	case REFab:
		c.Counters[countAllBankRefreshes]++
	case REFpb:
		c.Counters[countBankRefreshes]++
	}
}

// closeIdle precharges, under the timeout policy, a bank that has not been
// accessed for TimeoutClocks and whose row no request wants.
func (c *Channel) closeIdle() bool {
	for set := c.NotClosed; set != 0; set &= set - 1 {
		bank := bits.TrailingZeros64(set)
		b := &c.bank[bank]
		if b.state != bankOpen || b.pending.waits || c.reads.banks[bank].hits > 0 || c.writes.banks[bank].hits > 0 {
			continue
		}
		if t := max(b.used+TimeoutClocks, c.earliest(colPREpb, bank)); t > c.Now {
			c.next = min(c.next, t)
			continue
		}
		c.precharge(bank)
		return true
	}
	return false
}
