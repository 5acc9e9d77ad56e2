package dram

// bankState is where a bank is between two precharges.
type bankState uint8

const (
	bankClosed     bankState = iota
	bankActivating           // ACT1 was issued, ACT2 was not
	bankOpen
)

// A bank is the state of one bank and its row buffer.
type bank struct {
	state    bankState
	row      int32 // the open or opening row, -1 when closed
	opener   opener
	accesses int32 // since the row was opened; the closed policy counts them
	spent    bool  // the closed policy has asked for a precharge
	used     int64 // clock of the last access; the timeout policy counts from it
}

// opener is the request for which a row was opened. It has left its queue, and
// goes first once the row is open.
type opener struct {
	waits bool
	write bool
	age   uint64
	clock int64  // of its arrival
	order uint64 // in which rows were opened
}

// before reports whether o goes before p if both are ready: the one that arrived
// first, or of one clock's arrivals the one whose row was opened first.
func (o *opener) before(p *opener) bool {
	return o.clock < p.clock || o.clock == p.clock && o.order < p.order
}

// openRow returns the row that accesses hit, or -1.
func (b *bank) openRow() int32 {
	if b.state == bankOpen {
		return b.row
	}
	return -1
}

// A channel is one memory channel with its controller.
type channel struct {
	*plan
	now     int64 // the clock that comes next
	next    int64 // when nothing could be issued: the first clock at which something may
	arrived int   // requests taken in at clock now
	age     uint64
	opens   uint64 // rows opened so far

	// The earliest clock of each class of commands, as far as each level of the
	// hierarchy is concerned.
	channelReady times
	rankReady    [maxRanks]times
	groupReady   [maxBanks]times
	bankReady    [maxBanks]times
	recent       [maxWindows][maxRanks][maxWindow]int64 // by window and rank: clocks of the last commands in it, plus its own
	busFree      int64                                  // first clock at which the command bus is free

	bank      [maxBanks]bank
	reads     queue
	writes    queue
	writeMode bool
	openers   uint64 // banks whose opener waits
	notClosed uint64 // banks that are open or activating
	spending  uint64 // banks that reached ClosedAccesses

	openerFrom int64           // no opener is ready before
	asleep     uint64          // banks that the scheduler need not look at
	wakeAt     [maxBanks]int64 // by bank that is asleep
	firstWake  int64           // no bank wakes earlier

	act2     int   // bank whose ACT2 is due, -1 if none
	act2Due  int64 // its deadline
	wckUntil int64 // the write clock runs until here
	cas      cas   // a write-clock start whose burst comes next
	picked   choice

	maintenance []maintenance // refreshes and the closed policy's precharges, first come first served
	refreshDue  int64
	refreshBank int   // next bank, of each rank, of per-bank refresh
	refreshed   int64 // clock up to which the refreshes so far suffice

	power      powerState
	idleSince  int64
	quietSince int64 // since when all channels are idle; never while one works
	pulseFrom  int64 // in power-down: no wake-up for a refresh may begin earlier

	since    int64 // tally's residency is settled up to here
	tally    tally
	lastData int64 // end of the last burst on the data bus

	lastArrival int64 // clock at which the last request was taken in
	switches    int   // between reading and writing

	guard    *guard
	progress progress

	stamp      int64    // of requests that are paced: the clock at which the last ones asked to arrive
	observer   observer // nil unless somebody watches
	everyClock bool     // tests: tick even when nothing can happen
}

// times holds a clock for each column; the rest is padding that makes places in
// arrays of times cheap to reach.
type times [8]int64

// maintenance is a command that no request asked for.
type maintenance struct {
	command Command
	bank    int // for REFab: the first bank of the rank
}

// cas holds the access that a write-clock start was issued for.
type cas struct {
	pending bool
	choice  choice
}

// An observer sees what a channel does, in order: each event before the channel's state
// changes by it, but for power states, which it has entered.
type observer interface {
	arrived(clock int64, age uint64, write bool, p place)
	issued(clock int64, c Command, bank int, row int32)
	served(clock int64, age uint64, write bool, end int64)
	entered(p powerState)
}

func newChannel(p *plan) *channel {
	c := &channel{plan: p, act2: -1, refreshDue: never, guard: &guard{}}
	c.reads.capacity, c.writes.capacity = p.spec.Queue.Reads, p.spec.Queue.Writes
	c.reads.clear()
	c.writes.clear()
	for i := range c.bank {
		c.bank[i].row = -1
	}
	if p.refreshEvery > 0 {
		c.refreshDue = p.refreshEvery
	}
	return c
}

// busy reports whether requests wait.
func (c *channel) busy() bool {
	return c.reads.length+c.writes.length > 0 || c.openers != 0 || c.act2 >= 0
}

