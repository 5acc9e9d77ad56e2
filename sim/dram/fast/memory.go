package fast

import (
	"iter"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/units"
)

// Memory moves extents as a dram.Memory of the same Spec does, and gives the same
// answers. It is not safe for concurrent use.
type Memory struct {
	dram.Account
	layout  dram.Layout
	graph   *graph
	config  *config // where the graph is from
	classes []class
	spare   []*channel // of classes that were merged
}

func newMemory(s dram.Spec, config *config) *Memory {
	m := &Memory{Account: dram.NewAccount(&s), layout: dram.NewLayout(&s), graph: config.take(), config: config}
	timing := dram.NewTiming(m.Spec())
	var all []int
	for i := range s.Channels {
		all = append(all, i)
	}
	first := newChannel(m.Spec(), timing, m.Guard, m.graph, newRotations(m.Spec(), timing))
	m.classes = []class{{channel: first, members: all}}
	return m
}

// Release hands the graph of transitions on to the next memory that the Memo makes of
// the same configuration. The memory must not be used afterwards. Answers do not
// depend on it.
func (m *Memory) Release() {
	if m.Guard.Err() == nil {
		m.config.giveBack(m.graph)
	}
	m.graph, m.classes, m.spare = nil, nil, nil
}

// Move services extents; see dram.Memory.
func (m *Memory) Move(at units.Picoseconds, extents []dram.Extent) dram.Transfer {
	start := m.Clock(at)
	m.idle(start)
	m.merge()
	m.split(extents)
	for i := range m.classes {
		g := &m.classes[i]
		g.before = g.channel.Counters
		g.moves = g.channel.move(&dram.Splitter{Layout: &m.layout, Channel: g.members[0], Extents: extents})
	}
	return m.moved(start)
}

// MoveAll services batches of extents; see dram.Memory.
func (m *Memory) MoveAll(at units.Picoseconds, batches iter.Seq2[dram.Batch, error]) (dram.Transfer, error) {
	start := m.Clock(at)
	m.idle(start)
	m.merge()
	for i := range m.classes {
		g := &m.classes[i]
		g.before, g.moves = g.channel.Counters, false
		g.channel.materialize()
	}
	var failed error
	for batch, err := range batches {
		if failed = err; err != nil || m.Guard.Err() != nil {
			break
		}
		m.arrive(start, batch)
	}
	for i := range m.classes {
		if g := &m.classes[i]; g.moves {
			g.channel.finish()
		}
	}
	if failed == nil {
		failed = m.Guard.Err()
	}
	return m.moved(start), failed
}

// arrive has the channels take in a batch of a transfer from start on.
func (m *Memory) arrive(start int64, batch dram.Batch) {
	m.split(batch.Extents)
	for i := range m.classes {
		g := &m.classes[i]
		if batch.From > 0 {
			g.channel.wait(start + batch.From)
		}
		some := g.channel.takeIn(&dram.Splitter{Layout: &m.layout, Channel: g.members[0], Extents: batch.Extents})
		g.moves = g.moves || some
	}
}

// moved describes a transfer from start on, once the channels have made it.
func (m *Memory) moved(start int64) dram.Transfer {
	end := start
	for i := range m.classes {
		g := &m.classes[i]
		if g.moves {
			m.QuietSince = dram.Never
		}
		m.count(g, &g.before)
		counted := g.channel.Counters.Since(&g.before)
		for _, member := range g.members {
			m.Use(member, start, g.channel.LastData, &counted)
		}
		end = max(end, g.channel.LastData, g.channel.Now)
	}
	if m.QuietSince == dram.Never {
		m.QuietSince = end
	}
	m.idle(end)
	return m.Transfer(start, end)
}

// Idle lets time pass without requests; see dram.Memory.
func (m *Memory) Idle(until units.Picoseconds) dram.Transfer {
	start, end := m.Clock(m.Now()), m.Clock(until)
	m.idle(end)
	return m.Transfer(start, end)
}

// idle brings all channels to a clock.
func (m *Memory) idle(until int64) {
	for i := range m.classes {
		g := &m.classes[i]
		counted := g.channel.Counters
		g.channel.QuietSince = m.QuietSince
		g.channel.idle(until)
		m.count(g, &counted)
	}
}

// count adds what a class's channel has counted since before, for each member.
func (m *Memory) count(g *class, before *dram.Counters) {
	change := g.channel.Counters.Since(before)
	m.Count(&change, len(g.members))
}
