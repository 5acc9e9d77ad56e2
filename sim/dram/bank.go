package dram

// bankState is where a bank is between two precharges.
type bankState uint8

const (
	bankClosed     bankState = iota
	bankActivating           // ACT1 was issued, ACT2 was not
	bankOpen
)

// A bank is the state of one bank and its row buffer.
type bank struct {
	state      bankState
	row        int32 // the open or opening row, -1 when closed
	pending    pendingACT
	accesses   int32 // since the row was opened; the closed policy counts them
	capReached bool  // the closed policy has asked for a precharge
	used       int64 // clock of the last access; the timeout policy counts from it
}

// A pendingACT is the request for which a row was activated. It has left its queue, and
// goes first once the row is open.
type pendingACT struct {
	waits bool
	write bool
	age   uint64
	clock int64  // of its arrival
	order uint64 // in which rows were opened
}

// before reports whether o goes before p if both are ready: the one that arrived
// first, or of one clock's arrivals the one whose row was opened first.
func (o *pendingACT) before(p *pendingACT) bool {
	return o.clock < p.clock || o.clock == p.clock && o.order < p.order
}

// openRow returns the row that accesses hit, or -1.
func (b *bank) openRow() int32 {
	if b.state == bankOpen {
		return b.row
	}
	return -1
}

// Row returns the row in a bank's row buffer, -1 if there is none.
func (c *Channel) Row(bank int) int32 { return c.bank[bank].row }

// SetRow puts a row into a bank's row buffer, of a bank without requests.
func (c *Channel) SetRow(bank int, row int32) {
	c.bank[bank].row = row
	c.NotClosed &^= 1 << bank
	if row >= 0 {
		c.NotClosed |= 1 << bank
	}
}

// open makes row the open row of a bank.
func (c *Channel) open(bank int, row int32) {
	b := &c.bank[bank]
	b.state, b.row, b.used = bankOpen, row, c.Now
	c.reads.reopen(bank, row)
	c.writes.reopen(bank, row)
}

// activating marks a bank as no longer closed.
func (c *Channel) activating(bank int, row int32) {
	c.Settle()
	b := &c.bank[bank]
	b.state, b.row, b.accesses, b.capReached = bankActivating, row, 0, false
	c.NotClosed |= 1 << bank
}

// close marks banks of a set as precharged.
func (c *Channel) close(set uint64) {
	set &= c.NotClosed
	c.Settle()
	c.NotClosed &^= set
	c.capped &^= set
	c.suspended &^= set
	each(set, func(bank int) {
		b := &c.bank[bank]
		b.state, b.row, b.accesses, b.capReached = bankClosed, -1, 0, false
		c.reads.reopen(bank, -1)
		c.writes.reopen(bank, -1)
	})
}
