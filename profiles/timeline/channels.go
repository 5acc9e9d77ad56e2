package timeline

import (
	"fmt"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// nameChannels gives the first n DRAM channels a track each.
func (t *Timeline) nameChannels(n int) {
	for ; t.channels < n; t.channels++ {
		t.track(channelTrack+t.channels, fmt.Sprintf("DRAM ch %d", t.channels))
	}
}

// transfers draws when operands streamed in and when each DRAM channel worked for
// the operator. A prefetcher's transfer begins before the row, among the events of
// the row before. That one is the last that is held, so that a slice which would
// begin even earlier is cut.
func (t *Timeline) transfers(r *sim.Row) {
	if from := max(r.DMA.Start, t.written); visible(from, r.DMA.End) {
		t.event(event{Name: profiles.Clean(r.Op), Phase: "X", at: from, Duration: span(from, r.DMA.End), TID: dmaTrack})
	}
	for i := range r.Channels {
		c := &r.Channels[i]
		from := max(c.Start, t.written)
		if c.Bytes == 0 || !visible(from, c.End) {
			continue
		}
		t.event(event{
			Name: profiles.Clean(r.Op), Phase: "X", at: from, Duration: span(from, c.End), TID: channelTrack + i,
			Args: channelArgs(c),
		})
	}
}

// channelArgs are what a channel moved and how that met its rows; what is zero is
// left out.
func channelArgs(c *sim.ChannelUse) map[string]any {
	args := map[string]any{"bytes": int64(c.Bytes)}
	for _, a := range []struct {
		name  string
		value int64
	}{
		{"read_bursts", c.DRAM.Reads}, {"write_bursts", c.DRAM.Writes}, {"row_hits", c.DRAM.RowHits}, {"row_misses", c.DRAM.RowMisses},
		{"row_conflicts", c.DRAM.RowConflicts}, {"activates", c.DRAM.Activates}, {"refreshes", c.DRAM.Refreshes},
	} {
		if a.value != 0 {
			args[a.name] = a.value
		}
	}
	return args
}
