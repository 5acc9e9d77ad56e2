package sram

import "slices"

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
	held   presence
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
		list: []span{{}}, words: make([]uint64, ways), held: newPresence(uint64(sets)),
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
	lo, hi := 0, len(s.list) // the place is in [lo, hi)
	for hi-lo > 1 {
		if mid := int(uint(lo+hi) / 2); s.list[mid].first <= set {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// use looks a range up as an access does, and marks what it finds if mark says
// so. It appends runs that cover the range.
func (s *spans) use(runs []run, lo, hi uint64, mark bool) []run {
	tag, start := lo/s.sets, len(runs)
	if s.held.none(lo, hi) {
		return append(runs, run{lo: lo, hi: hi})
	}
	base := tag * s.sets
	first, last := lo-base, hi-base
	k := s.at(first)
	from, changed := k, false
	for at := first; at < last; k++ {
		end := min(s.end(k), last)
		set := s.set(s.list[k].slot)
		i := findWay(set, tag)
		runs = appendRun(runs, start, run{base + at, base + end, i >= 0, i >= 0 && set[i]&dirtyBit != 0})
		if i >= 0 && !(s.policy.settled(set, i) && (!mark || set[i]&dirtyBit != 0)) {
			k, set = s.own(k, at, end)
			i = s.policy.use(set, i)
			if mark {
				set[i] |= dirtyBit
			}
			changed = true
		}
		at = end
	}
	if changed {
		s.join(from, k)
	}
	return runs
}

// take removes what a range has in the cache. It appends runs that cover the
// range; those held say whether they were dirty.
func (s *spans) take(runs []run, lo, hi uint64) []run {
	tag, start := lo/s.sets, len(runs)
	if s.held.none(lo, hi) {
		return append(runs, run{lo: lo, hi: hi})
	}
	base := tag * s.sets
	first, last := lo-base, hi-base
	k := s.at(first)
	from, changed := k, false
	for at := first; at < last; k++ {
		end := min(s.end(k), last)
		set := s.set(s.list[k].slot)
		i := findWay(set, tag)
		runs = appendRun(runs, start, run{base + at, base + end, i >= 0, i >= 0 && set[i]&dirtyBit != 0})
		if i >= 0 {
			k, set = s.own(k, at, end)
			s.policy.remove(set, i)
			s.held.remove(base+at, base+end)
			changed = true
		}
		at = end
	}
	if changed {
		s.join(from, k)
	}
	return runs
}

// fill puts a range into the cache that is not in it. It appends the runs that had
// to go, without those that are clean unless clean says so.
func (s *spans) fill(runs []run, lo, hi uint64, dirty, clean bool, access uint64) []run {
	tag, start := lo/s.sets, len(runs)
	base := tag * s.sets
	word, random := wordOf(tag, dirty), draw(s.seed, access, tag)
	from, to := s.cut(lo-base, hi-base)
	s.held.add(lo, hi)
	n := from - 1 // place of the last span that is kept
	var before uint64
	for k := from; k < to; k++ {
		next, end := s.list[k], s.end(k)
		set := s.set(next.slot)
		victim := s.policy.fill(set, word, random)
		if victim != 0 {
			old := victim >> tagShift * s.sets
			s.held.remove(old+next.first, old+end)
			if clean || victim&dirtyBit != 0 {
				runs = appendRun(runs, start, run{old + next.first, old + end, true, victim&dirtyBit != 0})
			}
		}
		if k > from && s.policy.mayJoin(before, victim) && slices.Equal(s.set(s.list[n].slot), set) {
			s.free = append(s.free, next.slot)
		} else {
			n++
			s.list[n] = next
		}
		before = victim
	}
	n++
	if n < to {
		s.list = append(s.list[:n], s.list[to:]...)
	}
	s.join(n, n)
	s.join(from, from)
	return runs
}

// streams takes in many whole stripes from a tag on, if the cache holds the ones
// before it and nothing else: under LRU each takes the place of the oldest one. It
// reports whether it did.
func (s *spans) streams(tag, stripes uint64) bool {
	if s.policy != LRU || stripes <= uint64(s.ways) || tag < uint64(s.ways) || len(s.list) > 1 {
		return false
	}
	set := s.set(s.list[0].slot)
	for age, w := range set {
		if w != wordOf(tag-1-uint64(age), false) {
			return false
		}
	}
	for age := range set {
		old := (tag - 1 - uint64(age)) * s.sets
		s.held.remove(old, old+s.sets)
		set[age] += stripes << tagShift
		s.held.add(old+stripes*s.sets, old+(stripes+1)*s.sets)
	}
	return true
}

// cut makes the sets from first up to last spans of their own, and returns their
// places.
func (s *spans) cut(first, last uint64) (from, to int) {
	from = s.at(first)
	if s.list[from].first < first {
		s.split(from, first)
		from++
	}
	for to = from; s.end(to) < last; to++ {
	}
	if last < s.end(to) {
		s.split(to, last)
	}
	return from, to + 1
}

// own makes the sets from at up to end, which lie in the span at place k, a span
// of their own, and returns its place and its words, for the caller to change.
func (s *spans) own(k int, at, end uint64) (int, []uint64) {
	if s.list[k].first < at {
		s.split(k, at)
		k++
	}
	if end < s.end(k) {
		s.split(k, end)
	}
	return k, s.set(s.list[k].slot)
}

// split cuts the span at place k in two.
func (s *spans) split(k int, at uint64) {
	s.list = slices.Insert(s.list, k+1, span{at, s.copySlot(s.list[k].slot)})
}

// join merges equal neighbours among the spans at the places from up to to and
// those around them.
func (s *spans) join(from, to int) {
	from, to = max(from-1, 0), min(to+1, len(s.list))
	n := from
	for _, next := range s.list[from+1 : to] {
		if slices.Equal(s.set(s.list[n].slot), s.set(next.slot)) {
			s.free = append(s.free, next.slot)
			continue
		}
		n++
		s.list[n] = next
	}
	if n++; n < to {
		s.list = append(s.list[:n], s.list[to:]...)
	}
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
