// Package recency keeps numbered items (cache lines, pages) in the order in
// which they were used last, as ranges: a run of a million items that was used
// from its first to its last takes one entry. It is the exact state of a fully
// associative LRU cache, at a cost that grows with the number of ranges in use
// and not with their length.
//
//	l.Use(10, 20)          oldest  10 11 ... 19  newest
//	l.Use(14, 16)          oldest  10..13  16..19  14 15  newest
//
// # Caveats
//
// Ranges that are used in small pieces in ever different order fall apart into
// small entries; an operation then costs time in proportion to the entries, as
// it has to keep them sorted by number.
package recency

import "sort"

// List holds items in the order of their last use. The zero value is empty and
// ready.
type List struct {
	entries []entry // 0 is the ring's anchor: its newer end is the oldest entry
	free    []int32
	sorted  []int32 // entries by their first item
	size    uint64
}

// entry is a run of items used one after another, from lo up; none is in
// another entry.
type entry struct {
	lo, hi       uint64
	dirty        bool
	older, newer int32
}

// Len returns the number of items.
func (l *List) Len() uint64 { return l.size }

// Entries returns the number of ranges that the items are kept in.
func (l *List) Entries() int { return len(l.sorted) }

// Next returns the end of the longest run from lo on, not beyond hi, whose items
// are all in the list or all not.
func (l *List) Next(lo, hi uint64) (end uint64, held bool) {
	i := l.find(lo)
	if i == len(l.sorted) {
		return hi, false
	}
	e := &l.entries[l.sorted[i]]
	if e.lo > lo {
		return min(e.lo, hi), false
	}
	for end = e.hi; end < hi; end = e.hi {
		if i++; i == len(l.sorted) {
			break
		}
		if e = &l.entries[l.sorted[i]]; e.lo != end {
			break
		}
	}
	return min(end, hi), true
}

// Dirty reports whether item is in the list and marked.
func (l *List) Dirty(item uint64) bool {
	i := l.find(item)
	if i == len(l.sorted) {
		return false
	}
	e := &l.entries[l.sorted[i]]
	return e.lo <= item && e.dirty
}

// Use makes the items from lo up to hi the newest, hi-1 the newest of all. Items
// that are not in the list are added; mark marks all of them as dirty, and
// without it those in the list stay what they are.
func (l *List) Use(lo, hi uint64, mark bool) {
	for lo < hi {
		id, end, held := l.isolate(lo, hi)
		dirty := mark
		if held {
			dirty = dirty || l.entries[id].dirty
			l.unlink(id)
		}
		l.append(id, lo, end, dirty)
		lo = end
	}
}

// Drop removes the n oldest items, fewer if there are fewer, and tells emit of
// them, oldest first.
func (l *List) Drop(n uint64, emit func(lo, hi uint64, dirty bool)) {
	for n > 0 && l.size > 0 {
		id := l.entries[0].newer
		e := &l.entries[id]
		lo, hi, dirty := e.lo, min(e.hi, e.lo+n), e.dirty
		n -= hi - lo
		l.size -= hi - lo
		if hi == e.hi {
			i := l.find(lo)
			l.unlink(id)
			l.delete(i)
		} else {
			e.lo = hi
		}
		emit(lo, hi, dirty)
	}
}

// Remove removes what the list holds of the items from lo up to hi.
func (l *List) Remove(lo, hi uint64) {
	for lo < hi {
		id, end, held := l.isolate(lo, hi)
		if held {
			l.unlink(id)
			l.delete(l.find(lo))
			l.size -= end - lo
		}
		lo = end
	}
}

// find returns the place among the sorted entries of the first that ends behind
// item.
func (l *List) find(item uint64) int {
	return sort.Search(len(l.sorted), func(i int) bool { return l.entries[l.sorted[i]].hi > item })
}

// isolate returns the entry that begins with lo, cut so that it ends at or
// before hi; held is false if lo is in none, and end is then where the gap ends.
func (l *List) isolate(lo, hi uint64) (id int32, end uint64, held bool) {
	i := l.find(lo)
	if i == len(l.sorted) {
		return 0, hi, false
	}
	id = l.sorted[i]
	if first := l.entries[id].lo; first > lo {
		return 0, min(first, hi), false
	} else if first < lo {
		i++
		id = l.cut(i, id, lo)
	}
	if l.entries[id].hi > hi {
		l.cut(i+1, id, hi)
	}
	return id, l.entries[id].hi, true
}

// cut splits an entry before item; the upper half becomes the sorted entry i and
// is the newer of the two.
func (l *List) cut(i int, id int32, item uint64) int32 {
	upper := l.new(i)
	e := &l.entries[id]
	l.entries[upper] = entry{lo: item, hi: e.hi, dirty: e.dirty, older: id, newer: e.newer}
	l.entries[e.newer].older = upper
	e.newer, e.hi = upper, item
	return upper
}

// append makes [lo, hi) the newest run: as the entry id, which is in no order
// yet, or as a new one if id is 0. Where it continues the newest run the two
// become one.
func (l *List) append(id int32, lo, hi uint64, dirty bool) {
	l.anchor()
	newest := l.entries[0].older
	e := &l.entries[newest]
	if newest != 0 && e.hi == lo && e.dirty == dirty {
		e.hi = hi
		if id == 0 {
			l.size += hi - lo
			return
		}
		l.delete(l.position(id, lo))
		return
	}
	if id == 0 {
		l.size += hi - lo
		id = l.new(l.find(lo))
	}
	l.entries[id] = entry{lo: lo, hi: hi, dirty: dirty, older: newest, newer: 0}
	l.entries[newest].newer = id
	l.entries[0].older = id
}

// position returns the place of an entry among the sorted ones when the entry
// before it has just grown over it.
func (l *List) position(id int32, lo uint64) int {
	i := l.find(lo)
	for l.sorted[i] != id {
		i++
	}
	return i
}

// new makes room for an entry at place i of the sorted ones.
func (l *List) new(i int) int32 {
	l.anchor()
	id := int32(len(l.entries))
	if n := len(l.free); n > 0 {
		id = l.free[n-1]
		l.free = l.free[:n-1]
	} else {
		l.entries = append(l.entries, entry{})
	}
	l.sorted = append(l.sorted, 0)
	copy(l.sorted[i+1:], l.sorted[i:])
	l.sorted[i] = id
	return id
}

// delete gives up the sorted entry i, which is in no order any more.
func (l *List) delete(i int) {
	l.free = append(l.free, l.sorted[i])
	l.sorted = append(l.sorted[:i], l.sorted[i+1:]...)
}

func (l *List) unlink(id int32) {
	e := &l.entries[id]
	l.entries[e.older].newer = e.newer
	l.entries[e.newer].older = e.older
}

func (l *List) anchor() {
	if len(l.entries) == 0 {
		l.entries = append(l.entries, entry{})
	}
}
