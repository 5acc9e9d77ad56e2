package sram

// Caches that are neither inclusive nor exclusive of nearer ones know nothing of
// each other: what one is asked for depends on the nearer ones, what it does with
// that on itself alone. So each can take in all that an access asks of it before
// the next one does, in ranges as long as it has sets.

// A transfer is a range of lines on its way to the next cache: one that is asked
// for there, or dirty lines that were evicted.
type transfer struct {
	lo, hi  uint64
	evicted bool
}

// isIndependent reports whether all caches are, and set-associative.
func (h *Hierarchy) isIndependent() bool {
	for _, l := range h.caches {
		if l.inclusion != NonInclusive {
			return false
		}
		if _, ok := l.store.(*spans); !ok {
			return false
		}
	}
	return true
}

// passDown handles a range of lines from the nearest cache on, cache by cache.
func (h *Hierarchy) passDown(lo, hi uint64, k intent) {
	h.asked = append(h.asked[:0], transfer{lo: lo, hi: hi})
	for i := range h.caches {
		sets := h.caches[i].sets
		h.beyond = h.beyond[:0]
		for _, t := range h.asked {
			for lo := t.lo; lo < t.hi; {
				if !t.evicted && k == read {
					if end := h.streamThrough(i, lo, t.hi); end > lo {
						lo = end
						continue
					}
				}
				hi := min(t.hi, (lo/sets+1)*sets)
				if t.evicted {
					h.writeBack(i, lo, hi)
				} else {
					h.ask(i, lo, hi, k)
				}
				lo = hi
			}
		}
		h.asked, h.beyond = h.beyond, h.asked
	}
	for _, t := range h.asked {
		if t.evicted {
			h.out.WriteBack = h.extend(h.out.WriteBack, t.lo, t.hi)
		} else {
			h.miss(t.lo, t.hi, k)
		}
	}
}

// ask asks cache i for a range of lines in different sets, and the next cache for
// those that it lacks.
func (h *Hierarchy) ask(i int, lo, hi uint64, k intent) {
	l := &h.caches[i]
	write := i == 0 && k != read
	h.runs = l.use(h.runs[:0], lo, hi, write)
	fills, passesBy := len(h.runs), h.passesBy(i, k)
	for at := range fills {
		r := h.runs[at]
		if r.held {
			h.hit(l.index, r.lo, r.hi)
			continue
		}
		if !passesBy {
			h.runs = l.fill(h.runs[:fills], r.lo, r.hi, write, false, h.accesses)
		}
		h.sendOn(r.lo, r.hi, l.sets, h.runs[fills:])
	}
}

// streamThrough reads a range through cache i if nothing but what came right before
// it is held there: weights that a matrix product streams. It asks the next cache for
// all of it, and returns the end of what it took, which are whole stripes.
func (h *Hierarchy) streamThrough(i int, lo, hi uint64) (end uint64) {
	l := &h.caches[i]
	stripes := (hi - lo) / l.sets
	if lo%l.sets != 0 || !l.store.(*spans).streams(lo/l.sets, stripes) {
		return lo
	}
	end = lo + stripes*l.sets
	h.askNext(lo, end)
	return end
}

// writeBack writes dirty lines that the nearer cache evicted in cache i.
func (h *Hierarchy) writeBack(i int, lo, hi uint64) {
	l := &h.caches[i]
	h.runs = l.use(h.runs[:0], lo, hi, true)
	fills := len(h.runs)
	for at := range fills {
		r := h.runs[at]
		if r.held {
			continue
		}
		h.runs = l.fill(h.runs[:fills], r.lo, r.hi, true, false, h.accesses)
		for _, v := range h.runs[fills:] {
			h.beyond = append(h.beyond, transfer{v.lo, v.hi, true})
		}
	}
}

// sendOn asks the next cache for a range of lines in different sets, and sends
// the dirty lines on that had to go for them, in rising order. Each line is evicted
// right after the one that takes its place has arrived. Up to where a block ends the
// order is free: no two of these lines meet in a set of any cache.
func (h *Hierarchy) sendOn(lo, hi, sets uint64, victims []run) {
	base := lo / sets * sets
	for len(victims) > 0 {
		v := &victims[0]
		place := base + v.lo%sets
		end := min(hi, (place/h.block+1)*h.block)
		if lo < end {
			h.askNext(lo, end)
			lo = end
		}
		last := min(v.hi, v.lo+end-place)
		h.beyond = append(h.beyond, transfer{v.lo, last, true})
		if v.lo = last; v.lo == v.hi {
			victims = victims[1:]
		}
	}
	if lo < hi {
		h.askNext(lo, hi)
	}
}

// askNext asks the next cache for a range.
func (h *Hierarchy) askNext(lo, hi uint64) {
	if n := len(h.beyond); n > 0 {
		if last := &h.beyond[n-1]; !last.evicted && last.hi == lo {
			last.hi = hi
			return
		}
	}
	h.beyond = append(h.beyond, transfer{lo: lo, hi: hi})
}
