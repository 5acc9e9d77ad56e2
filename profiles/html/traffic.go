package html

import (
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// traffic is DRAM traffic over time in a bounded number of equal bins. When a
// run outgrows them, the bins are merged in pairs and become twice as wide, so
// that a run of any length ends with half to all of them filled.
//
// The bytes of a row are spread evenly over its span; no byte is lost to
// rounding: the bins sum to what was added.
type traffic struct {
	width  units.Picoseconds // of a bin
	bins   []moved
	end    units.Picoseconds
	phases []interval // consecutive rows of one phase
}

// moved is what moved during a bin.
type moved struct{ read, written, flash units.Bytes }

// interval is the span of a phase.
type interval struct {
	phase      traces.Phase
	start, end units.Picoseconds
}

const (
	maxBins    = 480
	firstWidth = 100 * units.Nanosecond
)

func (t *traffic) add(r *sim.Row) {
	if r.Phase == traces.Load {
		return // seconds of storage traffic would hide milliseconds of decode
	}
	if t.width == 0 {
		t.width = firstWidth
	}
	t.mark(r)
	t.end = max(t.end, r.End)
	for r.End > t.width*maxBins {
		t.merge()
	}
	b := r.Bytes()
	t.spread(r.Start, r.End, moved{b.DRAMRead, b.DRAMWrite, b.FlashRead})
}

func (t *traffic) mark(r *sim.Row) {
	if n := len(t.phases); n > 0 && t.phases[n-1].phase == r.Phase {
		t.phases[n-1].end = r.End
		return
	}
	t.phases = append(t.phases, interval{r.Phase, r.Start, r.End})
}

func (t *traffic) merge() {
	half := (len(t.bins) + 1) / 2
	for i := range half {
		sum := t.bins[2*i]
		if 2*i+1 < len(t.bins) {
			sum = sum.plus(t.bins[2*i+1])
		}
		t.bins[i] = sum
	}
	t.bins = t.bins[:half]
	t.width *= 2
}

// spread adds m to the bins between from and to, each its share by time.
func (t *traffic) spread(from, to units.Picoseconds, m moved) {
	first, last := int(from/t.width), int(max(from, to-1)/t.width)
	for len(t.bins) <= last {
		t.bins = append(t.bins, moved{})
	}
	var done moved
	for i := first; i <= last; i++ {
		until := min(to, units.Picoseconds(i+1)*t.width)
		upTo := m
		if i < last {
			upTo = m.scale(float64(until-from) / float64(to-from))
		}
		t.bins[i] = t.bins[i].plus(upTo.minus(done))
		done = upTo
	}
}

func (m moved) plus(o moved) moved {
	return moved{m.read + o.read, m.written + o.written, m.flash + o.flash}
}

func (m moved) minus(o moved) moved {
	return moved{m.read - o.read, m.written - o.written, m.flash - o.flash}
}

func (m moved) scale(f float64) moved {
	return moved{units.Bytes(float64(m.read) * f), units.Bytes(float64(m.written) * f), units.Bytes(float64(m.flash) * f)}
}

// start returns when the first phase began.
func (t *traffic) start() units.Picoseconds {
	if len(t.phases) == 0 {
		return 0
	}
	return t.phases[0].start
}
