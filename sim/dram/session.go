package dram

import (
	"encoding/binary"
	"math"
)

// Beside steps, the fast path remembers sessions: what a channel does from the
// clock in which work wakes it up to the one in which it is back in power-down. A
// memory that sleeps holds nothing back, has no row open and starts its refresh
// timer when it wakes, so that a session depends on the extents that are moved
// and on little else. The same holds for the first requests of a new memory, at time
// zero. A model asks for the same extents token after token.
type session struct {
	idle     bool // the channel has no part in the extents
	clocks   int64
	lastData int64 // from the start
	tally    packed

	pauses    []pause // from the last data to power-down
	refreshes int64
}

// A pause is a time without commands after the last data of a session: after its
// last clock comes a command, or power-down.
type pause struct {
	end     int32 // clocks from the last data of the session to the last clock
	active  uint8 // ranks with open rows
	command Command
}

// playing is a session that a channel is in the midst of without having been
// simulated.
type playing struct {
	session *session // nil: none
	start   int64
	pauses  int // that have passed
	before  tally
	extents []Extent
	layout  *layout
	channel int
}

// A lesson is a session that is being simulated, to be learned.
type lesson struct {
	key     string // "": none
	anyBank string // its key if no refresh comes on the way, "": none
	session *session
	start   int64
	before  tally
	earlier int64 // refreshed at the start
}

// mostExtents bounds the extents of sessions that are worth remembering, and
// mostSessions their number in a generation.
const (
	mostExtents  = 64
	mostSessions = 1 << 17
)

// move moves the extents of a source through the channel, from a session that
// is known if there is one. It reports whether the channel has a part in them.
func (c *channel) move(source *cutter) bool {
	c.recall()
	if c.graph == nil || !c.startsSession() {
		return c.replay(source)
	}
	if len(source.extents) > mostExtents {
		return c.replaySession(source)
	}
	renamed := c.renamedKey(source)
	if s := c.graph.sessions.find(renamed); s != nil {
		c.play(s, source)
		return !s.idle
	}
	key := c.sessionKey(source)
	if s := c.graph.sessions.find(key); s != nil {
		c.play(s, source)
		return !s.idle
	}
	l := lesson{key: string(key), anyBank: string(renamed), session: &session{}, start: c.now, before: c.tally, earlier: c.refreshedBefore()}
	some := c.replaySession(source)
	if c.guard.err != nil {
		return some
	}
	if !some {
		l.session.idle = true
		c.graph.sessions.add(l.key, l.session)
		return false
	}
	if !c.ahead {
		c.settle()
	}
	l.session.clocks, l.session.lastData = c.now-l.start, c.lastData-l.start
	var fits bool
	if l.session.tally, fits = c.tally.since(&l.before).pack(); fits {
		c.lesson = l
	}
	return true
}

// startsSession reports whether requests that come now begin a session: they wake the
// channel up, or are its first ones, at time zero.
func (c *channel) startsSession() bool { return c.power != standby || c.now == 0 }

// sessionKey names the session that the extents begin: by the channel's part in
// them (see sameRuns), relative to the row of the first one where rows are all
// that higher bits of addresses name.
func (c *channel) sessionKey(source *cutter) []byte {
	buf := append(c.graph.buf[:0], byte(c.power), flag(c.overdue()), byte(c.refreshBank))
	if source.channelBits < log2(c.spec.Channels) { // channels lie in different regions of memory
		buf = append(buf, byte(source.channel))
	}
	var base uint64
	again := *source
	for first := true; again.nextExtent(); first = false {
		if first {
			base = again.at &^ (1<<source.rowShift - 1)
		}
		block, mask := again.at>>source.blockBits, uint64(1)<<source.blockBits-1
		buf = binary.AppendVarint(buf, int64(again.at&^mask-base))
		buf = binary.AppendUvarint(buf, uint64(source.before(source.channel, again.at&mask)))
		buf = binary.AppendUvarint(buf, again.end>>source.blockBits-block)
		buf = binary.AppendUvarint(buf, uint64(source.before(source.channel, again.end&mask)))
		buf = append(buf, flag(again.write)<<1|flag(again.long))
	}
	c.graph.buf = buf
	return buf
}

