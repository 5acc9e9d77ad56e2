package sram

import (
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Stream is the part of a scratchpad through which operands pass that are not
// pinned, in tiles: with two buffers one tile is computed with while the next
// one arrives in the other.
type Stream struct {
	Tile    units.Bytes
	Buffers int
}

// Stream divides what is free of the scratchpad at a level into buffers.
func (h *Hierarchy) Stream(level, buffers int) (Stream, error) {
	if err := h.checkPad(level); err != nil {
		return Stream{}, err
	}
	if buffers < 1 {
		return Stream{}, fault.Userf("sram %s: %d buffers; at least 1", h.configs[level].Name, buffers)
	}
	line := units.Bytes(h.line)
	tile := h.Free(level) / units.Bytes(buffers) / line * line
	if tile == 0 {
		return Stream{}, fault.Userf("sram %s: %d bytes that are not pinned make no %d buffers of a line; pin less", h.configs[level].Name, h.Free(level), buffers)
	}
	return Stream{Tile: tile, Buffers: buffers}, nil
}

// Tiles returns the tiles that n bytes take.
func (s Stream) Tiles(n units.Bytes) int64 { return int64((n + s.Tile - 1) / s.Tile) }

// Time returns how long an operator over n streamed bytes takes whose operands
// take fetch to arrive and whose arithmetic takes compute, each evenly over the
// bytes. A tile is fetched when the one before has arrived and a buffer is
// free, and computed with when it has arrived and the one before is done. For T
// whole tiles of f and c each and two or more buffers that is the textbook's
// f + (T-1)·max(f, c) + c.
func (s Stream) Time(n units.Bytes, fetch, compute units.Picoseconds) units.Picoseconds {
	if n <= 0 {
		return fetch + compute
	}
	done := make([]units.Picoseconds, s.Buffers) // of the last tiles in each buffer
	var arrived, computed units.Picoseconds
	part := func(total units.Picoseconds, from, to units.Bytes) units.Picoseconds {
		share := func(upTo units.Bytes) units.Picoseconds {
			return units.Picoseconds(float64(total) * float64(upTo) / float64(n))
		}
		return share(to) - share(from)
	}
	for i, from := 0, units.Bytes(0); from < n; i, from = i+1, from+s.Tile {
		to := min(from+s.Tile, n)
		buffer := &done[i%s.Buffers]
		arrived = max(arrived, *buffer) + part(fetch, from, to)
		computed = max(computed, arrived) + part(compute, from, to)
		*buffer = computed
	}
	return computed
}
