package dram

// The fast path remembers what a channel did with a run of requests. A stream of
// rows drives a controller into few states, which come again and again: each is
// a node of a graph, and a step from one to the next, taking in one run, is an
// edge that knows how many clocks and commands it took. Following edges skips the
// command-level engine, and is exact, because a node holds all of the state that
// matters (see snapshot) and an edge is only followed if no refresh comes due on
// the way, or if one does exactly as it did when the edge was recorded.

const (
	longBursts = 64      // extents shorter than this on a channel go at command level
	maxNodes   = 1 << 15 // the graph starts anew beyond
)

// A node is a state of a channel, seen right after a run was taken in or when
// the channel has drained.
type node struct {
	state      string
	writeBanks uint64 // counted banks with queued writes
	recent     *edge  // the edge that was followed last
	edges      map[step]*edge
}

// A step is what takes a channel from one node to the next: a run, described by
// what matters of it, or the draining of its queues.
type step struct {
	bank        int16 // counted from the bank last asked for; -1: drain
	count       int32
	write       bool
	sameRow     bool  // the row was also the last one asked for in the bank
	openRow     bool  // the row is in the row buffer
	refreshIn   int32 // clocks to the refresh that comes due on the way; -1: none does
	refreshBank int16 // bank of each rank that is refreshed then, counted likewise
}

// An edge is a step that was taken at command level once.
type edge struct {
	step
	to        *node
	clocks    int64
	refreshes int64
	arrival   int64 // clock of the last arrival, from the start
	lastData  int64 // end of the last burst, from the start
	tally     tally
	rows      []rowChange
}

// A rowChange says which row a bank, counted as before the edge, has in its row
// buffer after it, if not the same as before.
type rowChange struct {
	bank int
	name rowSource
}

type rowSource uint8

const (
	fromNone    rowSource = iota // it was closed
	fromLast                     // the row last asked for, after the edge
	fromEarlier                  // the row last asked for before the edge
)

// A graph holds the nodes of all channels of a memory.
type graph struct {
	nodes map[string]*node
	buf   []byte
}

func newGraph() *graph { return &graph{nodes: map[string]*node{}} }

// node returns the node of a channel's state, or nil if it has none.
func (g *graph) node(c *channel) *node {
	var ok bool
	if g.buf, ok = c.snapshot(g.buf[:0]); !ok {
		return nil
	}
	if n := g.nodes[string(g.buf)]; n != nil {
		return n
	}
	if len(g.nodes) >= maxNodes {
		clear(g.nodes)
	}
	n := &node{state: string(g.buf), edges: map[step]*edge{}}
	each(c.writes.pending, func(bank int) { n.writeBanks |= 1 << c.turn().count[bank] })
	g.nodes[n.state] = n
	return n
}

// find returns the edge for a step, if there is one that holds for the next
// refresh of c.
func (n *node) find(s step, c *channel) *edge {
	e := n.recent
	if e == nil || e.step != s {
		e = n.edges[s]
	}
	if e != nil && c.now+e.clocks <= c.refreshDue {
		n.recent = e
		return e
	}
	return n.edges[s.refreshing(c)]
}

// refreshing returns the step with the time of c's next refresh in it.
func (s step) refreshing(c *channel) step {
	s.refreshIn = int32(min(c.refreshDue-c.now, 1<<30))
	if c.spec.Refresh == PerBank {
		s.refreshBank = int16(c.turn().count[c.refreshBank])
	}
	return s
}

// stepOf describes a run to the fast path; ok is false if it has to be taken at
// command level because it may meet queued writes to the same bursts.
func (c *channel) stepOf(r run) (s step, ok bool) {
	same := r.row == c.lastRow[r.bank]
	if same && c.hasWrites(r.bank) && !(r.write && r.column == c.lastColumn[r.bank]+1) {
		return step{}, false
	}
	return step{
		bank: int16(c.turn().count[r.bank]), count: r.count, write: r.write, refreshIn: -1,
		sameRow: same, openRow: r.row == c.bank[r.bank].row,
	}, true
}

