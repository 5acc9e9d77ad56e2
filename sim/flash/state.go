package flash

import "github.com/memsim/memsim/units"

// state is what a device has promised to do: when its resources are free, and
// how far its read-ahead has come. It has no clock; all its times are absolute,
// so that shifting them all shifts its future.
type state struct {
	controller units.Picoseconds
	channels   []bus
	dies       []die
	link       bus
	inFlight   slots
	ahead      ahead
}

// die is one flash die: an array that senses a unit into a page register, and a
// register from which the unit leaves over the channel.
type die struct {
	sensed units.Picoseconds    // the array is free
	left   [2]units.Picoseconds // the last unit and the one before have left
}

// ahead is a stream of commands that each begin where the last one ended. The
// device reads ahead of it.
type ahead struct {
	next     uint64 // where a command would continue the stream
	buffered uint64 // data up to here is in the device's buffer, or on its way
	ready    units.Picoseconds
	marks    []mark // how far the stream had come when, oldest first
}

// mark is a command of a stream: from its acceptance on, data up to ReadAhead
// behind its end is read.
type mark struct {
	end      uint64
	accepted units.Picoseconds
}

func newState(c *Config) state {
	return state{
		channels: make([]bus, c.Channels),
		dies:     make([]die, c.Channels*c.Dies),
		inFlight: make(slots, c.Depth),
		ahead:    ahead{next: nowhere},
	}
}

// nowhere is no address of a command, as it is in no sector.
const nowhere = ^uint64(0)

// read runs one command, aligned to sectors, that the host has ready at a time.
// It returns when a slot of the queue took it and when its last byte is in
// memory.
func (s *state) read(c *Config, at units.Picoseconds, addr, end uint64) (issued, done units.Picoseconds) {
	issued = max(at, s.inFlight.next())
	s.controller = max(s.controller, issued) + c.Command
	sequential := addr == s.ahead.next && c.ReadAhead > 0
	s.ahead.follow(sequential, addr, end, s.controller)
	s.forget()
	unit := uint64(c.unit())
	for addr < end {
		to := min(end, (addr/unit+1)*unit)
		ready := s.ahead.ready
		if !sequential {
			ready = s.demand(c, addr, to)
		} else if to > s.ahead.buffered {
			ready = s.readAhead(c, addr, (addr/unit+1)*unit)
		}
		moved := s.link.take(max(ready, s.controller), units.Bytes(to-addr).Over(c.Link))
		done = max(done, moved)
		addr = to
	}
	s.inFlight.replace(done)
	return issued, done
}

// forget drops gaps of buses that no command to come can use.
func (s *state) forget() {
	before := s.ahead.marks[0].accepted
	for i := range s.channels {
		s.channels[i].forget(before)
	}
	s.link.forget(before)
}

// demand reads a part of a unit for a command that nothing foretold: the die
// senses after its register is empty, and what is wanted leaves it.
func (s *state) demand(c *Config, addr, end uint64) units.Picoseconds {
	d, channel := s.place(c, addr)
	d.sensed = max(s.controller, d.sensed, d.left[0]) + c.Sense
	return s.leave(c, d, channel, units.Bytes(end-addr))
}

// readAhead reads a unit from addr to its end for a stream: since when the
// stream had come near enough, and with the die sensing the next unit while the
// last one leaves it.
func (s *state) readAhead(c *Config, addr, end uint64) units.Picoseconds {
	a := &s.ahead
	for len(a.marks) > 1 && a.marks[0].end+uint64(c.ReadAhead) < end {
		a.marks = a.marks[1:]
	}
	d, channel := s.place(c, addr)
	d.sensed = max(a.marks[0].accepted, d.sensed, d.left[1]) + c.Sense
	a.ready = s.leave(c, d, channel, units.Bytes(end-max(addr, a.buffered)))
	a.buffered = end
	return a.ready
}

// leave moves n bytes that a die has sensed over its channel.
func (s *state) leave(c *Config, d *die, channel *bus, n units.Bytes) units.Picoseconds {
	left := channel.take(max(d.sensed, d.left[0]), n.Over(c.ChannelRate))
	d.left[1], d.left[0] = d.left[0], left
	return left
}

// place returns the die and the channel of an address: consecutive units lie on
// consecutive channels, and after a round on the next die of each.
func (s *state) place(c *Config, addr uint64) (*die, *bus) {
	unit := addr / uint64(c.unit())
	return &s.dies[unit%uint64(len(s.dies))], &s.channels[unit%uint64(c.Channels)]
}

// follow takes note of a command: one that continues the stream, or one that
// begins another.
func (a *ahead) follow(sequential bool, addr, end uint64, accepted units.Picoseconds) {
	if !sequential {
		a.marks = a.marks[:0]
		a.buffered = addr
	}
	a.next = end
	a.marks = append(a.marks, mark{end, accepted})
}
