package fast

import (
	"testing"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/units"
)

// A changed copy of a dram.Spec has times of its own, whatever its original has learned in
// the same Memo; copies that differ in energies alone share what was learned.
func TestAMemoKeepsConfigurationsApart(t *testing.T) {
	memo := NewMemo()
	base := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", dram.AllBank, dram.Open)
	run := func(m memory) dram.Transfer {
		tr := m.Move(0, []dram.Extent{{Bytes: 4096}})
		m.Idle(m.Now() + 10*units.Microsecond)
		if fast, ok := m.(*Memory); ok {
			fast.Release()
		}
		return tr
	}
	run(memo.New(base))
	edits := map[string]func(*dram.Spec){
		"a queue of one read": func(s *dram.Spec) { s.Queue.Reads = 1 },
		"one request a clock": func(s *dram.Spec) { s.Queue.OfferedRate = 1 },
		"closed rows":         func(s *dram.Spec) { s.Policy = dram.Closed },
		"another standard row": func(s *dram.Spec) {
			s.Constraints = append(s.Constraints[:0:0], s.Constraints...)
			s.Constraints[0].Clocks += 3
		},
	}
	for name, edit := range edits {
		edited := base
		edit(&edited)
		if got, want := run(memo.New(edited)), run(dram.New(edited)); got != want {
			t.Errorf("%s: %+v, command level %+v", name, got, want)
		}
		if memo.of(&edited) == memo.of(&base) {
			t.Errorf("%s: is remembered as its original", name)
		}
	}
	dear := base
	dear.Energy.Read *= 2
	if memo.of(&dear) != memo.of(&base) {
		t.Error("an energy keeps times apart")
	}
}

// A Memo holds no more configurations than it may.
func TestAMemoIsBounded(t *testing.T) {
	memo := NewMemo()
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", dram.AllBank, dram.Open)
	for i := range 3 * maxConfigs {
		s.Idle.PowerDown = int64(i)
		memo.New(s)
	}
	if n := memo.configs.Len(); n > maxConfigs {
		t.Errorf("%d configurations", n)
	}
}
