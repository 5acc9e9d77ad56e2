package sram

import (
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sram/recency"
	"github.com/memsim/memsim/units"
)

// pad is the pinned lines of a scratchpad.
type pad struct {
	capacity uint64 // lines
	pinned   recency.List
}

func (p *pad) next(lo, hi uint64) (end uint64, pinned bool) { return p.pinned.Next(lo, hi) }
func (p *pad) mark(lo, hi uint64)                           { p.pinned.Use(lo, hi, true) }

// Pin loads n bytes from addr on, in whole lines, into the scratchpad at a level
// and keeps them there until Unpin. The outcome is that of reading through the
// levels behind what was not pinned yet. More than the scratchpad holds is
// refused, and nothing is pinned then.
func (h *Hierarchy) Pin(level int, addr uint64, n units.Bytes) (Outcome, error) {
	if err := h.checkPad(level); err != nil {
		return Outcome{}, err
	}
	h.begin(addr, n)
	if n <= 0 {
		return h.out, nil
	}
	p := h.pads[level]
	lo, hi := h.linesOf(addr, n)
	if more, free := p.missing(lo, hi), p.free(); more > free {
		return Outcome{}, fault.Userf("sram %s: %d bytes to pin, but %d of %d are free", h.configs[level].Name, more*h.line, free*h.line, h.configs[level].Capacity)
	}
	p.gaps(lo, hi, func(lo, hi uint64) {
		h.reach(level+1, lo, hi, read)
	})
	p.pinned.Use(lo, hi, false)
	return h.out, nil
}

// Keep pins n bytes from addr on, in whole lines, that an access has just
// brought: they are not read again. It reports false, and pins nothing, if they
// do not fit or the level is no scratchpad. A runtime that keeps the weights of
// a shared block for its next run does this, and UnpinAll when another block
// begins.
func (h *Hierarchy) Keep(level int, addr uint64, n units.Bytes) bool {
	if h.checkPad(level) != nil || n <= 0 {
		return false
	}
	p := h.pads[level]
	lo, hi := h.linesOf(addr, n)
	if p.missing(lo, hi) > p.free() {
		return false
	}
	p.pinned.Use(lo, hi, false)
	return true
}

// Unpin gives up what is pinned of n bytes from addr on, in whole lines. Lines
// written meanwhile go to the next cache, or are in the outcome's WriteBack.
func (h *Hierarchy) Unpin(level int, addr uint64, n units.Bytes) (Outcome, error) {
	if err := h.checkPad(level); err != nil {
		return Outcome{}, err
	}
	h.begin(addr, n)
	if n <= 0 {
		return h.out, nil
	}
	p := h.pads[level]
	lo, hi := h.linesOf(addr, n)
	for at := lo; at < hi; {
		end, pinned := p.next(at, hi)
		if pinned {
			h.release(p, at, end)
		}
		at = end
	}
	p.pinned.Remove(lo, hi)
	return h.out, nil
}

// UnpinAll gives up all that is pinned at a level, as Unpin does.
func (h *Hierarchy) UnpinAll(level int) (Outcome, error) {
	if err := h.checkPad(level); err != nil {
		return Outcome{}, err
	}
	h.begin(0, 0)
	p := h.pads[level]
	p.pinned.Drop(p.pinned.Len(), func(lo, hi uint64, dirty bool) {
		for ; dirty && lo < hi; lo++ {
			h.leave(-1, lo, lo+1, true)
		}
	})
	return h.out, nil
}

// linesOf returns the lines that n bytes from addr on touch; n is above zero.
func (h *Hierarchy) linesOf(addr uint64, n units.Bytes) (lo, hi uint64) {
	return addr / h.line, (addr+uint64(n)-1)/h.line + 1
}

// checkPad reports that a level is no scratchpad.
func (h *Hierarchy) checkPad(level int) error {
	if level >= 0 && level < len(h.pads) {
		return nil
	}
	return fault.Userf("level %d of the on-chip memories is no scratchpad; %d of them are, nearest first", level, len(h.pads))
}

// Free returns the bytes of the scratchpad at a level that are not pinned: room
// for tiles. It is 0 at a level that is no scratchpad.
func (h *Hierarchy) Free(level int) units.Bytes {
	if h.checkPad(level) != nil {
		return 0
	}
	return units.Bytes(h.pads[level].free() * h.line)
}

// free returns the lines that nothing is pinned in.
func (p *pad) free() uint64 { return p.capacity - p.pinned.Len() }

// missing returns the lines of a range that are not pinned.
func (p *pad) missing(lo, hi uint64) (n uint64) {
	p.gaps(lo, hi, func(lo, hi uint64) { n += hi - lo })
	return n
}

// gaps calls f with the parts of a range that are not pinned.
func (p *pad) gaps(lo, hi uint64, f func(lo, hi uint64)) {
	for lo < hi {
		end, pinned := p.next(lo, hi)
		if !pinned {
			f(lo, end)
		}
		lo = end
	}
}

// release writes the dirty lines of a pinned range onwards.
func (h *Hierarchy) release(p *pad, lo, hi uint64) {
	for ; lo < hi; lo++ { // one at a time: leave takes lines that meet in no set
		if p.pinned.Dirty(lo) {
			h.leave(-1, lo, lo+1, true)
		}
	}
}
