package dram

import (
	"testing"

	"github.com/memsim/memsim/units"
)

// A stream keeps all channels as busy, a short access one of them, and each
// channel's time is its own.
func TestChannelsOfATransfer(t *testing.T) {
	m := New(phoneSpec(t, NoRefresh))
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
