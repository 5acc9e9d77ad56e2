package fast

import "github.com/memsim/memsim/sim/dram"

// A channel is one of the model that remembers what it did. While it is ahead, only
// the frame of the model's channel is true, and the rest of its state is what at says.
type channel struct {
	*dram.Channel
	spec      *dram.Spec
	guard     *dram.Guard
	graph     *graph
	rotations *rotations
	view      dram.View
	at        *state // nil: not known
	ahead     bool
	busySet   uint64 // if ahead: the banks that have something to do
	recording recording
	replayed  replayed
	pending   pending
}

func newChannel(s *dram.Spec, t *dram.Timing, guard *dram.Guard, g *graph, r *rotations) *channel {
	c := &channel{Channel: dram.NewChannel(t, guard), spec: s, guard: guard, graph: g, rotations: r}
	for i := range c.view.LastRow {
		c.view.LastRow[i] = -1
	}
	return c
}

// rotation returns the rotation that makes the bank last asked for the first one.
func (c *channel) rotation() *rotation { return &c.rotations.list[c.rotations.at[c.view.LastBank]] }

// busyBanks returns the banks that have something to do.
func (c *channel) busyBanks() uint64 {
	if c.ahead {
		return c.busySet
	}
	return c.BusyBanks(&c.view)
}

// locate finds the channel's state in the graph, if it is not known yet.
func (c *channel) locate() bool {
	if c.at == nil {
		c.Settle()
		c.view.Order = c.rotation()
		c.Park(&c.view)
		c.at, c.ahead = c.graph.state(c), false
	}
	return c.at != nil
}

// leave gives the model's channel its whole state back, for the model to change.
func (c *channel) leave() {
	if c.at != nil && c.ahead {
		c.view.Order = c.rotation()
		c.SetState(&c.view, c.at.bytes)
	}
	c.at, c.ahead = nil, false
	c.view.Unpark()
}

// replay moves runs through a channel, until their last request is served and
// its data has moved. It reports whether there were any.
func (c *channel) replay(source *dram.Splitter) bool {
	if !c.takeIn(source) {
		return false
	}
	c.finish()
	return true
}

// begin prepares the channel for requests.
func (c *channel) begin() {
	if c.Power != dram.Standby {
		c.leave()
	}
	c.Begin()
}

// wait lets the channel run, without new requests, up to a clock at which the next
// ones arrive.
func (c *channel) wait(until int64) {
	c.materialize()
	c.leave()
	c.Wait(until)
}

// takeIn takes in all runs of a source, and reports whether there were any.
func (c *channel) takeIn(source *dram.Splitter) (some bool) {
	for r, more := source.Next(); more && !c.Stopped(); r, more = source.Next() {
		if !some {
			c.begin()
			some = true
		}
		if source.Long {
			c.stream(r, source.Layout)
		} else {
			c.leave()
			c.simulate(r, source.Layout)
		}
	}
	return some
}

// stream takes in a run of a long extent: by a transition if one is known, or else in
// the model, to learn it.
func (c *channel) stream(r dram.Run, l *dram.Layout) {
	c.locate()
	s, in, ok := c.step(r, l)
	if ok && c.jump(s, &in) {
		return
	}
	rec := c.record(s, in.banks)
	c.leave()
	c.simulate(r, l)
	if ok {
		c.learn(rec)
	}
	c.Observer = nil
}

// simulate takes in a run in the model.
func (c *channel) simulate(r dram.Run, l *dram.Layout) {
	c.Take(r, l)
	var earlier [dram.MaxWays]int32
	c.ask(&request{run: r, layout: l}, &earlier)
}

// finish drains the queues.
func (c *channel) finish() {
	if c.at == nil {
		c.leave()
		c.Drain()
		return
	}
	s := c.drainStep()
	if c.jump(s, &request{}) {
		return
	}
	rec := c.record(s, 0)
	c.leave()
	c.Drain()
	c.learn(rec)
}
