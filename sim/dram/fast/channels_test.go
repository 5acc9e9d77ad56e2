package fast

import (
	"testing"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/dramtest"
	"github.com/memsim/memsim/units"
)

// Channels that lie in different regions of memory are simulated together while
// they rest: each is found again when its region is asked for.
func TestChannelsInRegionsAreFoundAgain(t *testing.T) {
	s := specOf(t, dramtest.Phone(t, "ChRaBaRoCo", "none"))
	m := New(s)
	region := uint64(s.Capacity()) / 4
	for range 3 {
		for want := range 4 {
			m.Move(m.Now()+units.Millisecond, []dram.Extent{{Addr: uint64(want) * region, Bytes: 1}})
			for i, c := range m.Channels() {
				if (c.Counts.Reads == 1) != (i == want) {
					t.Fatalf("channel %d of an access to channel %d: %+v", i, want, c)
				}
			}
		}
	}
}

// A channel that is taken up anew while it was learning a session learns no other
// one in its place: its memory answers as one does that has learned nothing.
func TestAChannelTakenUpAnewLearnsNothing(t *testing.T) {
	d := dramtest.Part(t, "lpddr5-6400", "ChRaBaRoCo", "all", "open")
	d.Channels = count(2)
	s := specOf(t, d)
	s.Idle.PowerDown, s.Idle.SelfRefresh = 700, 500
	var other uint64 // address in the second channel
	for s.Locate(other>>log2(int(s.BurstBytes))).Channel == 0 {
		other = max(64, other<<1)
	}
	memo := NewMemo()
	m := memo.New(s)
	m.Move(0, []dram.Extent{{Addr: other, Bytes: 64}, {Addr: 0, Bytes: 64}})
	m.Idle(s.Clock.Time(620))
	if _, err := m.MoveAll(s.Clock.Time(620), func(yield func(dram.Batch, error) bool) {
		_ = yield(dram.Batch{Extents: []dram.Extent{{Addr: 0, Bytes: 64}}}, nil) &&
			yield(dram.Batch{Extents: []dram.Extent{{Addr: other + 1<<20, Bytes: 64}}}, nil) &&
			yield(dram.Batch{Extents: []dram.Extent{{Addr: 4096, Bytes: 32_000}}}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	m.Release()
	list := []dram.Extent{{Addr: other, Bytes: 64}, {Addr: 0, Bytes: 32_000}}
	fast, slow := memo.New(s), dram.New(s)
	if a, b := fast.Move(0, list), slow.Move(0, list); a != b {
		t.Errorf("fast path %+v\ncommand level %+v", a, b)
	}
	if a, b := fast.Idle(s.Clock.Time(20_000)), slow.Idle(s.Clock.Time(20_000)); a != b {
		t.Errorf("fast path idles %+v\ncommand level %+v", a, b)
	}
}
