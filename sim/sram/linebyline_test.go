package sram

import (
	"math/bits"

	"github.com/memsim/memsim/units"
)

// lineByLine is a hierarchy of caches that is simulated line by line and way by
// way, as the textbooks have it. It is slow and obviously right, and Hierarchy
// has to give the same answers.
type lineByLine struct {
	line     uint64
	levels   []*wayCache
	accesses uint64
	clock    int
	out      Outcome
}

// wayCache is one cache: ways of sets, with the replacement state that the
// hardware has.
type wayCache struct {
	Config
	sets [][]way
	tree []uint64 // TreePLRU: per set, node i of depth d at bit 1<<d + i, 1 points right
}

type way struct {
	line         uint64
	valid, dirty bool
	used, filled int // when
	prediction   int // SRRIP: 0 near to 3 distant
}

func newLineByLine(configs []Config) *lineByLine {
	h := &lineByLine{line: 64, out: Outcome{Hit: make([]units.Bytes, len(configs))}}
	for _, c := range configs {
		h.line = uint64(c.Line)
		sets, ways := c.sets()
		l := &wayCache{Config: c, sets: make([][]way, sets), tree: make([]uint64, sets)}
		for i := range l.sets {
			l.sets[i] = make([]way, ways)
		}
		h.levels = append(h.levels, l)
	}
	return h
}

func (h *lineByLine) Access(addr uint64, n units.Bytes, write bool) Outcome {
	h.out = Outcome{Hit: make([]units.Bytes, len(h.levels))}
	h.accesses++
	end := addr + uint64(n)
	for at := addr; at < end; {
		next := min(end, (at/h.line+1)*h.line)
		h.accessLine(at/h.line, units.Bytes(next-at), write)
		at = next
	}
	return h.out
}

func (h *lineByLine) accessLine(line uint64, n units.Bytes, write bool) {
	whole := write && uint64(n) == h.line
	if len(h.levels) == 0 {
		h.out.Miss += n
		if write {
			h.out.WriteBack = h.extend(h.out.WriteBack, line)
		} else {
			h.out.Fetch = h.extend(h.out.Fetch, line)
		}
		return
	}
	level, _ := h.fetch(0, line, whole, write)
	switch {
	case level < len(h.levels):
		h.out.Hit[level] += n
	case whole:
		h.out.Hit[0] += n
		h.out.Allocated += n
	default:
		h.out.Miss += n
		h.out.Fetch = h.extend(h.out.Fetch, line)
	}
}

func (h *lineByLine) extend(list []Extent, line uint64) []Extent {
	return units.AppendExtent(list, line*h.line, (line+1)*h.line)
}

func (h *lineByLine) fetch(i int, line uint64, whole, write bool) (level int, dirty bool) {
	if i == len(h.levels) {
		return i, false
	}
	l := h.levels[i]
	h.clock++
	if w := l.find(line); w != nil {
		w.dirty = w.dirty || write
		if i > 0 && l.Inclusion == Exclusive {
			dirty = w.dirty
			*w = way{}
			return i, dirty
		}
		l.touch(line, h.clock)
		return i, false
	}
	level, dirty = h.fetch(i+1, line, whole, false)
	if i > 0 && (l.Inclusion == Exclusive || whole && l.Inclusion == NonInclusive) {
		return level, dirty
	}
	h.fill(i, line, dirty || write)
	return level, false
}

func (h *lineByLine) fill(i int, line uint64, dirty bool) {
	h.clock++
	if victim := h.levels[i].insert(line, dirty, h.clock, h.accesses); victim.valid {
		h.evict(i, victim.line, victim.dirty)
	}
}

