package flash

import "github.com/memsim/memsim/units"

// state is the time at which each resource of a device is free again.
type state struct {
	controller units.Picoseconds
	link       units.Picoseconds
	inFlight   []units.Picoseconds // completion of the last Depth commands, a ring
	issued     int
}

func newState(c Config) state { return state{inFlight: make([]units.Picoseconds, c.Depth)} }

// read runs one command and returns when it is complete.
func (s *state) read(c *Config, at units.Picoseconds, addr uint64, n units.Bytes) units.Picoseconds {
	slot := s.issued % len(s.inFlight)
	s.controller = max(s.controller, at, s.inFlight[slot]) + c.Command
	s.link = max(s.link, s.controller+c.Sense) + n.Over(c.Link)
	s.inFlight[slot] = s.link
	s.issued++
	return s.link
}
