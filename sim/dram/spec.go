package dram

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Spec is the whole configuration of a memory: organisation, timing in clocks,
// controller policies and energies. It is built by SpecOf and may be shared; to try
// another queue, idle time, policy or energy, change it in a copy.
type Spec struct {
	Name          string // of the part
	Standard      string
	Channels      int
	Ranks         int // per channel
	BankGroups    int // per rank
	BanksPerGroup int
	Rows          int64       // per bank
	RowBytes      units.Bytes // per bank
	BurstBytes    units.Bytes // one read or write
	Clock         Clock
	Timing        map[string]int64 // JEDEC parameters, in clocks
	Constraints   []Constraint     // the standard's rules with their latencies
	BusClocks     [nCommands]int64 // clocks that each command holds the command bus
	Split         bool             // rows open with ACT1 and ACT2
	WriteClock    bool             // LPDDR5's WCK must be started before a burst
	Mapping       Mapping
	Policy        Policy
	Refresh       Refresh
	Queue         Queue
	Idle          IdlePolicy
	Energy        EnergyPerCommand
	Background    BackgroundPower

	order  []field // Mapping, from the low bits to the high
	hashes []hash  // of Mapping, beside its xor
}

// Constraint is a Rule with its latency in clocks.
type Constraint struct {
	Rule
	Clocks int64
}

// Policy says when rows are closed.
type Policy string

// The page policies.
const (
	Open    Policy = "open"    // a row stays open until another one or a refresh needs its bank
	Closed  Policy = "closed"  // a row is closed after ClosedAccesses accesses, by auto-precharge where a request allows it
	Timeout Policy = "timeout" // a row is closed when its bank has been idle for TimeoutClocks
)

// ClosedAccesses is after how many accesses the closed policy closes a row;
// TimeoutClocks is the idle time after which the timeout policy does.
const (
	ClosedAccesses = 4
	TimeoutClocks  = 200
)

// Refresh says which refresh commands the controller sends.
type Refresh string

// The refresh modes.
const (
	NoRefresh Refresh = "none"
	AllBank   Refresh = "all" // REFab to each rank, every tREFI
	PerBank   Refresh = "per" // REFpb to one bank after the other, every tREFIpb
)

// Queue sizes the controller's buffers. Writes wait until more than High of
// their queue is filled or no read is waiting, and then drain until less than
// Low is left while reads wait.
type Queue struct {
	Reads, Writes int     // entries, at most 64 each
	Low, High     float64 // watermarks of the write queue, as shares of it
	OfferedRate   int     // requests that arrive in a clock while there is room
}

// high returns how many of so many entries begin to drain when one more waits, low
// how many are too few to go on.
func (q Queue) high(entries int) int { return int(math.Floor(q.High * float64(entries))) }
func (q Queue) low(entries int) int  { return int(math.Ceil(q.Low * float64(entries))) }

// IdlePolicy says after how many idle clocks a channel enters a low-power state;
// 0 is never.
type IdlePolicy struct {
	PowerDown   int64
	SelfRefresh int64
}

// defaults of the controller that no profile states: the queues of Ramulator
// 2.1, and idle timers of the order that public memory controller manuals
// recommend (tens of clocks for power-down, about 100 us for self-refresh).
var (
	defaultQueue  = Queue{Reads: 32, Writes: 32, Low: 0.2, High: 0.8, OfferedRate: 4}
	powerDownIdle = int64(64)
	selfRefreshPS = 100 * units.Microsecond
)

// EnergyPerCommand is the energy of each command, of one channel.
type EnergyPerCommand struct {
	ActivatePrecharge units.Femtojoules // one row opened and closed
	Read              units.Femtojoules // one burst, array to pin
	Write             units.Femtojoules // one burst, pin to array
	IO                units.Femtojoules // one burst over the pins, either way
	RefreshAll        units.Femtojoules
	RefreshBank       units.Femtojoules
}

// BackgroundPower is what one rank of one channel takes in each state.
type BackgroundPower struct {
	Active      units.Watts // at least one row open
	Precharge   units.Watts // no row open
	PowerDown   units.Watts
	SelfRefresh units.Watts
}

// Banks returns the banks of a channel.
func (s *Spec) Banks() int { return s.Ranks * s.BanksPerRank() }

// BanksPerRank returns the banks of a rank.
func (s *Spec) BanksPerRank() int { return s.BankGroups * s.BanksPerGroup }

// Columns returns the bursts of a row.
func (s *Spec) Columns() int64 { return int64(s.RowBytes / s.BurstBytes) }

// Capacity returns the bytes of all channels.
func (s *Spec) Capacity() units.Bytes {
	return units.Bytes(s.Channels) * units.Bytes(s.Banks()) * units.Bytes(s.Rows) * s.RowBytes
}

// BurstClocks returns the clocks that a burst holds the data bus.
func (s *Spec) BurstClocks() int64 { return s.Timing[standards[s.Standard].burst] }

// ReadLatency returns the clocks from a read command to the end of its data.
func (s *Spec) ReadLatency() int64 {
	std := standards[s.Standard]
	return std.lastClock(s.BusClocks[RD]) + s.Timing["CL"] + s.Timing[std.dataDelay] + s.BurstClocks()
}

