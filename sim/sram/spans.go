package sram

import (
	"slices"
	"sort"
)

// run is a range of lines and what became of it.
type run struct {
	lo, hi uint64
	held   bool // found (where that was the question)
	dirty  bool
}

// appendRun appends a run, joined with the last one from index from on where the
// two continue each other.
func appendRun(runs []run, from int, r run) []run {
	if n := len(runs); n > from {
		last := &runs[n-1]
		if last.hi == r.lo && last.held == r.held && last.dirty == r.dirty {
			last.hi = r.hi
			return runs
		}
	}
	return append(runs, r)
}

// spans is a set-associative cache. Neighbouring sets with the same words in the
// same order are kept once, as a span: weights are read in long ranges, which
// touch neighbouring sets alike. All ranges of lines that its methods take lie
// within one stripe, the lines that share a tag.
type spans struct {
	policy Policy
	seed   uint64
	sets   uint64
	ways   int
	list   []span
	words  []uint64 // ways of them per slot
	free   []int32
	splice []span // what replaces a part of list, while it is made
}

// span is the sets from first up to the next span's first.
type span struct {
	first uint64
	slot  int32 // its words stand at slot × ways
}

func newSpans(c Config) *spans {
	sets, ways := c.sets()
	return &spans{
		policy: c.Policy, seed: c.Seed, sets: uint64(sets), ways: ways,
		list: []span{{}}, words: make([]uint64, ways),
	}
}

func (s *spans) set(slot int32) []uint64 {
	return s.words[int(slot)*s.ways : (int(slot)+1)*s.ways]
}

// end returns the set behind the span at place k.
func (s *spans) end(k int) uint64 {
	if k+1 < len(s.list) {
		return s.list[k+1].first
	}
	return s.sets
}

// at returns the place of the span that holds a set.
func (s *spans) at(set uint64) int {
	return sort.Search(len(s.list), func(i int) bool { return s.list[i].first > set }) - 1
}

// use looks a range up as an access does, and marks what it finds if mark says
// so. It appends runs that cover the range.
func (s *spans) use(runs []run, lo, hi uint64, mark bool) []run {
	tag := lo / s.sets
	same := func(set []uint64) bool {
		i := findWay(set, tag)
		return i < 0 || s.policy.settled(set, i) && (!mark || set[i]&dirtyBit != 0)
	}
	change := func(set []uint64) {
		if i := findWay(set, tag); i >= 0 {
			i = s.policy.use(set, i)
			if mark {
				set[i] |= dirtyBit
			}
		}
	}
	runs = s.look(runs, lo, hi, tag)
	s.update(lo-tag*s.sets, hi-tag*s.sets, same, change)
	return runs
}

// take removes what a range has in the cache. It appends runs that cover the
// range; those held say whether they were dirty.
func (s *spans) take(runs []run, lo, hi uint64) []run {
	tag := lo / s.sets
	same := func(set []uint64) bool { return findWay(set, tag) < 0 }
	change := func(set []uint64) {
		if i := findWay(set, tag); i >= 0 {
			s.policy.remove(set, i)
		}
	}
	runs = s.look(runs, lo, hi, tag)
	s.update(lo-tag*s.sets, hi-tag*s.sets, same, change)
	return runs
}

// fill puts a range into the cache that is not in it and appends the runs that
// had to go.
func (s *spans) fill(runs []run, lo, hi uint64, dirty bool, access uint64) []run {
	tag := lo / s.sets
	base := tag * s.sets
	word, random, from := wordOf(tag, dirty), draw(s.seed, access, tag), len(runs)
	first, last := lo-base, hi-base
	same := func([]uint64) bool { return false }
	at := first
	k := s.at(first)
	change := func(set []uint64) {
		end := min(s.end(k), last)
		if victim := s.policy.fill(set, word, random); victim != 0 {
			old := victim >> tagShift * s.sets
			runs = appendRun(runs, from, run{old + at, old + end, true, victim&dirtyBit != 0})
		}
		at = end
		k++
	}
	s.update(first, last, same, change)
	return runs
}

// look appends runs that say where a range is held, and dirty, without a change.
func (s *spans) look(runs []run, lo, hi, tag uint64) []run {
	base, from := tag*s.sets, len(runs)
	for k := s.at(lo - base); lo < hi; k++ {
		end := min(base+s.end(k), hi)
		set := s.set(s.list[k].slot)
		i := findWay(set, tag)
		runs = appendRun(runs, from, run{lo, end, i >= 0, i >= 0 && set[i]&dirtyBit != 0})
		lo = end
	}
	return runs
}

// update applies change to the sets from first up to last, once per span, unless
// same says that it changes nothing there. Spans are cut where the range begins
// and ends, and joined where that leaves equal neighbours.
func (s *spans) update(first, last uint64, same func([]uint64) bool, change func([]uint64)) {
	from := s.at(first)
	to := from
	s.splice = s.splice[:0]
	for ; to < len(s.list) && s.list[to].first < last; to++ {
		s.rewrite(to, first, last, same, change)
	}
	if from > 0 { // the span before may have become equal
		from--
		s.splice = slices.Insert(s.splice, 0, s.list[from])
	}
	if to < len(s.list) {
		s.splice = append(s.splice, s.list[to])
		to++
	}
	s.join()
	if len(s.splice) == to-from {
		copy(s.list[from:], s.splice)
		return
	}
	s.list = slices.Replace(s.list, from, to, s.splice...)
}

// rewrite appends to the splice what becomes of the span at place k.
func (s *spans) rewrite(k int, first, last uint64, same func([]uint64) bool, change func([]uint64)) {
	old, end := s.list[k], s.end(k)
	if same(s.set(old.slot)) {
		s.splice = append(s.splice, old)
		return
	}
	kept := old.slot
	if old.first < first || end > last {
		kept = s.copySlot(old.slot)
		if old.first < first && end > last {
			s.splice = append(s.splice, span{old.first, s.copySlot(old.slot)}, span{first, kept}, span{last, old.slot})
		} else if old.first < first {
			s.splice = append(s.splice, old, span{first, kept})
		} else {
			s.splice = append(s.splice, span{old.first, kept}, span{last, old.slot})
		}
	} else {
		s.splice = append(s.splice, old)
	}
	change(s.set(kept))
}

// join merges equal neighbours in the splice.
func (s *spans) join() {
	n := 0
	for _, next := range s.splice[1:] {
		if slices.Equal(s.set(s.splice[n].slot), s.set(next.slot)) {
			s.free = append(s.free, next.slot)
			continue
		}
		n++
		s.splice[n] = next
	}
	s.splice = s.splice[:n+1]
}

// copySlot returns a new slot with the words of an old one.
func (s *spans) copySlot(old int32) int32 {
	var slot int32
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		slot = int32(len(s.words) / s.ways)
		s.words = append(s.words, make([]uint64, s.ways)...)
	}
	copy(s.set(slot), s.set(old))
	return slot
}
