package flash

import (
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sram/recency"
	"github.com/memsim/memsim/units"
)

// PageCache is the DRAM budget of an app whose weights are mapped from a file:
// the pages used last stay, those used longest ago go. Pages are clean, so that
// going costs nothing; coming back costs a read.
type PageCache struct {
	page    uint64
	budget  uint64 // pages
	pages   recency.List
	missing []Extent
}

// NewPageCache returns an empty page cache of budget bytes.
func NewPageCache(budget, page units.Bytes) (*PageCache, error) {
	if page <= 0 || page&(page-1) != 0 {
		return nil, fault.Userf("page cache: page of %d bytes is not a power of two", page)
	}
	if budget < page {
		return nil, fault.Userf("page cache: a budget of %d bytes holds no page of %d", budget, page)
	}
	return &PageCache{page: uint64(page), budget: uint64(budget / page)}, nil
}

// Touch uses n bytes from addr on and returns what has to be read from storage
// for that, in whole pages and order of address. The slice is valid until the
// next call.
func (c *PageCache) Touch(addr uint64, n units.Bytes) (missing []Extent) {
	c.missing = c.missing[:0]
	if n <= 0 {
		return c.missing
	}
	lo, hi := addr/c.page, (addr+uint64(n)-1)/c.page+1
	for lo < hi {
		end, held := c.pages.Next(lo, hi)
		if !held {
			end = min(end, lo+c.budget) // more would evict itself
			c.missing = units.AppendExtent(c.missing, lo*c.page, end*c.page)
		}
		c.use(lo, end, held)
		lo = end
	}
	return c.missing
}

// use makes pages the newest, those that are new in place of the oldest.
func (c *PageCache) use(lo, hi uint64, held bool) {
	if after := c.pages.Len() + hi - lo; !held && after > c.budget {
		c.pages.Drop(after-c.budget, func(uint64, uint64, bool) {})
	}
	c.pages.Use(lo, hi, false)
}

// Resident returns the bytes held now.
func (c *PageCache) Resident() units.Bytes { return units.Bytes(c.pages.Len() * c.page) }