// WriteLatency returns the clocks from a write command to the end of its data.
func (s *Spec) WriteLatency() int64 {
	std := standards[s.Standard]
	return std.lastClock(s.BusClocks[WR]) + s.Timing["CWL"] + s.BurstClocks()
}

// PeakBandwidth returns what all channels move when every burst slot of their
// data buses is taken.
func (s *Spec) PeakBandwidth() units.BytesPerSecond {
	period := float64(s.Clock.Num) / float64(s.Clock.Den) * 1e-12
	return units.BytesPerSecond(float64(s.Channels) * float64(s.BurstBytes) / (float64(s.BurstClocks()) * period))
}

// SpecOf builds the configuration of a device's memory. d.Spec must be set. The
// error names every faulty field, one a line, and is a user's mistake.
func SpecOf(d devices.DRAM) (Spec, error) {
	if d.Spec == nil {
		return Spec{}, fault.Userf("DRAM part %q is not resolved: load the device with devices.Load", d.Part)
	}
	b := builder{part: d.Spec}
	s := b.organisation(d)
	b.timing(&s)
	b.controller(&s, d)
	b.energy(&s)
	if len(b.faults) > 0 {
		return Spec{}, fault.Userf("DRAM part %s: %s", d.Spec.Name, strings.Join(b.faults, "\nDRAM part "+d.Spec.Name+": "))
	}
	return s, nil
}

// PartSpec builds the configuration of one channel of a part with one rank, as
// memory simulators are run to compare parts.
func PartSpec(part *devices.DRAMPart, mapping string, refresh Refresh, policy Policy) (Spec, error) {
	return PartsSpec(part, 1, 1, mapping, refresh, policy)
}

// PartsSpec is PartSpec of more channels, each with so many ranks.
func PartsSpec(part *devices.DRAMPart, channels, ranks int, mapping string, refresh Refresh, policy Policy) (Spec, error) {
	return SpecOf(devices.DRAM{
		Part:       part.Name,
		Channels:   devices.Quantity[units.Count]{Value: units.Count(channels)},
		Ranks:      devices.Quantity[units.Count]{Value: units.Count(ranks)},
		Mapping:    mapping,
		PagePolicy: string(policy),
		Refresh:    string(refresh),
		Spec:       part,
	})
}

// builder collects what is wrong with a part while a Spec is built from it.
type builder struct {
	part   *devices.DRAMPart
	std    standard
	faults []string
}

