package sram

import "github.com/memsim/memsim/sim/sram/recency"

// full is a fully associative LRU cache. Its methods are those of spans, for
// ranges that are either held or not (see uniform).
type full struct {
	capacity uint64 // lines
	list     recency.List
}

func newFull(c Config) *full { return &full{capacity: uint64(c.Capacity / c.Line)} }

// uniform returns the end of the longest prefix of a range that can be handled
// at once: all of it held, or none and no more than the cache can take.
func (f *full) uniform(lo, hi uint64) uint64 {
	end, held := f.list.Next(lo, hi)
	if !held {
		end = min(end, lo+f.capacity)
	}
	return end
}

func (f *full) use(runs []run, lo, hi uint64, mark bool) []run {
	_, held := f.list.Next(lo, hi)
	if held {
		f.list.Use(lo, hi, mark)
	}
	return append(runs, run{lo, hi, held, f.list.Dirty(lo)})
}

func (f *full) take(runs []run, lo, hi uint64) []run {
	_, held := f.list.Next(lo, hi)
	dirty := f.list.Dirty(lo)
	if held {
		f.list.Remove(lo, hi)
	}
	return append(runs, run{lo, hi, held, dirty})
}

func (f *full) fill(runs []run, lo, hi uint64, dirty, _ bool, _ uint64) []run {
	from := len(runs)
	if after := f.list.Len() + hi - lo; after > f.capacity {
		f.list.Drop(after-f.capacity, func(lo, hi uint64, dirty bool) {
			runs = appendRun(runs, from, run{lo, hi, true, dirty})
		})
	}
	f.list.Use(lo, hi, dirty)
	return runs
}
