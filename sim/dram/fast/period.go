package fast

import (
	"encoding/binary"
	"math"

	"github.com/memsim/memsim/sim/dram"
)

// A period is a busy period: what a channel does from the clock in which work wakes it
// up to the one in which it is back in power-down. A channel in power-down delays
// nothing, has no row open and starts its refresh timer when it wakes, so that a
// period depends on the extents that are moved and on little else. The same holds for
// the first requests of a new memory, at time zero. A model asks for the same extents
// token after token.
type period struct {
	idle     bool // the channel has no part in the extents
	clocks   int64
	lastData int64 // from the start
	counted  packed

	pauses    []pause // from the last data to power-down
	refreshes int64
}

// A pause is a time without commands after the last data of a period: after its
// last clock comes a command, or power-down.
type pause struct {
	end     int32 // clocks from the last data of the period to the last clock
	active  uint8 // ranks with open rows
	command dram.Command
}

// replayed is a period that a channel is in the midst of without having been
// simulated.
type replayed struct {
	period  *period // nil: none
	start   int64
	pauses  int // that have passed
	before  dram.Counters
	extents []dram.Extent
	layout  *dram.Layout
	channel int
}

// pending is a period that is being simulated, to be remembered.
type pending struct {
	key       string // "": none
	period    *period
	start     int64
	before    dram.Counters
	refreshed int64 // at the start
}

// maxExtents bounds the extents of periods that are worth remembering.
const maxExtents = 64

// move moves the extents of a source through the channel, by a period that is known if
// there is one. It reports whether the channel has a part in them.
func (c *channel) move(source *dram.Splitter) bool {
	c.materialize()
	if !c.startsPeriod() {
		return c.replay(source)
	}
	if len(source.Extents) > maxExtents {
		return c.replayPeriod(source)
	}
	key := c.periodKey(source)
	if p, ok := c.graph.periods.Get(string(key)); ok {
		c.play(p, source)
		return !p.idle
	}
	n := pending{key: string(key), period: &period{}, start: c.Now, before: c.Counters, refreshed: c.RefreshedBefore()}
	some := c.replayPeriod(source)
	if c.guard.Err() != nil {
		return some
	}
	if !some {
		n.period.idle = true
		c.graph.periods.Add(n.key, n.period)
		return false
	}
	if !c.ahead {
		c.Settle()
	}
	n.period.clocks, n.period.lastData = c.Now-n.start, c.LastData-n.start
	var fits bool
	if n.period.counted, fits = pack(c.Counters.Since(&n.before)); fits {
		c.pending = n
		c.Observer = c // until it is back in power-down
	}
	return true
}

// startsPeriod reports whether requests that come now begin a busy period: they wake
// the channel, or are its first ones, at time zero.
func (c *channel) startsPeriod() bool { return c.Power != dram.Standby || c.Now == 0 }

// periodKey names the busy period that the extents begin: by the channel's part in
// them (see sameRuns), relative to the row of the first one where rows are all
// that higher bits of addresses name.
func (c *channel) periodKey(source *dram.Splitter) []byte {
	buf := append(c.graph.buf[:0], byte(c.Power), flag(c.Overdue()), byte(c.RefreshBank))
	if source.ChannelBits < log2(c.spec.Channels) { // channels lie in different regions of memory
		buf = append(buf, byte(source.Channel))
	}
	var base uint64
	again := *source
	for first := true; again.NextExtent(); first = false {
		if first {
			base = again.At &^ (1<<source.RowShift - 1)
		}
		block, mask := again.At>>source.BlockBits, uint64(1)<<source.BlockBits-1
		buf = binary.AppendVarint(buf, int64(again.At&^mask-base))
		buf = binary.AppendUvarint(buf, uint64(source.Before(source.Channel, again.At&mask)))
		buf = binary.AppendUvarint(buf, again.End>>source.BlockBits-block)
		buf = binary.AppendUvarint(buf, uint64(source.Before(source.Channel, again.End&mask)))
		buf = append(buf, flag(again.Write)<<1|flag(again.Long))
	}
	c.graph.buf = buf
	return buf
}

