package fast

import (
	"slices"

	"github.com/memsim/memsim/sim/dram"
)

// A class is a set of channels that are in the same state and get the same runs. They
// stay in the same state, so that one of them is simulated for all.
type class struct {
	channel *channel      // stands for all members
	members []int         // channel numbers, rising
	before  dram.Counters // when the present transfer began
	moves   bool          // the channel has a part in it
}

// split divides the classes so that the members of each get the same runs of
// extents.
func (m *Memory) split(extents []dram.Extent) {
	for i := 0; i < len(m.classes); i++ {
		g := m.classes[i]
		if len(g.members) == 1 {
			continue
		}
		same, rest := m.alike(g.members, extents)
		if len(rest) == 0 {
			continue
		}
		m.classes[i].members = same
		m.classes = append(m.classes, class{m.copyOf(g.channel), rest, g.before, g.moves})
	}
}

// alike divides channels into those that get the same runs as the first of them,
// and the others.
func (m *Memory) alike(members []int, extents []dram.Extent) (same, rest []int) {
	if m.layout.ChannelBits < log2(m.Spec().Channels) {
		// They lie in different regions of memory. The first is cut off from the
		// others, which merge would overwrite.
		return members[:1:1], members[1:]
	}
	differs := func(other int) bool { return !sameRuns(&m.layout, members[0], other, extents) }
	if !slices.ContainsFunc(members, differs) {
		return members, nil
	}
	for _, other := range members {
		if differs(other) {
			rest = append(rest, other)
		} else {
			same = append(same, other)
		}
	}
	return same, rest
}

// sameRuns reports whether two channels get the same runs: whether as many of
// their bursts come before each end of each extent.
func sameRuns(l *dram.Layout, a, b int, extents []dram.Extent) bool {
	if a == b {
		return true
	}
	mask := uint64(1)<<l.BlockBits - 1
	s := dram.Splitter{Layout: l, Extents: extents}
	for s.NextExtent() {
		if from := s.At & mask; l.Before(a, from) != l.Before(b, from) {
			return false
		}
		if to := s.End & mask; l.Before(a, to) != l.Before(b, to) {
			return false
		}
	}
	return true
}

// merge joins classes whose channels have come into the same state.
func (m *Memory) merge() {
	if len(m.classes) == 1 {
		return
	}
	for i := 0; i < len(m.classes); i++ {
		for j := len(m.classes) - 1; j > i; j-- {
			if !m.classes[i].channel.sameState(m.classes[j].channel) {
				continue
			}
			m.classes[i].members = append(m.classes[i].members, m.classes[j].members...)
			slices.Sort(m.classes[i].members)
			m.spare = append(m.spare, m.classes[j].channel)
			m.classes = slices.Delete(m.classes, j, j+1)
		}
	}
}

// sameState reports whether two channels will do the same things from now on.
func (c *channel) sameState(o *channel) bool {
	if c.Now != o.Now || c.Refreshed != o.Refreshed || c.RefreshBank != o.RefreshBank || c.Power != o.Power ||
		c.replayed.period != nil || o.replayed.period != nil {
		return false
	}
	if c.Power != dram.Standby {
		return c.Power == dram.SelfRefresh || c.RefreshEvery == 0 || c.NextWake() == o.NextWake()
	}
	if c.RefreshDue != o.RefreshDue || c.NotClosed != o.NotClosed || c.busyBanks() != 0 || o.busyBanks() != 0 {
		return false
	}
	for bank := range c.Banks {
		if c.Row(bank) != o.Row(bank) {
			return false
		}
	}
	c.leave()
	o.leave()
	return c.PowerDownFrom() == o.PowerDownFrom() && c.QuietFrom() <= c.Now && o.QuietFrom() <= o.Now && c.locate() && o.locate() && c.at == o.at
}

// copyOf returns an independent channel in the same state, in the memory of a
// channel that is no longer needed if there is one.
func (m *Memory) copyOf(c *channel) *channel {
	c.materialize()
	var d *channel
	if n := len(m.spare); n > 0 {
		d, m.spare = m.spare[n-1], m.spare[:n-1]
	} else {
		d = newChannel(c.spec, c.Timing, c.guard, c.graph, c.rotations)
	}
	d.abandon()
	if c.Power != dram.Standby && d.Power != dram.Standby {
		d.copyAsleep(c)
		return d
	}
	d.CopyFrom(c.Channel)
	d.at, d.ahead, d.busySet = c.at, c.ahead, c.busySet
	d.view.CopyFrom(&c.view)
	d.replayed.period = nil
	return d
}

// copyAsleep brings a channel in a low-power state into that of another one: nothing
// is delayed and no row is open in either.
func (c *channel) copyAsleep(o *channel) {
	c.Now, c.Since, c.Counters, c.Power = o.Now, o.Since, o.Counters, o.Power
	c.Refreshed, c.RefreshBank, c.WakeFrom = o.Refreshed, o.RefreshBank, o.WakeFrom
	c.IdleSince, c.QuietSince, c.LastData = o.IdleSince, o.QuietSince, o.LastData
}
