package dram

import "math/bits"

// maxBanks and maxQueue bound a channel so that sets of banks and of queue slots
// are single words.
const (
	maxRanks = 4
	maxBanks = 64
	maxQueue = 64
)

// never is later than any clock.
const never = int64(1) << 62

// A plan is a Spec compiled for the engine: constraints by the command that
// causes them, and positions in the table of earliest times. It is shared by all
// channels and never changes.
type plan struct {
	spec *Spec

	banks    int
	ranks    int
	perRank  int
	groups   int              // of all ranks
	rankOf   [maxBanks]uint8  // by bank
	groupOf  [maxBanks]uint8  // by bank
	rankMask [maxRanks]uint64 // by rank: its banks
	allBanks uint64
	causes   [nCommands]causes // what each command holds back
	windows  []window          // rules that count back several commands

	busClocks                 [nCommands]int64
	split, wck                bool
	closed, timeout           bool  // page policies
	aad                       int64 // clocks in which ACT2 follows ACT1
	casClocks                 int64 // clocks of a write clock start before its burst
	offered                   int   // requests that arrive in a clock
	readLatency, writeLatency int64
	wckRead, wckWrite         int64   // clocks that a burst keeps the write clock running
	refresh                   Command // that keeps the rows: of all banks, or of one
	refreshEvery              int64   // 0: no refresh
	refreshRound              int64   // clocks in which each bank is to be refreshed once
	pulse                     int64   // clocks of a refresh in power-down, from waking up to the end of its work
	pulseEvery                int64   // clocks from one refresh in power-down to the next
	writeHigh, writeLow       int     // more than so many queued writes begin to drain, fewer than so many stop
	allGroups                 []int   // bank groups of all ranks
}

// causes lists what a command delays, by level, and the windows that it is counted in.
type causes struct {
	channel, rank, otherRanks, group, bank []holdback

	windows []int
}

// A window is a windowed rule at the level of a rank, such as tFAW: a command of the
// column is issued clocks after the last but length-1 of those that are counted.
type window struct {
	rule   Rule
	column column
	clocks int64
	length int
}

// maxWindows and maxWindow bound the windowed rules of a standard and how many
// commands one of them counts back.
const (
	maxWindows = 2
	maxWindow  = 8
)

// A holdback keeps a class of commands from being issued for some clocks.
type holdback struct {
	column column
	clocks int64
}

func newPlan(s *Spec) *plan {
	p := &plan{spec: s, banks: s.Banks(), ranks: s.Ranks, perRank: s.BanksPerRank()}
	p.groups = s.Ranks * s.BankGroups
	for b := range p.banks {
		rank := b / p.perRank
		p.rankOf[b], p.groupOf[b] = uint8(rank), uint8(b/s.BanksPerGroup)
		p.rankMask[rank] |= 1 << b
		p.allBanks |= 1 << b
	}
	for group := range p.groups {
		p.allGroups = append(p.allGroups, group)
	}
	for _, c := range s.Constraints {
		p.add(c)
	}
	p.busClocks, p.split, p.wck, p.aad = s.BusClocks, s.Split, s.WriteClock, s.Timing["AAD"]
	p.casClocks = max(1, standards[s.Standard].casClocks)
	p.closed, p.timeout = s.Policy == Closed, s.Policy == Timeout
	p.offered = s.Queue.OfferedRate
	p.readLatency, p.writeLatency = s.ReadLatency(), s.WriteLatency()
	if s.WriteClock {
		p.wckRead = p.readLatency + s.Timing["WCKPST"]
		p.wckWrite = p.writeLatency + s.Timing["WCKPST"]
	}
	switch s.Refresh {
	case AllBank:
		p.refreshEvery = s.Timing["REFI"]
		p.refreshRound = p.refreshEvery
		p.pulses(REFab, s.Timing["RFCab"])
	case PerBank:
		p.refreshEvery = s.Timing["REFIpb"]
		p.refreshRound = p.refreshEvery * int64(p.perRank)
		p.pulses(REFpb, s.Timing["RFCpb"])
	}
	p.writeHigh = s.Queue.high(s.Queue.Writes)
	p.writeLow = s.Queue.low(s.Queue.Writes)
	return p
}

// pulses sets the command of refreshes, how long one takes in power-down, work
// being the time for which its bank is busy, and how soon the next may follow.
func (p *plan) pulses(refresh Command, work int64) {
	p.refresh = refresh
	p.pulse = p.spec.Timing["XP"] + int64(p.ranks)*p.busClocks[refresh] + work
	p.pulseEvery = p.pulse
	for _, h := range p.causes[refresh].rank {
		if h.column == columnOf[refresh] {
			p.pulseEvery = h.clocks + int64(p.ranks)*p.busClocks[refresh]
		}
	}
}

// add compiles one constraint. Times of the standard count from the last clock
// of a command that takes several, while the engine counts from the first, so
// the difference of the two commands' lengths is added.
func (p *plan) add(c Constraint) {
	for _, before := range c.Preceding {
		for _, after := range c.Following {
			clocks := c.Clocks + p.spec.BusClocks[before] - p.spec.BusClocks[after]
			if c.Window > 1 {
				p.causes[before].windows = append(p.causes[before].windows, len(p.windows))
				p.windows = append(p.windows, window{c.Rule, columnOf[after], clocks, c.Window})
				continue
			}
			list := p.causes[before].at(c.Level)
			*list = tighten(*list, holdback{columnOf[after], clocks})
		}
	}
}

func (c *causes) at(l Level) *[]holdback {
	switch l {
	case LevelChannel:
		return &c.channel
	case LevelRank:
		return &c.rank
	case LevelOtherRanks:
		return &c.otherRanks
	case LevelBankGroup:
		return &c.group
	}
	return &c.bank
}

// tighten adds h to a list, or lengthens the holdback of its column there.
func tighten(list []holdback, h holdback) []holdback {
	for i := range list {
		if list[i].column == h.column {
			list[i].clocks = max(list[i].clocks, h.clocks)
			return list
		}
	}
	return append(list, h)
}

// lowest returns the first element of a set.
func lowest(set uint64) int { return bits.TrailingZeros64(set) & 63 }

// each calls f with the elements of a set of banks.
func each(set uint64, f func(bank int)) {
	for ; set != 0; set &= set - 1 {
		f(bits.TrailingZeros64(set))
	}
}