// play takes a period as known up to its last data.
func (c *channel) play(p *period, source *dram.Splitter) {
	if p.idle {
		return
	}
	c.Settle()
	r := &c.replayed
	*r = replayed{
		period: p, start: c.Now, before: c.Counters, extents: append(r.extents[:0], source.Extents...),
		layout: source.Layout, channel: source.Channel,
	}
	p.counted.addTo(&c.Counters)
	c.LastData = c.Now + p.lastData
	c.Now += p.clocks
	c.Since = c.Now
}

// materialize turns a replayed busy period back into real channel state, and drops the
// one that is being recorded.
func (c *channel) materialize() {
	c.abandon()
	r := &c.replayed
	if r.period == nil {
		return
	}
	r.period = nil
	reached, quietSince := c.Now, c.QuietSince
	c.Now, c.Since, c.Counters = r.start, r.start, r.before
	c.replayPeriod(&dram.Splitter{Layout: r.layout, Channel: r.channel, Extents: r.extents})
	c.QuietSince = quietSince
	c.idle(reached)
}

// idle lets the channel run without requests until a clock.
func (c *channel) idle(until int64) {
	if c.Now >= until {
		if !c.ahead {
			c.Settle()
		}
		return
	}
	if c.replayed.period != nil {
		c.passPeriod(until)
		if c.replayed.period != nil {
			return
		}
	}
	c.leave()
	c.Idle(until)
}

// passPeriod passes idle time in the period that the channel is in the midst of. Where
// self-refresh may come before power-down does, it has to be simulated.
func (c *channel) passPeriod(until int64) {
	r := &c.replayed
	p := r.period
	drained := r.start + p.clocks
	if c.SelfRefreshFrom() <= drained+int64(p.pauses[len(p.pauses)-1].end) {
		c.materialize()
		return
	}
	for _, b := range p.pauses[r.pauses:] {
		c.Pass(min(until, drained+int64(b.end))-c.Now, int(b.active))
		if c.Now == until {
			return
		}
		c.Book(b.command)
		r.pauses++
	}
	r.period = nil
	if c.Power == dram.SelfRefresh {
		c.RefreshedItself(r.start)
	}
	c.PoweredDown(p.refreshes)
}

// abandon drops the period that is being recorded, if any.
func (c *channel) abandon() { c.pending.key, c.Observer = "", nil }

// Issued notes, in the period that is being recorded, that a command ends a pause.
func (c *channel) Issued(_ int64, command dram.Command, _ int, _ int32) { c.endPause(command) }

// Entered remembers the period that ends as the channel enters power-down.
func (c *channel) Entered(p dram.PowerState) {
	c.endPause(dram.NoCommand)
	n := &c.pending
	if n.key == "" || p != dram.PowerDown || c.guard.Err() != nil {
		return
	}
	if c.RefreshEvery > 0 {
		n.period.refreshes = (c.Refreshed - n.refreshed) / c.RefreshEvery
	}
	c.graph.periods.Add(n.key, n.period)
	c.abandon()
}

// Arrived and Served complete an observer.
func (c *channel) Arrived(int64, uint64, bool, dram.Place) {}
func (c *channel) Served(int64, uint64, bool, int64)       {}

// endPause notes, in the period that is being recorded, that a command comes next.
func (c *channel) endPause(next dram.Command) {
	n := &c.pending
	if n.key == "" {
		return
	}
	end := c.Now - n.start - n.period.clocks
	if end > math.MaxInt32 {
		c.abandon()
		return
	}
	b := pause{end: int32(end), command: next}
	for rank := range c.Ranks {
		if c.NotClosed&c.RankMask[rank] != 0 {
			b.active++
		}
	}
	n.period.pauses = append(n.period.pauses, b)
}