// arrive takes one request in, and reports whether there was room. Reads of a
// burst that waits to be written, and writes to one, need no access.
func (c *channel) arrive(bank int, row, column int32, write bool) bool {
	q := &c.reads
	if write {
		q = &c.writes
	}
	if c.writes.pending>>bank&1 != 0 && c.writes.holds(bank, row, column) {
		if write {
			c.tally[countCoalesced]++
		} else {
			c.tally[countForwarded]++
			c.lastData = max(c.lastData, c.now+1)
		}
		return true
	}
	if q.full() {
		return false
	}
	c.age++
	c.lastArrival = c.now
	c.asleep &^= 1 << bank
	q.push(entry{age: c.age, clock: c.now, row: row, column: column, bank: uint8(bank)}, c.bank[bank].openRow())
	if c.observer != nil {
		c.observer.arrived(c.now, c.age, write, place{bank: bank, row: row, column: column})
	}
	return true
}

// earliest returns the first clock at which no constraint holds a command of
// this column back from a bank.
func (c *channel) earliest(col column, bank int) int64 {
	return max(c.earliestInRank(col, bank),
		c.groupReady[c.groupOf[bank&63]&63][col&7], c.bankReady[bank&63][col&7])
}

// earliestInRank is earliest for the commands that go to a whole rank.
func (c *channel) earliestInRank(col column, bank int) int64 {
	return max(c.channelReady[col&7], c.rankReady[c.rankOf[bank&63]&3][col&7])
}

// issue sends a command at clock now: it holds others back and takes the bus.
func (c *channel) issue(cmd Command, bank int, row int32) {
	causes := &c.causes[cmd]
	rank := c.rankOf[bank&63] & 3
	c.channelReady.hold(c.now, causes.channel)
	c.rankReady[rank].hold(c.now, causes.rank)
	c.groupReady[c.groupOf[bank&63]&63].hold(c.now, causes.group)
	c.bankReady[bank&63].hold(c.now, causes.bank)
	if c.ranks > 1 {
		for r := range c.ranks {
			if r != int(rank) {
				c.rankReady[r].hold(c.now, causes.otherRanks)
			}
		}
	}
	for _, i := range causes.windows {
		c.slide(i, rank)
	}
	c.busFree = c.now + c.busClocks[cmd]
	c.asleep &^= 1 << bank
	if c.observer != nil {
		c.observer.issued(c.now, cmd, bank, row)
	}
}

func (t *times) hold(now int64, list []holdback) {
	for _, h := range list {
		if at := now + h.clocks; at > t[h.column&7] {
			t[h.column&7] = at
		}
	}
}

// slide counts a command in a window of a rank, and delays the next one that the rule
// holds for to the window's clocks after the first of those in it.
func (c *channel) slide(i int, rank uint8) {
	w := &c.windows[i]
	ring := c.recent[i][rank][:w.length]
	copy(ring, ring[1:])
	ring[w.length-1] = c.now + w.clocks
	ready := &c.rankReady[rank][w.column&7]
	*ready = max(*ready, ring[0])
}

// open makes row the open row of a bank.
func (c *channel) open(bank int, row int32) {
	b := &c.bank[bank]
	b.state, b.row, b.used = bankOpen, row, c.now
	c.reads.reopen(bank, row)
	c.writes.reopen(bank, row)
}

// activating marks a bank as no longer closed.
func (c *channel) activating(bank int, row int32) {
	c.settle()
	b := &c.bank[bank]
	b.state, b.row, b.accesses, b.spent = bankActivating, row, 0, false
	c.notClosed |= 1 << bank
}

// close marks banks of a set as precharged.
func (c *channel) close(set uint64) {
	set &= c.notClosed
	c.settle()
	c.notClosed &^= set
	c.spending &^= set
	c.asleep &^= set
	each(set, func(bank int) {
		b := &c.bank[bank]
		b.state, b.row, b.accesses, b.spent = bankClosed, -1, 0, false
		c.reads.reopen(bank, -1)
		c.writes.reopen(bank, -1)
	})
}

// settle books the time since the last call under the state of each rank.
func (c *channel) settle() {
	clocks := c.now - c.since
	c.since = c.now
	if clocks == 0 {
		return
	}
	for rank := range c.ranks {
		switch {
		case c.power == selfRefresh:
			c.tally[clocksSelfRefresh] += clocks
		case c.power == powerDown:
			c.tally[clocksPowerDown] += clocks
		case c.notClosed&c.rankMask[rank] != 0:
			c.tally[clocksActive] += clocks
		default:
			c.tally[clocksPrecharge] += clocks
		}
	}
}
