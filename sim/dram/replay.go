package dram

// begin prepares the channel for requests.
func (c *channel) begin() {
	c.quietSince = never
	if c.power != standby {
		c.wake()
	}
}

// takeIn takes in all runs of a source, and reports whether there were any.
func (c *channel) takeIn(source *cutter) (some bool) {
	for r, more := source.next(); more && !c.stopped(); r, more = source.next() {
		if !some {
			c.begin()
			some = true
		}
		c.take(r, source.layout)
	}
	return some
}

// wait lets the channel run, without new requests, up to a clock at which the next
// ones arrive.
func (c *channel) wait(until int64) {
	c.stamp = until
	worked := c.busy()
	for c.now < until && c.busy() && !c.stopped() {
		issued := c.tick()
		c.arrived = 0
		if issued {
			c.now++
		} else {
			c.now = min(c.next, until)
		}
	}
	if c.now >= until {
		return
	}
	if worked {
		c.arrived, c.idleSince = 0, c.now
	}
	c.idle(until)
}

// take is the command-level engine at work on one run: it returns in the clock
// in which the last request of the run is taken in, before that clock's tick.
func (c *channel) take(r run, l *layout) {
	for {
		blocked := false
		for c.arrived < c.offered {
			bank := l.bank(&r, int(l.lane[r.at]))
			if blocked = !c.arrive(bank, r.row, r.first+l.column[r.at], r.write); blocked {
				break
			}
			c.arrived++
			r.at++
			if r.count--; r.count == 0 {
				return
			}
		}
		if c.stopped() {
			return
		}
		c.advance(blocked)
	}
}

// drain serves the requests that wait, and lets their data arrive.
func (c *channel) drain() {
	for c.busy() && !c.stopped() {
		c.advance(true)
	}
	c.arrived = 0
	c.idleSince = c.now
	c.idle(c.lastData)
}

// advance ticks and goes on to the next clock at which something may happen: the
// very next one after a command was issued or while requests arrive.
func (c *channel) advance(blocked bool) {
	issued := c.tick()
	c.arrived = 0
	if issued || !blocked || c.everyClock {
		c.now++
		return
	}
	if c.next == never {
		c.guard.err = c.noProgress(0)
		return
	}
	c.now = c.next
}