// hasWrites reports whether writes to a bank are queued.
func (c *channel) hasWrites(bank int) bool {
	if c.at != nil {
		return c.at.writeBanks>>c.turn().count[bank]&1 != 0
	}
	return c.writes.pending>>bank&1 != 0
}

// jump follows the edge of a step, if there is one.
func (c *channel) jump(s step, r run) bool {
	if !c.locate() {
		return false
	}
	e := c.at.find(s, c)
	if e == nil {
		return false
	}
	c.follow(e, r)
	return true
}

// follow moves the channel along an edge.
func (c *channel) follow(e *edge, r run) {
	turn := c.turn()
	earlier := c.lastRow[r.bank]
	if e.bank >= 0 {
		c.lastBank, c.lastRow[r.bank], c.lastColumn[r.bank] = r.bank, r.row, r.column+r.count-1
	}
	for _, ch := range e.rows {
		bank := turn.bank[ch.bank]
		row := int32(-1)
		switch ch.name {
		case fromLast:
			row = c.lastRow[bank]
		case fromEarlier: // of the run's own bank: only there has it changed
			row = earlier
		}
		c.bank[bank].row = row
	}
	c.lastArrival = c.now + e.arrival
	c.lastData = c.now + e.lastData
	c.now += e.clocks
	c.since = c.now
	c.tally.add(&e.tally)
	if e.refreshes > 0 {
		c.refreshDue += e.refreshes * c.refreshEvery
		c.refreshBank = (c.refreshBank + int(e.refreshes)) % c.perRank
	}
	c.at, c.ahead = e.to, true
}

// leave makes the channel's own fields hold its state again, for the
// command-level engine to change.
func (c *channel) leave() {
	if c.at != nil && c.ahead {
		c.restore(c.at.state)
	}
	c.at, c.ahead = nil, false
}

// A recording is a step that is being taken at command level.
type recording struct {
	from       *node
	step       step
	start      int64
	refreshDue int64
	refreshing step
	tally      tally
	turn       *turn
	rows       [maxBanks]int32
	lastRow    [maxBanks]int32
}

// record prepares to learn the edge of a step from the channel's node.
func (c *channel) record(s step) *recording {
	rec := &c.recording
	rec.from = c.at
	if c.at == nil {
		return rec
	}
	rec.step, rec.refreshing = s, s.refreshing(c)
	rec.start, rec.refreshDue, rec.tally, rec.turn = c.now, c.refreshDue, c.tally, c.turn()
	for i := range c.banks {
		rec.rows[i], rec.lastRow[i] = c.bank[i].row, c.lastRow[i]
	}
	return rec
}

// learn adds the edge that was recorded to the graph.
func (c *channel) learn(rec *recording) {
	if !c.locate() || rec.from == nil {
		return
	}
	e := &edge{
		step: rec.step, to: c.at,
		clocks: c.now - rec.start, arrival: c.lastArrival - rec.start, lastData: c.lastData - rec.start,
		tally: c.tally.plus(rec.tally, -1),
	}
	if c.refreshDue != rec.refreshDue {
		e.step = rec.refreshing
		e.refreshes = (c.refreshDue - rec.refreshDue) / c.refreshEvery
		if e.refreshes > 1 && c.spec.Refresh == PerBank {
			return // the banks that follow lie elsewhere in other turns
		}
	}
	for i := range c.banks {
		switch row := c.bank[i].row; row {
		case rec.rows[i]:
		case -1:
			e.rows = append(e.rows, rowChange{rec.turn.count[i], fromNone})
		case c.lastRow[i]:
			e.rows = append(e.rows, rowChange{rec.turn.count[i], fromLast})
		case rec.lastRow[i]:
			e.rows = append(e.rows, rowChange{rec.turn.count[i], fromEarlier})
		default:
			return // a row that the step's description does not name
		}
	}
	rec.from.edges[e.step] = e
}
