package sim

import (
	"testing"

	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/units"
	"pgregory.net/rapid"
)

func TestOverlapOfFetchAndCompute(t *testing.T) {
	for name, c := range map[string]struct {
		stage stage
		want  span
	}{
		"memory-bound: only the last tile's arithmetic shows":    {stage{fetch: 1000, compute: 100, tiles: 10, buffers: 2}, span{1000, 10, 10}},
		"compute-bound: only the first tile's fetch shows":       {stage{fetch: 100, compute: 1000, tiles: 10, buffers: 2}, span{10, 1000, 100}},
		"a single buffer takes turns":                            {stage{fetch: 1000, compute: 100, tiles: 10, buffers: 1}, span{1000, 100, 100}},
		"a single tile has nothing to overlap with":              {stage{fetch: 1000, compute: 100, tiles: 1, buffers: 2}, span{1000, 100, 100}},
		"prefetch hides what the idle window allows":             {stage{fetch: 1000, compute: 100, tiles: 10, buffers: 2, ahead: 1000, window: 150}, span{850, 10, 10}},
		"prefetch stops when the buffers are full":               {stage{fetch: 1000, compute: 100, tiles: 10, buffers: 2, ahead: 1000, window: 900}, span{800, 10, 10}},
		"prefetch cannot fetch what an operator has yet to make": {stage{fetch: 1000, compute: 100, tiles: 10, buffers: 2, ahead: 50, window: 900}, span{950, 10, 10}},
	} {
		if got := c.stage.overlap(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A stage takes at least as long as its slower half and at most as long as both
// in turn, and a prefetcher only helps.
func TestOverlapIsBoundedByItsParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := stage{
			fetch:   units.Picoseconds(rapid.Int64Range(0, 1e9).Draw(rt, "fetch")),
			compute: units.Picoseconds(rapid.Int64Range(0, 1e9).Draw(rt, "compute")),
			tiles:   rapid.Int64Range(1, 1000).Draw(rt, "tiles"),
			buffers: rapid.Int64Range(1, 8).Draw(rt, "buffers"),
		}
		plain := s.overlap()
		if length := plain.memory + plain.compute; length < max(s.fetch, s.compute) || length > s.fetch+s.compute {
			rt.Fatalf("%+v takes %d", s, length)
		}
		s.ahead = units.Picoseconds(rapid.Int64Range(0, int64(s.fetch)).Draw(rt, "ahead"))
		s.window = units.Picoseconds(rapid.Int64Range(0, 1e9).Draw(rt, "window"))
		if ahead := s.overlap(); ahead.memory+ahead.compute > plain.memory+plain.compute {
			rt.Fatalf("prefetch made %+v slower: %+v", s, ahead)
		}
	})
}

// The closed form is what a schedule of the tiles one by one comes to.
func TestOverlapIsTheScheduleOfItsTiles(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := stage{tiles: rapid.Int64Range(2, 50).Draw(rt, "tiles"), buffers: rapid.Int64Range(1, 4).Draw(rt, "buffers")}
		tiles := units.Picoseconds(s.tiles)
		s.fetch = tiles * units.Picoseconds(rapid.Int64Range(0, 1e6).Draw(rt, "fetch of a tile"))
		s.compute = tiles * units.Picoseconds(rapid.Int64Range(0, 1e6).Draw(rt, "compute of a tile"))
		schedule := sram.Stream{Tile: 1 << 10, Buffers: int(s.buffers)}
		got := s.overlap()
		want := schedule.Time(schedule.Tile*units.Bytes(s.tiles), s.fetch, s.compute)
		if off := got.memory + got.compute - want; off < -2*tiles || off > 2*tiles { // shares are rounded
			rt.Fatalf("%+v takes %d ps, tile by tile %d", s, got.memory+got.compute, want)
		}
	})
}

func TestSplitSharesInProportionAndLosesNothing(t *testing.T) {
	if got := split([]units.Bytes(nil), 10, []int64{1, 1, 2}); got[0] != 2 || got[1] != 3 || got[2] != 5 {
		t.Errorf("10 over 1:1:2 is %v", got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.Int64Min(0).Draw(rt, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1<<50), 1, 20).Draw(rt, "weights")
		var sum int64
		for i, part := range split([]int64(nil), total, weights) {
			if part < 0 {
				rt.Fatalf("share %d is %d", i, part)
			}
			sum += part
		}
		if sum != total {
			rt.Fatalf("shares sum to %d of %d", sum, total)
		}
	})
}
