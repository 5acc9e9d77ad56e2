package flash

import (
	"slices"
	"sort"

	"github.com/memsim/memsim/units"
)

// bus is a resource that moves one thing at a time. Requests come in the order
// of commands, but not in the order in which they are ready: data of a later
// command may be there while an earlier one's is still sensed. It then moves in
// a gap that is long enough, and delays nothing that came before.
type bus struct {
	free units.Picoseconds // behind all that is promised
	gaps []gap             // before that, by rising time
}

// gap is a span in which a bus has nothing to move.
type gap struct{ from, to units.Picoseconds }

// take promises the bus for a span from a time on at the earliest, and returns
// when it is over.
func (b *bus) take(ready, span units.Picoseconds) (done units.Picoseconds) {
	if ready >= b.free {
		if ready > b.free {
			b.gaps = append(b.gaps, gap{b.free, ready})
		}
		b.free = ready + span
		return b.free
	}
	first := sort.Search(len(b.gaps), func(i int) bool { return b.gaps[i].to > ready })
	for i := first; i < len(b.gaps); i++ {
		start := max(b.gaps[i].from, ready)
		if start+span <= b.gaps[i].to {
			b.fill(i, start, start+span)
			return start + span
		}
	}
	b.free += span
	return b.free
}

// fill takes a span out of a gap.
func (b *bus) fill(i int, from, to units.Picoseconds) {
	g := b.gaps[i]
	switch {
	case g.from == from && g.to == to:
		b.gaps = slices.Delete(b.gaps, i, i+1)
	case g.from == from:
		b.gaps[i].from = to
	case g.to == to:
		b.gaps[i].to = from
	default:
		b.gaps[i].to = from
		b.gaps = slices.Insert(b.gaps, i+1, gap{to, g.to})
	}
}

// forget drops gaps that nothing can use any more, as nothing to come is ready
// before a time.
func (b *bus) forget(before units.Picoseconds) {
	n := 0
	for n < len(b.gaps) && b.gaps[n].to <= before {
		n++
	}
	b.gaps = slices.Delete(b.gaps, 0, n)
}

// shift moves all times on.
func (b *bus) shift(t units.Picoseconds) {
	b.free += t
	for i := range b.gaps {
		b.gaps[i].from += t
		b.gaps[i].to += t
	}
}

// slots are the commands in flight, by rising time of completion.
type slots []units.Picoseconds

// next returns when a slot is free.
func (s slots) next() units.Picoseconds { return s[0] }

// replace puts a command into the slot that is free first.
func (s slots) replace(done units.Picoseconds) {
	i := 0
	for i+1 < len(s) && s[i+1] <= done {
		s[i] = s[i+1]
		i++
	}
	s[i] = done
}
