package flash

import (
	"slices"

	"github.com/memsim/memsim/units"
)

// cycle finds the period of a device that reads a long range and jumps over
// whole periods, exactly: the device's future depends on nothing but its state
// and the addresses to come, and after a stripe (a whole number of windows that
// covers each die equally often) the addresses to come look the same to it. So
// when its state, seen from the present time and address, is what it was a
// stripe ago, each further stripe takes as long as the last one.
type cycle struct {
	stripe uint64
	end    uint64 // of the range
	next   uint64 // address at which to look at the state
	now    units.Picoseconds
	last   []int64 // the state a stripe ago
	state  []int64
}

// begin prepares for a range.
func (y *cycle) begin(c *Config, addr, end uint64) {
	window := uint64(c.window())
	y.stripe = lcm(window, uint64(c.unit())*uint64(c.Channels*c.Dies))
	y.end = end
	y.next = (addr + window - 1) / window * window
	y.last = y.last[:0]
}

func lcm(a, b uint64) uint64 {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// jump looks at the state before the command at addr and, if it is in a cycle,
// moves it on by as many stripes as are left. It returns the bytes skipped.
func (y *cycle) jump(s *state, addr uint64) uint64 {
	if addr != y.next || y.end-addr < 2*y.stripe {
		return 0
	}
	y.next += y.stripe
	took := s.controller - y.now
	y.now = s.controller
	y.state = s.appendRelative(y.state[:0], addr)
	same := slices.Equal(y.state, y.last)
	y.last, y.state = y.state, y.last
	if !same {
		return 0
	}
	stripes := (y.end - addr) / y.stripe
	skipped := stripes * y.stripe
	s.shift(units.Picoseconds(stripes)*took, skipped)
	y.next = nowhere
	return skipped
}

// appendRelative appends the state as seen from the controller's time and from
// an address.
func (s *state) appendRelative(to []int64, addr uint64) []int64 {
	add := func(t units.Picoseconds) { to = append(to, int64(t-s.controller)) }
	addBus := func(b *bus) {
		add(b.free)
		for _, g := range b.gaps {
			add(g.from)
			add(g.to)
		}
	}
	for i := range s.channels {
		addBus(&s.channels[i])
	}
	for _, d := range s.dies {
		add(d.sensed)
		add(d.left[0])
		add(d.left[1])
	}
	addBus(&s.link)
	for _, t := range s.inFlight {
		add(t)
	}
	add(s.ahead.ready)
	to = append(to, int64(s.ahead.next-addr), int64(s.ahead.buffered-addr))
	for _, m := range s.ahead.marks {
		to = append(to, int64(m.end-addr))
		add(m.accepted)
	}
	return to
}

// shift moves all times and addresses of the state on.
func (s *state) shift(t units.Picoseconds, bytes uint64) {
	s.controller += t
	s.link.shift(t)
	for i := range s.channels {
		s.channels[i].shift(t)
	}
	for i := range s.dies {
		d := &s.dies[i]
		d.sensed += t
		d.left[0] += t
		d.left[1] += t
	}
	for i := range s.inFlight {
		s.inFlight[i] += t
	}
	s.ahead.ready += t
	s.ahead.next += bytes
	s.ahead.buffered += bytes
	for i := range s.ahead.marks {
		s.ahead.marks[i].end += bytes
		s.ahead.marks[i].accepted += t
	}
}

// last returns when the last command in flight completes.
func (s *state) last() units.Picoseconds { return s.inFlight[len(s.inFlight)-1] }
