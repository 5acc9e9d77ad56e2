package sram

import (
	"math/bits"

	"github.com/memsim/memsim/units"
)

// Hierarchy is a path of on-chip memories between one unit and DRAM.
type Hierarchy struct {
	line   uint64
	levels []*lineLevel
	out    Outcome
}

func build(configs []Config) *Hierarchy {
	h := &Hierarchy{line: 64}
	for _, c := range configs {
		h.line = uint64(c.Line)
		h.levels = append(h.levels, newLineLevel(c))
	}
	h.out.Hit = make([]units.Bytes, len(configs))
	return h
}

// lineLevel is a cache kept line by line.
type lineLevel struct {
	Config
	sets [][]wayState // LRU: most recent first; else by way
	meta []uint64     // tree bits, or draws
}

type wayState struct {
	line         uint64
	valid, dirty bool
	rrpv         uint8
}

func newLineLevel(c Config) *lineLevel {
	sets, ways := c.sets()
	l := &lineLevel{Config: c, sets: make([][]wayState, sets), meta: make([]uint64, sets)}
	if c.Kind == Cache {
		for i := range l.sets {
			l.sets[i] = make([]wayState, ways)
		}
	}
	return l
}

func (l *lineLevel) set(line uint64) int { return int(line % uint64(len(l.sets))) }

func (l *lineLevel) find(line uint64) *wayState {
	set := l.sets[l.set(line)]
	for i := range set {
		if set[i].valid && set[i].line == line {
			return &set[i]
		}
	}
	return nil
}

// Access reads or writes the n bytes from addr on.
func (h *Hierarchy) Access(addr uint64, n units.Bytes, write bool) Outcome {
	clear(h.out.Hit)
	h.out = Outcome{Hit: h.out.Hit, Fetch: h.out.Fetch[:0], WriteBack: h.out.WriteBack[:0]}
	end := addr + uint64(n)
	for at := addr; at < end; {
		next := min(end, (at/h.line+1)*h.line)
		h.accessLine(at/h.line, units.Bytes(next-at), write)
		at = next
	}
	return h.out
}

func (h *Hierarchy) accessLine(line uint64, n units.Bytes, write bool) {
	whole := write && uint64(n) == h.line
	if len(h.levels) == 0 {
		h.out.Miss += n
		if write {
			h.out.WriteBack = units.AppendExtent(h.out.WriteBack, line*h.line, (line+1)*h.line)
		} else {
			h.out.Fetch = units.AppendExtent(h.out.Fetch, line*h.line, (line+1)*h.line)
		}
		return
	}
	served, _ := h.fetch(0, line, whole, write)
	switch {
	case served < len(h.levels):
		h.out.Hit[served] += n
	case whole:
		h.out.Hit[0] += n
		h.out.Allocated += n
	default:
		h.out.Miss += n
		h.out.Fetch = units.AppendExtent(h.out.Fetch, line*h.line, (line+1)*h.line)
	}
}

func (h *Hierarchy) fetch(i int, line uint64, whole, write bool) (served int, dirty bool) {
	if i == len(h.levels) {
		return i, false
	}
	l := h.levels[i]
	if w := l.find(line); w != nil {
		w.dirty = w.dirty || write
		if i > 0 && l.Inclusion == Exclusive {
			dirty = w.dirty
			l.remove(line)
			return i, dirty
		}
		l.touch(line)
		return i, false
	}
	served, dirty = h.fetch(i+1, line, whole, false)
	if i > 0 && (l.Inclusion == Exclusive || whole && l.Inclusion == NonInclusive) {
		return served, dirty
	}
	h.fill(i, line, dirty || write)
	return served, false
}

func (h *Hierarchy) fill(i int, line uint64, dirty bool) {
	if victim := h.levels[i].insert(line, dirty); victim.valid {
		h.evict(i, victim.line, victim.dirty)
	}
}

func (h *Hierarchy) evict(i int, line uint64, dirty bool) {
	if h.levels[i].Inclusion == Inclusive {
		for _, inner := range h.levels[:i] {
			if w := inner.find(line); w != nil {
				dirty = dirty || w.dirty
				inner.remove(line)
			}
		}
	}
	if i+1 == len(h.levels) {
		if dirty {
			h.out.WriteBack = units.AppendExtent(h.out.WriteBack, line*h.line, (line+1)*h.line)
		}
		return
	}
	next := h.levels[i+1]
	if !dirty && next.Inclusion != Exclusive {
		return
	}
	if w := next.find(line); w != nil {
		w.dirty = w.dirty || dirty
		next.touch(line)
		return
	}
	if i+2 < len(h.levels) && h.levels[i+2].Inclusion == Exclusive {
		if w := h.levels[i+2].find(line); w != nil {
			dirty = dirty || w.dirty
			h.levels[i+2].remove(line)
		}
	}
	h.fill(i+1, line, dirty)
}

func (l *lineLevel) way(line uint64) (set []wayState, s, way int) {
	s = l.set(line)
	set = l.sets[s]
	for i := range set {
		if set[i].valid && set[i].line == line {
			return set, s, i
		}
	}
	return set, s, -1
}

func (l *lineLevel) touch(line uint64) {
	set, s, way := l.way(line)
	switch l.Policy {
	case LRU:
		w := set[way]
		copy(set[1:way+1], set[:way])
		set[0] = w
	case TreePLRU:
		l.meta[s] = pointAway(l.meta[s], way, len(set))
	case SRRIP:
		set[way].rrpv = 0
	}
}

func (l *lineLevel) remove(line uint64) {
	set, _, way := l.way(line)
	if l.Policy == LRU {
		copy(set[way:], set[way+1:])
		set[len(set)-1] = wayState{}
		return
	}
	set[way] = wayState{}
}

func (l *lineLevel) insert(line uint64, dirty bool) (victim wayState) {
	s := l.set(line)
	set := l.sets[s]
	way := -1
	for i := range set {
		if !set[i].valid {
			way = i
			break
		}
	}
	if way < 0 {
		way = l.victim(s)
		victim = set[way]
	}
	set[way] = wayState{line: line, valid: true, dirty: dirty, rrpv: 2}
	if l.Policy != SRRIP {
		l.touch(line)
	}
	return victim
}

func (l *lineLevel) victim(s int) int {
	set := l.sets[s]
	switch l.Policy {
	case LRU:
		return len(set) - 1
	case TreePLRU:
		return pointed(l.meta[s], len(set))
	case Random:
		l.meta[s]++
		return drawWay(l.Seed, l.meta[s], len(set))
	}
	for {
		for i := range set {
			if set[i].rrpv == 3 {
				return i
			}
		}
		for i := range set {
			set[i].rrpv++
		}
	}
}

// pointAway turns the bits of a tree over ways leaves away from one of them.
// Node i of level d stands at bit 1<<d + i.
func pointAway(tree uint64, way, ways int) uint64 {
	node := 1
	for half := ways / 2; half > 0; half /= 2 {
		if way&half == 0 {
			tree |= 1 << node
			node = 2 * node
		} else {
			tree &^= 1 << node
			node = 2*node + 1
		}
	}
	return tree
}

// pointed follows the bits of a tree to a leaf.
func pointed(tree uint64, ways int) int {
	node := 1
	for range bits.Len(uint(ways)) - 1 {
		node = 2*node + int(tree>>node&1)
	}
	return node - ways
}

// drawWay is the n-th draw of a set: a splitmix64 hash.
func drawWay(seed, n uint64, ways int) int {
	z := seed + n*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	hi, _ := bits.Mul64(z^z>>31, uint64(ways))
	return int(hi)
}
