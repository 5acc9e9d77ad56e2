package dram

import "math/bits"

// An entry is a request that waits in a queue.
type entry struct {
	age     uint64 // order of arrival
	clock   int64  // of its arrival
	row     int32
	column  int32
	bank    uint8
	counted bool // it is already in the row hit, miss and conflict counts
}

// A queue holds requests of one direction. It knows, for each bank, the oldest
// request for the open row and the oldest for another one, which is all that
// first-ready scheduling asks for.
type queue struct {
	capacity int
	length   int
	free     uint64 // slots
	pending  uint64 // banks with requests
	slots    [maxQueue]entry
	banks    [MaxBanks]bankQueue
}

// bankQueue lists the slots of one bank's requests, oldest first.
type bankQueue struct {
	hit    oldest // request for the open row
	miss   oldest // other request
	length uint8
	hits   uint8 // requests for the open row
	list   [maxQueue]uint8
}

// oldest names a request; its age is none if there is none.
type oldest struct {
	age  uint64
	slot uint8
}

const none = ^uint64(0)

func (q *queue) full() bool { return q.length == q.capacity }

// push adds a request; openRow is the open row of its bank, or -1.
func (q *queue) push(e entry, openRow int32) {
	slot := bits.TrailingZeros64(q.free)
	q.free &^= 1 << slot
	q.slots[slot] = e
	q.length++
	q.pending |= 1 << e.bank
	b := &q.banks[e.bank]
	b.list[b.length] = uint8(slot)
	b.length++
	if e.row == openRow {
		b.hits++
		if b.hit.age == none {
			b.hit = oldest{e.age, uint8(slot)}
		}
	} else if b.miss.age == none {
		b.miss = oldest{e.age, uint8(slot)}
	}
}

// remove takes the request in slot out; openRow is the open row of its bank.
func (q *queue) remove(slot int, openRow int32) {
	e := &q.slots[slot]
	q.free |= 1 << slot
	q.length--
	b := &q.banks[e.bank]
	at := uint8(0)
	for b.list[at] != uint8(slot) {
		at++
	}
	copy(b.list[at:b.length-1], b.list[at+1:b.length])
	b.length--
	if b.length == 0 {
		q.pending &^= 1 << e.bank
	}
	if e.row == openRow {
		b.hits--
	}
	switch e.age {
	case b.hit.age:
		b.hit = q.first(b, at, openRow, true)
	case b.miss.age:
		b.miss = q.first(b, at, openRow, false)
	}
}

// first finds the oldest request of b, from place from on, that is for the open
// row (or that is not).
func (q *queue) first(b *bankQueue, from uint8, openRow int32, hit bool) oldest {
	if hit && b.hits == 0 || !hit && b.hits == b.length {
		return oldest{age: none}
	}
	for ; from < b.length; from++ {
		slot := b.list[from]
		if e := &q.slots[slot&63]; (e.row == openRow) == hit {
			return oldest{e.age, slot}
		}
	}
	return oldest{age: none}
}

// reopen sorts bank's requests into hits and misses anew.
func (q *queue) reopen(bank int, openRow int32) {
	b := &q.banks[bank]
	b.hits, b.hit.age, b.miss.age = 0, none, none
	for _, slot := range b.list[:b.length] {
		e := &q.slots[slot&63]
		if e.row == openRow {
			b.hits++
			if b.hit.age == none {
				b.hit = oldest{e.age, slot}
			}
		} else if b.miss.age == none {
			b.miss = oldest{e.age, slot}
		}
	}
}

// holds reports whether a request for this burst waits.
func (q *queue) holds(bank int, row, column int32) bool {
	b := &q.banks[bank]
	for _, slot := range b.list[:b.length] {
		if e := &q.slots[slot]; e.row == row && e.column == column {
			return true
		}
	}
	return false
}

// waiting returns the slots of the bank's requests, oldest first.
func (b *bankQueue) waiting() []uint8 { return b.list[:b.length] }

// clear takes all requests out.
func (q *queue) clear() {
	q.length, q.free, q.pending = 0, ^uint64(0), 0
	for i := range q.banks {
		b := &q.banks[i]
		b.length, b.hits, b.hit.age, b.miss.age = 0, 0, none, none
	}
}
