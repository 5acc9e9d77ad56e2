package sram

import (
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Extent is a range of addresses, aligned outwards to whole lines.
type Extent = units.Extent

// Outcome says where the bytes of one access were. Its slices are valid until
// the hierarchy's next access.
type Outcome struct {
	// Hit is, per level, the requested bytes that were found there. A write of a
	// whole line that is nowhere on chip needs nothing from DRAM: the nearest
	// cache takes it, and it counts as hit there.
	Hit []units.Bytes
	// Allocated is the part of Hit that such writes are.
	Allocated units.Bytes
	// Miss is the requested bytes that DRAM serves. The sum of Hit and Miss is
	// the request.
	Miss units.Bytes
	// Fetch is what to read from DRAM, in order of address.
	Fetch []Extent
	// WriteBack is what to write to DRAM: dirty lines that were evicted.
	WriteBack []Extent
}

// Served returns the requested bytes that were found on chip, at any level.
func (o *Outcome) Served() units.Bytes {
	var sum units.Bytes
	for _, n := range o.Hit {
		sum += n
	}
	return sum
}

// store is the contents of one cache, in ranges of lines.
type store interface {
	use(runs []run, lo, hi uint64, mark bool) []run
	take(runs []run, lo, hi uint64) []run
	fill(runs []run, lo, hi uint64, dirty, clean bool, access uint64) []run
}

// level is one cache of a hierarchy.
type level struct {
	store
	inclusion Inclusion
	index     int    // among all levels, scratchpads included
	sets      uint64 // 1 if it is fully associative
}

// Hierarchy is the path of on-chip memories between one unit and DRAM.
type Hierarchy struct {
	configs  []Config
	line     uint64
	pads     []*pad
	caches   []level
	sole     *full      // the only cache, if it is fully associative
	block    uint64     // lines that fall into different sets in each cache
	apart    bool       // the caches know nothing of each other
	asked    []transfer // scratch of passDown: what the next cache is asked for
	beyond   []transfer // and what the one behind it is
	accesses uint64
	request  struct{ addr, end uint64 }
	runs     []run // a stack: callees append, callers cut back
	out      Outcome
	recall   recall // what it does by memory, if it has one
}

// NewHierarchy returns empty levels, nearest to the unit first. No levels at all
// is a unit without on-chip memory: all that it reads or writes goes to DRAM, in
// bursts of 64 bytes.
func NewHierarchy(levels []Config) (*Hierarchy, error) {
	h := &Hierarchy{configs: levels, line: 64, out: Outcome{Hit: make([]units.Bytes, len(levels))}}
	for i, c := range levels {
		if err := c.Validate(); err != nil {
			return nil, err
		}
		if c.Line != levels[0].Line {
			return nil, fault.Userf("sram %s: line of %d bytes, but %s has %d; levels of one unit share a line size", c.Name, c.Line, levels[0].Name, levels[0].Line)
		}
		h.line = uint64(c.Line)
		if c.Kind == Cache {
			h.addCache(i, c)
			continue
		}
		if len(h.caches) > 0 {
			return nil, fault.Userf("sram %s: a scratchpad behind the cache %s; list scratchpads first", c.Name, levels[i-1].Name)
		}
		h.pads = append(h.pads, &pad{capacity: uint64(c.Capacity) / h.line})
	}
	h.apart = h.isIndependent()
	return h, nil
}

func (h *Hierarchy) addCache(index int, c Config) {
	sets, _ := c.sets()
	h.block = gcd(uint64(sets), h.block)
	l := level{inclusion: c.Inclusion, index: index, sets: uint64(sets)}
	if len(h.caches) == 0 {
		l.inclusion = NonInclusive // there is nothing nearer to relate to
	}
	if c.Ways == 0 {
		h.sole = newFull(c)
		l.store = h.sole
	} else {
		l.store = newSpans(c)
	}
	if len(h.caches) > 0 {
		h.sole = nil
	}
	h.caches = append(h.caches, l)
}

// gcd returns the greatest common divisor of a and b; gcd(a, 0) is a.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Access reads or writes the n bytes from addr on.
func (h *Hierarchy) Access(addr uint64, n units.Bytes, write bool) Outcome {
	if h.recall.memo != nil {
		return h.remembered(access{addr, n, write})
	}
	return h.answer(access{addr, n, write})
}

// answer is Access without memory.
func (h *Hierarchy) answer(a access) Outcome {
	h.begin(a.addr, a.n)
	if a.n <= 0 {
		return h.out
	}
	first, last := a.addr/h.line, (a.addr+uint64(a.n)-1)/h.line+1
	if !a.write {
		h.reach(0, first, last, read)
		return h.out
	}
	// Of the lines written, the first and the last may be written in part.
	whole, wholeEnd := first, (a.addr+uint64(a.n))/h.line
	if a.addr%h.line != 0 {
		whole++
	}
	if whole > wholeEnd { // within one line
		h.reach(0, first, last, writePart)
		return h.out
	}
	h.reach(0, first, whole, writePart)
	h.reach(0, whole, wholeEnd, writeWhole)
	h.reach(0, wholeEnd, last, writePart)
	return h.out
}

// begin resets the outcome for a request.
func (h *Hierarchy) begin(addr uint64, n units.Bytes) {
	clear(h.out.Hit)
	h.out = Outcome{Hit: h.out.Hit, Fetch: h.out.Fetch[:0], WriteBack: h.out.WriteBack[:0]}
	h.accesses++
	h.request.addr, h.request.end = addr, addr+uint64(max(0, n))
}

// intent is what an access does to a line.
type intent uint8

const (
	read       intent = iota
	writePart         // needs the rest of the line
	writeWhole        // needs nothing of it
)

// reach handles a range of lines from the scratchpad p on.
func (h *Hierarchy) reach(p int, lo, hi uint64, k intent) {
	if p == len(h.pads) {
		h.cached(lo, hi, k)
		return
	}
	for lo < hi {
		end, pinned := h.pads[p].next(lo, hi)
		if pinned {
			h.hit(p, lo, end)
			if k != read {
				h.pads[p].mark(lo, end)
			}
		} else {
			h.reach(p+1, lo, end, k)
		}
		lo = end
	}
}

// cached handles a range of lines from the nearest cache on, in pieces that are
// exact at once. Within a piece no two lines, nor what they evict from any
// level, meet in a set of any cache: such a line and all that it evicts are
// equal modulo h.block. So the order among the lines of a piece is free, and
// each can be taken through a level as a range.
func (h *Hierarchy) cached(lo, hi uint64, k intent) {
	if len(h.caches) == 0 {
		h.direct(lo, hi, k)
		return
	}
	if h.apart {
		h.passDown(lo, hi, k)
		return
	}
	for lo < hi {
		end := min(hi, (lo/h.block+1)*h.block)
		if h.sole != nil {
			end = h.sole.uniform(lo, hi)
		}
		h.fetch(0, lo, end, k)
		h.runs = h.runs[:0]
		lo = end
	}
}

// direct handles a range of lines when there is no cache.
func (h *Hierarchy) direct(lo, hi uint64, k intent) {
	h.out.Miss += h.requested(lo, hi)
	if k == read {
		h.out.Fetch = h.extend(h.out.Fetch, lo, hi)
	} else {
		h.out.WriteBack = h.extend(h.out.WriteBack, lo, hi)
	}
}

// fetch brings a range of lines from cache i or from beyond, fills caches on the
// way, and appends runs that cover the range: those are dirty that left a level
// for the nearer one as dirty.
func (h *Hierarchy) fetch(i int, lo, hi uint64, k intent) {
	if i == len(h.caches) {
		h.miss(lo, hi, k)
		h.runs = append(h.runs, run{lo: lo, hi: hi})
		return
	}
	from := len(h.runs)
	h.lookUp(i, lo, hi, i == 0 && k != read)
	to := len(h.runs)
	for at := from; at < to; at++ {
		r := h.runs[at]
		if r.held {
			h.hit(h.caches[i].index, r.lo, r.hi)
			h.runs = appendRun(h.runs, to, run{lo: r.lo, hi: r.hi, dirty: r.dirty})
			continue
		}
		h.fetchMissing(i, to, r, k)
	}
	h.runs = h.runs[:from+copy(h.runs[from:], h.runs[to:])]
}

// lookUp appends runs that say what cache i holds of a range. An exclusive one
// gives up what it holds, with its dirt.
func (h *Hierarchy) lookUp(i int, lo, hi uint64, mark bool) {
	l := &h.caches[i]
	if l.inclusion == Exclusive {
		h.runs = l.take(h.runs, lo, hi)
		return
	}
	from := len(h.runs)
	h.runs = l.use(h.runs, lo, hi, mark)
	for k := from; k < len(h.runs); k++ {
		h.runs[k].dirty = false // it stays here
	}
}

// fetchMissing brings a run that cache i does not hold from beyond, and fills it
// in where the level takes part.
func (h *Hierarchy) fetchMissing(i, joinFrom int, r run, k intent) {
	from := len(h.runs)
	h.fetch(i+1, r.lo, r.hi, k)
	if h.passesBy(i, k) {
		return
	}
	for at := from; at < len(h.runs); at++ {
		h.fill(i, h.runs[at].lo, h.runs[at].hi, h.runs[at].dirty || i == 0 && k != read)
	}
	h.runs = appendRun(h.runs[:from], joinFrom, run{lo: r.lo, hi: r.hi})
}

// passesBy reports that a line on its way to the unit is not filled into cache
// i: an exclusive one takes only what the nearer one evicts, and a line that is
// written whole has no data yet that a non-inclusive one could keep.
func (h *Hierarchy) passesBy(i int, k intent) bool {
	if i == 0 {
		return false
	}
	inclusion := h.caches[i].inclusion
	return inclusion == Exclusive || k == writeWhole && inclusion == NonInclusive
}

// fill puts a range into cache i and sends on what it evicts.
func (h *Hierarchy) fill(i int, lo, hi uint64, dirty bool) {
	from := len(h.runs)
	h.runs = h.caches[i].fill(h.runs, lo, hi, dirty, h.followsClean(i), h.accesses)
	for at := from; at < len(h.runs); at++ { // callees restore the stack
		v := h.runs[at]
		h.evict(i, i-1, v.lo, v.hi, v.dirty)
	}
	h.runs = h.runs[:from]
}

// followsClean reports whether clean lines that leave cache i have consequences.
func (h *Hierarchy) followsClean(i int) bool {
	return h.caches[i].inclusion == Inclusive || i+1 < len(h.caches) && h.caches[i+1].inclusion == Exclusive
}

// evict sends on a range that left cache i. Where i is inclusive the range
// leaves caches j and nearer as well; a dirty copy there is the newest.
func (h *Hierarchy) evict(i, j int, lo, hi uint64, dirty bool) {
	if j < 0 || h.caches[i].inclusion != Inclusive {
		h.leave(i, lo, hi, dirty)
		return
	}
	from := len(h.runs)
	h.runs = h.caches[j].take(h.runs, lo, hi)
	to := len(h.runs)
	for at := from; at < to; at++ {
		r := h.runs[at]
		h.evict(i, j-1, r.lo, r.hi, dirty || r.dirty)
	}
	h.runs = h.runs[:from]
}

// leave hands a range that left cache i to the next one: dirty lines always,
// clean ones if it is exclusive.
func (h *Hierarchy) leave(i int, lo, hi uint64, dirty bool) {
	next := i + 1
	if next == len(h.caches) {
		if dirty {
			h.out.WriteBack = h.extend(h.out.WriteBack, lo, hi)
		}
		return
	}
	if !dirty && h.caches[next].inclusion != Exclusive {
		return
	}
	from := len(h.runs)
	h.runs = h.caches[next].use(h.runs, lo, hi, dirty)
	to := len(h.runs)
	for at := from; at < to; at++ {
		if r := h.runs[at]; !r.held {
			h.place(next, r.lo, r.hi, dirty)
		}
	}
	h.runs = h.runs[:from]
}

// place fills an evicted range into cache i. If the cache behind is exclusive
// its older copy goes.
func (h *Hierarchy) place(i int, lo, hi uint64, dirty bool) {
	behind := i + 1
	if behind == len(h.caches) || h.caches[behind].inclusion != Exclusive {
		h.fill(i, lo, hi, dirty)
		return
	}
	from := len(h.runs)
	h.runs = h.caches[behind].take(h.runs, lo, hi)
	to := len(h.runs)
	for at := from; at < to; at++ {
		r := h.runs[at]
		h.fill(i, r.lo, r.hi, dirty || r.dirty)
	}
	h.runs = h.runs[:from]
}

// hit counts the requested bytes of lines found at a level.
func (h *Hierarchy) hit(level int, lo, hi uint64) {
	h.out.Hit[level] += h.requested(lo, hi)
}

// miss counts the requested bytes of lines that no level holds.
func (h *Hierarchy) miss(lo, hi uint64, k intent) {
	n := h.requested(lo, hi)
	if k == writeWhole {
		h.out.Hit[h.caches[0].index] += n
		h.out.Allocated += n
		return
	}
	h.out.Miss += n
	h.out.Fetch = h.extend(h.out.Fetch, lo, hi)
}

// requested returns the bytes of lines that the present access asks for.
func (h *Hierarchy) requested(lo, hi uint64) units.Bytes {
	return overlap(lo*h.line, hi*h.line, h.request.addr, h.request.end)
}

// overlap returns the bytes that [lo, hi) and [from, to), which meet, have in
// common. It compares last bytes: the end of the address space has no address.
func overlap(lo, hi, from, to uint64) units.Bytes {
	return units.Bytes(min(hi-1, to-1) - max(lo, from) + 1)
}

func (h *Hierarchy) extend(list []Extent, lo, hi uint64) []Extent {
	return units.AppendExtent(list, lo*h.line, hi*h.line)
}
