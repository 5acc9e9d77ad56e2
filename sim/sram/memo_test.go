package sram

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// A hierarchy with a memory gives the answers of one without, whatever others have
// taught it: sequences share their beginnings, come back to the same states, part
// in the middle of passages, and are cut by marks at other places.
func TestMemoryChangesNoAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configs := drawConfigs(t)
		var pieces [][]access
		for range rapid.IntRange(1, 3).Draw(t, "pieces") {
			pieces = append(pieces, drawAccesses(t, configs[0].Line, 12))
		}
		flush := access{0, configs[0].Line * 3000, false} // more than any level holds: the past is forgotten
		memo := &Memo{}
		for range rapid.IntRange(2, 5).Draw(t, "hierarchies") {
			plain, err := NewHierarchy(configs)
			if err != nil {
				t.Fatal(err)
			}
			remembering, _ := NewHierarchy(configs)
			remembering.Remember(memo)
			for range rapid.IntRange(1, 6).Draw(t, "passes") {
				list := slices.Concat([]access{flush}, rapid.SampledFrom(pieces).Draw(t, "piece"))
				list = list[:rapid.IntRange(1, len(list)).Draw(t, "length")]
				for _, a := range list {
					sameAnswer(t, a, plain, remembering)
					if rapid.IntRange(0, 5).Draw(t, "mark") == 0 {
						remembering.Mark()
					}
				}
				remembering.Mark()
			}
		}
	})
}

func sameAnswer(t *rapid.T, a access, plain, remembering *Hierarchy) {
	want, got := plain.Access(a.addr, a.n, a.write), remembering.Access(a.addr, a.n, a.write)
	if !sameOutcome(got, want) {
		t.Fatalf("after %+v: %+v by memory, %+v without", a, got, want)
	}
}

func sameOutcome(a, b Outcome) bool {
	return slices.Equal(a.Hit, b.Hit) && a.Allocated == b.Allocated && a.Miss == b.Miss &&
		slices.Equal(a.Fetch, b.Fetch) && slices.Equal(a.WriteBack, b.WriteBack)
}

// A second model that begins as a first one did is answered from memory as far as
// they agree, in later passes too; and then its levels are where its accesses led.
func TestShallowerModelIsRemembered(t *testing.T) {
	configs := []Config{{Name: "l2", Capacity: 128 * units.KiB, Line: 64, Ways: 8}, {Name: "slc", Capacity: 512 * units.KiB, Line: 64, Ways: 16}}
	memo := &Memo{}
	deep := mustHierarchy(t, configs...)
	deep.Remember(memo)
	steps := func(h *Hierarchy, layers int) (remembered int) {
		for token := range 3 {
			for _, part := range layersOf(layers, 40+token) {
				for _, a := range part {
					h.Access(a.addr, a.n, a.write)
					if !h.recall.recording {
						remembered++
					}
				}
				h.Mark()
			}
		}
		return remembered
	}
	steps(deep, 6)
	shallow := mustHierarchy(t, configs...)
	shallow.Remember(memo)
	all := 0
	for token := range 3 {
		for _, part := range layersOf(4, 40+token)[:4] {
			all += len(part)
		}
	}
	if n := steps(shallow, 4); n < all {
		t.Errorf("%d accesses of the second model were remembered, its layers make %d", n, all)
	}
	again := mustHierarchy(t, configs...)
	steps(again, 4)
	if !sameContents(shallow, again) {
		t.Error("the levels hold something else than without memory")
	}
}

// layersOf returns the accesses of a decode step by layer, and those of the output
// matrix.
func layersOf(layers, position int) [][]access {
	list := decodeStep(layers, 1, position)
	output := list[len(list)-2:]
	per := (len(list) - 2) / layers
	var parts [][]access
	for i := range layers {
		parts = append(parts, list[i*per:(i+1)*per])
	}
	return append(parts, output)
}

func sameContents(a, b *Hierarchy) bool {
	for i := range a.caches {
		if !bytes.Equal(a.caches[i].store.(*spans).describe(nil), b.caches[i].store.(*spans).describe(nil)) {
			return false
		}
	}
	return true
}