func (h *lineByLine) evict(i int, line uint64, dirty bool) {
	if h.levels[i].Inclusion == Inclusive {
		for _, nearer := range h.levels[:i] {
			if w := nearer.find(line); w != nil {
				dirty = dirty || w.dirty
				*w = way{}
			}
		}
	}
	if i+1 == len(h.levels) {
		if dirty {
			h.out.WriteBack = h.extend(h.out.WriteBack, line)
		}
		return
	}
	next := h.levels[i+1]
	if !dirty && next.Inclusion != Exclusive {
		return
	}
	h.clock++
	if w := next.find(line); w != nil {
		w.dirty = w.dirty || dirty
		next.touch(line, h.clock)
		return
	}
	if i+2 < len(h.levels) && h.levels[i+2].Inclusion == Exclusive {
		if w := h.levels[i+2].find(line); w != nil {
			dirty = dirty || w.dirty
			*w = way{}
		}
	}
	h.fill(i+1, line, dirty)
}

func (l *wayCache) setOf(line uint64) int { return int(line % uint64(len(l.sets))) }

func (l *wayCache) find(line uint64) *way {
	set := l.sets[l.setOf(line)]
	for i := range set {
		if set[i].valid && set[i].line == line {
			return &set[i]
		}
	}
	return nil
}

func (l *wayCache) touch(line uint64, clock int) {
	s := l.setOf(line)
	for i := range l.sets[s] {
		w := &l.sets[s][i]
		if !w.valid || w.line != line {
			continue
		}
		w.used = clock
		w.prediction = 0
		l.pointAway(s, i)
	}
}

func (l *wayCache) insert(line uint64, dirty bool, clock int, access uint64) (victim way) {
	s := l.setOf(line)
	i := l.free(s)
	if i < 0 {
		i = l.victim(s, line, access)
	}
	victim = l.sets[s][i]
	l.sets[s][i] = way{line: line, valid: true, dirty: dirty, used: clock, filled: clock, prediction: 2}
	l.pointAway(s, i)
	return victim
}

// free returns an invalid way of a set, or -1: for TreePLRU the first that the
// tree leads to.
func (l *wayCache) free(s int) int {
	order := make([]int, 0, 64)
	if l.Policy == TreePLRU {
		order = l.pointed(s, 1, order)
	} else {
		for i := range l.sets[s] {
			order = append(order, len(l.sets[s])-1-i)
		}
	}
	for _, i := range order {
		if !l.sets[s][i].valid {
			return i
		}
	}
	return -1
}

func (l *wayCache) victim(s int, line, access uint64) int {
	set := l.sets[s]
	oldest := func(age func(way) int, among func(way) bool) int {
		best := -1
		for i, w := range set {
			if among(w) && (best < 0 || age(w) < age(set[best])) {
				best = i
			}
		}
		return best
	}
	switch l.Policy {
	case LRU:
		return oldest(func(w way) int { return w.used }, func(way) bool { return true })
	case TreePLRU:
		return l.pointed(s, 1, nil)[0]
	case Random:
		i, _ := bits.Mul64(draw(l.Seed, access, line/uint64(len(l.sets))), uint64(len(set)))
		return int(i)
	}
	for {
		i := oldest(func(w way) int { return w.filled }, func(w way) bool { return w.prediction == 3 })
		if i >= 0 {
			return i
		}
		for i := range set {
			set[i].prediction++
		}
	}
}

// pointAway turns the bits on the path to way i away from it.
func (l *wayCache) pointAway(s, i int) {
	if l.Policy != TreePLRU {
		return
	}
	ways := len(l.sets[s])
	for node := (ways + i); node > 1; node /= 2 {
		if node%2 == 0 {
			l.tree[s] |= 1 << (node / 2)
		} else {
			l.tree[s] &^= 1 << (node / 2)
		}
	}
}

// pointed appends the ways under a node of the tree in the order in which its
// bits lead to them.
func (l *wayCache) pointed(s, node int, order []int) []int {
	ways := len(l.sets[s])
	if node >= ways {
		return append(order, node-ways)
	}
	right := int(l.tree[s] >> node & 1)
	order = l.pointed(s, 2*node+right, order)
	return l.pointed(s, 2*node+1-right, order)
}
