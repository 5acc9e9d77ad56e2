package dram

// Begin prepares the channel for requests.
func (c *Channel) Begin() {
	c.QuietSince = Never
	if c.Power != Standby {
		c.Wake()
	}
}

// TakeIn takes in all runs of a source, and reports whether there were any.
func (c *Channel) TakeIn(source *Splitter) (some bool) {
	for r, more := source.Next(); more && !c.Stopped(); r, more = source.Next() {
		if !some {
			c.Begin()
			some = true
		}
		c.Take(r, source.Layout)
	}
	return some
}

// Wait lets the channel run, without new requests, up to a clock at which the next
// ones arrive.
func (c *Channel) Wait(until int64) {
	c.stamp = until
	worked := c.busy()
	for c.Now < until && c.busy() && !c.Stopped() {
		issued := c.tick()
		c.arrived = 0
		if issued {
			c.Now++
		} else {
			c.Now = min(c.next, until)
		}
	}
	if c.Now >= until {
		return
	}
	if worked {
		c.arrived, c.IdleSince = 0, c.Now
	}
	c.Idle(until)
}

// Take takes in one run: it returns in the clock
// in which the last request of the run is taken in, before that clock's tick.
func (c *Channel) Take(r Run, l *Layout) {
	for {
		blocked := false
		for c.arrived < c.offered {
			bank := l.Bank(&r, int(l.Way[r.At]))
			if blocked = !c.arrive(bank, r.Row, r.First+l.Column[r.At], r.Write); blocked {
				break
			}
			c.arrived++
			r.At++
			if r.Count--; r.Count == 0 {
				return
			}
		}
		if c.Stopped() {
			return
		}
		c.advance(blocked)
	}
}

// Drain serves the requests that wait, and lets their data arrive.
func (c *Channel) Drain() {
	for c.busy() && !c.Stopped() {
		c.advance(true)
	}
	c.arrived = 0
	c.IdleSince = c.Now
	c.Idle(c.LastData)
}

// advance ticks and goes on to the next clock at which something may happen: the
// very next one after a command was issued or while requests arrive.
func (c *Channel) advance(blocked bool) {
	issued := c.tick()
	c.arrived = 0
	if issued || !blocked || c.everyClock {
		c.Now++
		return
	}
	if c.next == Never {
		c.guard.err = c.noProgress(0)
		return
	}
	c.Now = c.next
}
