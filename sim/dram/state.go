package dram

import (
	"encoding/binary"
	"slices"
)

// State is the channel's state in bytes, apart from its Frame and with all left out
// that does not matter for the next steps: clocks count from now and stop at zero,
// where they delay nothing any more; rows are named by how they relate to the row that
// was last asked for in their bank; requests are listed by age; banks count in the
// order of the View.
//
// Only the banks that have something to do are in it. The others rest: they keep
// their rows and their earliest clocks in the Frame. So do the refresh timer and the
// clocks that only refreshes wait for, so that a bank that was refreshed while a stream
// was elsewhere makes no new state of the stream.

// How the open row of a bank is named in a snapshot.
const (
	rowNone  = iota // closed
	rowLast         // the row last asked for
	rowStale        // another one
)

// Kinds of requests in a snapshot.
const (
	itemRead         = 0
	itemWrite        = 1
	itemPending      = 2
	itemPendingWrite = 3
	itemCounted      = 8  // added for a request that is in the counts
	itemLater        = 16 // added for a request that arrived in a later clock than the one before
	listEnd          = 255
)

const noBank = 255

// A View is what State leaves out, and how it names what it holds: what was asked of
// the channel last, the order in which banks are counted, and the parked writes.
type View struct {
	Asked
	Order      *Order
	parked     []entry // writes that change nothing while the channel reads, oldest first
	parkedOnly uint64  // banks whose writes are all parked
	items      []item  // scratch
}

// Asked is what requests asked for last: the bank, and the row and column of each.
type Asked struct {
	LastBank   int
	LastRow    [MaxBanks]int32
	LastColumn [MaxBanks]int32
}

// An Order is one in which banks are counted: banks of one rank, and of one group, stay
// together.
type Order struct {
	Bank   [MaxBanks]int // from a counted bank to the real one
	Count  [MaxBanks]int // from a real bank to the counted one
	Groups []int         // real bank groups in counted order
}

// BusyBanks returns the banks that have something to do: with requests, or with
// a row being opened. Policies that close rows on their own watch all banks.
func (c *Channel) BusyBanks(v *View) uint64 {
	if c.spec.Policy != Open {
		return c.allBanks
	}
	set := c.reads.pending | c.writes.pending&^v.parkedOnly | c.pendingACTs
	if c.act2 >= 0 {
		set |= 1 << c.act2
	}
	return set
}

// State appends the channel's state to buf. It fails while maintenance waits,
// if requests for one bank wait for several rows, or if the columns of waiting
// writes do not follow from the last run: such states are rare in streams and are
// not worth their bytes.
func (c *Channel) State(v *View, buf []byte) ([]byte, bool) {
	if len(c.maintenance) > 0 || !c.regular(v) {
		return buf, false
	}
	order := v.Order
	counted := func(bank int) byte { return byte(order.Count[bank]) }
	clocks := func(t *int64) {
		if *t <= c.Now {
			buf = append(buf, 0)
		} else {
			buf = binary.AppendUvarint(buf, uint64(*t-c.Now))
		}
	}
	buf = append(buf, byte(c.arrived), byte(len(v.parked)), flag(c.writeMode)|flag(c.cas.pending)<<1|byte(c.Power)<<2)
	act2 := byte(noBank)
	if c.act2 >= 0 {
		act2 = counted(c.act2)
	}
	buf = append(buf, act2)
	c.commonTimes(order.Groups, clocks)
	if ch := &c.cas.choice; c.cas.pending {
		buf = append(buf, byte(ch.command), counted(ch.bank), flag(ch.slot < 0), flag(ch.write))
	}
	busy := c.BusyBanks(v)
	for i, bank := range order.Bank[:c.Banks] {
		if busy>>bank&1 == 0 {
			continue
		}
		b := &c.bank[bank]
		buf = append(buf, byte(i), byte(b.state)|c.rowName(v, bank)<<2)
		if c.closed {
			buf = append(buf, byte(min(b.accesses, ClosedAccesses))<<1|flag(b.capReached))
		}
		if c.timeout {
			until := b.used + TimeoutClocks
			clocks(&until)
		}
		c.BankReady[bank].visit(clocks)
	}
	buf = append(buf, listEnd)
	clock := int64(-1)
	for _, it := range c.items(v) {
		buf = append(buf, it.kind|flag(it.clock > clock)*itemLater, counted(int(it.bank)))
		clock = it.clock
	}
	return append(buf, listEnd, flag(clock == c.Now)), true
}

