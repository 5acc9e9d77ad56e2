package dram

import "slices"

// Channels that are in the same state and get the same runs stay in the same
// state, so one of them is simulated for all. A group is such a set of channels.
type group struct {
	channel *fastChannel // stands for all members
	members []int        // channel numbers, rising
	before  tally        // when the present transfer began
	moves   bool         // the channel has a part in it
}

// split divides the groups so that the members of each get the same runs of
// extents.
func (m *FastMemory) split(extents []Extent) {
	for i := 0; i < len(m.groups); i++ {
		g := m.groups[i]
		if len(g.members) == 1 {
			continue
		}
		same, rest := m.alike(g.members, extents)
		if len(rest) == 0 {
			continue
		}
		m.groups[i].members = same
		m.groups = append(m.groups, group{m.copyOf(g.channel), rest, g.before, g.moves})
	}
}

// alike divides channels into those that get the same runs as the first of them,
// and the others.
func (m *FastMemory) alike(members []int, extents []Extent) (same, rest []int) {
	if m.layout.channelBits < log2(m.spec.Channels) {
		// They lie in different regions of memory. The first is cut off from the
		// others, which merge would overwrite.
		return members[:1:1], members[1:]
	}
	differs := func(other int) bool { return !m.layout.sameRuns(members[0], other, extents) }
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
func (l *layout) sameRuns(a, b int, extents []Extent) bool {
	if a == b {
		return true
	}
	mask := uint64(1)<<l.blockBits - 1
	c := cutter{layout: l, extents: extents}
	for c.nextExtent() {
		if from := c.at & mask; l.before(a, from) != l.before(b, from) {
			return false
		}
		if to := c.end & mask; l.before(a, to) != l.before(b, to) {
			return false
		}
	}
	return true
}

// merge joins groups whose channels have come into the same state.
func (m *FastMemory) merge() {
	if len(m.groups) == 1 {
		return
	}
	for i := 0; i < len(m.groups); i++ {
		for j := len(m.groups) - 1; j > i; j-- {
			if !m.groups[i].channel.sameState(m.groups[j].channel) {
				continue
			}
			m.groups[i].members = append(m.groups[i].members, m.groups[j].members...)
			slices.Sort(m.groups[i].members)
			m.spare = append(m.spare, m.groups[j].channel)
			m.groups = slices.Delete(m.groups, j, j+1)
		}
	}
}

// sameState reports whether two channels will do the same things from now on.
func (f *fastChannel) sameState(o *fastChannel) bool {
	if f.now != o.now || f.refreshed != o.refreshed || f.refreshBank != o.refreshBank || f.power != o.power ||
		f.played.session != nil || o.played.session != nil {
		return false
	}
	if f.power != standby {
		return f.power == selfRefresh || f.refreshEvery == 0 || f.nextPulse() == o.nextPulse()
	}
	if f.refreshDue != o.refreshDue || f.notClosed != o.notClosed || f.busyBanks() != 0 || o.busyBanks() != 0 {
		return false
	}
	for i := range f.banks {
		if f.bank[i].row != o.bank[i].row {
			return false
		}
	}
	f.leave()
	o.leave()
	return f.powerDownFrom() == o.powerDownFrom() && f.quietFrom() <= f.now && o.quietFrom() <= o.now && f.locate() && o.locate() && f.at == o.at
}

// copyOf returns an independent channel in the same state, in the memory of a
// channel that is no longer needed if there is one.
func (m *FastMemory) copyOf(f *fastChannel) *fastChannel {
	f.recall()
	var d *fastChannel
	if n := len(m.spare); n > 0 {
		d, m.spare = m.spare[n-1], m.spare[:n-1]
	} else {
		d = newFastChannel(newChannel(f.plan), f.graph, f.turns)
	}
	if f.power != standby && d.power != standby {
		d.abandon() // what it was learning has no end
		d.sleepLike(f.channel)
		return d
	}
	d.channel.copy(f.channel)
	d.observer = nil
	d.at, d.ahead, d.busySet = f.at, f.ahead, f.busySet
	d.view.copy(&f.view)
	d.played.session, d.lesson.key = nil, ""
	return d
}

// copy makes v like another view, in memory of its own.
func (v *view) copy(o *view) {
	parked, items := append(v.parked[:0], o.parked...), v.items
	*v = *o
	v.parked, v.items = parked, items
}

// copy makes c like another channel, in memory of its own.
func (c *channel) copy(o *channel) {
	waiting := append(c.maintenance[:0], o.maintenance...)
	*c = *o
	c.maintenance = waiting
}

// sleepLike brings a channel that sleeps into the state of another one that does:
// nothing is held back and no row is open in either.
func (c *channel) sleepLike(o *channel) {
	c.now, c.since, c.tally, c.power = o.now, o.since, o.tally, o.power
	c.refreshed, c.refreshBank, c.pulseFrom = o.refreshed, o.refreshBank, o.pulseFrom
	c.idleSince, c.quietSince, c.lastData = o.idleSince, o.quietSince, o.lastData
}
