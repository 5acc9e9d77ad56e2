package fast

import "github.com/memsim/memsim/sim/dram"

// maxStates bounds the states of a graph, which starts anew beyond.
const maxStates = 1 << 14

// A state is one of a channel's, seen right after a run was taken in or when the
// channel has drained.
type state struct {
	bytes       string
	busy        []uint8     // counted banks that have something to do
	writes      uint64      // counted banks with queued writes that are not parked
	recent      *transition // that was followed last
	transitions map[step]*transition
}

// A transition is a step that was simulated once.
type transition struct {
	step
	to        *state
	clocks    int64
	refreshes int64
	arrival   int64 // clock of the last arrival, from the start
	lastData  int64 // end of the last burst, from the start
	counted   dram.Counters
	closesAll bool // all rows were closed by a refresh on the way
	rows      []rowChange
	times     []timeChange
	wait      [dram.MaxRanks]refreshWait // for which the step delays them beyond its end
}

// A rowChange says which row a bank has in its row buffer after a transition, if not
// the same as before.
type rowChange struct {
	bank bankName
	row  rowSource
}

// A refreshWait is the clocks for which refreshes of a rank are delayed: those of
// all banks, and of one.
type refreshWait struct{ all, one int64 }

// refreshes returns for how long times still delay refreshes.
func refreshes(t *dram.Times, now int64) refreshWait {
	return refreshWait{max(t[dram.ColREFab]-now, 0), max(t[dram.ColREFpb]-now, 0)}
}

// A timeChange gives the clocks, from the end of a transition, before which a bank
// that rests then takes commands.
type timeChange struct {
	bank  bankName
	ready dram.Times
}

// A bankName is a counted bank, or firstRefreshed plus the rank whose bank was
// refreshed at rest.
type bankName uint8

const firstRefreshed = dram.MaxBanks

type rowSource uint8

const (
	fromNone    rowSource = iota // it was closed
	fromLast                     // the row last asked for, after the transition
	fromEarlier                  // of a way: the row last asked for before the transition
)

// A graph holds the states of all channels of a memory.
type graph struct {
	states map[string]*state
	learned
	buf []byte // of names of states and busy periods
}

// state returns the graph's state of a channel, or nil if it has no name.
func (g *graph) state(c *channel) *state {
	var ok bool
	if g.buf, ok = c.State(&c.view, g.buf[:0]); !ok {
		return nil
	}
	if s := g.states[string(g.buf)]; s != nil {
		return s
	}
	s := state{bytes: string(g.buf)}
	count := &c.view.Order.Count
	each(c.BusyBanks(&c.view), func(bank int) { s.busy = append(s.busy, uint8(count[bank])) })
	each(c.WaitingWrites(&c.view), func(bank int) { s.writes |= 1 << count[bank] })
	return g.known(&s)
}

// known returns the graph's own of a state that another graph may have named.
func (g *graph) known(s *state) *state {
	if mine := g.states[s.bytes]; mine != nil {
		return mine
	}
	if len(g.states) >= maxStates {
		clear(g.states)
	}
	mine := &state{bytes: s.bytes, busy: s.busy, writes: s.writes, transitions: map[step]*transition{}}
	g.states[s.bytes] = mine
	return mine
}
