package graphs

import (
	"cmp"
	"slices"
)

// operandAlign is what ggml aligns operands to in memory.
const operandAlign = 64

// hole is a free range of an arena.
type hole struct{ from, to uint64 }

// arena gives places to operands, from offset 0 on, as ggml's allocator does: the
// smallest hole that is large enough, and behind all others where there is none.
type arena struct {
	holes []hole // by offset, never adjacent
	end   uint64 // of what was ever used
}

// take returns the offset of a place for n bytes.
func (a *arena) take(n int64) uint64 {
	size := alignUp(uint64(max(n, 1)), operandAlign)
	best := -1
	for i, h := range a.holes {
		if h.to-h.from >= size && (best < 0 || h.to-h.from < a.holes[best].to-a.holes[best].from) {
			best = i
		}
	}
	if best < 0 {
		return a.grow(size)
	}
	h := &a.holes[best]
	at := h.from
	if h.from += size; h.from == h.to {
		a.holes = slices.Delete(a.holes, best, best+1)
	}
	return at
}

// grow takes a place at the end, a last hole before it included.
func (a *arena) grow(size uint64) uint64 {
	at := a.end
	if last := len(a.holes) - 1; last >= 0 && a.holes[last].to == a.end {
		at = a.holes[last].from
		a.holes = a.holes[:last]
	}
	a.end = at + size
	return at
}

// give frees a place of n bytes.
func (a *arena) give(at uint64, n int64) {
	freed := hole{at, at + alignUp(uint64(max(n, 1)), operandAlign)}
	i, _ := slices.BinarySearchFunc(a.holes, freed.from, func(h hole, from uint64) int { return cmp.Compare(h.from, from) })
	a.holes = slices.Insert(a.holes, i, freed)
	if i+1 < len(a.holes) && a.holes[i].to == a.holes[i+1].from {
		a.holes[i].to = a.holes[i+1].to
		a.holes = slices.Delete(a.holes, i+1, i+2)
	}
	if i > 0 && a.holes[i-1].to == a.holes[i].from {
		a.holes[i-1].to = a.holes[i].to
		a.holes = slices.Delete(a.holes, i, i+1)
	}
}

func alignUp(n, to uint64) uint64 { return (n + to - 1) / to * to }