// What a Memo holds is bounded, by states, by passages, by the length of one that no
// mark ends; and levels that differ do not meet in it.
func TestMemoForgets(t *testing.T) {
	large := Config{Name: "l2", Capacity: 16 * units.MiB, Line: 64, Ways: 16}
	small := Config{Name: "l2", Capacity: 16 * units.KiB, Line: 64, Ways: 4}
	for name, teach := range map[string]func(m *Memo){
		"states": func(m *Memo) {
			for i := range uint64(220) {
				h := mustHierarchy(t, large)
				h.Remember(m)
				for at := range uint64(1600) {
					h.Access(i<<24+at*128, 64, true)
				}
				h.Mark()
			}
		},
		"passages": func(m *Memo) {
			h := mustHierarchy(t, small)
			h.Remember(m)
			for i := range uint64(260) {
				for at := range uint64(4000) {
					h.Access(i<<24+at*64, 64, false)
				}
				h.Access(1<<60, 64<<10, false) // and back in the same state
				h.Mark()
			}
		},
		"accesses": func(m *Memo) {
			h := mustHierarchy(t, small)
			h.Remember(m)
			for at := range uint64(1_000_000) {
				h.Access(at*64, 64, false)
			}
		},
	} {
		m := &Memo{}
		teach(m)
		if m.bytes > mostBytes || m.bytes == 0 {
			t.Errorf("%s: %d bytes are held, %d may be", name, m.bytes, mostBytes)
		}
		if held := m.size(); m.age == 0 || held != m.bytes {
			t.Errorf("%s: %d bytes are held, %d are counted", name, held, m.bytes)
		}
		known := len(m.states)
		other := mustHierarchy(t, Config{Name: "l2", Capacity: 8 * units.KiB, Line: 64, Ways: 4})
		other.Remember(m)
		if len(m.states) != known+1 {
			t.Errorf("%s: a smaller cache begins in the state of a larger one", name)
		}
	}
}

// size sums what a Memo holds.
func (m *Memo) size() (bytes int) {
	for key, s := range m.states {
		bytes += len(key)
		for _, p := range s.next {
			bytes += p.bytes()
		}
	}
	return bytes
}

// Whoever appends to an outcome's lists does not change what others are told.
func TestOutcomesFromMemoryAreTheirOwn(t *testing.T) {
	m := &Memo{}
	config := Config{Name: "l2", Capacity: 16 * units.KiB, Line: 64, Ways: 4}
	for round := range 3 {
		h := mustHierarchy(t, config)
		h.Remember(m)
		for i := range uint64(10) {
			out := h.Access(i<<20, 128, false)
			if len(out.Fetch) != 1 || out.Fetch[0].Addr != i<<20 {
				t.Errorf("round %d: access %d fetches %v", round, i, out.Fetch)
			}
			_ = append(out.Fetch, Extent{Addr: 42})
			_ = append(out.Hit, 42)
		}
		h.Mark()
	}
}

// Addresses beyond what four bytes of a state can hold come back whole.
func TestStatesHoldHighAddresses(t *testing.T) {
	h := mustHierarchy(t, Config{Name: "l2", Capacity: 64 * units.KiB, Line: 64, Ways: 8})
	for _, addr := range []uint64{1 << 12, 1 << 50, 1<<63 + 64} {
		h.Access(addr, 640, true)
		was := h.caches[0].store.(*spans)
		contents := was.describe(nil)
		other := newSpans(h.configs[0])
		if rest := other.restore(contents); len(rest) > 0 || !bytes.Equal(other.describe(nil), contents) {
			t.Errorf("after %#x the contents are not restored", addr)
		}
		if other.held != was.held {
			t.Errorf("after %#x the presence is not restored", addr)
		}
	}
}

// Hierarchies side by side teach each other.
func TestHierarchiesShareAMemo(t *testing.T) {
	config := Config{Name: "slc", Capacity: 256 * units.KiB, Line: 64, Ways: 16}
	m := &Memo{}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for layers := 2; layers < 8; layers++ {
				plain := mustHierarchy(t, config)
				h := mustHierarchy(t, config)
				h.Remember(m)
				for _, part := range layersOf(layers, 40) {
					for _, a := range part {
						want, got := plain.Access(a.addr, a.n, a.write), h.Access(a.addr, a.n, a.write)
						if !sameOutcome(got, want) {
							t.Errorf("%d layers, after %+v: %+v by memory, %+v without", layers, a, got, want)
						}
					}
					h.Mark()
				}
			}
		})
	}
	group.Wait()
}
