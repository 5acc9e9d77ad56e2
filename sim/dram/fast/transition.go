package fast

import "github.com/memsim/memsim/sim/dram"

// jump follows the transition of a step, if one is known.
func (c *channel) jump(s step, in *request) bool {
	if !c.locate() {
		return false
	}
	t := c.at.recent
	if t == nil || t.step != s {
		t = c.at.transitions[s]
	}
	if t == nil || c.Now+t.clocks > c.RefreshDue {
		rs, ok := s.refreshing(c, in.banks)
		if t = c.at.transitions[rs]; t == nil || !ok {
			return false
		}
	} else {
		c.at.recent = t
	}
	c.follow(t, in)
	return true
}

// follow applies a transition to the channel's frame.
func (c *channel) follow(t *transition, in *request) {
	rotation := c.rotation()
	var earlier [dram.MaxWays]int32
	if t.bank >= 0 {
		c.ask(in, &earlier)
	}
	if t.closesAll {
		for bank := range c.Banks {
			c.SetRow(bank, -1)
		}
	}
	for _, ch := range t.rows {
		bank := c.bankOf(ch.bank, rotation)
		row := int32(-1)
		switch ch.row {
		case fromLast:
			row = c.view.LastRow[bank]
		case fromEarlier: // only in ways has it changed
			row = earlier[in.way(bank)]
		}
		c.SetRow(bank, row)
	}
	c.LastArrival = c.Now + t.arrival
	c.LastData = c.Now + t.lastData
	c.Now += t.clocks
	c.Since = c.Now
	for i := range t.times {
		c.delayBank(c.bankOf(t.times[i].bank, rotation), &t.times[i].ready)
	}
	c.delayRefreshes(&t.wait)
	c.Counters.Add(&t.counted)
	if t.refreshes > 0 {
		c.RefreshDue += t.refreshes * c.RefreshEvery
		c.Refreshed += t.refreshes * c.RefreshEvery
		c.NextRefreshBank(t.refreshes)
	}
	c.reach(t.to)
}

// delayBank sets the clocks before which a bank at rest takes commands.
func (c *channel) delayBank(bank int, left *dram.Times) {
	ready := &c.BankReady[bank]
	for col := range dram.NColumns {
		ready[col] = c.Now + left[col]
	}
}

// delayRefreshes delays the refreshes of each rank by some clocks at least.
func (c *channel) delayRefreshes(wait *[dram.MaxRanks]refreshWait) {
	for rank := range c.Ranks {
		ready := &c.RankReady[rank]
		ready[dram.ColREFab] = max(ready[dram.ColREFab], c.Now+wait[rank].all)
		ready[dram.ColREFpb] = max(ready[dram.ColREFpb], c.Now+wait[rank].one)
	}
}

// reach makes a state the channel's, whose frame alone is true from now on.
func (c *channel) reach(s *state) {
	c.at, c.ahead, c.busySet = s, true, 0
	rotation := c.rotation()
	for _, counted := range s.busy {
		c.busySet |= 1 << rotation.Bank[counted]
	}
}

// ask notes what a run asks of its banks last, and returns the rows that were
// asked for before.
func (c *channel) ask(in *request, earlier *[dram.MaxWays]int32) {
	r, l := &in.run, in.layout
	c.view.LastBank = r.Bank
	if l.Ways == 1 {
		earlier[0] = c.view.LastRow[r.Bank]
		c.view.LastRow[r.Bank], c.view.LastColumn[r.Bank] = r.Row, r.First+l.Column[r.At+r.Count-1]
		return
	}
	for way := range l.Ways {
		earlier[way] = c.view.LastRow[l.Bank(r, way)]
	}
	for at := max(r.At, r.At+r.Count-l.Period); at < r.At+r.Count; at++ {
		bank := l.Bank(r, int(l.Way[at]))
		c.view.LastRow[bank], c.view.LastColumn[bank] = r.Row, r.First+l.Column[at]
	}
}

// bankOf returns the bank that a transition names.
func (c *channel) bankOf(b bankName, rotation *rotation) int {
	if b >= firstRefreshed {
		return int(b-firstRefreshed)*c.PerRank + c.RefreshBank
	}
	return rotation.Bank[b]
}
