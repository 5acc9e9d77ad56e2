package flash

import (
	"container/list"

	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/units"
)

// PageCache is the DRAM budget of an app whose weights are mapped from a file:
// the pages used last stay, least recently used pages go.
type PageCache struct {
	page    uint64
	budget  int
	order   *list.List // most recent first
	pages   map[uint64]*list.Element
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
	return &PageCache{page: uint64(page), budget: int(budget / page), order: list.New(), pages: map[uint64]*list.Element{}}, nil
}

// Touch uses n bytes from addr on and returns what has to be read from storage
// for that, in whole pages and order of address. The slice is valid until the
// next call.
func (c *PageCache) Touch(addr uint64, n units.Bytes) (missing []Extent) {
	c.missing = c.missing[:0]
	if n <= 0 {
		return c.missing
	}
	for page := addr / c.page; page <= (addr+uint64(n)-1)/c.page; page++ {
		if e, ok := c.pages[page]; ok {
			c.order.MoveToFront(e)
			continue
		}
		c.missing = units.AppendExtent(c.missing, page*c.page, (page+1)*c.page)
		c.pages[page] = c.order.PushFront(page)
		if c.order.Len() > c.budget {
			last := c.order.Back()
			delete(c.pages, c.order.Remove(last).(uint64))
		}
	}
	return c.missing
}

// Resident is the bytes held now.
func (c *PageCache) Resident() units.Bytes { return units.Bytes(c.order.Len()) * units.Bytes(c.page) }
