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
func (f *fastChannel) move(source *cutter) bool {
	f.recall()
	if !f.startsSession() {
		return f.replay(source)
	}
	if len(source.extents) > mostExtents {
		return f.replaySession(source)
	}
	key := f.sessionKey(source)
	if s := f.graph.sessions.find(key); s != nil {
		f.play(s, source)
		return !s.idle
	}
	l := lesson{key: string(key), session: &session{}, start: f.now, before: f.tally, earlier: f.refreshedBefore()}
	some := f.replaySession(source)
	if f.guard.err != nil {
		return some
	}
	if !some {
		l.session.idle = true
		f.graph.sessions.add(l.key, l.session)
		return false
	}
	if !f.ahead {
		f.settle()
	}
	l.session.clocks, l.session.lastData = f.now-l.start, f.lastData-l.start
	var fits bool
	if l.session.tally, fits = f.tally.since(&l.before).pack(); fits {
		f.lesson = l
		f.observer = f // until it is back in power-down
	}
	return true
}

// startsSession reports whether requests that come now begin a session: they wake the
// channel up, or are its first ones, at time zero.
func (f *fastChannel) startsSession() bool { return f.power != standby || f.now == 0 }

// sessionKey names the session that the extents begin: by the channel's part in
// them (see sameRuns), relative to the row of the first one where rows are all
// that higher bits of addresses name.
func (f *fastChannel) sessionKey(source *cutter) []byte {
	buf := append(f.graph.buf[:0], byte(f.power), flag(f.overdue()), byte(f.refreshBank))
	if source.channelBits < log2(f.spec.Channels) { // channels lie in different regions of memory
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
	f.graph.buf = buf
	return buf
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
func (f *fastChannel) play(s *session, source *cutter) {
	if s.idle {
		return
	}
	f.settle()
	p := &f.played
	*p = playing{
		session: s, start: f.now, before: f.tally, extents: append(p.extents[:0], source.extents...),
		layout: source.layout, channel: source.channel,
	}
	f.tally.addPacked(&s.tally)
	f.lastData = f.now + s.lastData
	f.now += s.clocks
	f.since = f.now
}

// idle lets the channel run without requests until a clock.
func (f *fastChannel) idle(until int64) {
	if f.now >= until {
		if !f.ahead {
			f.settle()
		}
		return
	}
	if f.played.session != nil {
		f.passSession(until)
		if f.played.session != nil {
			return
		}
	}
	f.leave()
	f.channel.idle(until)
}

// recall simulates the session that the channel is in the midst of, if any, and
// gives up learning one.
func (f *fastChannel) recall() {
	f.abandon()
	p := &f.played
	if p.session == nil {
		return
	}
	p.session = nil
	reached, quietSince := f.now, f.quietSince
	f.now, f.since, f.tally = p.start, p.start, p.before
	f.replaySession(&cutter{layout: p.layout, channel: p.channel, extents: p.extents})
	f.quietSince = quietSince
	f.idle(reached)
}

// passSession passes idle time in the session that the channel is in the midst
// of. Where self-refresh may come before power-down does, it has to be simulated.
func (f *fastChannel) passSession(until int64) {
	p := &f.played
	s := p.session
	drained := p.start + s.clocks
	if f.selfRefreshFrom() <= drained+int64(s.pauses[len(s.pauses)-1].end) {
		f.recall()
		return
	}
	for _, b := range s.pauses[p.pauses:] {
		clocks := min(until, drained+int64(b.end)) - f.now
		f.tally[clocksActive] += int64(b.active) * clocks
		f.tally[clocksPrecharge] += (int64(f.ranks) - int64(b.active)) * clocks
		f.now += clocks
		f.since = f.now
		if f.now == until {
			return
		}
		f.book(b.command)
		p.pauses++
	}
	p.session = nil
	if f.power == selfRefresh {
		f.refreshedItself(p.start)
	}
	f.tally[countPowerDowns]++
	f.pulseFrom = f.now
	f.refreshed += s.refreshes * f.refreshEvery
	f.nextRefreshBank(s.refreshes)
	f.power = powerDown
}

// abandon gives up the session that is being learned, if any.
func (f *fastChannel) abandon() { f.lesson.key, f.observer = "", nil }

func (f *fastChannel) arrived(int64, uint64, bool, place) {}
func (f *fastChannel) served(int64, uint64, bool, int64)  {}

// issued notes, in the session that is being learned, that a command ends a pause.
func (f *fastChannel) issued(_ int64, c Command, _ int, _ int32) { f.endPause(c) }

// entered learns the session that ends as the channel enters power-down.
func (f *fastChannel) entered(p powerState) {
	f.endPause(nCommands)
	l := &f.lesson
	if l.key != "" && p == powerDown && f.guard.err == nil {
		s := l.session
		if f.refreshEvery > 0 {
			s.refreshes = (f.refreshed - l.earlier) / f.refreshEvery
		}
		f.graph.sessions.add(l.key, s)
		f.abandon()
	}
}

// endPause notes, in the session that is being learned, that a command comes next.
func (f *fastChannel) endPause(next Command) {
	l := &f.lesson
	if l.key == "" {
		return
	}
	end := f.now - l.start - l.session.clocks
	if end > math.MaxInt32 {
		f.abandon()
		return
	}
	b := pause{end: int32(end), command: next}
	for rank := range f.ranks {
		if f.notClosed&f.rankMask[rank] != 0 {
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
