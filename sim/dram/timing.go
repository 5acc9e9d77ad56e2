package dram

import "math/bits"

// MaxBanks and maxQueue bound a channel so that sets of banks and of queue slots
// are single words.
const (
	MaxRanks = 4
	MaxBanks = 64
	maxQueue = 64
)

// never is later than any clock.
const Never = int64(1) << 62

// A Timing is a Spec compiled for the engine: constraints by the command that
// delays them, and positions in the table of earliest times. It is shared by all
// channels and never changes.
type Timing struct {
	spec *Spec

	Banks    int // of a channel
	Ranks    int
	PerRank  int              // banks
	groups   int              // of all ranks
	RankOf   [MaxBanks]uint8  // by bank
	GroupOf  [MaxBanks]uint8  // by bank
	RankMask [MaxRanks]uint64 // by rank: its banks
	allBanks uint64
	delays   [nCommands]delays // what each command delays
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
	RefreshEvery              int64   // 0: no refresh
	RefreshRound              int64   // clocks in which each bank is to be refreshed once
	refreshBurst              int64   // clocks of a refresh in power-down, from waking up to the end of its work
	burstEvery                int64   // clocks from one refresh in power-down to the next
	writeHigh, writeLow       int     // more than so many queued writes begin to drain, fewer than so many stop
	allGroups                 []int   // bank groups of all ranks
}

// delays lists what a command delays, by level, and the windows that it is counted in.
type delays struct {
	channel, rank, otherRanks, group, bank []minDelay

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

// A minDelay is how many clocks after a command one of a class may be issued.
type minDelay struct {
	column column
	clocks int64
}

// NewTiming compiles a Spec.
func NewTiming(s *Spec) *Timing {
	p := &Timing{spec: s, Banks: s.Banks(), Ranks: s.Ranks, PerRank: s.BanksPerRank()}
	p.groups = s.Ranks * s.BankGroups
	for b := range p.Banks {
		rank := b / p.PerRank
		p.RankOf[b], p.GroupOf[b] = uint8(rank), uint8(b/s.BanksPerGroup)
		p.RankMask[rank] |= 1 << b
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
		p.RefreshEvery = s.Timing["REFI"]
		p.RefreshRound = p.RefreshEvery
		p.refreshBursts(REFab, s.Timing["RFCab"])
	case PerBank:
		p.RefreshEvery = s.Timing["REFIpb"]
		p.RefreshRound = p.RefreshEvery * int64(p.PerRank)
		p.refreshBursts(REFpb, s.Timing["RFCpb"])
	}
	p.writeHigh = s.Queue.high(s.Queue.Writes)
	p.writeLow = s.Queue.low(s.Queue.Writes)
	return p
}

// refreshBursts sets the command of refreshes, how long one takes in power-down, work
// being the time for which its bank is busy, and how soon the next may follow.
func (p *Timing) refreshBursts(refresh Command, work int64) {
	p.refresh = refresh
	p.refreshBurst = p.spec.Timing["XP"] + int64(p.Ranks)*p.busClocks[refresh] + work
	p.burstEvery = p.refreshBurst
	for _, h := range p.delays[refresh].rank {
		if h.column == columnOf[refresh] {
			p.burstEvery = h.clocks + int64(p.Ranks)*p.busClocks[refresh]
		}
	}
}

// add compiles one constraint. Times of the standard count from the last clock
// of a command that takes several, while the engine counts from the first, so
// the difference of the two commands' lengths is added.
func (p *Timing) add(c Constraint) {
	for _, before := range c.Preceding {
		for _, after := range c.Following {
			clocks := c.Clocks + p.spec.BusClocks[before] - p.spec.BusClocks[after]
			if c.Window > 1 {
				p.delays[before].windows = append(p.delays[before].windows, len(p.windows))
				p.windows = append(p.windows, window{c.Rule, columnOf[after], clocks, c.Window})
				continue
			}
			list := p.delays[before].at(c.Level)
			*list = tighten(*list, minDelay{columnOf[after], clocks})
		}
	}
}

func (c *delays) at(l Level) *[]minDelay {
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

// tighten adds h to a list, or lengthens the delay of its column there.
func tighten(list []minDelay, h minDelay) []minDelay {
	for i := range list {
		if list[i].column == h.column {
			list[i].clocks = max(list[i].clocks, h.clocks)
			return list
		}
	}
	return append(list, h)
}

// RefreshDelay returns for how long a command delays refreshes of its rank: those of
// all banks, and of one.
func (p *Timing) RefreshDelay(c Command) (all, one int64) {
	for _, d := range p.delays[c].rank {
		switch d.column {
		case ColREFab:
			all = d.clocks
		case ColREFpb:
			one = d.clocks
		}
	}
	return all, one
}

// lowest returns the first element of a set.
func lowest(set uint64) int { return bits.TrailingZeros64(set) & 63 }

// each calls f with the elements of a set of banks.
func each(set uint64, f func(bank int)) {
	for ; set != 0; set &= set - 1 {
		f(bits.TrailingZeros64(set))
	}
}
