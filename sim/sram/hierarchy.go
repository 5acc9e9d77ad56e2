package sram

import (
	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/units"
)

// Extent is a range of addresses, aligned outwards to whole lines.
type Extent = units.Extent

// Outcome says where the bytes of one access were. Its slices are valid until
// the hierarchy's next access.
type Outcome struct {
	// Hit is, per level, the requested bytes that were found there. A write of a
	// whole line that is nowhere on chip needs nothing from DRAM: the nearest
	// level takes it, and it counts as hit there.
	Hit []units.Bytes
	// Allocated is the part of Hit that such writes are.
	Allocated units.Bytes
	// Miss is the requested bytes that DRAM serves. The sum of Hit and Miss is
	// the request.
	Miss units.Bytes
	// Fetch is what to read from DRAM, in order of address.
	Fetch []Extent
	// WriteBack is what to write to DRAM, in the order of eviction.
	WriteBack []Extent
}

// NewHierarchy returns empty levels, nearest to the unit first. No levels at all
// is a unit without on-chip memory: all that it reads or writes goes to DRAM.
func NewHierarchy(levels []Config) (*Hierarchy, error) {
	for i, c := range levels {
		if err := c.Validate(); err != nil {
			return nil, err
		}
		if c.Line != levels[0].Line {
			return nil, fault.Userf("sram %s: line of %d bytes, but %s has %d; levels of one unit share a line size", c.Name, c.Line, levels[0].Name, levels[0].Line)
		}
		if c.Kind == Scratchpad && i > 0 && levels[i-1].Kind == Cache {
			return nil, fault.Userf("sram %s: a scratchpad behind the cache %s; list scratchpads first", c.Name, levels[i-1].Name)
		}
	}
	return build(levels), nil
}
