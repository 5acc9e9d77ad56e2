package dram

import (
	"iter"

	"github.com/memsim/memsim/units"
)

// FastMemory is a Memory that remembers what its channels did, in a Memo. Its answers
// are those of a Memory of the same Spec.
type FastMemory struct {
	account
	layout  layout
	graph   *graph
	learned *learned // where the graph is from
	turns   *turns
	groups  []group
	spare   []*fastChannel // of groups that were merged
}

func newFastMemory(s Spec, l *learned) *FastMemory {
	m := &FastMemory{account: newAccount(&s), layout: newLayout(&s), graph: l.take(), learned: l}
	p := newPlan(m.spec)
	m.turns = newTurns(p)
	c := newChannel(p)
	c.guard = m.guard
	var all []int
	for i := range s.Channels {
		all = append(all, i)
	}
	m.groups = []group{{channel: newFastChannel(c, m.graph, m.turns), members: all}}
	return m
}

// Release hands what the fast path has learned on to the next memory that the Memo
// makes of the same configuration. The memory must not be used afterwards. Answers do
// not depend on it.
func (m *FastMemory) Release() {
	if m.guard.err == nil {
		m.learned.giveBack(m.graph)
	}
	m.graph, m.groups, m.spare = nil, nil, nil
}

// Move is that of Memory.
func (m *FastMemory) Move(at units.Picoseconds, extents []Extent) Transfer {
	start := m.clock(at)
	m.idle(start)
	m.merge()
	m.split(extents)
	for i := range m.groups {
		g := &m.groups[i]
		g.before = g.channel.tally
		g.moves = g.channel.move(&cutter{layout: &m.layout, channel: g.members[0], extents: extents})
	}
	return m.moved(start)
}

// MoveAll is that of Memory.
func (m *FastMemory) MoveAll(at units.Picoseconds, batches iter.Seq2[Batch, error]) (Transfer, error) {
	start := m.clock(at)
	m.idle(start)
	m.merge()
	for i := range m.groups {
		g := &m.groups[i]
		g.before, g.moves = g.channel.tally, false
		g.channel.recall()
	}
	var failed error
	for batch, err := range batches {
		if failed = err; err != nil || m.guard.err != nil {
			break
		}
		m.arrive(start, batch)
	}
	for i := range m.groups {
		if g := &m.groups[i]; g.moves {
			g.channel.finish()
		}
	}
	if failed == nil {
		failed = m.guard.err
	}
	return m.moved(start), failed
}

// arrive has the channels take in a batch of a transfer from start on.
func (m *FastMemory) arrive(start int64, batch Batch) {
	m.split(batch.Extents)
	for i := range m.groups {
		g := &m.groups[i]
		if batch.From > 0 {
			g.channel.wait(start + batch.From)
		}
		some := g.channel.takeIn(&cutter{layout: &m.layout, channel: g.members[0], extents: batch.Extents})
		g.moves = g.moves || some
	}
}

// moved describes a transfer from start on, once the channels have made it.
func (m *FastMemory) moved(start int64) Transfer {
	end := start
	for i := range m.groups {
		g := &m.groups[i]
		if g.moves {
			m.quietSince = never
		}
		m.count(g, &g.before)
		counted := g.channel.tally.since(&g.before)
		use := m.use(start, g.channel.lastData, &counted)
		for _, member := range g.members {
			m.uses[member] = use
		}
		end = max(end, g.channel.lastData, g.channel.now)
	}
	if m.quietSince == never {
		m.quietSince = end
	}
	m.idle(end)
	return m.transfer(start, end)
}

// Idle is that of Memory.
func (m *FastMemory) Idle(until units.Picoseconds) Transfer {
	start, end := m.clock(m.done), m.clock(until)
	m.idle(end)
	return m.transfer(start, end)
}

// idle brings all channels to a clock.
func (m *FastMemory) idle(until int64) {
	for i := range m.groups {
		g := &m.groups[i]
		counted := g.channel.tally
		g.channel.quietSince = m.quietSince
		g.channel.idle(until)
		m.count(g, &counted)
	}
}

// count adds what a group's channel has counted since before, for each member.
func (m *FastMemory) count(g *group, before *tally) {
	change := g.channel.tally.since(before)
	m.sum.addTimes(&change, int64(len(g.members)))
}
