package dram

import (
	"testing"

	"github.com/memsim/memsim/units"
)

// TestPowerDownAndSelfRefresh leaves a memory alone for a second: it goes to
// power-down after its idle time, then to self-refresh, and takes what these
// states take.
func TestPowerDownAndSelfRefresh(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	m := New(s)
	m.Move(0, []Extent{{Bytes: 4096}})
	idle := m.Idle(m.Now() + units.Second)
	if idle.Counts.PowerDowns == 0 || idle.Counts.SelfRefreshes != 1 {
		t.Errorf("%+v", idle.Counts)
	}
	if n := idle.Counts.AllBankRefreshes; n < 20 || n > 30 {
		t.Errorf("%d refreshes in the 100 us before self-refresh, one each 3.9 us was due", n)
	}
	asleep := s.Background.SelfRefresh.Energy(units.Second)
	if got := idle.Energy.SelfRefresh; got < asleep-asleep/1000 || got > asleep {
		t.Errorf("a second of self-refresh takes %d fJ, want nearly %d", got, asleep)
	}
}

// TestIdleTakesTheEnergyOfItsStates sums background power over time by hand.
func TestIdleTakesTheEnergyOfItsStates(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", NoRefresh, Open)
	s.Idle = IdlePolicy{}
	m := New(s)
	idle := m.Idle(units.Millisecond)
	if want := s.Background.Precharge.Energy(units.Millisecond); idle.Energy.Total() != want {
		t.Errorf("1 ms of standby takes %d fJ, want %d", idle.Energy.Total(), want)
	}
}

// TestPowerDownTakesItsOwnPower works out by hand what a memory takes that is asked
// for nothing, and one that keeps a row open: each state its power over its time.
func TestPowerDownTakesItsOwnPower(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", NoRefresh, Open) // clocks of 1.25 ns
	s.Idle = IdlePolicy{PowerDown: 64}
	idle := New(s).Idle(units.Millisecond) // 800,000 clocks
	want := Energy{
		Precharge: s.Background.Precharge.Energy(64 * 1250),
		PowerDown: s.Background.PowerDown.Energy(units.Millisecond - 64*1250),
	}
	if idle.Energy != want {
		t.Errorf("%+v, want %+v", idle.Energy, want)
	}
	s.Idle = IdlePolicy{}
	m := New(s)
	m.Move(0, []Extent{{Bytes: 32}})
	idle = m.Idle(m.Now() + units.Millisecond)
	if want := (Energy{Active: s.Background.Active.Energy(units.Millisecond)}); idle.Energy != want {
		t.Errorf("with a row open %+v, want %+v", idle.Energy, want)
	}
}

// TestRefreshIsPostponedFourIntervals keeps a memory out of the time that a refresh in
// power-down takes: the first one is made when four intervals tREFI are over.
func TestRefreshIsPostponedFourIntervals(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	s.Idle = IdlePolicy{PowerDown: 3}
	m := New(s)
	const step = 150 * 1250 // between reads, less than tXP and tRFCab
	var refreshed units.Picoseconds
	for refreshed == 0 && m.Now() < units.Millisecond {
		if tr := m.Move(m.Now()+step, []Extent{{Bytes: 32}}); tr.Counts.AllBankRefreshes > 0 {
			refreshed = tr.Start
		}
	}
	due := 4 * 3125 * units.Picoseconds(1250)
	if refreshed < due || refreshed > due+2*step {
		t.Errorf("the first refresh is made at %d, four intervals end at %d", refreshed, due)
	}
}

// TestWakingTakesTime reads one burst from a memory that is awake, in power-down
// and in self-refresh.
func TestWakingTakesTime(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	read := func(after units.Picoseconds) int64 {
		m := New(s)
		tr := m.Move(after, []Extent{{Bytes: 32}})
		return s.Clock.After(tr.Done - tr.Start)
	}
	awake := read(0)
	if want := s.Timing["RCD"] + 1 + s.ReadLatency(); awake != want { // the write clock starts in a clock of its own
		t.Errorf("a read of a closed row takes %d clocks, want %d", awake, want)
	}
	if got := read(units.Microsecond); got != awake+s.Timing["XP"] {
		t.Errorf("after power-down %d clocks, want %d + tXP", got, awake)
	}
	if got := read(units.Second); got != awake+s.Timing["XSR"] {
		t.Errorf("after self-refresh %d clocks, want %d + tXSR", got, awake)
	}
}

// TestMoveBackwards asks for a transfer before the last one is done: it follows
// that one.
func TestMoveBackwards(t *testing.T) {
	m := New(partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open))
	first := m.Move(0, []Extent{{Bytes: 1 << 20}})
	second := m.Move(0, []Extent{{Bytes: 64}})
	if second.Start < first.Done {
		t.Errorf("the second transfer starts at %d, the first ends at %d", second.Start, first.Done)
	}
	if idle := m.Idle(0); idle.Start != idle.Done || idle.Energy.Total() != 0 {
		t.Errorf("idling backwards: %+v", idle)
	}
	if none := m.Move(m.Now(), nil); none.Start != none.Done {
		t.Errorf("moving nothing takes time: %+v", none)
	}
}

// TestIdleTimeMayBeCut lets the same time pass at once and in pieces, behind writes
// that end ever later: a memory does the same things at the same clocks, even if a
// refresh of another bank comes due while they hold back that their row is closed
// for power-down.
func TestIdleTimeMayBeCut(t *testing.T) {
	for _, refresh := range []Refresh{PerBank, AllBank} {
		s := partSpec(t, "lpddr5x-8533", "RoBaRaCoCh", refresh, Open) // whose clock is no whole number of picoseconds
		s.Idle.PowerDown = 3
		every := s.Timing["REFI"]
		if refresh == PerBank {
			every = s.Timing["REFIpb"]
		}
		step := units.Bytes(4) // writes hold a precharge back for nine bursts
		if raceDetector {
			step *= 16
		}
		for bursts := units.Bytes(0); bursts < units.Bytes(every); bursts += step {
			list := []Extent{{Addr: 1 << 14, Bytes: s.BurstBytes * (bursts + 1), Write: true}}
			whole, cut := New(s), New(s)
			end := whole.Move(0, list).Done + 150*units.Nanosecond
			cut.Move(0, list)
			if none := cut.Idle(cut.Now()); none != (Transfer{Start: none.Start, Done: none.Start}) {
				t.Fatalf("%d bursts: time that is over passes again: %+v", bursts+1, none)
			}
			once := whole.Idle(end)
			var counts Counts
			var energy Energy
			for cut.Now() < whole.Now() {
				piece := cut.Idle(cut.Now() + 1)
				counts, energy = counts.Plus(piece.Counts), energy.Plus(piece.Energy)
			}
			if counts != once.Counts || energy != once.Energy {
				t.Fatalf("refresh %v, %d bursts: at once %+v, in pieces %+v %+v", refresh, bursts+1, once, counts, energy)
			}
		}
	}
}
