package dram

import (
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// A stream keeps all channels as busy, a short access one of them, and each
// channel's time is its own.
func TestChannelsOfATransfer(t *testing.T) {
	m := newFast(phoneSpec(t, NoRefresh))
	stream := m.Move(0, []Extent{{Bytes: 256 * units.KiB}})
	first := m.Channels()[0]
	for i, c := range m.Channels() {
		if c != first || c.Counts.Reads != stream.Counts.Reads/4 || c.Done != stream.Done {
			t.Errorf("channel %d of a stream that takes until %d: %+v", i, stream.Done, c)
		}
	}

	short := m.Move(stream.Done, []Extent{{Addr: uint64(m.spec.BurstBytes), Bytes: 1}})
	for i, c := range m.Channels() {
		if want := i == 1; want != (c.Counts.Reads == 1) || want != (c.Done == short.Done) || !want && c != (ChannelUse{Done: short.Start}) {
			t.Errorf("channel %d of an access to channel 1 from %d to %d: %+v", i, short.Start, short.Done, c)
		}
	}

	// Channel 2 has eight times the bursts of channel 0.
	var extents []Extent
	for i := range uint64(8) {
		extents = append(extents, Extent{Addr: (4*i + 2) * uint64(m.spec.BurstBytes), Bytes: m.spec.BurstBytes})
	}
	skewed := m.Move(short.Done, append(extents, Extent{Bytes: 1}))
	c := m.Channels()
	if c[0].Counts.Reads != 1 || c[2].Counts.Reads != 8 || c[0].Done >= c[2].Done || c[2].Done != skewed.Done {
		t.Errorf("channels with one and eight bursts: %+v and %+v", c[0], c[2])
	}
}

// Channels that lie in different regions of memory are simulated together while
// they rest: each is found again when its region is asked for.
func TestChannelsInRegionsAreFoundAgain(t *testing.T) {
	s := mappedSpec(t, "ChRaBaRoCo", NoRefresh)
	m := newFast(s)
	region := uint64(s.Capacity()) / 4
	for range 3 {
		for want := range 4 {
			m.Move(m.Now()+units.Millisecond, []Extent{{Addr: uint64(want) * region, Bytes: 1}})
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
	part, err := devices.LoadDRAMPart("lpddr5-6400")
	if err != nil {
		t.Fatal(err)
	}
	s, err := SpecOf(devices.DRAM{
		Part: part.Name, Spec: part, Channels: count(2), Ranks: count(1),
		Mapping: "ChRaBaRoCo", PagePolicy: "open", Refresh: "all",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Idle.PowerDown, s.Idle.SelfRefresh = 700, 500
	var other uint64 // address in the second channel
	for s.locate(other>>log2(int(s.BurstBytes))).channel == 0 {
		other = max(64, other<<1)
	}
	memo := NewMemo()
	m := memo.New(s)
	m.Move(0, []Extent{{Addr: other, Bytes: 64}, {Addr: 0, Bytes: 64}})
	m.Idle(s.Clock.Time(620))
	if _, err := m.MoveAll(s.Clock.Time(620), func(yield func(Batch, error) bool) {
		_ = yield(Batch{Extents: []Extent{{Addr: 0, Bytes: 64}}}, nil) &&
			yield(Batch{Extents: []Extent{{Addr: other + 1<<20, Bytes: 64}}}, nil) &&
			yield(Batch{Extents: []Extent{{Addr: 4096, Bytes: 32_000}}}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	m.Release()
	list := []Extent{{Addr: other, Bytes: 64}, {Addr: 0, Bytes: 32_000}}
	fast, slow := memo.New(s), New(s)
	if a, b := fast.Move(0, list), slow.Move(0, list); a != b {
		t.Errorf("fast path %+v\ncommand level %+v", a, b)
	}
	if a, b := fast.Idle(s.Clock.Time(20_000)), slow.Idle(s.Clock.Time(20_000)); a != b {
		t.Errorf("fast path idles %+v\ncommand level %+v", a, b)
	}
}
