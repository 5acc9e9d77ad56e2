package fast

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/dramtest"
	"github.com/memsim/memsim/units"
)

// TestFastPathIsExact moves random extents through memories with and without
// the fast path: every transfer takes the same time, the same commands and the
// same energy, and each channel has the same part in it. Transfers repeat, so
// that the graph's edges are used.
func TestFastPathIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSpec(t)
		var lists [][]dram.Extent
		for range rapid.IntRange(1, 3).Draw(t, "lists") {
			lists = append(lists, genExtents(t))
		}
		if rapid.Bool().Draw(t, "stream") { // one that others write back behind
			at := rapid.Uint64Range(0, 1<<28).Draw(t, "addr")
			stream := dram.Extent{Addr: at, Bytes: units.Bytes(rapid.IntRange(1_000_000, 3_000_000).Draw(t, "bytes"))}
			for range rapid.IntRange(1, 3).Draw(t, "streams") {
				near := stream.Addr + rapid.Uint64Range(0, 4_000_000).Draw(t, "near")&^31
				lists = append(lists, append([]dram.Extent{stream, {Addr: near, Bytes: 64, Write: true}}, genExtents(t)...))
				stream.Addr += rapid.SampledFrom([]uint64{0, 0, 1 << 22, 1 << 24}).Draw(t, "on")
			}
		}
		if rapid.Bool().Draw(t, "writes between") { // that wait while long reads go on
			lists = append(lists, dramtest.WritesBetween[dram.Extent](t))
		}
		memo := NewMemo()
		used := memo.New(s) // what it learns serves the next memory
		used.Move(0, rapid.SampledFrom(lists).Draw(t, "first list"))
		used.Idle(units.Picoseconds(rapid.SampledFrom([]int64{0, 5_000_000, 1_000_000_000}).Draw(t, "rest")))
		used.Release()
		fast, slow := memo.New(s), dram.New(s)
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			list := rapid.SampledFrom(lists).Draw(t, "list")
			gap := units.Picoseconds(rapid.SampledFrom([]int64{0, 0, 1250, 30_000, 70_000, 120_000, 1_000_000, 5_000_000, 40_000_000}).Draw(t, "gap"))
			pause := gap / units.Picoseconds(rapid.IntRange(1, 3).Draw(t, "pause"))
			if a, b := fast.Idle(fast.Now()+pause), slow.Idle(slow.Now()+pause); a != b {
				t.Fatalf("fast path idles: %+v\ncommand level: %+v", a, b)
			}
			a, b := fast.Move(fast.Now()+gap, list), slow.Move(slow.Now()+gap, list)
			if a != b {
				t.Fatalf("fast path: %+v\ncommand level: %+v", a, b)
			}
			if c, d := fast.Channels(), slow.Channels(); !slices.Equal(c, d) {
				t.Fatalf("channels of the fast path: %+v\ncommand level: %+v", c, d)
			}
			checkChannels(t, a, fast.Channels())
		}
		end := fast.Now() + 5*units.Microsecond
		if a, b := fast.Idle(end), slow.Idle(end); a != b {
			t.Fatalf("fast path: %+v\ncommand level: %+v", a, b)
		}
	})
}

// checkChannels holds the channels' parts to the whole transfer.
func checkChannels(t *rapid.T, whole dram.Transfer, channels []dram.ChannelUse) {
	var sum dram.Counts
	for i, c := range channels {
		sum = sum.Plus(c.Counts)
		if c.Done < whole.Start || c.Done > whole.Done {
			t.Fatalf("channel %d is done at %d, the transfer takes from %d to %d", i, c.Done, whole.Start, whole.Done)
		}
		if has := c.Counts.Requests() > 0; has != (c.Done > whole.Start) || !has && c.Counts != (dram.Counts{}) {
			t.Fatalf("channel %d of a transfer from %d on: %+v", i, whole.Start, c)
		}
	}
	w := whole.Counts
	if sum.Reads != w.Reads || sum.Writes != w.Writes || sum.Forwarded != w.Forwarded || sum.Coalesced != w.Coalesced ||
		sum.RowHits != w.RowHits || sum.RowMisses != w.RowMisses || sum.RowConflicts != w.RowConflicts || sum.Activates != w.Activates {
		t.Fatalf("channels sum to %+v, the transfer took %+v", sum, w)
	}
}

// Extents that come in lists move as those of one list do, with the fast path and
// without, and leave the memory in the same state.
func TestListsMoveAsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSpec(t)
		s.Idle.PowerDown = rapid.SampledFrom([]int64{0, 3, 64, 700}).Draw(t, "power-down")
		memo := NewMemo()
		whole, inLists, fast := dram.New(s), dram.New(s), memo.New(s)
		drawn := [][]dram.Extent{genExtents(t), genExtents(t)}
		for range rapid.IntRange(1, 6).Draw(t, "transfers") {
			list := slices.Clone(rapid.SampledFrom(drawn).Draw(t, "list"))
			if rapid.IntRange(0, 3).Draw(t, "anew") == 0 { // what was learned serves another memory
				fast.Release()
				whole, inLists, fast = dram.New(s), dram.New(s), memo.New(s)
			}
			for i := range list { // whole bursts: those in which extents meet would move twice
				list[i].Addr &^= uint64(s.BurstBytes) - 1
				list[i].Bytes = (list[i].Bytes + s.BurstBytes - 1) / s.BurstBytes * s.BurstBytes
			}
			first := rapid.IntRange(0, len(list)).Draw(t, "first cut")
			second := rapid.IntRange(first, len(list)).Draw(t, "second cut")
			lists := func(yield func(dram.Batch, error) bool) {
				_ = yield(dram.Batch{Extents: list[:first]}, nil) && yield(dram.Batch{Extents: list[first:second]}, nil) && yield(dram.Batch{Extents: list[second:]}, nil)
			}
			at := whole.Now() + units.Picoseconds(rapid.SampledFrom([]int64{0, 30_000, 700_000, 5_000_000}).Draw(t, "gap"))
			want := whole.Move(at, list)
			atOnce := rapid.Bool().Draw(t, "at once")
			for name, m := range map[string]memory{"command level": inLists, "fast path": fast} {
				got, err := dram.Transfer{}, error(nil)
				if atOnce {
					got = m.Move(at, list)
				} else {
					got, err = m.MoveAll(at, lists)
				}
				if err != nil || got != want || !slices.Equal(m.Channels(), whole.Channels()) {
					t.Fatalf("%s, in lists: %+v %+v (%v)\nin one: %+v %+v", name, got, m.Channels(), err, want, whole.Channels())
				}
			}
		}
		end := whole.Now() + 5*units.Microsecond
		want := whole.Idle(end)
		if a, b := inLists.Idle(end), fast.Idle(end); a != want || b != want {
			t.Fatalf("afterwards %+v and %+v, want %+v", a, b, want)
		}
	})
}
