package dram

// A choice is a command that the scheduler picked, for a request in a queue or
// for the pending activate of a bank.
type choice struct {
	command Command
	bank    int
	slot    int // in the queue; -1: the bank's pending activate
	write   bool
	age     uint64
}

// tick is one clock of the controller: it issues at most one command, and
// reports whether it did. If not, c.next is the first clock at which that may
// change without a new request.
//
// The order of precedence: an ACT2 whose deadline has come; the burst whose
// write clock was started in the clock before; pending activates; maintenance
// (and while any waits, no queued request); queued requests, first ready, oldest
// first; an ACT2 in an otherwise free clock; rows to close for being idle.
func (c *Channel) tick() bool {
	c.next = Never
	if c.Now >= c.RefreshDue {
		c.requestRefresh()
	}
	if c.capped != 0 {
		c.requestPrecharges()
	}
	if c.Now < c.busFree {
		c.next = min(c.next, c.busFree, c.RefreshDue)
		return false
	}
	if c.act2 >= 0 && c.Now >= c.act2Due {
		c.finishActivation()
		return true
	}
	if c.cas.pending {
		return c.burstAfterStart()
	}
	if c.pendingACTs != 0 {
		if c.Now >= c.pendingFrom && c.pickPending() {
			return c.access()
		}
		c.next = min(c.next, c.pendingFrom)
	}
	if len(c.maintenance) > 0 && c.due() {
		if c.maintain() {
			return true
		}
	} else if c.pickQueued() {
		return c.serve()
	}
	if c.act2 >= 0 {
		c.finishActivation()
		return true
	}
	if c.timeout && c.closeIdle() {
		return true
	}
	c.next = min(c.next, c.RefreshDue)
	return false
}

// pickPending picks the access of the first pending activate that is ready, and notes from
// when on one of the others may be.
func (c *Channel) pickPending() bool {
	var first *pendingACT
	from := Never
	for set := c.pendingACTs; set != 0; set &= set - 1 {
		bank := lowest(set)
		o := &c.bank[bank].pending
		col, cmd := colRD, RD
		if o.write {
			col, cmd = colWR, WR
		}
		if t := c.earliest(col, bank); t > c.Now {
			from = min(from, t)
			continue
		}
		if first != nil {
			from = c.Now
		}
		if first == nil || o.before(first) {
			first = o
			c.picked = choice{cmd, bank, -1, o.write, o.age}
		}
	}
	c.pendingFrom = from
	return first != nil
}

// pickQueued picks the next command of the oldest queued request whose next
// command is ready: first ready, first come first served.
func (c *Channel) pickQueued() bool {
	c.direct()
	q, access, cmd := &c.reads, colRD, RD
	if c.writeMode {
		q, access, cmd = &c.writes, colWR, WR
	}
	if c.Now >= c.firstRetry {
		c.retry()
	}
	best := &c.picked
	best.age, best.write = none, c.writeMode
	set := q.pending &^ c.suspended
	if c.act2 >= 0 {
		set &= c.NotClosed // one activation at a time
	}
	for ; set != 0; set &= set - 1 {
		bank := lowest(set)
		b, waiting := &c.bank[bank], &q.banks[bank]
		ready := Never // the first clock at which the bank has something to do
		switch b.state {
		case bankOpen:
			ready = c.consider(waiting.hit, cmd, access, bank)
			if !b.pending.waits {
				ready = min(ready, c.consider(waiting.miss, PREpb, colPREpb, bank))
			}
		case bankClosed:
			ready = c.consider(waiting.miss, ACT1, colACT, bank)
		}
		if ready > c.Now {
			c.suspend(bank, ready)
		}
	}
	c.next = min(c.next, c.firstRetry)
	return best.age != none
}

// consider picks the command of a request if it is ready and the request is the
// oldest so far. It returns the clock at which the command is ready, or zero if
// it did not look because an older request's is.
func (c *Channel) consider(o oldest, cmd Command, col column, bank int) int64 {
	best := &c.picked
	switch {
	case o.age == none:
		return Never
	case o.age > best.age:
		return 0
	}
	t := c.earliest(col, bank)
	if t <= c.Now {
		best.command, best.bank, best.slot, best.age = cmd, bank, int(o.slot), o.age
	}
	return t
}

// suspend leaves a bank out of the scheduler's search until a clock before which no
// command for its requests can be ready. Whatever happens to the bank brings it back.
func (c *Channel) suspend(bank int, until int64) {
	c.suspended |= 1 << bank
	c.retryAt[bank&63] = until
	c.firstRetry = min(c.firstRetry, until)
}

// retry brings back the banks whose clock has come.
func (c *Channel) retry() {
	c.firstRetry = Never
	for set := c.suspended; set != 0; set &= set - 1 {
		bank := lowest(set)
		if c.retryAt[bank] <= c.Now {
			c.suspended &^= 1 << bank
		} else {
			c.firstRetry = min(c.firstRetry, c.retryAt[bank])
		}
	}
}

// direct decides between reading and writing.
func (c *Channel) direct() {
	was := c.writeMode
	if was {
		c.writeMode = c.writes.length >= c.writeLow || c.reads.length == 0
	} else {
		c.writeMode = c.writes.length > c.writeHigh || c.reads.length == 0
	}
	if c.writeMode != was {
		c.suspended = 0
		c.Switches++
	}
}

