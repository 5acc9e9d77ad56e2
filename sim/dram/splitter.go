package dram

import (
	"math"

	"github.com/memsim/memsim/units"
)

// Extent is a contiguous piece of memory that is read or written.
type Extent struct {
	Addr  uint64
	Bytes units.Bytes
	Write bool
}

// A Run is a piece of a stream as one channel sees it: successive bursts of one
// row in one bank, or in the banks of all groups in turn if the mapping
// interleaves them.
type Run struct {
	Bank  int   // of the first way: the bank, or the one of group 0
	Twist int   // ways are groups, XORed with this
	Row   int32 //
	First int32 // column at which the block begins
	At    int32 // place in the block of the next burst
	Count int32 // bursts left
	Write bool
}

// MaxWays bounds the banks over which a run may be interleaved; RunBursts is how
// many bursts a run has at most.
const (
	MaxWays   = 8
	RunBursts = 64
)

// LongBursts is from how many bursts of a channel on an extent is long.
const LongBursts = 64

// A Layout is a mapping prepared for cutting extents into runs. The low bits of
// a burst's number, up to the first that names neither column, channel nor bank
// group, make a block: within it a channel stays in one row of one bank of each
// group. Each of these banks is a way.
type Layout struct {
	spec        *Spec
	low         []field // of a block, from the high bits to the low
	BlockBits   int
	ownBits     int // of them, those that do not name the channel
	ChannelBits int // the others
	BurstBits   int
	RowShift    int // lowest bit of a burst's number from which on all name its row; math.MaxInt if there is none
	Ways        int
	Period      int32   // places after which ways repeat
	Way         []uint8 // by place in the block
	Column      []int32 // by place in the block
}

// NewLayout prepares the mapping of a Spec.
func NewLayout(s *Spec) Layout {
	l := Layout{spec: s, BurstBits: log2(int(s.BurstBytes)), RowShift: rowShift(s), Ways: 1, Period: 1}
	low := s.order[:blockFields(s)]
	for i := len(low) - 1; i >= 0; i-- {
		l.low = append(l.low, low[i])
	}
	for _, f := range low {
		l.BlockBits += f.width
		if f.kind == partChannel {
			l.ChannelBits += f.width
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
			if s.BankGroups > MaxWays {
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
// looked at: within it, a hash may choose a way by columns, and nothing else.
func unhashed(s *Spec, end int) int {
	at, groups := 0, -1
	for i, f := range s.order[:end] {
		if f.kind == partGroup && groups < 0 {
			groups = i
		}
		for _, h := range s.hashes {
			within := h.mask>>at&(1<<f.width-1) != 0
			way := f.kind == partColumn && h.kind == partGroup && s.BankGroups <= MaxWays
			if within && !way || f.kind == partChannel && h.kind == partChannel {
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

// places lists the way and column of each place in a block.
func (l *Layout) places() {
	l.Way, l.Column = make([]uint8, 1<<l.ownBits), make([]int32, 1<<l.ownBits)
	for place := range l.Way {
		v := l.spec.split(l.deposit(uint64(place)))
		l.Way[place], l.Column[place] = uint8(v[partGroup]), int32(v[partColumn])
	}
	for bit := range l.ownBits {
		if l.Way[1<<bit] != 0 {
			l.Ways, l.Period = l.spec.BankGroups, 2<<bit
		}
	}
}

// deposit returns the number within a block of the burst at a place of channel 0.
func (l *Layout) deposit(place uint64) (burst uint64) {
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

// Bank returns the bank of a way of a run.
func (l *Layout) Bank(r *Run, way int) int {
	if l.Ways == 1 {
		return r.Bank
	}
	return r.Bank + (way^r.Twist)*l.spec.BanksPerGroup
}

// Before counts the bursts of a channel in a block that come before place p of
// the block.
func (l *Layout) Before(channel int, p uint64) int32 {
	left, at := l.ownBits, l.BlockBits
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

// A Splitter cuts extents into the runs of one channel. Extents that continue each
// other are one: the burst in which they meet is moved once.
type Splitter struct {
	*Layout
	Channel int
	Extents []Extent // that have not begun
	At, End uint64   // bursts of the current extent that are left
	Write   bool
	Long    bool  // the current extent has LongBursts or more
	block   Run   // the block that is being cut into runs
	left    int32 // bursts of it that are left
}

// NextExtent moves on to the next extent that is not empty.
func (c *Splitter) NextExtent() bool {
	for len(c.Extents) > 0 {
		e := c.Extents[0]
		c.Extents = c.Extents[1:]
		if e.Bytes <= 0 {
			continue
		}
		end := e.Addr + uint64(e.Bytes)
		for len(c.Extents) > 0 && c.Extents[0].Addr == end && c.Extents[0].Write == e.Write && c.Extents[0].Bytes >= 0 {
			end += uint64(c.Extents[0].Bytes)
			c.Extents = c.Extents[1:]
		}
		c.At, c.End, c.Write = e.Addr>>c.BurstBits, (end-1)>>c.BurstBits+1, e.Write
		c.Long = c.End-c.At >= LongBursts<<c.ChannelBits
		return true
	}
	return false
}

// Next returns the next run, or false at the end.
func (c *Splitter) Next() (Run, bool) {
	for {
		if c.left > 0 {
			r := c.block
			r.Count = min(c.left, RunBursts-r.At%RunBursts)
			c.block.At += r.Count
			c.left -= r.Count
			return r, true
		}
		if c.At >= c.End && !c.NextExtent() {
			return Run{}, false
		}
		block := c.At >> c.BlockBits << c.BlockBits
		last := min(c.End, block+1<<c.BlockBits)
		c.cut(block, c.At-block, last-block)
		c.At = last
	}
}

// cut starts on this channel's bursts among places [from, to) of a block.
func (c *Splitter) cut(block, from, to uint64) {
	p := c.spec.Locate(block)
	if c.ChannelBits < log2(c.spec.Channels) && p.Channel>>c.ChannelBits != c.Channel>>c.ChannelBits {
		return
	}
	first, end := c.Before(c.Channel, from), int32(1)<<c.ownBits
	if to < 1<<c.BlockBits {
		end = c.Before(c.Channel, to)
	}
	c.block = Run{Bank: p.Bank, Row: p.Row, First: p.Column, At: first, Write: c.Write}
	if c.Ways > 1 {
		c.block.Twist = p.Bank / c.spec.BanksPerGroup % c.spec.BankGroups
		c.block.Bank -= c.block.Twist * c.spec.BanksPerGroup
	}
	c.left = end - first
}

// Bursts returns the bursts of all channels that are to come, about.
func (c *Splitter) Bursts() int64 {
	var bytes int64
	for _, e := range c.Extents {
		bytes += int64(e.Bytes)
	}
	return bytes >> c.BurstBits
}

// Reads returns the part that has not begun up to its first write.
func (c *Splitter) Reads() Splitter {
	part := *c
	for i, e := range c.Extents {
		if e.Write {
			part.Extents = c.Extents[:i]
			break
		}
	}
	return part
}

// rowShift returns the lowest bit of a burst's number from which on all bits are of
// its row: no bit if other parts, or hashes, take bits above.
func rowShift(s *Spec) int {
	top := s.order[len(s.order)-1]
	if top.kind != partRow || s.Mapping.xor || len(s.hashes) > 0 {
		return math.MaxInt
	}
	bits := 0
	for _, f := range s.order[:len(s.order)-1] {
		bits += f.width
	}
	return bits
}
