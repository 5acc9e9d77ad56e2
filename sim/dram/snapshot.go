package dram

import (
	"encoding/binary"
	"slices"
)

// A snapshot is the state of a channel with all that does not matter for its
// future left out, in bytes: clocks count from now and stop at zero, where they
// no longer hold anything back; rows are named by how they relate to the row that
// was last asked for in their bank; requests are listed by age. Two channels with
// equal snapshots do the same things from then on, if they get the same requests
// and refreshes.
//
// The time of the next refresh and the rows themselves are kept apart.

// How the open row of a bank is named in a snapshot.
const (
	rowNone  = iota // closed
	rowLast         // the row last asked for
	rowStale        // another one
)

// Kinds of requests in a snapshot.
const (
	itemRead = iota
	itemWrite
	itemOpener
	itemOpenerWrite
	itemCounted = 8 // added for a request that is in the counts
	itemEnd     = 255
)

const noBank = 255

// snapshot appends the channel's state to buf. It fails if requests for one bank
// wait for several rows, or if the columns of waiting writes do not follow from
// the last run: such states are rare in streams and are not worth their bytes.
func (c *channel) snapshot(buf []byte) ([]byte, bool) {
	if !c.regular() {
		return buf, false
	}
	turn := c.turn()
	counted := func(bank int) byte { return byte(turn.count[bank]) }
	clocks := func(t int64) { buf = binary.AppendUvarint(buf, uint64(max(t-c.now, 0))) }
	buf = append(buf, byte(c.arrived), flag(c.writeMode)|flag(c.cas.pending)<<1|byte(c.power)<<2)
	act2 := byte(noBank)
	if c.act2 >= 0 {
		act2 = counted(c.act2)
	}
	buf = append(buf, act2)
	clocks(c.act2Due)
	clocks(c.wckUntil)
	clocks(c.busFree)
	clocks(c.lastData)
	clocks(c.idleSince)
	if c.cas.pending {
		ch := c.cas.choice
		buf = append(buf, byte(ch.command), counted(ch.bank), flag(ch.slot < 0), flag(ch.write))
	}
	buf = append(buf, byte(len(c.maintenance)))
	for _, m := range c.maintenance {
		bank := byte(m.bank)
		if m.command != REFab {
			bank = counted(m.bank)
		}
		buf = append(buf, byte(m.command), bank)
	}
	c.eachTime(turn, func(t *int64) { clocks(*t) })
	for _, i := range turn.bank {
		b := &c.bank[i]
		buf = append(buf, byte(b.state)|c.rowName(i)<<2|flag(b.spent)<<4, byte(min(b.accesses, ClosedAccesses)))
		if c.timeout {
			clocks(b.used + TimeoutClocks)
		}
	}
	for _, it := range c.items() {
		buf = append(buf, it.kind, counted(int(it.bank)))
	}
	return append(buf, itemEnd), true
}

// regular reports whether a snapshot can be taken: all requests that wait are
// for the row last asked for in their bank.
func (c *channel) regular() bool {
	if len(c.maintenance) > 255 {
		return false
	}
	ok := true
	each(c.reads.pending, func(bank int) {
		for _, slot := range c.reads.banks[bank].waiting() {
			ok = ok && c.reads.slots[slot].row == c.lastRow[bank]
		}
	})
	each(c.writes.pending, func(bank int) {
		column := c.lastColumn[bank] + 1 - int32(c.writes.banks[bank].length)
		for _, slot := range c.writes.banks[bank].waiting() {
			e := &c.writes.slots[slot]
			ok = ok && e.row == c.lastRow[bank] && e.column == column
			column++
		}
	})
	return ok
}

func (c *channel) rowName(bank int) byte {
	switch c.bank[bank].row {
	case -1:
		return rowNone
	case c.lastRow[bank]:
		return rowLast
	}
	return rowStale
}

// An item is a request that waits, in a queue or as the opener of a row.
type item struct {
	age        uint64
	kind, bank byte
}

// items lists the requests that wait, by age.
func (c *channel) items() []item {
	list := c.itemBuf[:0]
	for kind, q := range []*queue{c.reads, c.writes} {
		each(^q.free, func(slot int) {
			e := &q.slots[slot]
			list = append(list, item{e.age, byte(kind) | flag(e.counted)*itemCounted, e.bank})
		})
	}
	openers := c.openers
	if c.act2 >= 0 {
		openers |= 1 << c.act2
	}
	each(openers, func(bank int) {
		o := &c.bank[bank].opener
		list = append(list, item{o.age, itemOpener + flag(o.write), byte(bank)})
	})
	slices.SortFunc(list, func(a, b item) int {
		if a.age < b.age {
			return -1
		}
		return 1
	})
	c.itemBuf = list
	return list
}

