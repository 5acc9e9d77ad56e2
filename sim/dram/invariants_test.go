package dram

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// TestInvariants moves random extents through random memories under the eyes of
// a checker of the standard.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSpec(t)
		m := New(s)
		var checkers []*checker
		for _, c := range m.channels {
			checkers = append(checkers, watch(c))
		}
		var sum Counts
		var energy Energy
		asked := int64(0)
		for range rapid.IntRange(1, 3).Draw(t, "moves") {
			extents := genExtents(t)
			gap := units.Picoseconds(rapid.SampledFrom([]int64{0, 100_000, 30_000_000}).Draw(t, "gap"))
			tr := m.Move(m.Now()+gap, extents)
			bursts := countBursts(&s, extents)
			checkTransfer(t, &s, tr, bursts)
			sum, energy = sum.Plus(tr.Counts), energy.Plus(tr.Energy)
			asked += bursts
		}
		if sum.Requests() != asked {
			t.Errorf("%d bursts were asked for, %d served", asked, sum.Requests())
		}
		if sum.RowHits+sum.RowMisses+sum.RowConflicts != sum.Reads+sum.Writes {
			t.Errorf("%d hits, %d misses and %d conflicts are not %d reads and %d writes",
				sum.RowHits, sum.RowMisses, sum.RowConflicts, sum.Reads, sum.Writes)
		}
		if whole := m.spec.energyOf(&m.sum); whole != energy {
			t.Errorf("energies of transfers sum to %+v, the memory took %+v", energy, whole)
		}
		for _, k := range checkers {
			checkChannel(t, &s, k)
		}
	})
}

// checkTransfer checks bandwidth and energy of one transfer.
func checkTransfer(t *rapid.T, s *Spec, tr Transfer, bursts int64) {
	moved := float64(bursts-tr.Counts.Forwarded-tr.Counts.Coalesced) * float64(s.BurstBytes)
	if span := (tr.Done - tr.Start).Seconds(); moved > float64(s.PeakBandwidth())*span*1.000001 {
		t.Errorf("%g bytes in %g s are more than the peak of %g B/s", moved, span, float64(s.PeakBandwidth()))
	}
	e, c := s.Energy, tr.Counts
	commands := units.Femtojoules(c.Activates)*e.ActivatePrecharge + units.Femtojoules(c.Reads)*(e.Read+e.IO) +
		units.Femtojoules(c.Writes)*(e.Write+e.IO) +
		units.Femtojoules(c.AllBankRefreshes)*e.RefreshAll + units.Femtojoules(c.BankRefreshes)*e.RefreshBank
	if tr.Energy.Commands() != commands || tr.Energy.Total() < commands {
		t.Errorf("energy %+v, while its commands take %d", tr.Energy, commands)
	}
}

// checkChannel checks what a checker saw.
func checkChannel(t *rapid.T, s *Spec, k *checker) {
	for _, fault := range k.faults {
		t.Error(fault)
	}
	if len(k.waiting) > 0 || k.arrivals != k.done {
		t.Errorf("%d requests arrived, %d were served", k.arrivals, k.done)
	}
	if k.area != k.waits { // Little's law: L = λ·W, both sides times the time
		t.Errorf("requests in the queues sum to %d over time, their waits to %d", k.area, k.waits)
	}
	if s.Refresh == NoRefresh || k.channel.Counters[countSelfRefreshes] > 0 {
		return
	}
	every := k.channel.RefreshEvery
	if s.Refresh == PerBank {
		every *= int64(s.BanksPerRank())
	}
	if k.worst > 9*every {
		t.Errorf("a bank went without refresh for %d clocks; eight refreshes of one each %d may be postponed", k.worst, every)
	}
	round := k.channel.RefreshRound / k.channel.RefreshEvery
	due := k.channel.Now/k.channel.RefreshEvery - (postponed+1)*round
	if n := (k.channel.Counters[countAllBankRefreshes] + k.channel.Counters[countBankRefreshes]) / int64(s.Ranks); n < due {
		t.Errorf("%d refreshes of each rank, %d were due", n, due)
	}
}

// countBursts counts the bursts of extents, those that two adjoining extents
// share once.
func countBursts(s *Spec, extents []Extent) (n int64) {
	c := Splitter{Layout: &Layout{BurstBits: log2(int(s.BurstBytes))}, Extents: extents}
	for c.NextExtent() {
		n += int64(c.End - c.At)
	}
	return n
}

// TestDeterminism moves the same extents through two memories.
func TestDeterminism(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, extents := genSpec(t), genExtents(t)
		if a, b := New(s).Move(1000, extents), New(s).Move(1000, extents); a != b {
			t.Errorf("%+v and then %+v", a, b)
		}
	})
}

// TestSkippedClocks ticks through every clock instead of skipping those in which
// nothing can happen.
func TestSkippedClocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, extents := genSpec(t), genExtents(t)
		m, plain := New(s), New(s)
		for _, c := range plain.channels {
			c.everyClock = true
		}
		for range 2 {
			if a, b := m.Move(m.Now(), extents), plain.Move(plain.Now(), extents); a != b {
				t.Fatalf("skipping: %+v\nticking: %+v", a, b)
			}
		}
	})
}