// commonTimes visits the earliest-issue clocks of channel, ranks and groups, except those
// that gate only refresh, and the other clocks of the controller.
func (c *Channel) commonTimes(groups []int, visit func(*int64)) {
	for _, t := range []*int64{&c.act2Due, &c.wckUntil, &c.busFree, &c.LastData, &c.IdleSince} {
		visit(t)
	}
	c.channelReady.visit(visit)
	for rank := range c.Ranks {
		for col := range ColREFab {
			visit(&c.RankReady[rank][col])
		}
		for i := range c.windows {
			for j := range c.windows[i].length {
				visit(&c.recent[i][rank][j])
			}
		}
	}
	for _, group := range groups {
		c.groupReady[group].visit(visit)
	}
}

func (t *Times) visit(visit func(*int64)) {
	for col := range NColumns {
		visit(&t[col])
	}
}

// regular reports whether a snapshot can be taken: all requests that wait are
// for the row last asked for in their bank.
func (c *Channel) regular(v *View) bool {
	for set := c.reads.pending; set != 0; set &= set - 1 {
		bank := lowest(set)
		for _, slot := range c.reads.banks[bank].waiting() {
			if c.reads.slots[slot].row != v.LastRow[bank] {
				return false
			}
		}
	}
	for set := c.writes.pending; set != 0; set &= set - 1 {
		bank := lowest(set)
		column := v.LastColumn[bank] + 1
		waiting := c.writes.banks[bank].waiting()
		for i := len(waiting) - 1; i >= 0 && !v.isParked(&c.writes.slots[waiting[i]]); i-- {
			column--
			if e := &c.writes.slots[waiting[i]]; e.row != v.LastRow[bank] || e.column != column {
				return false
			}
		}
	}
	return true
}

func (c *Channel) rowName(v *View, bank int) byte {
	switch c.bank[bank].row {
	case -1:
		return rowNone
	case v.LastRow[bank]:
		return rowLast
	}
	return rowStale
}

// An item is a request that waits, in a queue or as a pending activate.
type item struct {
	clock      int64  // of its arrival
	order      uint64 // among those of one clock: of arrival, or of opening
	kind, bank byte
}

// items lists the requests that wait, by the clocks of their arrival; within a
// clock, those in queues come first.
func (c *Channel) items(v *View) []item {
	list := v.items[:0]
	for kind, q := range [...]*queue{&c.reads, &c.writes} {
		for set := ^q.free; set != 0; set &= set - 1 {
			e := &q.slots[lowest(set)]
			if kind == itemWrite && v.isParked(e) {
				continue
			}
			list = append(list, item{e.clock, e.age, byte(kind) | flag(e.counted)*itemCounted, e.bank})
		}
	}
	pendingACTs := c.pendingACTs
	if c.act2 >= 0 {
		pendingACTs |= 1 << c.act2
	}
	for set := pendingACTs; set != 0; set &= set - 1 {
		bank := lowest(set)
		o := &c.bank[bank].pending
		list = append(list, item{o.clock, o.order | 1<<63, itemPending + flag(o.write), byte(bank)})
	}
	slices.SortFunc(list, func(a, b item) int {
		if a.clock < b.clock || a.clock == b.clock && a.order < b.order {
			return -1
		}
		return 1
	})
	v.items = list
	return list
}

