package dram

import (
	"iter"

	"github.com/memsim/memsim/units"
)

// Memory is a memory system that extents are moved through: all channels of a
// Spec, with their controllers. Its state carries over from one transfer to the
// next. It is not safe for concurrent use; Specs and Memos are.
type Memory struct {
	spec    *Spec
	layout  layout
	groups  []group
	graph   *graph            // nil: command level
	learned *learned          // where the graph is from
	spare   []*channel        // of groups that were merged
	done    units.Picoseconds // end of the last transfer or idle time
	// quietSince is the clock since which no channel has requests.
	quietSince     int64
	guard          *guard
	sum            tally  // of all channels, since time zero
	reported       tally  // the sum at the end of the last transfer
	reportedEnergy Energy // by then
	uses           []ChannelUse
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

// New returns the memory of a Spec at time zero: all rows closed, queues empty.
func New(s Spec) *Memory { return NewMemo().New(s) }

// NewCommandLevel returns a memory like New's without the fast path: each
// command of each burst is simulated. Its answers are the same, and take longer.
func NewCommandLevel(s Spec) *Memory { return newMemory(s, nil) }

func newMemory(s Spec, g *graph) *Memory {
	m := &Memory{spec: &s, layout: newLayout(&s), graph: g, guard: &guard{}, uses: make([]ChannelUse, s.Channels)}
	p := newPlan(m.spec)
	var all []int
	for i := range s.Channels {
		all = append(all, i)
	}
	if g == nil {
		for i := range all {
			c := newChannel(p)
			c.guard = m.guard
			m.groups = append(m.groups, group{channel: c, members: all[i : i+1 : i+1]})
		}
		return m
	}
	c := newChannel(p)
	c.graph, c.guard = g, m.guard
	m.groups = []group{{channel: c, members: all}}
	return m
}

// Release hands what the fast path has learned on to the next memory that the Memo
// makes of the same configuration. The memory must not be used afterwards. Answers do
// not depend on it.
func (m *Memory) Release() {
	if m.guard.err == nil {
		m.learned.giveBack(m.graph)
	}
	m.graph, m.groups, m.spare = nil, nil, nil
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
	start := m.clock(at)
	m.idle(start)
	if m.graph != nil {
		m.merge()
		m.split(extents)
	}
	for i := range m.groups {
		g := &m.groups[i]
		g.before = g.channel.tally
		g.moves = g.channel.move(&cutter{layout: &m.layout, channel: g.members[0], extents: extents})
	}
	return m.moved(start)
}

// MoveAll services batches of extents, one after another, as Move does those of one
// list: the queues do not drain in between, unless a batch arrives later than that. Only
// within a batch are extents that continue each other one; a burst in which two batches
// meet moves twice. It ends early with the first error of the batches, after what came
// before has moved.
func (m *Memory) MoveAll(at units.Picoseconds, batches iter.Seq2[Batch, error]) (Transfer, error) {
	start := m.clock(at)
	m.idle(start)
	if m.graph != nil {
		m.merge()
	}
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
func (m *Memory) arrive(start int64, batch Batch) {
	if m.graph != nil {
		m.split(batch.Extents)
	}
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
func (m *Memory) moved(start int64) Transfer {
	end := start
	for i := range m.groups {
		g := &m.groups[i]
		if g.moves {
			m.quietSince = never
		}
		m.count(g, &g.before)
		m.use(g, start, &g.before)
		end = max(end, g.channel.lastData, g.channel.now)
	}
	if m.quietSince == never {
		m.quietSince = end
	}
	m.idle(end)
	return m.transfer(start, end)
}

// Channels returns the parts that the channels, by number, had in the last Move.
// Their reads and writes, and how these met the rows, sum to those of its
// Transfer; commands of the idle time before it and of the end, at which some
// channels wait for others, are in the Transfer alone. The slice is valid until
// the next Move.
func (m *Memory) Channels() []ChannelUse { return m.uses }

// use notes what each member of a group had to do in a transfer from start on,
// when its channel had counted before.
func (m *Memory) use(g *group, start int64, before *tally) {
	c := g.channel
	counted := c.tally.since(before)
	u := ChannelUse{m.spec.Clock.Time(max(start, c.lastData)), counted.counts()}
	for _, member := range g.members {
		m.uses[member] = u
	}
}

// Idle lets time pass without requests. The transfer it returns has no reads or
// writes; it holds refreshes and background energy. A time before the end of the
// last transfer changes nothing.
func (m *Memory) Idle(until units.Picoseconds) Transfer {
	start, end := m.clock(m.done), m.clock(until)
	m.idle(end)
	return m.transfer(start, end)
}

// clock returns the first clock edge at or after a time and the memory's end.
func (m *Memory) clock(t units.Picoseconds) int64 { return m.spec.Clock.Edge(max(t, m.done)) }

// idle brings all channels to a clock.
func (m *Memory) idle(until int64) {
	for i := range m.groups {
		g := &m.groups[i]
		counted := g.channel.tally
		g.channel.quietSince = m.quietSince
		g.channel.idle(until)
		m.count(g, &counted)
	}
}

// count adds what a group's channel has counted since before, for each member.
func (m *Memory) count(g *group, before *tally) {
	change := g.channel.tally.since(before)
	m.sum.addTimes(&change, int64(len(g.members)))
}

// transfer describes what happened since the last one.
func (m *Memory) transfer(start, end int64) Transfer {
	m.done = m.spec.Clock.Time(end)
	counted, earlier := m.sum.since(&m.reported), m.reportedEnergy
	m.reported, m.reportedEnergy = m.sum, m.spec.energyOf(&m.sum)
	return Transfer{
		Start:  m.spec.Clock.Time(start),
		Done:   m.done,
		Counts: counted.counts(),
		Energy: m.reportedEnergy.minus(earlier),
	}
}