// serve issues the command that was picked for a queued request.
func (c *Channel) serve() bool {
	ch := &c.picked
	switch ch.command {
	case ACT1:
		c.activate(ch)
	case PREpb:
		c.count(ch, &c.Counters[countRowConflicts])
		c.precharge(ch.bank)
	default:
		return c.access()
	}
	return true
}

// queueOf returns the queue in which the request of ch waits.
func (c *Channel) queueOf(ch *choice) *queue {
	if ch.write {
		return &c.writes
	}
	return &c.reads
}

// count books a queued request under hits, misses or conflicts, once.
func (c *Channel) count(ch *choice, counter *int64) {
	if e := &c.queueOf(ch).slots[ch.slot&63]; !e.counted {
		e.counted = true
		*counter++
	}
}

func (c *Channel) activate(ch *choice) {
	q := c.queueOf(ch)
	row, clock := q.slots[ch.slot].row, q.slots[ch.slot].clock
	c.count(ch, &c.Counters[countRowMisses])
	c.issue(ACT1, ch.bank, row)
	c.Counters[countActivates]++
	q.remove(ch.slot, -1)
	c.activating(ch.bank, row)
	c.opens++
	c.bank[ch.bank].pending = pendingACT{write: ch.write, age: ch.age, clock: clock, order: c.opens}
	c.act2, c.act2Due = ch.bank, c.Now+c.aad
	if !c.split {
		c.opened()
	}
}

// finishActivation issues the second half of an activation.
func (c *Channel) finishActivation() {
	c.issue(ACT2, c.act2, c.bank[c.act2].row)
	c.opened()
}

// opened lets the request for which a row was opened go on.
func (c *Channel) opened() {
	b := &c.bank[c.act2]
	b.pending.waits = true
	c.pendingACTs |= 1 << c.act2
	c.pendingFrom = 0
	c.open(c.act2, b.row)
	c.act2, c.act2Due = -1, 0
}

func (c *Channel) precharge(bank int) {
	c.issue(PREpb, bank, c.bank[bank].row)
	c.Counters[countPrecharges]++
	c.close(1 << bank)
}

// access issues the burst that was picked, or what has to come before it:
// the write clock of LPDDR5 is started one clock before the burst, LPDDR6's two, if it
// stopped since the last one.
func (c *Channel) access() bool {
	ch := &c.picked
	if c.wck && c.Now >= c.wckUntil {
		if c.act2 >= 0 && c.act2Due <= c.Now+c.casClocks {
			c.finishActivation() // the start and its burst would take its last clocks
			return true
		}
		c.startWriteClock(ch)
		return true
	}
	b := &c.bank[ch.bank]
	if c.closed && b.accesses >= ClosedAccesses && (ch.slot < 0 || !b.pending.waits) {
		ch.command = autoPrecharge(ch.command)
	}
	c.burst(ch)
	return true
}

func autoPrecharge(c Command) Command {
	if c == RD {
		return RDA
	}
	return WRA
}

func (c *Channel) startWriteClock(ch *choice) {
	cmd := CASRD
	if ch.write {
		cmd = CASWR
		c.Counters[countStartsForWrites]++
	}
	c.issue(cmd, ch.bank, c.bank[ch.bank].row)
	c.Counters[countWriteClockStarts]++
	c.cas.pending, c.cas.choice = true, *ch
}

// burstAfterStart issues the burst for which the write clock was started.
func (c *Channel) burstAfterStart() bool {
	ch := &c.cas.choice
	if t := c.earliest(columnOf[ch.command], ch.bank); t > c.Now {
		c.next = t
		return false
	}
	c.cas.pending = false
	c.burst(ch)
	return true
}

// burst issues a read or a write and takes its request off.
func (c *Channel) burst(ch *choice) {
	b := &c.bank[ch.bank&63]
	row := b.row
	c.issue(ch.command, ch.bank, row)
	c.extend(ch)
	if ch.slot < 0 {
		b.pending.waits = false
		c.pendingACTs &^= 1 << ch.bank
	} else {
		c.count(ch, &c.Counters[countRowHits])
		c.queueOf(ch).remove(ch.slot, row)
	}
	b.used = c.Now
	switch ch.command {
	case RDA:
		c.Counters[countReadsClosing]++
		c.close(1 << ch.bank)
		return
	case WRA:
		c.Counters[countWritesClosing]++
		c.close(1 << ch.bank)
		return
	}
	b.accesses++
	if c.closed && b.accesses >= ClosedAccesses {
		c.capped |= 1 << ch.bank
	}
}

// extend books a burst's data and keeps the write clock running for it.
func (c *Channel) extend(ch *choice) {
	end, wck := c.Now+c.readLatency, c.Now+c.wckRead
	if ch.write {
		end, wck = c.Now+c.writeLatency, c.Now+c.wckWrite
		c.Counters[countWrites]++
	} else {
		c.Counters[countReads]++
	}
	c.LastData = max(c.LastData, end)
	c.wckUntil = max(c.wckUntil, wck)
	if c.Observer != nil {
		c.Observer.Served(c.Now, ch.age, ch.write, end)
	}
}
