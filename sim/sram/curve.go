package sram

import (
	"iter"
	"slices"
	"sort"

	"github.com/memsim/memsim/units"
)

// Curve says what a sequence of accesses misses in a fully associative LRU
// cache, for each capacity.
type Curve struct {
	Requested units.Bytes
	Cold      units.Bytes // first uses, which miss whatever the capacity
	Steps     []Step      // by rising capacity
}

// Step is a capacity from which on some bytes are hit that a smaller cache
// misses.
type Step struct {
	Capacity units.Bytes
	Bytes    units.Bytes
}

// Misses returns the requested bytes that a cache of a capacity misses.
func (c Curve) Misses(capacity units.Bytes) units.Bytes {
	missed := c.Requested
	for _, s := range c.Steps {
		if s.Capacity > capacity {
			break
		}
		missed -= s.Bytes
	}
	return missed
}

// HitRate returns the share of the requested bytes that a cache of a capacity
// hits, 0 for an empty curve.
func (c Curve) HitRate(capacity units.Bytes) float64 {
	if c.Requested == 0 {
		return 0
	}
	return 1 - float64(c.Misses(capacity))/float64(c.Requested)
}

// Capacity returns the least capacity at which the hit rate reaches a share of
// what any capacity can reach: Capacity(1) hits all but first uses. It is 0 for
// a curve without a second use.
func (c Curve) Capacity(share float64) units.Bytes {
	reachable := float64(c.Requested - c.Cold)
	var hit units.Bytes
	for _, s := range c.Steps {
		hit += s.Bytes
		if float64(hit) >= share*reachable {
			return s.Capacity
		}
	}
	return 0
}

// Use is one access of a sequence, with what it is to be counted under: a
// tensor, a layer.
type Use[K comparable] struct {
	Key   K
	Addr  uint64
	Bytes units.Bytes
}

// MissCurve passes over a sequence of accesses once and returns what is needed
// for the curve of any of its keys.
func MissCurve[K comparable](line units.Bytes, uses iter.Seq[Use[K]]) *Distances[K] {
	d := NewDistances[K](line)
	for u := range uses {
		d.Add(u)
	}
	return d
}

// Distances are the stack distances of a sequence of accesses (Mattson et al.,
// 1970): for each line used again, the number of different lines used since,
// itself included. That is the least capacity, in lines, at which a fully
// associative LRU cache hits. Lines are handled in ranges, as in a Hierarchy: all
// lines of a range that was used as one have the same distance when it is used
// so again, and any part of it too.
type Distances[K comparable] struct {
	line  uint64
	now   int32
	lines []stretch // sorted, disjoint
	count fenwick   // lines by time of last use
	keys  []K       // in order of first use
	of    map[K]*histogram
}

// stretch is a range of lines last used by one access, in rising order.
type stretch struct {
	lo, hi uint64
	end    uint64 // of all lines of that access
	time   int32
}

// histogram counts the bytes of one key by distance.
type histogram struct {
	requested, cold units.Bytes
	at              map[uint64]units.Bytes
}

// NewDistances returns the distances of an empty sequence, for lines of a size
// that is a power of two.
func NewDistances[K comparable](line units.Bytes) *Distances[K] {
	return &Distances[K]{line: uint64(line), of: map[K]*histogram{}, count: make(fenwick, 1024)}
}

// Keys returns the keys in the order of their first use.
func (d *Distances[K]) Keys() []K { return d.keys }

// Curve returns the curve of the accesses whose keys keep accepts; nil accepts
// all. What it keeps was in one cache with all the others.
func (d *Distances[K]) Curve(keep func(K) bool) Curve {
	var c Curve
	at := map[uint64]units.Bytes{}
	for _, k := range d.keys {
		if keep != nil && !keep(k) {
			continue
		}
		h := d.of[k]
		c.Requested += h.requested
		c.Cold += h.cold
		for distance, n := range h.at {
			at[distance] += n
		}
	}
	for distance, n := range at {
		c.Steps = append(c.Steps, Step{units.Bytes(distance * d.line), n})
	}
	slices.SortFunc(c.Steps, func(a, b Step) int { return int(a.Capacity - b.Capacity) })
	return c
}

