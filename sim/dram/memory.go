package dram

import "github.com/memsim/memsim/units"

// Memory is a memory system that extents are moved through: all channels of a
// Spec, with their controllers. Its state carries over from one transfer to the
// next. It is not safe for concurrent use; Specs are.
type Memory struct {
	spec     *Spec
	plan     *plan
	layout   layout
	channels []*channel
	done     units.Picoseconds
	last     tally // of all channels, when the last transfer ended
}

// Transfer is what moving a list of extents took.
type Transfer struct {
	Start  units.Picoseconds // first clock edge at or after the time asked for
	Done   units.Picoseconds // end of the last burst on the data bus
	Counts Counts            // commands from the end of the transfer before, up to Done
	Energy Energy            // of that time
}

// New returns the memory of a Spec at time zero: all rows closed, queues empty.
func New(s Spec) *Memory {
	m := &Memory{spec: &s, plan: newPlan(&s), layout: newLayout(&s)}
	for range s.Channels {
		m.channels = append(m.channels, newChannel(m.plan))
	}
	return m
}

// Spec returns the memory's configuration.
func (m *Memory) Spec() *Spec { return m.spec }

// PeakBandwidth returns what all channels move when every burst slot is taken.
func (m *Memory) PeakBandwidth() units.BytesPerSecond { return m.spec.PeakBandwidth() }

// Now returns the end of the last transfer or idle time.
func (m *Memory) Now() units.Picoseconds { return m.done }

// Move services extents in their order, from time at on, and returns when all
// their data has moved. Requests are offered faster than they drain: each
// channel's queues take in Queue.OfferedRate of its requests a clock while they
// have room. An at before the end of the last transfer is moved there.
func (m *Memory) Move(at units.Picoseconds, extents []Extent) Transfer {
	start := m.spec.Clock.After(max(at, m.done))
	end := start
	for i, c := range m.channels {
		c.idle(start)
		c.replay(&cutter{layout: &m.layout, channel: i, extents: extents})
		end = max(end, c.lastData, c.now)
	}
	return m.settle(start, end)
}

// Idle lets time pass without requests. The transfer it returns has no reads or
// writes; it holds refreshes and background energy. A time before the end of the
// last transfer changes nothing.
func (m *Memory) Idle(until units.Picoseconds) Transfer {
	start := m.spec.Clock.After(m.done)
	return m.settle(start, m.spec.Clock.After(max(until, m.done)))
}

// settle brings all channels to clock end, where a transfer that began at clock
// start is done.
func (m *Memory) settle(start, end int64) Transfer {
	var sum tally
	for _, c := range m.channels {
		c.idle(end)
		sum = sum.plus(c.tally, 1)
	}
	t := Transfer{
		Start:  m.spec.Clock.Time(start),
		Done:   m.spec.Clock.Time(end),
		Counts: sum.Counts.Minus(m.last.Counts),
		Energy: m.spec.energyOf(sum).minus(m.spec.energyOf(m.last)),
	}
	m.last, m.done = sum, t.Done
	return t
}

// replay moves runs through a channel, until their last request is served.
func (c *channel) replay(source *cutter) {
	next, more := source.next()
	if more && c.power != standby {
		c.wake()
	}
	for more || c.busy() {
		blocked := false
		for more && !blocked && c.arrived < c.spec.Queue.OfferedRate {
			if blocked = !c.arrive(next.bank, next.row, next.column, next.write); blocked {
				break
			}
			c.arrived++
			next.column++
			if next.count--; next.count == 0 {
				next, more = source.next()
			}
		}
		issued := c.tick()
		c.arrived = 0
		if issued || more && !blocked {
			c.now++
		} else {
			c.now = c.next
		}
	}
	c.idleSince = c.now
}
