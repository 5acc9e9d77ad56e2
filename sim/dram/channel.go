package dram

// A Frame is the part of a channel's state that is never put in other terms: clocks of
// the memory, what has been counted, rows and timers. The rest, requests that wait and
// the delays of banks with requests, is what State describes.
type Frame struct {
	Now         int64    // the clock that comes next
	Since       int64    // residency of power states is counted up to here
	Counters    Counters // since time zero
	LastData    int64    // end of the last burst on the data bus
	LastArrival int64    // clock at which the last request was taken in
	Switches    int      // between reading and writing

	NotClosed uint64          // banks that are open or activating
	BankReady [MaxBanks]Times // earliest clocks, as far as each bank is concerned
	RankReady [MaxRanks]Times // and each rank

	RefreshDue  int64
	RefreshBank int   // next bank, of each rank, of per-bank refresh
	Refreshed   int64 // clock up to which the refreshes so far suffice

	Power      PowerState
	IdleSince  int64
	QuietSince int64 // since when all channels are idle; Never while one works
	WakeFrom   int64 // in power-down: no wake-up for a refresh may begin earlier
}

// A Channel is one memory channel with its controller.
type Channel struct {
	*Timing
	Frame
	next    int64 // when nothing could be issued: the first clock at which something may
	arrived int   // requests taken in at clock Now
	age     uint64
	opens   uint64 // rows opened so far

	// The earliest clock of each class of commands, at the levels that are not in the
	// Frame.
	channelReady Times
	groupReady   [MaxBanks]Times
	recent       [maxWindows][MaxRanks][maxWindow]int64 // by window and rank: clocks of the last commands in it, plus its own
	busFree      int64                                  // first clock at which the command bus is free

	bank        [MaxBanks]bank
	reads       queue
	writes      queue
	writeMode   bool
	pendingACTs uint64 // banks whose pending activate has its row open
	capped      uint64 // banks that reached ClosedAccesses

	pendingFrom int64           // no pending activate is ready before
	suspended   uint64          // banks that the scheduler need not look at
	retryAt     [MaxBanks]int64 // by bank that is suspended
	firstRetry  int64           // no bank wakes earlier

	act2     int   // bank whose ACT2 is due, -1 if none
	act2Due  int64 // its deadline
	wckUntil int64 // the write clock runs until here
	cas      cas   // a write-clock start whose burst comes next
	picked   choice

	maintenance []maintenance // refreshes and the closed policy's precharges, first come first served

	guard    *Guard
	progress progress

	Observer   Observer // nil unless somebody watches
	stamp      int64    // of requests that are paced: the clock at which the last ones asked to arrive
	everyClock bool     // tests: tick even when nothing can happen
}

// times holds a clock for each column; the rest is padding that makes places in
// arrays of times cheap to reach.
type Times [8]int64

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

// An Observer sees what a channel does, in order: each event before the channel's state
// changes by it, but for power states, which it has entered.
type Observer interface {
	Arrived(clock int64, age uint64, write bool, p Place)
	Issued(clock int64, c Command, bank int, row int32)
	Served(clock int64, age uint64, write bool, end int64)
	Entered(p PowerState)
}

// NewChannel returns a channel at time zero, with a guard that the channels of a memory
// share.
func NewChannel(p *Timing, g *Guard) *Channel {
	c := &Channel{Timing: p, act2: -1, guard: g}
	c.RefreshDue = Never
	c.reads.capacity, c.writes.capacity = p.spec.Queue.Reads, p.spec.Queue.Writes
	c.reads.clear()
	c.writes.clear()
	for i := range c.bank {
		c.bank[i].row = -1
	}
	if p.RefreshEvery > 0 {
		c.RefreshDue = p.RefreshEvery
	}
	return c
}

// CopyFrom makes c like another channel of the same Timing, in memory of its own and
// without its observer.
func (c *Channel) CopyFrom(o *Channel) {
	waiting := append(c.maintenance[:0], o.maintenance...)
	*c = *o
	c.maintenance, c.Observer = waiting, nil
}

// busy reports whether requests wait.
func (c *Channel) busy() bool {
	return c.reads.length+c.writes.length > 0 || c.pendingACTs != 0 || c.act2 >= 0
}

// arrive takes one request in, and reports whether there was room. Reads of a
// burst that waits to be written, and writes to one, need no access.
func (c *Channel) arrive(bank int, row, column int32, write bool) bool {
	q := &c.reads
	if write {
		q = &c.writes
	}
	if c.writes.pending>>bank&1 != 0 && c.writes.holds(bank, row, column) {
		if write {
			c.Counters[countCoalesced]++
		} else {
			c.Counters[countForwarded]++
			c.LastData = max(c.LastData, c.Now+1)
		}
		return true
	}
	if q.full() {
		return false
	}
	c.age++
	c.LastArrival = c.Now
	c.suspended &^= 1 << bank
	q.push(entry{age: c.age, clock: c.Now, row: row, column: column, bank: uint8(bank)}, c.bank[bank].openRow())
	if c.Observer != nil {
		c.Observer.Arrived(c.Now, c.age, write, Place{Bank: bank, Row: row, Column: column})
	}
	return true
}

// earliest returns the first clock at which no constraint holds a command of
// this column back from a bank.
func (c *Channel) earliest(col column, bank int) int64 {
	return max(c.earliestInRank(col, bank),
		c.groupReady[c.GroupOf[bank&63]&63][col&7], c.BankReady[bank&63][col&7])
}

// earliestInRank is earliest for the commands that go to a whole rank.
func (c *Channel) earliestInRank(col column, bank int) int64 {
	return max(c.channelReady[col&7], c.RankReady[c.RankOf[bank&63]&3][col&7])
}

// issue sends a command at clock now: it holds others back and takes the bus.
func (c *Channel) issue(cmd Command, bank int, row int32) {
	delays := &c.delays[cmd]
	rank := c.RankOf[bank&63] & 3
	c.channelReady.delay(c.Now, delays.channel)
	c.RankReady[rank].delay(c.Now, delays.rank)
	c.groupReady[c.GroupOf[bank&63]&63].delay(c.Now, delays.group)
	c.BankReady[bank&63].delay(c.Now, delays.bank)
	if c.Ranks > 1 {
		for r := range c.Ranks {
			if r != int(rank) {
				c.RankReady[r].delay(c.Now, delays.otherRanks)
			}
		}
	}
	for _, i := range delays.windows {
		c.slide(i, rank)
	}
	c.busFree = c.Now + c.busClocks[cmd]
	c.suspended &^= 1 << bank
	if c.Observer != nil {
		c.Observer.Issued(c.Now, cmd, bank, row)
	}
}

func (t *Times) delay(now int64, list []minDelay) {
	for _, h := range list {
		if at := now + h.clocks; at > t[h.column&7] {
			t[h.column&7] = at
		}
	}
}

// slide counts a command in a window of a rank, and delays the next one that the rule
// holds for to the window's clocks after the first of those in it.
func (c *Channel) slide(i int, rank uint8) {
	w := &c.windows[i]
	ring := c.recent[i][rank][:w.length]
	copy(ring, ring[1:])
	ring[w.length-1] = c.Now + w.clocks
	ready := &c.RankReady[rank][w.column&7]
	*ready = max(*ready, ring[0])
}
