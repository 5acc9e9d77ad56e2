package sram

import "math/bits"

// presence counts the lines that a cache holds, by the part of memory that they
// are of. Parts share counters by a hash: where a counter is zero the cache holds
// no line of the part, which spares looking into the sets for weights that come
// in from DRAM.
type presence struct {
	shift  int // log2 of the lines of a part
	counts [1 << presenceBits]uint32
}

const (
	presenceBits = 10
	largestPart  = 11 // log2 of lines: those of 128 KiB in lines of 64 bytes
)

// newPresence returns the presence in a cache of so many sets, whose ranges are
// no longer than that.
func newPresence(sets uint64) presence {
	return presence{shift: min(bits.Len64(sets)-1, largestPart)}
}

func (p *presence) counter(part uint64) *uint32 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio: neighbours spread evenly
	return &p.counts[part*golden>>(64-presenceBits)]
}

// none reports that no line of a range is held.
func (p *presence) none(lo, hi uint64) bool {
	for part := lo >> p.shift; part <= (hi-1)>>p.shift; part++ {
		if *p.counter(part) != 0 {
			return false
		}
	}
	return true
}

// add notes that a range is held.
func (p *presence) add(lo, hi uint64) { p.change(lo, hi, 1) }

// remove notes that a range that was held is no longer.
func (p *presence) remove(lo, hi uint64) { p.change(lo, hi, -1) }

func (p *presence) change(lo, hi uint64, sign int64) {
	for lo < hi {
		part := lo >> p.shift
		end := min(hi, (part+1)<<p.shift)
		*p.counter(part) += uint32(sign * int64(end-lo))
		lo = end
	}
}
