package dram

import (
	"iter"

	"github.com/memsim/memsim/units"
)

// Memory is a memory system that extents are moved through: all channels of a
// Spec, with their controllers. Its state carries over from one transfer to the
// next. It is not safe for concurrent use; Specs are.
type Memory struct {
	Account
	layout   Layout
	channels []*Channel
	before   []Counters // by channel: when the present transfer began
	moves    []bool     // by channel: it has a part in it
}

// Transfer is what moving a list of extents took.
type Transfer struct {
	Start  units.Picoseconds // first clock edge at or after the time asked for
	Done   units.Picoseconds // end of the last burst on the data bus
	Counts Counts            // commands from the end of the transfer before, up to Done
	Energy Energy            // of that time
}

// ChannelUse is one channel's part of a transfer.
type ChannelUse struct {
	Done   units.Picoseconds // end of the channel's last burst on the data bus; Transfer.Start if it has no part
	Counts Counts            // commands from Transfer.Start up to Done; none if it has no part
}

// New returns the memory of a Spec at time zero: all rows closed, queues empty. Each
// command of each burst is simulated; see Memo for memories that are fast.
func New(s Spec) *Memory {
	m := &Memory{Account: NewAccount(&s), layout: NewLayout(&s), before: make([]Counters, s.Channels), moves: make([]bool, s.Channels)}
	p := NewTiming(m.spec)
	for range s.Channels {
		m.channels = append(m.channels, NewChannel(p, m.Guard))
	}
	return m
}

// Move services extents in their order, from time at on, and returns when all
// their data has moved. Requests are offered faster than they drain: each
// channel's queues take in Queue.OfferedRate of its requests a clock while they
// have room. An at before the end of the last transfer is moved there.
func (m *Memory) Move(at units.Picoseconds, extents []Extent) Transfer {
	start := m.begin(at)
	m.arrive(start, Batch{Extents: extents})
	return m.end(start)
}

// MoveAll services batches of extents, one after another, as Move does those of one
// list: the queues do not drain in between, unless a batch arrives later than that. Only
// within a batch are extents that continue each other one; a burst in which two batches
// meet moves twice. It ends early with the first error of the batches, after what came
// before has moved.
func (m *Memory) MoveAll(at units.Picoseconds, batches iter.Seq2[Batch, error]) (Transfer, error) {
	start := m.begin(at)
	for batch, err := range batches {
		if err != nil {
			return m.end(start), err
		}
		if m.Guard.err != nil {
			break
		}
		m.arrive(start, batch)
	}
	return m.end(start), m.Guard.err
}

// begin starts a transfer, and returns its clock.
func (m *Memory) begin(at units.Picoseconds) int64 {
	start := m.Clock(at)
	m.idle(start)
	for i, c := range m.channels {
		m.before[i], m.moves[i] = c.Counters, false
	}
	return start
}

// arrive has the channels take in a batch of a transfer from start on.
func (m *Memory) arrive(start int64, batch Batch) {
	for i, c := range m.channels {
		if batch.From > 0 {
			c.Wait(start + batch.From)
		}
		some := c.TakeIn(&Splitter{Layout: &m.layout, Channel: i, Extents: batch.Extents})
		m.moves[i] = m.moves[i] || some
	}
}

// end drains the channels and describes the transfer from start on.
func (m *Memory) end(start int64) Transfer {
	end := start
	for i, c := range m.channels {
		if m.moves[i] {
			c.Drain()
			m.QuietSince = Never
		}
		change := c.Counters.Since(&m.before[i])
		m.Count(&change, 1)
		m.Use(i, start, c.LastData, &change)
		end = max(end, c.LastData, c.Now)
	}
	if m.QuietSince == Never {
		m.QuietSince = end
	}
	m.idle(end)
	return m.Transfer(start, end)
}

// Idle lets time pass without requests. The transfer it returns has no reads or
// writes; it holds refreshes and background energy. A time before the end of the
// last transfer changes nothing.
func (m *Memory) Idle(until units.Picoseconds) Transfer {
	start, end := m.Clock(m.done), m.Clock(until)
	m.idle(end)
	return m.Transfer(start, end)
}

// idle brings all channels to a clock.
func (m *Memory) idle(until int64) {
	for _, c := range m.channels {
		before := c.Counters
		c.QuietSince = m.QuietSince
		c.Idle(until)
		change := c.Counters.Since(&before)
		m.Count(&change, 1)
	}
}
