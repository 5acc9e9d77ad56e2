package sram

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// contents returns the lines of a level of the reference, and which are dirty.
func (l *wayCache) contents() map[uint64]bool {
	held := map[uint64]bool{}
	for _, set := range l.sets {
		for _, w := range set {
			if w.valid {
				held[w.line] = w.dirty
			}
		}
	}
	return held
}

// An inclusive level holds all that nearer levels hold; an exclusive one and
// the level before it share nothing.
func TestInclusionHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configs := drawConfigs(t)
		h := newLineByLine(configs)
		for _, a := range drawAccesses(t, configs[0].Line, 40) {
			h.Access(a.addr, a.n, a.write)
			for i, l := range h.levels[1:] {
				held := l.contents()
				nearer := h.levels[:i+1]
				if l.Inclusion == Exclusive {
					nearer = nearer[i:]
				}
				for _, n := range nearer {
					for line := range n.contents() {
						_, both := held[line]
						if both && l.Inclusion == Exclusive || !both && l.Inclusion == Inclusive {
							t.Fatalf("after %+v: line %d is in %s; in %s, which is %d: %v", a, line, n.Name, l.Name, l.Inclusion, both)
						}
					}
				}
			}
		}
	})
}

// memory follows the newest data of each line: how often it was written, and
// which of these versions DRAM has.
type memory struct {
	line    units.Bytes
	written map[uint64]int
	inDRAM  map[uint64]int
}

// see accounts for an access and reports a line that was fetched though its
// newest data was on chip, if there is one.
func (m *memory) see(a access, out Outcome) (stale uint64, found bool) {
	back := map[uint64]bool{}
	for _, addr := range linesOf(out.WriteBack, m.line) {
		back[addr] = true
	}
	for _, addr := range linesOf(out.Fetch, m.line) {
		if m.inDRAM[addr] != m.written[addr] && !back[addr] {
			return addr, true
		}
	}
	if a.write && a.n > 0 {
		first := a.addr / uint64(m.line) * uint64(m.line)
		for addr := first; addr < a.addr+uint64(a.n); addr += uint64(m.line) {
			m.written[addr]++
		}
	}
	for addr := range back {
		m.inDRAM[addr] = m.written[addr]
	}
	return 0, false
}

// What was written is not lost: it is on chip until it is written back.
func TestNoStaleDataIsFetched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configs := drawConfigs(t)
		h, err := NewHierarchy(configs)
		if err != nil {
			t.Fatal(err)
		}
		m := &memory{line: configs[0].Line, written: map[uint64]int{}, inDRAM: map[uint64]int{}}
		for _, a := range drawAccesses(t, m.line, 60) {
			if line, stale := m.see(a, h.Access(a.addr, a.n, a.write)); stale {
				t.Fatalf("after %+v: line at %d fetched, but its newest data is on chip", a, line)
			}
		}
	})
}

// Ranges must also answer as lines do where they are many and at odd offsets:
// the operands of decode steps.
func TestDecodeStepsAnswerAsLinesDo(t *testing.T) {
	configs := [][]Config{
		{{Capacity: 256 * units.KiB, Line: 64, Ways: 16}, {Capacity: 512 * units.KiB, Line: 64, Ways: 16}},
		{{Capacity: 192 * units.KiB, Line: 128, Ways: 12}, {Capacity: 512 * units.KiB, Line: 128, Ways: 16, Inclusion: Exclusive}},
		{{Capacity: 256 * units.KiB, Line: 64, Ways: 8, Policy: TreePLRU}, {Capacity: 768 * units.KiB, Line: 64, Ways: 12, Policy: SRRIP, Inclusion: Inclusive}},
	}
	for _, c := range configs {
		h, ref := mustHierarchy(t, c...), newLineByLine(c)
		for token := range 2 {
			for _, a := range decodeStep(2, 2, 40+token) {
				if a.n > 8<<20 {
					continue // the output matrix: long, but nothing new
				}
				got, want := h.Access(a.addr, a.n, a.write), ref.Access(a.addr, a.n, a.write)
				if got.Served() != want.Served() || got.Miss != want.Miss || len(linesOf(got.WriteBack, c[0].Line)) != len(linesOf(want.WriteBack, c[0].Line)) {
					t.Fatalf("%v %+v: %+v, line by line %+v", c, a, got, want)
				}
			}
		}
	}
}

func TestMistakesInConfigs(t *testing.T) {
	good := Config{Name: "l2", Capacity: 64 * units.KiB, Line: 64, Ways: 8}
	spoiled := map[string]func(*Config){
		"line":              func(c *Config) { c.Line = 48 },
		"holds no line":     func(c *Config) { c.Capacity = 32 },
		"fully associative": func(c *Config) { c.Ways, c.Policy = 0, SRRIP },
		"ways":              func(c *Config) { c.Ways = -1 },
		"whole number":      func(c *Config) { c.Capacity = 65_000 },
		"power of two":      func(c *Config) { c.Ways, c.Capacity, c.Policy = 12, 96*units.KiB, TreePLRU },
	}
	for says, spoil := range spoiled {
		c := good
		spoil(&c)
		wantUserError(t, says, c)
	}
	other := good
	other.Line = 128
	wantUserError(t, "share a line size", good, other)
	wantUserError(t, "list scratchpads first", good, Config{Name: "pad", Kind: Scratchpad, Capacity: 1 << 20, Line: 64})
}
