package dram

import (
	"fmt"
	"math/bits"
)

// A checker watches a channel and knows the standard in the plainest way: it
// keeps all commands and compares each new one with each before it.
type checker struct {
	spec     *Spec
	channel  *Channel
	log      []logged
	open     map[int]int32 // rows by bank
	opening  map[int]int64 // clock of the ACT1 that awaits its ACT2
	opens    map[int]int32 // row of that ACT1
	waiting  map[uint64]int64
	arrivals int64
	done     int64
	waits    int64 // clocks that served requests have waited, in all
	area     int64 // requests in queues, summed over clocks
	since    int64
	busUntil int64 // end of the last burst
	refresh  map[int]int64
	worst    int64 // longest time between refreshes of one bank
	faults   []string
}

type logged struct {
	clock   int64
	command Command
	bank    int
}

func watch(c *Channel) *checker {
	k := &checker{
		spec: c.spec, channel: c, open: map[int]int32{}, opening: map[int]int64{}, opens: map[int]int32{},
		waiting: map[uint64]int64{}, refresh: map[int]int64{},
	}
	c.Observer = k
	return k
}

func (k *checker) failf(format string, args ...any) {
	if len(k.faults) < 5 {
		k.faults = append(k.faults, fmt.Sprintf(format, args...))
	}
}

// queued counts requests that are in the channel's hands, before an event.
func (k *checker) queued() int64 {
	c := k.channel
	n := c.reads.length + c.writes.length + bits.OnesCount64(c.pendingACTs)
	if c.act2 >= 0 {
		n++
	}
	return int64(n)
}

func (k *checker) pass(clock, queued int64) {
	k.area += queued * (clock - k.since)
	k.since = clock
}

func (k *checker) Arrived(clock int64, age uint64, write bool, p Place) {
	k.pass(clock, k.queued()-1)
	if _, twice := k.waiting[age]; twice {
		k.failf("request %d arrives twice", age)
	}
	k.waiting[age] = clock
	k.arrivals++
}

func (k *checker) Issued(clock int64, cmd Command, bank int, row int32) {
	for i := len(k.log) - 1; i >= 0 && k.log[i].clock > clock-8; i-- {
		if l := k.log[i]; clock < l.clock+k.spec.BusClocks[l.command] {
			k.failf("%s at clock %d while %s of clock %d holds the bus", cmd, clock, l.command, l.clock)
		}
	}
	for i := range k.spec.Constraints {
		k.checkRule(&k.spec.Constraints[i], clock, cmd, bank)
	}
	k.checkState(clock, cmd, bank, row)
	k.log = append(k.log, logged{clock, cmd, bank})
}

func (k *checker) checkRule(r *Constraint, clock int64, cmd Command, bank int) {
	if !contains(r.Following, cmd) {
		return
	}
	seen := 0
	for i := len(k.log) - 1; i >= 0; i-- {
		l := k.log[i]
		if l.clock < clock-r.Clocks-8 {
			return // long enough ago for any length of commands
		}
		if !contains(r.Preceding, l.command) || !k.concerns(r.Level, l.bank, bank) {
			continue
		}
		if seen++; seen < r.Window {
			continue
		}
		legal := l.clock + r.Clocks + k.spec.BusClocks[l.command] - k.spec.BusClocks[cmd]
		if clock < legal {
			k.failf("%s of bank %d at clock %d: %s after %s at %d wants %d", cmd, bank, clock, r.Name, l.command, l.clock, legal)
		}
		if r.Window > 1 {
			return
		}
	}
}

// concerns reports whether a rule of a level binds a command to bank b after one
// to bank a.
func (k *checker) concerns(level Level, a, b int) bool {
	per := k.spec.BanksPerRank()
	switch level {
	case LevelChannel:
		return true
	case LevelRank:
		return a/per == b/per
	case LevelOtherRanks:
		return a/per != b/per
	case LevelBankGroup:
		return a/k.spec.BanksPerGroup == b/k.spec.BanksPerGroup
	}
	return a == b
}

// checkState checks what a command finds and follows what it does.
func (k *checker) checkState(clock int64, cmd Command, bank int, row int32) {
	open, isOpen := k.open[bank]
	start, isOpening := k.opening[bank]
	first := bank / k.spec.BanksPerRank() * k.spec.BanksPerRank()
	switch cmd {
	case ACT1:
		if isOpen || isOpening {
			k.failf("ACT1 at clock %d to bank %d, which is open", clock, bank)
		}
		if k.spec.Split {
			k.opening[bank], k.opens[bank] = clock, row
		} else {
			k.open[bank] = row
		}
	case ACT2:
		if !isOpening || clock > start+k.spec.Timing["AAD"] {
			k.failf("ACT2 at clock %d to bank %d, whose ACT1 was at %d", clock, bank, start)
		}
		k.open[bank] = k.opens[bank]
		delete(k.opening, bank)
	case RD, WR, RDA, WRA:
		if !isOpen || open != row {
			k.failf("%s at clock %d to row %d of bank %d, where %d is open", cmd, clock, row, bank, open)
		}
		if cmd == RDA || cmd == WRA {
			delete(k.open, bank)
		}
	case PREpb:
		if !isOpen {
			k.failf("PREpb at clock %d to bank %d, which is not open", clock, bank)
		}
		delete(k.open, bank)
	case PREab:
		for b := first; b < first+k.spec.BanksPerRank(); b++ {
			if _, ok := k.opening[b]; ok {
				k.failf("PREab at clock %d while bank %d opens", clock, b)
			}
			delete(k.open, b)
		}
	case REFab, REFpb:
		last := bank
		if cmd == REFab {
			last = first + k.spec.BanksPerRank() - 1
		}
		for b := bank; b <= last; b++ {
			if _, ok := k.open[b]; ok {
				k.failf("%s at clock %d while bank %d is open", cmd, clock, b)
			}
			k.worst = max(k.worst, clock-k.refresh[b])
			k.refresh[b] = clock
		}
	}
}

func (k *checker) Entered(PowerState) {}

func (k *checker) Served(clock int64, age uint64, write bool, end int64) {
	k.pass(clock, k.queued())
	at, ok := k.waiting[age]
	if !ok {
		k.failf("request %d is served without having arrived, or twice", age)
	}
	delete(k.waiting, age)
	k.done++
	k.waits += clock - at
	begin := end - k.spec.BurstClocks()
	if begin < k.busUntil {
		k.failf("the burst of clocks %d to %d overlaps one that ends at %d", begin, end, k.busUntil)
	}
	k.busUntil = end
}

func contains(list []Command, c Command) bool {
	for _, x := range list {
		if x == c {
			return true
		}
	}
	return false
}