// eachTime visits all clocks before which commands are held back.
func (c *channel) eachTime(turn *turn, visit func(*int64)) {
	all := func(t *times) {
		for i := range nColumns {
			visit(&t[i])
		}
	}
	all(&c.channelReady)
	for rank := range c.ranks {
		all(&c.rankReady[rank])
		for i := range c.fawRing[rank] {
			visit(&c.fawRing[rank][i])
		}
	}
	for _, group := range turn.groups {
		all(&c.groupReady[group])
	}
	for _, bank := range turn.bank {
		all(&c.bankReady[bank])
	}
}

// restore sets the channel to a snapshot. The rows, the last rows and columns, the
// turn and the refresh are those that the channel has.
func (c *channel) restore(s string) {
	r := reader(s)
	clocks := func() int64 { return c.now + int64(r.uvarint()) }
	c.arrived = int(r.byte())
	flags := r.byte()
	c.writeMode, c.cas.pending, c.power = flags&1 != 0, flags&2 != 0, powerState(flags>>2)
	turn := c.turn()
	c.act2 = -1
	if act2 := r.byte(); act2 != noBank {
		c.act2 = turn.bank[act2]
	}
	c.act2Due, c.wckUntil, c.busFree, c.lastData, c.idleSince = clocks(), clocks(), clocks(), clocks(), clocks()
	if c.cas.pending {
		c.cas.choice = choice{command: Command(r.byte()), bank: turn.bank[r.byte()], slot: -int(r.byte()), write: r.byte() != 0}
	}
	c.maintenance = c.maintenance[:0]
	for range r.byte() {
		m := maintenance{Command(r.byte()), int(r.byte())}
		if m.command != REFab {
			m.bank = turn.bank[m.bank]
		}
		c.maintenance = append(c.maintenance, m)
	}
	c.eachTime(turn, func(t *int64) { *t = clocks() })
	c.reads.clear()
	c.writes.clear()
	c.openers, c.notClosed, c.spending, c.asleep = 0, 0, 0, 0
	for _, i := range turn.bank {
		c.restoreBank(i, &r)
		if c.timeout {
			c.bank[i].used = clocks() - TimeoutClocks
		}
	}
	c.restoreItems(&r)
	if c.cas.pending && c.cas.choice.slot == 0 {
		c.cas.choice.slot = int(c.queueOf(c.cas.choice).banks[c.cas.choice.bank].hit.slot)
	}
}

func (c *channel) restoreBank(i int, r *reader) {
	b := &c.bank[i]
	state, accesses := r.byte(), r.byte()
	b.state, b.spent, b.accesses = bankState(state&3), state&16 != 0, int32(accesses)
	b.opener = opener{}
	if b.state != bankClosed {
		c.notClosed |= 1 << i
	}
	if c.closed && b.state == bankOpen && accesses >= ClosedAccesses {
		c.spending |= 1 << i
	}
}

func (c *channel) restoreItems(r *reader) {
	c.age = 0
	left := [maxBanks]int32{}
	for kind := r.byte(); kind != itemEnd; kind = r.byte() {
		bank := c.turn().bank[r.byte()]
		c.age++
		switch kind &^ itemCounted {
		case itemOpener, itemOpenerWrite:
			c.bank[bank].opener = opener{waits: bank != c.act2, write: kind == itemOpenerWrite, age: c.age}
			if bank != c.act2 {
				c.openers |= 1 << bank
			}
		default:
			q := c.reads
			if kind&1 == itemWrite {
				q = c.writes
			}
			q.push(entry{age: c.age, row: c.lastRow[bank], column: left[bank], bank: uint8(bank), counted: kind&itemCounted != 0},
				c.bank[bank].openRow())
			left[bank]++
		}
	}
	each(c.writes.pending, func(bank int) { // the last ones of the run that brought them
		waiting := c.writes.banks[bank].waiting()
		for i, slot := range waiting {
			c.writes.slots[slot].column = c.lastColumn[bank] + 1 - int32(len(waiting)-i)
		}
	})
}

// reader takes a snapshot apart.
type reader string

func (r *reader) byte() byte {
	b := (*r)[0]
	*r = (*r)[1:]
	return b
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
