package dram

import "github.com/memsim/memsim/units"

// account books what a memory does into transfers: commands and energy sum to what
// the memory has done since time zero.
type account struct {
	spec *Spec
	done units.Picoseconds // end of the last transfer or idle time
	// quietSince is the clock since which no channel has requests.
	quietSince     int64
	guard          *guard
	sum            tally  // of all channels, since time zero
	reported       tally  // the sum at the end of the last transfer
	reportedEnergy Energy // by then
	uses           []ChannelUse
}

func newAccount(s *Spec) account {
	return account{spec: s, guard: &guard{}, uses: make([]ChannelUse, s.Channels)}
}

// Spec returns the memory's configuration.
func (a *account) Spec() *Spec { return a.spec }

// PeakBandwidth returns what all channels move when every burst slot is taken.
func (a *account) PeakBandwidth() units.BytesPerSecond { return a.spec.PeakBandwidth() }

// Now returns the end of the last transfer or idle time.
func (a *account) Now() units.Picoseconds { return a.done }

// Channels returns the parts that the channels, by number, had in the last Move.
// Their reads and writes, and how these met the rows, sum to those of its
// Transfer; commands of the idle time before it and of the end, at which some
// channels wait for others, are in the Transfer alone. The slice is valid until
// the next Move.
func (a *account) Channels() []ChannelUse { return a.uses }

// clock returns the first clock edge at or after a time and the memory's end.
func (a *account) clock(t units.Picoseconds) int64 { return a.spec.Clock.Edge(max(t, a.done)) }

// use describes the part of a channel in a transfer from start on.
func (a *account) use(start, lastData int64, counted *tally) ChannelUse {
	return ChannelUse{a.spec.Clock.Time(max(start, lastData)), counted.counts()}
}

// transfer describes what happened since the last one.
func (a *account) transfer(start, end int64) Transfer {
	a.done = a.spec.Clock.Time(end)
	counted, earlier := a.sum.since(&a.reported), a.reportedEnergy
	a.reported, a.reportedEnergy = a.sum, a.spec.energyOf(&a.sum)
	return Transfer{
		Start:  a.spec.Clock.Time(start),
		Done:   a.done,
		Counts: counted.counts(),
		Energy: a.reportedEnergy.minus(earlier),
	}
}
