package dram

// replay moves runs through a channel, until their last request is served and
// its data has moved. It reports whether there were any.
func (c *channel) replay(source *cutter) bool {
	if !c.takeIn(source) {
		return false
	}
	c.finish()
	return true
}

// begin prepares the channel for requests.
func (c *channel) begin() {
	c.quietSince = never
	if c.power != standby {
		c.leave()
		c.wake()
	}
}

// wait lets the channel run, without new requests, up to a clock at which the next
// ones arrive.
func (c *channel) wait(until int64) {
	c.stamp = until
	if c.now >= until {
		return
	}
	c.recall()
	c.leave()
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
	if c.now < until {
		if worked {
			c.arrived, c.idleSince = 0, c.now
		}
		c.idle(until)
	}
}

// takeIn takes in all runs of a source, and reports whether there were any.
func (c *channel) takeIn(source *cutter) (some bool) {
	for r, more := source.next(); more && !c.stopped(); r, more = source.next() {
		if !some {
			c.begin()
			some = true
		}
		if c.graph == nil || !source.long {
			c.leave()
			c.take(r, source.layout)
		} else {
			c.stream(r, source.layout)
		}
	}
	return some
}

// stream takes in a run of a long extent: along an edge if one leads on, or else
// at command level, to learn the edge.
func (c *channel) stream(r run, l *layout) {
	c.locate()
	s, lanes, ok := c.runStep(r, l)
	if ok && c.jump(s, &lanes) {
		return
	}
	rec := c.record(s, lanes.banks)
	c.leave()
	c.take(r, l)
	if ok {
		c.learn(rec)
	}
	rec.on = false
}

// finish drains the queues.
func (c *channel) finish() {
	if c.graph == nil || c.at == nil {
		c.leave()
		c.drain()
		return
	}
	s := c.drainStep()
	if c.jump(s, &lanes{}) {
		return
	}
	rec := c.record(s, 0)
	c.leave()
	c.drain()
	c.learn(rec)
}

// take is the command-level engine at work on one run: it returns in the clock
// in which the last request of the run is taken in, before that clock's tick.
func (c *channel) take(r run, l *layout) {
	defer func() { c.lastBank = r.bank }()
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
