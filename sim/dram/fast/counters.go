package fast

import (
	"math"
	"math/bits"

	"github.com/memsim/memsim/sim/dram"
)

// packed are Counters in half the space.
type packed [len(dram.Counters{})]uint32

// pack packs counters. It fails if one does not fit: of a busy period of seconds.
func pack(c dram.Counters) (p packed, ok bool) {
	for i := range p {
		if c[i] > math.MaxUint32 {
			return p, false
		}
		p[i] = uint32(c[i])
	}
	return p, true
}

func (p *packed) addTo(c *dram.Counters) {
	for i := range c {
		c[i] += int64(p[i])
	}
}

// left returns the clocks for which times still delay something.
func left(t *dram.Times, now int64) (l dram.Times) {
	for col := range dram.NColumns {
		l[col] = max(t[col]-now, 0)
	}
	return l
}

// after returns the latest of the times, or now.
func after(t *dram.Times, now int64) int64 {
	for col := range dram.NColumns {
		now = max(now, t[col])
	}
	return now
}

func log2(n int) int { return bits.Len64(uint64(n)) - 1 }

// each calls f with the elements of a set of banks.
func each(set uint64, f func(bank int)) {
	for ; set != 0; set &= set - 1 {
		f(bits.TrailingZeros64(set))
	}
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
