package dram

import "github.com/memsim/memsim/units"

// Extent is a contiguous piece of memory that is read or written.
type Extent struct {
	Addr  uint64
	Bytes units.Bytes
	Write bool
}

// A run is what one channel sees of a stream while it stays within one row:
// bursts of successive columns.
type run struct {
	bank   int
	row    int32
	column int32 // of the next burst
	count  int32 // bursts left
	write  bool
}

// A layout is a mapping prepared for cutting extents into runs. The low bits of
// a burst's number, up to the first that names neither column nor channel, make
// a block: within it a channel stays in one row.
type layout struct {
	spec        *Spec
	low         []field // of a block, from the high bits to the low
	blockBits   int
	columnBits  int // of them
	channelBits int // of them
	burstBits   int
}

func newLayout(s *Spec) layout {
	l := layout{spec: s, burstBits: log2(int(s.BurstBytes))}
	for _, f := range s.order {
		if f.kind != partColumn && f.kind != partChannel {
			break
		}
		l.low = append([]field{f}, l.low...)
		l.blockBits += f.width
		if f.kind == partColumn {
			l.columnBits += f.width
		} else {
			l.channelBits += f.width
		}
	}
	return l
}

// before counts the bursts of a channel in a block that come before place p of
// the block.
func (l *layout) before(channel int, p uint64) int32 {
	left, at := l.columnBits, l.blockBits
	var n uint64
	for _, f := range l.low {
		at -= f.width
		digit := p >> at & (1<<f.width - 1)
		if f.kind == partColumn {
			left -= f.width
			n += digit << left
			continue
		}
		switch own := uint64(channel) >> f.shift & (1<<f.width - 1); {
		case digit > own:
			return int32(n + 1<<left)
		case digit < own:
			return int32(n)
		}
	}
	return int32(n)
}

// A cutter cuts extents into the runs of one channel. Extents that continue each
// other are one: the burst in which they meet is moved once.
type cutter struct {
	*layout
	channel int
	extents []Extent
	at, end uint64 // bursts of the current extent that are left
	write   bool
	long    bool // the extent is worth the fast path
}

// nextExtent moves on to the next extent that is not empty.
func (c *cutter) nextExtent() bool {
	for len(c.extents) > 0 {
		e := c.extents[0]
		c.extents = c.extents[1:]
		if e.Bytes <= 0 {
			continue
		}
		end := e.Addr + uint64(e.Bytes)
		for len(c.extents) > 0 && c.extents[0].Addr == end && c.extents[0].Write == e.Write && c.extents[0].Bytes >= 0 {
			end += uint64(c.extents[0].Bytes)
			c.extents = c.extents[1:]
		}
		c.at, c.end, c.write = e.Addr>>c.burstBits, (end-1)>>c.burstBits+1, e.Write
		c.long = c.end-c.at >= longBursts<<c.channelBits
		return true
	}
	return false
}

// next returns the next run, or false at the end.
func (c *cutter) next() (run, bool) {
	for {
		if c.at >= c.end && !c.nextExtent() {
			return run{}, false
		}
		block := c.at >> c.blockBits << c.blockBits
		last := min(c.end, block+1<<c.blockBits)
		from, to := c.at-block, last-block
		c.at = last
		if r, ok := c.cut(block, from, to); ok {
			return r, true
		}
	}
}

// cut returns the run of places from up to to of a block, if the channel has
// any of them.
func (c *cutter) cut(block, from, to uint64) (run, bool) {
	p := c.spec.locate(block)
	if own := c.channel &^ (1<<c.channelBits - 1); p.channel&^(1<<c.channelBits-1) != own && c.channelBits < log2(c.spec.Channels) {
		return run{}, false
	}
	first, end := c.before(c.channel, from), c.before(c.channel, to)
	if to == 1<<c.blockBits {
		end = 1 << c.columnBits
	}
	if first == end {
		return run{}, false
	}
	return run{p.bank, p.row, p.column + first, end - first, c.write}, true
}
