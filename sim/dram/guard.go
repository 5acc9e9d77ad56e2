package dram

import (
	"context"
	"fmt"
)

// A Guard ends simulations that should not go on: when their context is done, and
// when requests wait and none is served. The channels of a memory share it.
type Guard struct {
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

// Err returns why the memory has stopped, nil if it has not.
func (g *Guard) Err() error { return g.err }

// Stopped reports whether the channel must not go on. Loops ask it at each step.
func (c *Channel) Stopped() bool {
	if c.progress.steps++; c.progress.steps%checkEvery == 0 {
		c.look()
	}
	return c.guard.err != nil
}

// look is the guard's look at a channel.
func (c *Channel) look() {
	if ctx := c.guard.ctx; ctx != nil && ctx.Err() != nil {
		c.guard.err = ctx.Err()
		return
	}
	t := &c.Counters
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
func (c *Channel) noProgress(refreshes int64) error {
	return fmt.Errorf("DRAM %s makes no progress at clock %d (%.3f us): %d reads and %d writes wait, while %d refreshes were made; see whether its timings leave time between refreshes",
		c.spec.Name, c.Now, c.spec.Clock.Time(c.Now).Seconds()*1e6, c.reads.length, c.writes.length, refreshes)
}
