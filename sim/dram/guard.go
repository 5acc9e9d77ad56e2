package dram

import (
	"context"
	"fmt"
)

// A guard ends simulations that should not go on: when their context is done, and
// when requests wait and none is served. The channels of a memory share it.
type guard struct {
	ctx context.Context // nil: nothing interrupts
	err error           // why the memory has stopped
}

// A guard looks each checkEvery steps of a channel, and gives up after barrenChecks
// looks without a request served: a second of a host's time.
const (
	checkEvery   = 1 << 10
	barrenChecks = 1 << 8
)

// progress holds what a channel had done when its guard saw a request served last.
type progress struct {
	steps     uint32
	served    int64
	refreshes int64
	barren    int // looks since
}

// Bind ends transfers and idle time of the memory early once ctx is done; Err then
// says so.
func (a *account) Bind(ctx context.Context) { a.guard.ctx = ctx }

// Err returns why the memory stopped: its context's error, or that requests wait for
// ever under its timings. It is nil while all goes well. A memory that has stopped
// moves nothing any more, and its last transfer is not whole.
func (a *account) Err() error { return a.guard.err }

// stopped reports whether the channel must not go on. Loops ask it at each step.
func (c *channel) stopped() bool {
	if c.progress.steps++; c.progress.steps%checkEvery == 0 {
		c.look()
	}
	return c.guard.err != nil
}

// look is the guard's look at a channel.
func (c *channel) look() {
	if ctx := c.guard.ctx; ctx != nil && ctx.Err() != nil {
		c.guard.err = ctx.Err()
		return
	}
	t := &c.tally
	served := t[countReads] + t[countWrites] + t[countForwarded] + t[countCoalesced]
	refreshes := t[countAllBankRefreshes] + t[countBankRefreshes]
	p := &c.progress
	if served != p.served || !c.busy() {
		p.served, p.refreshes, p.barren = served, refreshes, 0
		return
	}
	if p.barren++; p.barren > barrenChecks {
		c.guard.err = c.noProgress(refreshes - p.refreshes)
	}
}

// noProgress is the error of a channel whose requests wait for ever, since so many
// refreshes.
func (c *channel) noProgress(refreshes int64) error {
	return fmt.Errorf("DRAM %s makes no progress at clock %d (%.3f us): %d reads and %d writes wait, while %d refreshes were made; see whether its timings leave time between refreshes",
		c.spec.Name, c.now, c.spec.Clock.Time(c.now).Seconds()*1e6, c.reads.length, c.writes.length, refreshes)
}
