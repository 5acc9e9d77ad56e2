package dram

// Writes that wait while reads stream past change nothing: a controller that reads
// looks at how many writes wait, and at none of them. So those that are older than all
// reads that wait are parked: a snapshot holds their number, and the channel itself
// what they are. A step from a state with parked writes is known only if the
// controller did not turn to writing on the way; no step parks a write or takes one
// out. Without that, each run of reads behind the writes that a drain leaves in the
// queue would have to be simulated.

// Park finds the writes that are parked. The timeout policy looks at writes as it
// reads: it closes no row that one waits for.
func (c *Channel) Park(v *View) {
	v.Unpark()
	if c.writes.length == 0 || c.reads.length == 0 || c.writeMode || c.timeout {
		return
	}
	first := c.firstRead()
	var others uint64 // banks with writes that are not parked
	for set := ^c.writes.free; set != 0; set &= set - 1 {
		e := &c.writes.slots[lowest(set)]
		if e.clock < first {
			v.parked = append(v.parked, *e)
			v.parkedOnly |= 1 << e.bank
		} else {
			others |= 1 << e.bank
		}
	}
	v.parkedOnly &^= others
	byAge(v.parked)
}

// firstRead returns the clock at which the first request that is no queued write
// arrived.
func (c *Channel) firstRead() int64 {
	first := Never
	for set := ^c.reads.free; set != 0; set &= set - 1 {
		first = min(first, c.reads.slots[lowest(set)].clock)
	}
	pendingACTs := c.pendingACTs
	if c.act2 >= 0 {
		pendingACTs |= 1 << c.act2
	}
	for ; pendingACTs != 0; pendingACTs &= pendingACTs - 1 {
		first = min(first, c.bank[lowest(pendingACTs)].pending.clock)
	}
	return first
}

// byAge sorts the few entries of a queue.
func byAge(list []entry) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].age < list[j-1].age; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// isParked reports whether a queued write is parked: those are the oldest.
func (v *View) isParked(e *entry) bool {
	n := len(v.parked)
	return n > 0 && e.age <= v.parked[n-1].age
}

// MeetsParked reports whether a run asks for a burst that a parked write holds.
func (v *View) MeetsParked(r *Run, l *Layout) bool {
	for i := range v.parked {
		if e := &v.parked[i]; e.row == r.Row && l.asks(r, e) {
			return true
		}
	}
	return false
}

// asks reports whether a run asks for the burst of a request in its row.
func (l *Layout) asks(r *Run, e *entry) bool {
	for at := r.At; at < r.At+r.Count; at++ {
		if r.First+l.Column[at] == e.column && l.Bank(r, int(l.Way[at])) == int(e.bank) {
			return true
		}
	}
	return false
}

// Parked returns the number of parked writes.
func (v *View) Parked() int { return len(v.parked) }

// WaitingWrites returns the banks with queued writes that are not parked.
func (c *Channel) WaitingWrites(v *View) uint64 { return c.writes.pending &^ v.parkedOnly }

// Unpark forgets the parked writes, which are in the channel's queue.
func (v *View) Unpark() { v.parked, v.parkedOnly = v.parked[:0], 0 }

// restoreParked puts the parked writes back into the queue, as its oldest.
func (c *Channel) restoreParked(v *View) {
	for i := range v.parked {
		e := v.parked[i]
		c.age++
		e.age = c.age
		c.writes.push(e, c.bank[e.bank].openRow())
	}
	v.parked, v.parkedOnly = v.parked[:0], 0
}

// CopyFrom makes v like another view, in memory of its own.
func (v *View) CopyFrom(o *View) {
	parked, items := append(v.parked[:0], o.parked...), v.items
	*v = *o
	v.parked, v.items = parked, items
}
