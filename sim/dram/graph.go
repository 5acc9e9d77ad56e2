package dram

import "sync"

// A node is a state of a channel, seen right after a run was taken in or when
// the channel has drained.
type node struct {
	state  string
	busy   []uint8 // counted banks that have something to do
	writes uint64  // counted banks with queued writes
	recent *edge   // the edge that was followed last
	edges  map[step]*edge
}

// A step is what takes a channel from one node to the next: a run, or the
// draining of its queues, and what that meets. Banks count from the one last
// asked for before the step.
type step struct {
	bank      int16 // of the run's first lane; -1: drain
	twist     uint8 // of its lanes
	write     bool
	otherOpen uint8 // ranks in which banks that are not concerned have an open row
	count     int32
	phase     int32 // place of the first burst in the pattern of lanes
	met       [maxLanes]meeting
	held      [maxLanes]restHold // of lanes whose bank rests
	refresh   refreshStep
}

// A restHold is what is held back from a bank at rest: the column and the clocks
// for which it is. Zero is nothing.
type restHold uint16

// A meeting is how a run finds the bank of a lane.
type meeting uint8

const (
	noLane      meeting = iota
	restsClosed         // nothing to do, no row open
	restsOpen           // nothing to do, another row open
	restsHit            // nothing to do, the run's row open
	busyOther           // with requests for other rows, which are open or not
	busyHit             // with requests for another row, while the run's is still open
	busySame            // with requests for the run's row
)

// refreshStep is the refresh that comes due during a step. The zero value is
// none.
type refreshStep struct {
	in     int32              // clocks from the start of the step, plus one
	target [maxRanks]uint8    // bank that is refreshed in each rank, of per-bank refresh
	held   [maxRanks]restHold // of targets that rest
	wait   [maxRanks]uint16   // clocks for which a refresh of each rank is held back
}

// Targets of per-bank refresh. A bank that rests may be any; the others are
// counted from targetBusy on.
const (
	targetClosed = iota
	targetOpen
	targetBusy
)

// An edge is a step that was taken at command level once.
type edge struct {
	step
	to        *node
	clocks    int64
	refreshes int64
	arrival   int64 // clock of the last arrival, from the start
	lastData  int64 // end of the last burst, from the start
	tally     tally
	closesAll bool // all rows were closed by a refresh on the way
	rows      []rowChange
	times     []timeChange
	wait      [maxRanks]refreshWait // for which the step holds them back beyond its end
}

// A rowChange says which row a bank has in its row buffer after an edge, if not
// the same as before.
type rowChange struct {
	bank edgeBank
	row  rowSource
}

// A refreshWait is the clocks for which refreshes of a rank are held back: those of
// all banks, and of one.
type refreshWait struct{ all, one int64 }

// refreshWait returns what the times of a rank still hold refreshes back for.
func (t *times) refreshWait(now int64) refreshWait {
	return refreshWait{max(t[colREFab]-now, 0), max(t[colREFpb]-now, 0)}
}

// A timeChange gives the clocks, from the end of an edge, before which commands
// are held back from a bank that rests then.
type timeChange struct {
	bank  edgeBank
	ready times
}

// An edgeBank is a counted bank, or firstRefreshed plus the rank whose bank was
// refreshed at rest.
type edgeBank uint8

const firstRefreshed = maxBanks

type rowSource uint8

const (
	fromNone    rowSource = iota // it was closed
	fromLast                     // the row last asked for, after the edge
	fromEarlier                  // of a lane: the row last asked for before the edge
)

// A graph holds the nodes of all channels of a memory.
type graph struct {
	nodes     map[string]*node
	sessions  *generations[session]
	waypoints *generations[waypoint]
	buf       []byte // of names of states and sessions
}

// learned keeps graphs for the next memories of a Spec.
type learned struct {
	sessions  generations[session]
	waypoints generations[waypoint]
	mu        sync.Mutex
	free      []*graph
}

func newLearned() *learned {
	return &learned{
		sessions:  generations[session]{most: mostSessions},
		waypoints: generations[waypoint]{most: mostWaypoints},
	}
}

func (l *learned) newGraph() *graph {
	return &graph{nodes: map[string]*node{}, sessions: &l.sessions, waypoints: &l.waypoints}
}

// take returns a graph that no memory uses: one that has been handed back, or a
// new one.
func (l *learned) take() *graph {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return l.newGraph()
	}
	g := l.free[n-1]
	l.free = l.free[:n-1]
	return g
}

func (l *learned) giveBack(g *graph) {
	if l == nil || g == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, g)
}

// node returns the node of a channel's state, or nil if it has none.
func (g *graph) node(f *fastChannel) *node {
	var ok bool
	if g.buf, ok = f.snapshot(&f.view, g.buf[:0]); !ok {
		return nil
	}
	if n := g.nodes[string(g.buf)]; n != nil {
		return n
	}
	n := node{state: string(g.buf)}
	turn := f.view.turn
	each(f.channel.busyBanks(&f.view), func(bank int) { n.busy = append(n.busy, uint8(turn.count[bank])) })
	each(f.writes.pending&^f.view.parkedOnly, func(bank int) { n.writes |= 1 << turn.count[bank] })
	return g.known(&n)
}

// known returns the graph's node of a state that another graph may have named.
func (g *graph) known(n *node) *node {
	if mine := g.nodes[n.state]; mine != nil {
		return mine
	}
	if len(g.nodes) >= maxNodes {
		clear(g.nodes)
	}
	mine := &node{state: n.state, busy: n.busy, writes: n.writes, edges: map[step]*edge{}}
	g.nodes[n.state] = mine
	return mine
}
