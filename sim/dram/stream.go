package dram

import "github.com/memsim/memsim/units"

// Extent is a contiguous piece of memory that is read or written.
type Extent struct {
	Addr  uint64
	Bytes units.Bytes
	Write bool
}

// A run is a piece of a stream as one channel sees it: successive bursts of one
// row in one bank, or in the banks of all groups in turn if the mapping
// interleaves them.
type run struct {
	bank  int   // of the first lane: the bank, or the one of group 0
	twist int   // lanes are groups, XORed with this
	row   int32 //
	first int32 // column at which the block begins
	at    int32 // place in the block of the next burst
	count int32 // bursts left
	write bool
}

// maxLanes bounds the banks over which a run may be interleaved; runBursts is how
// many bursts a run has at most.
const (
	maxLanes  = 8
	runBursts = 64
)

// A layout is a mapping prepared for cutting extents into runs. The low bits of
// a burst's number, up to the first that names neither column, channel nor bank
// group, make a block: within it a channel stays in one row of one bank of each
// group. Each of these banks is a lane.
type layout struct {
	spec        *Spec
	low         []field // of a block, from the high bits to the low
	blockBits   int
	ownBits     int // of them, those that do not name the channel
	channelBits int // the others
	burstBits   int
	rowShift    int // see sessionKey
	lanes       int
	period      int32   // places after which lanes repeat
	lane        []uint8 // by place in the block
	column      []int32 // by place in the block
}

func newLayout(s *Spec) layout {
	l := layout{spec: s, burstBits: log2(int(s.BurstBytes)), rowShift: rowShift(s), lanes: 1, period: 1}
	low := s.order[:blockFields(s)]
	for i := len(low) - 1; i >= 0; i-- {
		l.low = append(l.low, low[i])
	}
	for _, f := range low {
		l.blockBits += f.width
		if f.kind == partChannel {
			l.channelBits += f.width
			continue
		}
		l.ownBits += f.width
	}
	l.places()
	return l
}

// blockFields returns how many of the low fields of a mapping make a block. Bank
// groups belong to it if all of their bits lie below a column bit, and else end it. A
// field that hashes make name something else ends it too.
func blockFields(s *Spec) int {
	end, groupBits := 0, 0
	for i, f := range s.order {
		switch f.kind {
		case partGroup:
			groupBits += f.width
			if s.BankGroups > maxLanes {
				return unhashed(s, end)
			}
		case partColumn, partChannel:
			if groupBits == 0 || groupBits == log2(s.BankGroups) && f.kind == partColumn {
				end = i + 1
			}
		default:
			return unhashed(s, end)
		}
	}
	return unhashed(s, end)
}

// unhashed returns how many of the first end fields make a block when hashes are
// looked at: within it, a hash may choose a lane by columns, and nothing else.
func unhashed(s *Spec, end int) int {
	at, groups := 0, -1
	for i, f := range s.order[:end] {
		if f.kind == partGroup && groups < 0 {
			groups = i
		}
		for _, h := range s.hashes {
			within := h.mask>>at&(1<<f.width-1) != 0
			lane := f.kind == partColumn && h.kind == partGroup && s.BankGroups <= maxLanes
			if within && !lane || f.kind == partChannel && h.kind == partChannel {
				if groups >= 0 {
					return groups
				}
				return i
			}
		}
		at += f.width
	}
	return end
}

// places lists the lane and column of each place in a block.
func (l *layout) places() {
	l.lane, l.column = make([]uint8, 1<<l.ownBits), make([]int32, 1<<l.ownBits)
	for place := range l.lane {
		v := l.spec.split(l.deposit(uint64(place)))
		l.lane[place], l.column[place] = uint8(v[partGroup]), int32(v[partColumn])
	}
	for bit := range l.ownBits {
		if l.lane[1<<bit] != 0 {
			l.lanes, l.period = l.spec.BankGroups, 2<<bit
		}
	}
}

// deposit returns the number within a block of the burst at a place of channel 0.
func (l *layout) deposit(place uint64) (burst uint64) {
	at := 0
	for i := len(l.low) - 1; i >= 0; i-- {
		f := l.low[i]
		if f.kind != partChannel {
			burst |= (place & (1<<f.width - 1)) << at
			place >>= f.width
		}
		at += f.width
	}
	return burst
}

// bank returns the bank of a lane of a run.
func (l *layout) bank(r *run, lane int) int {
	if l.lanes == 1 {
		return r.bank
	}
	return r.bank + (lane^r.twist)*l.spec.BanksPerGroup
}

// before counts the bursts of a channel in a block that come before place p of
// the block.
func (l *layout) before(channel int, p uint64) int32 {
	left, at := l.ownBits, l.blockBits
	var n uint64
	for _, f := range l.low {
		at -= f.width
		digit := p >> at & (1<<f.width - 1)
		if f.kind != partChannel {
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
	long    bool  // the extent is worth the fast path
	block   run   // the block that is being cut into runs
	left    int32 // bursts of it that are left
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
		if c.left > 0 {
			r := c.block
			r.count = min(c.left, runBursts-r.at%runBursts)
			c.block.at += r.count
			c.left -= r.count
			return r, true
		}
		if c.at >= c.end && !c.nextExtent() {
			return run{}, false
		}
		block := c.at >> c.blockBits << c.blockBits
		last := min(c.end, block+1<<c.blockBits)
		c.cut(block, c.at-block, last-block)
		c.at = last
	}
}

// cut takes up the places from up to to of a block, as far as the channel has
// any of them.
func (c *cutter) cut(block, from, to uint64) {
	p := c.spec.locate(block)
	if c.channelBits < log2(c.spec.Channels) && p.channel>>c.channelBits != c.channel>>c.channelBits {
		return
	}
	first, end := c.before(c.channel, from), int32(1)<<c.ownBits
	if to < 1<<c.blockBits {
		end = c.before(c.channel, to)
	}
	c.block = run{bank: p.bank, row: p.row, first: p.column, at: first, write: c.write}
	if c.lanes > 1 {
		c.block.twist = p.bank / c.spec.BanksPerGroup % c.spec.BankGroups
		c.block.bank -= c.block.twist * c.spec.BanksPerGroup
	}
	c.left = end - first
}
