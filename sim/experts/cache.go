package experts

import (
	"cmp"
	"container/heap"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Policy says which expert a full cache evicts.
type Policy string

// The policies.
const (
	LRU    Policy = "lru"
	LFU    Policy = "lfu"
	Pinned Policy = "pinned"
)

// Policies are the names of all policies.
var Policies = []string{string(LRU), string(LFU), string(Pinned)}

// Key names an expert.
type Key struct{ Layer, Expert int32 }

// Counts are what a cache was asked for.
type Counts struct {
	Uses int64 // experts chosen
	Hits int64
	Read units.Bytes
}

// Cache holds experts up to a capacity.
type Cache struct {
	capacity units.Bytes
	policy   Policy
	used     units.Bytes
	clock    int64
	chosen   map[Key]int64 // how often, since the start
	held     map[Key]*entry
	victims  victims
	missing  []int32
	Counts
}

// entry is an expert that is held.
type entry struct {
	key   Key
	bytes units.Bytes
	count int64 // LFU: how often it was chosen
	last  int64 // when it was used last
	index int   // in the heap
}

// NewCache returns an empty cache. One of no capacity holds nothing: every expert
// is read each time.
func NewCache(capacity units.Bytes, p Policy) (*Cache, error) {
	switch {
	case capacity < 0:
		return nil, fault.Userf("an expert cache of %d bytes: give a size", capacity)
	case p != LRU && p != LFU && p != Pinned:
		return nil, fault.Userf("expert policy %q is not known; choose lru, lfu or pinned", p)
	}
	return &Cache{capacity: capacity, policy: p, chosen: map[Key]int64{}, held: map[Key]*entry{}}, nil
}

// Use serves the experts that a layer chose, each of bytes, and returns those
// that have to be read, in their order. The slice is valid until the next call.
func (c *Cache) Use(layer int32, chosen []int32, bytes units.Bytes) (missing []int32) {
	c.missing = c.missing[:0]
	for _, expert := range chosen {
		key := Key{layer, expert}
		c.chosen[key]++
		e, ok := c.held[key]
		if !ok {
			c.missing = append(c.missing, expert)
			continue
		}
		c.touch(e)
		heap.Fix(&c.victims, e.index)
	}
	for _, expert := range c.missing {
		c.insert(Key{layer, expert}, bytes)
	}
	c.Uses += int64(len(chosen))
	c.Hits += int64(len(chosen) - len(c.missing))
	c.Read += bytes * units.Bytes(len(c.missing))
	return c.missing
}

func (c *Cache) touch(e *entry) {
	c.clock++
	e.last = c.clock
	if c.policy == LFU {
		e.count = c.chosen[e.key]
	}
}

// insert puts an expert in the place of victims, unless it cannot fit.
func (c *Cache) insert(key Key, bytes units.Bytes) {
	if bytes > c.capacity || c.policy == Pinned && c.used+bytes > c.capacity {
		return
	}
	for c.used+bytes > c.capacity {
		e := heap.Pop(&c.victims).(*entry)
		delete(c.held, e.key)
		c.used -= e.bytes
	}
	e := &entry{key: key, bytes: bytes}
	c.touch(e)
	c.held[key] = e
	c.used += bytes
	heap.Push(&c.victims, e)
}

// Resident returns the bytes held now.
func (c *Cache) Resident() units.Bytes { return c.used }

// HitRate returns the share of chosen experts that were held, 0 if none was
// chosen.
func (c Counts) HitRate() float64 {
	if c.Uses == 0 {
		return 0
	}
	return float64(c.Hits) / float64(c.Uses)
}

// Minus returns what was asked for since before.
func (c Counts) Minus(before Counts) Counts {
	return Counts{c.Uses - before.Uses, c.Hits - before.Hits, c.Read - before.Read}
}

// victims is a heap of what is held, the next victim first.
type victims []*entry

func (v victims) Len() int { return len(v) }
func (v victims) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(v[i].count, v[j].count), cmp.Compare(v[i].last, v[j].last)) < 0
}
func (v victims) Swap(i, j int) {
	v[i], v[j] = v[j], v[i]
	v[i].index, v[j].index = i, j
}
func (v *victims) Push(x any) {
	e := x.(*entry)
	e.index = len(*v)
	*v = append(*v, e)
}
func (v *victims) Pop() any {
	last := len(*v) - 1
	e := (*v)[last]
	*v = (*v)[:last]
	return e
}