// renamedKey names a short session by what matters to it if no refresh comes on
// the way: places within rows, and which of its rows and banks are the same. It
// names none if the policy looks at banks by number.
func (c *channel) renamedKey(source *cutter) []byte {
	if c.spec.Policy != Open || c.overdue() || !source.short() {
		return nil
	}
	buf := append(c.graph.renamed[:0], byte(c.power), 255)
	var turn *turn
	var rows [renamedRuns]run
	n := 0
	again := *source
	for r, more := again.next(); more; r, more = again.next() {
		if n == renamedRuns {
			return nil
		}
		if turn == nil {
			turn = &c.turns[c.turnAt[r.bank]]
		}
		same := n // the first run of this row
		for i := range n {
			if rows[i].bank == r.bank && rows[i].row == r.row {
				same = i
				break
			}
		}
		rows[n] = r
		n++
		rank := c.rankOf[r.bank] ^ c.rankOf[rows[0].bank]
		counted := turn.count[r.bank] % c.perRank
		buf = append(buf, rank, byte(counted), byte(r.twist), byte(same), flag(r.write))
		buf = binary.AppendUvarint(buf, uint64(r.first))
		buf = binary.AppendUvarint(buf, uint64(r.at))
		buf = binary.AppendUvarint(buf, uint64(r.count))
	}
	c.graph.renamed = buf
	return buf
}

// renamedRuns bounds the runs of sessions that renamedKey names.
const renamedRuns = 16

// short reports whether a channel's part of the extents is at most a few rows.
func (c *cutter) short() bool {
	return c.bursts() <= renamedRuns*runBursts<<c.channelBits
}

// bursts returns the number of bursts of all channels, about.
func (c *cutter) bursts() int64 {
	var bytes int64
	for _, e := range c.extents {
		bytes += int64(e.Bytes)
	}
	return bytes >> c.burstBits
}

// play takes a session as known up to its last data.
func (c *channel) play(s *session, source *cutter) {
	if s.idle {
		return
	}
	c.settle()
	p := &c.played
	*p = playing{
		session: s, start: c.now, before: c.tally, extents: append(p.extents[:0], source.extents...),
		layout: source.layout, channel: source.channel,
	}
	c.tally.addPacked(&s.tally)
	c.lastData = c.now + s.lastData
	c.now += s.clocks
	c.since = c.now
}

// recall simulates the session that the channel is in the midst of, if any, and
// gives up learning one.
func (c *channel) recall() {
	c.lesson.key = ""
	p := &c.played
	if p.session == nil {
		return
	}
	p.session = nil
	reached, quietSince := c.now, c.quietSince
	c.now, c.since, c.tally = p.start, p.start, p.before
	c.replaySession(&cutter{layout: p.layout, channel: p.channel, extents: p.extents})
	c.quietSince = quietSince
	c.idle(reached)
}

// passSession passes idle time in the session that the channel is in the midst
// of. Where self-refresh may come before power-down does, it has to be simulated.
func (c *channel) passSession(until int64) {
	p := &c.played
	s := p.session
	drained := p.start + s.clocks
	if c.selfRefreshFrom() <= drained+int64(s.pauses[len(s.pauses)-1].end) {
		c.recall()
		return
	}
	for _, b := range s.pauses[p.pauses:] {
		clocks := min(until, drained+int64(b.end)) - c.now
		c.tally[clocksActive] += int64(b.active) * clocks
		c.tally[clocksPrecharge] += (int64(c.ranks) - int64(b.active)) * clocks
		c.now += clocks
		c.since = c.now
		if c.now == until {
			return
		}
		c.book(b.command)
		p.pauses++
	}
	p.session = nil
	if c.power == selfRefresh {
		c.refreshedItself(p.start)
	}
	c.tally[countPowerDowns]++
	c.pulseFrom = c.now
	c.refreshed += s.refreshes * c.refreshEvery
	c.nextRefreshBank(s.refreshes)
	c.power = powerDown
}

// endLesson learns the session that ends as the channel enters a low-power state.
func (c *channel) endLesson() {
	l := &c.lesson
	if l.key == "" || c.power != powerDown || c.guard.err != nil {
		return
	}
	s := l.session
	if c.refreshEvery > 0 {
		s.refreshes = (c.refreshed - l.earlier) / c.refreshEvery
	}
	if s.refreshes == 0 && l.anyBank != "" {
		l.key = l.anyBank
	}
	c.graph.sessions.add(l.key, s)
	l.key = ""
}

// endPause notes, in the session that is being learned, that a command comes
// next; notClosed are the banks that are open before it.
func (c *channel) endPause(next Command, notClosed uint64) {
	l := &c.lesson
	if l.key == "" {
		return
	}
	end := c.now - l.start - l.session.clocks
	if end > math.MaxInt32 {
		l.key = "" // not to be learned
		return
	}
	b := pause{end: int32(end), command: next}
	for rank := range c.ranks {
		if notClosed&c.rankMask[rank] != 0 {
			b.active++
		}
	}
	l.session.pauses = append(l.session.pauses, b)
}

// rowShift returns the lowest bit of a burst's number from which on all bits are of
// its row: no bit if other parts, or hashes, take bits above.
func rowShift(s *Spec) int {
	top := s.order[len(s.order)-1]
	if top.kind != partRow || s.Mapping.xor || len(s.hashes) > 0 {
		return math.MaxInt
	}
	bits := 0
	for _, f := range s.order[:len(s.order)-1] {
		bits += f.width
	}
	return bits
}