// Add takes the next access.
func (d *Distances[K]) Add(u Use[K]) {
	h := d.histogram(u.Key)
	if u.Bytes <= 0 {
		return
	}
	d.tick()
	lo, hi := u.Addr/d.line, (u.Addr+uint64(u.Bytes)-1)/d.line+1
	requested := func(lo, hi uint64) units.Bytes {
		return overlap(lo*d.line, hi*d.line, u.Addr, u.Addr+uint64(u.Bytes))
	}
	h.requested += u.Bytes
	from := sort.Search(len(d.lines), func(i int) bool { return d.lines[i].hi > lo })
	to, at := from, lo
	for ; to < len(d.lines) && d.lines[to].lo < hi; to++ {
		s := d.lines[to]
		if at < s.lo {
			h.cold += requested(at, s.lo)
			d.count.add(d.now, int64(s.lo-at))
			at = s.lo
		}
		end := min(s.hi, hi)
		h.at[d.distance(to, at)] += requested(at, end)
		d.count.add(s.time, -int64(end-at))
		d.count.add(d.now, int64(end-at))
		at = end
	}
	if at < hi {
		h.cold += requested(at, hi)
		d.count.add(d.now, int64(hi-at))
	}
	d.replace(from, to, lo, hi)
}

// distance returns the distance of the lines from at on in the stretch at place
// i: the lines used later than it, and those of its access from at on.
func (d *Distances[K]) distance(i int, at uint64) uint64 {
	s := d.lines[i]
	later := uint64(d.count.after(s.time)) + s.hi - at
	for _, next := range d.lines[i+1:] {
		if next.lo >= s.end {
			break
		}
		if next.time == s.time {
			later += next.hi - next.lo
		}
	}
	return later
}

// replace puts the lines from lo up to hi, just used, in place of the stretches
// from up to to, of which the first and the last may reach beyond them.
func (d *Distances[K]) replace(from, to int, lo, hi uint64) {
	var parts [3]stretch
	n := 0
	if from < to && d.lines[from].lo < lo {
		parts[n] = d.lines[from]
		parts[n].hi = lo
		n++
	}
	parts[n] = stretch{lo, hi, hi, d.now}
	n++
	if from < to && d.lines[to-1].hi > hi {
		parts[n] = d.lines[to-1]
		parts[n].lo = hi
		n++
	}
	d.lines = slices.Replace(d.lines, from, to, parts[:n]...)
}

func (d *Distances[K]) histogram(key K) *histogram {
	h, ok := d.of[key]
	if !ok {
		h = &histogram{at: map[uint64]units.Bytes{}}
		d.of[key] = h
		d.keys = append(d.keys, key)
	}
	return h
}

// tick moves time on. When the counted span of time is full, times at which
// nothing was used last are left out.
func (d *Distances[K]) tick() {
	d.now++
	if int(d.now) < len(d.count) {
		return
	}
	times := make([]int32, len(d.lines))
	for i, s := range d.lines {
		times[i] = s.time
	}
	slices.Sort(times)
	times = slices.Compact(times)
	d.count = make(fenwick, max(1024, 4*len(times)))
	for i := range d.lines {
		s := &d.lines[i]
		t, _ := slices.BinarySearch(times, s.time)
		s.time = int32(t) + 1
		d.count.add(s.time, int64(s.hi-s.lo))
	}
	d.now = int32(len(times)) + 1
}

// fenwick is a binary indexed tree: counts by time, from 1 on, with sums over
// spans of it in logarithmic time.
type fenwick []int64

func (f fenwick) add(at int32, n int64) {
	for i := int(at); i < len(f); i += i & -i {
		f[i] += n
	}
}

// after returns the sum of the counts behind a time.
func (f fenwick) after(at int32) int64 {
	return f.upTo(len(f)-1) - f.upTo(int(at))
}

func (f fenwick) upTo(i int) (sum int64) {
	for ; i > 0; i -= i & -i {
		sum += f[i]
	}
	return sum
}