func (b *builder) failf(format string, args ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

func (b *builder) organisation(d devices.DRAM) Spec {
	p := b.part
	std, ok := standards[p.Standard]
	if !ok {
		b.failf("standard %q is not modelled; use DDR5, LPDDR4X, LPDDR5, LPDDR5X or LPDDR6", p.Standard)
		std = standards["LPDDR5"]
	}
	b.std = std
	s := Spec{
		Name:          p.Name,
		Standard:      p.Standard,
		Channels:      b.power("channels", int64(d.Channels.Value), 64),
		Ranks:         b.power("ranks", int64(d.Ranks.Value), 4),
		BankGroups:    b.power("bank_groups", int64(p.BankGroups.Value), 16),
		BanksPerGroup: b.power("banks_per_group", int64(p.BanksPerGroup.Value), 16),
		Rows:          int64(p.Rows.Value),
		RowBytes:      units.Bytes(b.power("row_bytes", int64(p.RowBytes.Value), 1<<20)),
		BurstBytes:    units.Bytes(b.power("the data of a burst (burst_payload, or channel_width × burst_length / 8)", int64(p.BurstBytes()), 1024)),
		Split:         std.split,
		WriteClock:    std.wck,
	}
	if s.Rows < 1 || s.Rows > 1<<24 {
		b.failf("rows is %d, which is not between 1 and %d", s.Rows, 1<<24)
	}
	if s.RowBytes < s.BurstBytes {
		b.failf("row_bytes is %d, less than a burst of %d", s.RowBytes, s.BurstBytes)
	}
	if s.Banks() > MaxBanks {
		b.failf("%d ranks of %d banks are more than %d banks on a channel", s.Ranks, s.BanksPerRank(), MaxBanks)
	}
	for c := range nCommands {
		s.BusClocks[c] = 1
		if n := std.busClocks[c]; n > 0 {
			s.BusClocks[c] = n
		}
	}
	var err error
	if s.Clock, err = clockAt(p.DataRate.Value, std.perClock); err != nil {
		b.failf("data_rate: %s", err)
		s.Clock = Clock{1000, 1}
	}
	if stated := float64(p.Clock.Value); stated != 0 {
		exact := float64(s.Clock.Num) / float64(s.Clock.Den)
		if stated < exact-1 || stated > exact+1 {
			b.failf("clock is %g ps, but %s moves %d transfers in a clock, which takes %s; correct clock or data_rate",
				stated, p.Standard, std.perClock, s.Clock)
		}
	}
	return s
}

// power wants v to be a power of two of at most max.
func (b *builder) power(name string, v, max int64) int {
	if v < 1 || v > max || v&(v-1) != 0 {
		b.failf("%s is %d, which is not a power of two between 1 and %d", name, v, max)
		return 1
	}
	return int(v)
}

// timing resolves the part's parameters to clocks, and the standard's rules with
// them.
func (b *builder) timing(s *Spec) {
	s.Timing = make(map[string]int64, len(b.part.Timing))
	for _, t := range b.part.Timing {
		if _, twice := s.Timing[t.Name]; twice {
			b.failf("timing %s is given twice", t.Name)
		}
		clocks := t.Quantity.Value.Clocks
		if t.Quantity.Value.Time > 0 {
			clocks = s.Clock.After(t.Quantity.Value.Time)
		}
		if clocks < 0 || clocks > 1<<20 {
			b.failf("timing %s is %d clocks, which is not between 0 and %d", t.Name, clocks, 1<<20)
			clocks = 0
		}
		s.Timing[t.Name] = clocks
	}
	missing := map[string]bool{}
	windows := 0
	for _, r := range b.std.rules {
		clocks, unknown := evaluate(r.Latency, s.Timing)
		for _, name := range unknown {
			missing[name] = true
		}
		s.Constraints = append(s.Constraints, Constraint{r, clocks})
		if r.Window > 1 {
			windows += len(r.Preceding) * len(r.Following)
		}
		if r.Window > 1 && (r.Level != LevelRank || r.Window > maxWindow || windows > maxWindows) {
			b.failf("rule %s of %s counts back %d commands of a %s; up to %d commands of a rank are modelled, in %d rules", r.Name, b.part.Standard, r.Window, r.Level, maxWindow, maxWindows)
		}
	}
	for _, name := range b.std.needs() {
		if _, ok := s.Timing[name]; !ok {
			missing[name] = true
		}
	}
	names := make([]string, 0, len(missing))
	for name := range missing {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 0 {
		b.failf("timing lacks %s, which %s needs", strings.Join(names, ", "), b.part.Standard)
	}
}

// needs lists the parameters that the controller uses beside the rules.
func (std standard) needs() []string {
	names := []string{"CL", "CWL", std.burst, "REFI", "RFCab", "XP", "XSR"}
	if std.dataDelay != "" {
		names = append(names, std.dataDelay)
	}
	if std.split {
		names = append(names, "AAD")
	}
	if std.wck {
		names = append(names, "WCKPST")
	}
	if std.perBank {
		names = append(names, "REFIpb")
	}
	return names
}

// evaluate adds up a Rule's latency and returns the names it does not know.
func evaluate(sum string, timing map[string]int64) (clocks int64, unknown []string) {
	sign := int64(1)
	for _, term := range strings.Fields(sum) {
		switch term {
		case "+":
			sign = 1
			continue
		case "-":
			sign = -1
			continue
		}
		v, err := strconv.ParseInt(term, 10, 64)
		if err != nil {
			known := false
			if v, known = timing[term]; !known {
				unknown = append(unknown, term)
			}
		}
		clocks += sign * v
	}
	return clocks, unknown
}

func (b *builder) controller(s *Spec, d devices.DRAM) {
	s.Queue = defaultQueue
	s.Idle = IdlePolicy{PowerDown: powerDownIdle, SelfRefresh: s.Clock.After(selfRefreshPS)}
	s.Policy = Policy(d.PagePolicy)
	if !slices.Contains([]Policy{Open, Closed, Timeout}, s.Policy) {
		b.failf("page policy %q is not known; use open, closed or timeout", d.PagePolicy)
	}
	s.Refresh = Refresh(d.Refresh)
	switch {
	case !slices.Contains([]Refresh{NoRefresh, AllBank, PerBank}, s.Refresh):
		b.failf("refresh mode %q is not known; use none, all or per", d.Refresh)
	case s.Refresh == PerBank && !b.std.perBank:
		b.failf("refresh mode per is not modelled for %s; use all", b.part.Standard)
	}
	m, err := ParseMapping(d.Mapping)
	if err != nil {
		b.failf("%s", err)
		return
	}
	s.Mapping = m
	if s.order, err = m.fields(s); err == nil {
		s.hashes, err = m.hashes(s)
	}
	if err != nil {
		b.failf("mapping %s: %s", m, err)
	}
}

func (b *builder) energy(s *Spec) {
	e := b.part.Energy
	s.Energy = EnergyPerCommand{
		ActivatePrecharge: units.FromPicojoules(float64(e.ActivatePrecharge.Value)),
		Read:              s.BurstBytes.Energy(e.Read.Value),
		Write:             s.BurstBytes.Energy(e.Write.Value),
		IO:                s.BurstBytes.Energy(e.IO.Value),
		RefreshAll:        units.FromPicojoules(float64(e.Refresh.Value)),
		RefreshBank:       units.FromPicojoules(float64(e.Refresh.Value) / float64(s.BanksPerRank())),
	}
	s.Background = BackgroundPower{
		Active:      e.ActiveStandby.Value,
		Precharge:   e.PrechargeStandby.Value,
		PowerDown:   e.PowerDown.Value,
		SelfRefresh: e.SelfRefresh.Value,
	}
}
