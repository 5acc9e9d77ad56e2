package dram

import (
	"context"

	"github.com/memsim/memsim/units"
)

// An Account books what a memory does into transfers: commands and energy sum to what
// the memory has done since time zero. Both kinds of memory have one.
type Account struct {
	Guard      *Guard // of its channels
	QuietSince int64  // clock since which no channel has requests; Never while one has

	spec           *Spec
	done           units.Picoseconds // end of the last transfer or idle time
	sum            Counters          // of all channels, since time zero
	reported       Counters          // the sum at the end of the last transfer
	reportedEnergy Energy            // by then
	uses           []ChannelUse
}

// NewAccount returns the account of a memory of a Spec at time zero.
func NewAccount(s *Spec) Account {
	return Account{spec: s, Guard: &Guard{}, uses: make([]ChannelUse, s.Channels)}
}

// Spec returns the memory's configuration.
func (a *Account) Spec() *Spec { return a.spec }

// PeakBandwidth returns what all channels move when every burst slot is taken.
func (a *Account) PeakBandwidth() units.BytesPerSecond { return a.spec.PeakBandwidth() }

// Now returns the end of the last transfer or idle time.
func (a *Account) Now() units.Picoseconds { return a.done }

// Channels returns the parts that the channels, by number, had in the last Move.
// Their reads and writes, and how these met the rows, sum to those of its
// Transfer; commands of the idle time before it and of the end, at which some
// channels wait for others, are in the Transfer alone. The slice is valid until
// the next Move.
func (a *Account) Channels() []ChannelUse { return a.uses }

// Bind ends transfers and idle time of the memory early once ctx is done; Err then
// says so.
func (a *Account) Bind(ctx context.Context) { a.Guard.ctx = ctx }

// Err returns why the memory stopped: its context's error, or that requests wait for
// ever under its timings. It is nil while all goes well. A memory that has stopped
// moves nothing any more, and its last transfer is not whole.
func (a *Account) Err() error { return a.Guard.err }

// Clock returns the first clock edge at or after a time and the memory's end.
func (a *Account) Clock(t units.Picoseconds) int64 { return a.spec.Clock.Edge(max(t, a.done)) }

// Count adds what some channels have counted alike.
func (a *Account) Count(change *Counters, channels int) { a.sum.AddTimes(change, int64(channels)) }

// Use notes the part of a channel in a transfer from clock start on.
func (a *Account) Use(channel int, start, lastData int64, counted *Counters) {
	a.uses[channel] = ChannelUse{a.spec.Clock.Time(max(start, lastData)), counted.Counts()}
}

// Transfer describes what happened since the last one.
func (a *Account) Transfer(start, end int64) Transfer {
	a.done = a.spec.Clock.Time(end)
	counted, earlier := a.sum.Since(&a.reported), a.reportedEnergy
	a.reported, a.reportedEnergy = a.sum, a.spec.energyOf(&a.sum)
	return Transfer{
		Start:  a.spec.Clock.Time(start),
		Done:   a.done,
		Counts: counted.Counts(),
		Energy: a.reportedEnergy.minus(earlier),
	}
}