// SetState sets the channel to a snapshot. Banks that rest, the rows, the last
// rows and columns and what belongs to refreshes are those that the
// channel has.
func (c *Channel) SetState(v *View, s string) {
	r := reader(s)
	clocks := func(t *int64) { *t = c.Now + int64(r.uvarint()) }
	order := v.Order
	c.arrived = int(r.byte())
	r.byte() // the number of parked writes, which the channel has
	flags := r.byte()
	c.writeMode, c.cas.pending, c.Power = flags&1 != 0, flags&2 != 0, PowerState(flags>>2)
	c.act2 = -1
	if act2 := r.byte(); act2 != noBank {
		c.act2 = order.Bank[act2]
	}
	c.commonTimes(order.Groups, clocks)
	if c.cas.pending {
		c.cas.choice = choice{command: Command(r.byte()), bank: order.Bank[r.byte()], slot: -int(r.byte()), write: r.byte() != 0}
	}
	c.reads.clear()
	c.writes.clear()
	c.pendingACTs, c.NotClosed, c.capped, c.suspended, c.pendingFrom = 0, 0, 0, 0, 0
	for bank := range c.Banks {
		b := &c.bank[bank]
		b.state, b.pending = bankClosed, pendingACT{}
		if b.row >= 0 {
			b.state = bankOpen
			c.NotClosed |= 1 << bank
		}
	}
	for i := r.byte(); i != listEnd; i = r.byte() {
		c.restoreBank(order.Bank[i], &r, clocks)
	}
	c.age, c.opens = 0, 0
	parkedAge := uint64(len(v.parked))
	c.restoreParked(v)
	c.restoreItems(v, &r, parkedAge)
	if ch := &c.cas.choice; c.cas.pending && ch.slot == 0 {
		ch.slot = int(c.queueOf(ch).banks[ch.bank].hit.slot)
	}
}

func (c *Channel) restoreBank(bank int, r *reader, clocks func(*int64)) {
	b := &c.bank[bank]
	b.state = bankState(r.byte() & 3)
	if c.closed {
		uses := r.byte()
		b.accesses, b.capReached = int32(uses>>1), uses&1 != 0
		if b.state == bankOpen && b.accesses >= ClosedAccesses {
			c.capped |= 1 << bank
		}
	}
	if c.timeout {
		clocks(&b.used)
		b.used -= TimeoutClocks
	}
	c.BankReady[bank].visit(clocks)
}

// restoreItems puts the requests of a snapshot back, behind the parked writes, of which
// the youngest has an age.
func (c *Channel) restoreItems(v *View, r *reader, parkedAge uint64) {
	clock := c.Now - r.clocks()
	for kind := r.byte(); kind != listEnd; kind = r.byte() {
		bank := v.Order.Bank[r.byte()]
		c.age++
		clock += int64(kind & itemLater / itemLater)
		kind &^= itemLater
		switch kind {
		case itemPending, itemPendingWrite:
			c.opens++
			c.bank[bank].pending = pendingACT{
				waits: bank != c.act2, write: kind == itemPendingWrite, age: c.age, clock: clock, order: c.opens,
			}
			if bank != c.act2 {
				c.pendingACTs |= 1 << bank
			}
		default:
			q := &c.reads
			if kind&1 == itemWrite {
				q = &c.writes
			}
			e := entry{age: c.age, clock: clock, row: v.LastRow[bank], bank: uint8(bank), counted: kind&itemCounted != 0}
			q.push(e, c.bank[bank].openRow())
		}
	}
	for set := c.writes.pending; set != 0; set &= set - 1 { // the last ones of the run that brought them
		bank := lowest(set)
		waiting := c.writes.banks[bank].waiting()
		for i, slot := range waiting {
			if e := &c.writes.slots[slot]; e.age > parkedAge {
				e.column = v.LastColumn[bank] + 1 - int32(len(waiting)-i)
			}
		}
	}
}

// reader takes a snapshot apart.
type reader string

func (r *reader) byte() byte {
	b := (*r)[0]
	*r = (*r)[1:]
	return b
}

// clocks returns how many clocks before now the list of items ahead has to begin
// so that it ends as it did: with requests of this clock or of earlier ones.
func (r *reader) clocks() (n int64) {
	items := *r
	for ; items[0] != listEnd; items = items[2:] {
		n += int64(items[0] & itemLater / itemLater)
	}
	return n + 1 - int64(items[1])
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
