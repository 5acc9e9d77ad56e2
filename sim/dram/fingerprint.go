package dram

import (
	"encoding/binary"
	"maps"
	"slices"
)

// Fingerprint returns all that the times and counts of a memory depend on, in bytes:
// what is left out of a Spec are its names and its energies.
func (s *Spec) Fingerprint() []byte {
	b := make([]byte, 0, 1<<10)
	number := func(values ...int64) {
		for _, v := range values {
			b = binary.AppendVarint(b, v)
		}
	}
	text := func(words ...string) {
		for _, w := range words {
			b = append(append(b, w...), 0)
		}
	}
	text(s.Standard, s.Mapping.String(), string(s.Policy), string(s.Refresh))
	number(int64(s.Channels), int64(s.Ranks), int64(s.BankGroups), int64(s.BanksPerGroup), s.Rows, int64(s.RowBytes), int64(s.BurstBytes))
	number(s.Clock.Num, s.Clock.Den, int64(flag(s.Split)), int64(flag(s.WriteClock)))
	number(s.BusClocks[:]...)
	number(int64(s.Queue.Reads), int64(s.Queue.Writes), int64(s.Queue.OfferedRate))
	number(int64(s.Queue.high(s.Queue.Writes)), int64(s.Queue.low(s.Queue.Writes)))
	number(s.Idle.PowerDown, s.Idle.SelfRefresh)
	for _, name := range slices.Sorted(maps.Keys(s.Timing)) {
		text(name)
		number(s.Timing[name])
	}
	for i := range s.Constraints {
		c := &s.Constraints[i]
		number(int64(c.Level), c.Clocks, int64(c.Window), int64(len(c.Preceding)), int64(len(c.Following)))
		for _, list := range [][]Command{c.Preceding, c.Following} {
			for _, command := range list {
				b = append(b, byte(command))
			}
		}
	}
	return b
}
