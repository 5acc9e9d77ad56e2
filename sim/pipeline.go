package sim

import "github.com/memsim/memsim/units"

// stage is what an operator asks of the machine: the time that its operands
// take to arrive and the time that its arithmetic takes, each if the other were
// free.
type stage struct {
	fetch   units.Picoseconds
	compute units.Picoseconds
	tiles   int64 // pieces in which the operands stream in, at least 1
	buffers int64 // pieces that fit on chip at once
	// ahead is the part of fetch that does not depend on earlier operators
	// (weights), and window the time for which the memory pipe was idle before
	// the stage began; both are 0 without a prefetcher.
	ahead  units.Picoseconds
	window units.Picoseconds
	// exposed is the share of the shorter of fetch and arithmetic that does not hide
	// behind the longer: cores that wait for a line compute nothing meanwhile.
	exposed float64
}

// span is where the time of a stage went once fetch and compute overlap. Memory
// and Compute sum to its length.
type span struct {
	memory  units.Picoseconds // waiting for operands
	compute units.Picoseconds // waiting for arithmetic
	tail    units.Picoseconds // idle time of the memory pipe at the end
}

// overlap runs a stage through a pipeline of tiles: while one tile is computed
// the next is fetched into the other buffer. The first tile has nothing to hide
// behind, nor has the last tile's arithmetic: for T tiles of fetch time f and
// compute time c, that takes f + (T-1)·max(f, c) + c. With a single buffer, or a
// single tile, fetch and compute take turns. Tile by tile, sram.Stream.Time comes to
// the same.
// Of what hides so, the exposed share shows all the same.
//
// A prefetcher fills buffers with weights while the memory pipe would be idle
// before the stage begins.
func (s stage) overlap() span {
	fetch := s.fetch - s.prefetched()
	tiles := units.Picoseconds(s.tiles)
	if s.buffers < 2 || s.tiles < 2 {
		return span{fetch, s.compute, s.compute}
	}
	last := s.compute / tiles
	if fetch >= s.compute {
		return span{fetch, last + s.shown(s.compute-last), last}
	}
	return span{fetch/tiles + s.shown(fetch-fetch/tiles), s.compute, last}
}

// shown is the part of hidden time that shows.
func (s stage) shown(hidden units.Picoseconds) units.Picoseconds {
	return units.Picoseconds(float64(hidden) * s.exposed)
}

// prefetched is the fetch time that a prefetcher hides: bounded by the idle
// window, by the buffers, and by what is known ahead.
func (s stage) prefetched() units.Picoseconds {
	buffered := s.fetch
	if s.buffers < s.tiles {
		buffered = s.fetch / units.Picoseconds(s.tiles) * units.Picoseconds(s.buffers)
	}
	return min(s.window, buffered, s.ahead)
}
