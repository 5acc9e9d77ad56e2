package dram

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// parts holds the shipped parts, for generators.
var parts = func() []*devices.DRAMPart {
	var list []*devices.DRAMPart
	for _, name := range devices.DRAMParts() {
		if p, err := devices.LoadDRAMPart(name); err == nil {
			list = append(list, p)
		}
	}
	return list
}()

func count(n int) devices.Quantity[units.Count] {
	return devices.Quantity[units.Count]{Value: units.Count(n)}
}

// genSpec draws a memory of a shipped part.
func genSpec(t *rapid.T) Spec {
	part := parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
	refreshes := []string{"none", "all", "per"}
	if !standards[part.Standard].perBank {
		refreshes = refreshes[:2]
	}
	s, err := SpecOf(devices.DRAM{
		Part: part.Name, Spec: part,
		Channels:   count(rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "channels")),
		Ranks:      count(rapid.SampledFrom([]int{1, 2}).Draw(t, "ranks")),
		Mapping:    rapid.SampledFrom([]string{"RoBaRaCoCh", "ChRaBaRoCo", "RoRaBgBaCoCh", "RoRaBaCoBgCh", "RoRaBaCo4BgCo2Ch+xor", "RoRaBaBgCo5Bg1ChCo1", "RoBaRaCo4ChCo2", "RoBaRaCoCh+xor", "RoCoBaRaCh", "RoBaRaCh1CoCh", "MOP4CLXOR", "MOP4CLXOR+xor", "RoRaBaCoBgCh+Bg0^0x1000+Ba0^0x88000", "RoRaBaCoBgCh+Ro0^0x2000+Bg1^0x400"}).Draw(t, "mapping"),
		PagePolicy: rapid.SampledFrom([]string{"open", "closed", "timeout"}).Draw(t, "policy"),
		Refresh:    rapid.SampledFrom(refreshes).Draw(t, "refresh"),
	})
	if err != nil && (strings.Contains(err.Error(), "takes more bits than") || strings.Contains(err.Error(), "hash")) {
		t.Skip("the mapping splits or hashes a field of which this memory has too few bits")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Queue.Reads = rapid.SampledFrom([]int{4, 16, 32, 64}).Draw(t, "reads")
	s.Queue.Writes = rapid.SampledFrom([]int{4, 32}).Draw(t, "writes")
	s.Queue.OfferedRate = rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "rate")
	s.Idle.PowerDown = rapid.SampledFrom([]int64{0, 3, 64}).Draw(t, "powerDown")
	s.Idle.SelfRefresh = rapid.SampledFrom([]int64{0, 500, 10_000}).Draw(t, "selfRefresh")
	return s
}

// genExtents draws a list of extents: streams, strides, random accesses.
func genExtents(t *rapid.T) []Extent {
	var list []Extent
	for range rapid.IntRange(1, 6).Draw(t, "pieces") {
		base := rapid.Uint64Range(0, 1<<27).Draw(t, "addr")
		base += rapid.SampledFrom([]uint64{0, 0, 1 << 30, 1 << 31, 3 << 30, 1 << 32, 3 << 31}).Draw(t, "region") // of another channel or rank
		write := rapid.IntRange(0, 3).Draw(t, "write") == 0
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			list = append(list, Extent{base, units.Bytes(rapid.IntRange(0, 400).Draw(t, "bytes")), write})
		case 1:
			list = append(list, Extent{base &^ 63, units.Bytes(rapid.IntRange(1, 200_000).Draw(t, "bytes")), write})
		case 2:
			list = append(list, Extent{base &^ 4095, 64 << 10, write})
		default:
			stride := uint64(rapid.SampledFrom([]int{32, 64, 2048, 1 << 14, 1 << 17}).Draw(t, "stride"))
			for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
				list = append(list, Extent{base + uint64(i)*stride, 32, write && i%2 == 0})
			}
		}
	}
	return list
}

// genWritesBetween draws long reads with a few bursts written between them.
func genWritesBetween(t *rapid.T) []Extent {
	var list []Extent
	at := rapid.Uint64Range(0, 1<<28).Draw(t, "read at") &^ 31
	for range rapid.IntRange(1, 4).Draw(t, "reads") {
		for range rapid.IntRange(0, 8).Draw(t, "writes") {
			to := rapid.SampledFrom([]uint64{at, at + 1<<14, 1 << 20, 1 << 27}).Draw(t, "write at") + rapid.Uint64Range(0, 1<<18).Draw(t, "offset")&^31
			list = append(list, Extent{to, units.Bytes(rapid.SampledFrom([]int{32, 64, 320, 4096, 16384}).Draw(t, "written")), true})
		}
		n := units.Bytes(rapid.SampledFrom([]int{4096, 50_000, 1_000_000}).Draw(t, "read"))
		list = append(list, Extent{at, n, false})
		at += uint64(n) &^ 31
	}
	return list
}

// TestFastPathIsExact moves random extents through memories with and without
// the fast path: every transfer takes the same time, the same commands and the
// same energy, and each channel has the same part in it. Transfers repeat, so
// that the graph's edges are used.
func TestFastPathIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSpec(t)
		var lists [][]Extent
		for range rapid.IntRange(1, 3).Draw(t, "lists") {
			lists = append(lists, genExtents(t))
		}
		if rapid.Bool().Draw(t, "stream") { // one that others write back behind
			at := rapid.Uint64Range(0, 1<<28).Draw(t, "addr")
			stream := Extent{at, units.Bytes(rapid.IntRange(1_000_000, 3_000_000).Draw(t, "bytes")), false}
			for range rapid.IntRange(1, 3).Draw(t, "streams") {
				near := stream.Addr + rapid.Uint64Range(0, 4_000_000).Draw(t, "near")&^31
				lists = append(lists, append([]Extent{stream, {near, 64, true}}, genExtents(t)...))
				stream.Addr += rapid.SampledFrom([]uint64{0, 0, 1 << 22, 1 << 24}).Draw(t, "on")
			}
		}
		if rapid.Bool().Draw(t, "writes between") { // that wait while long reads go on
			lists = append(lists, genWritesBetween(t))
		}
		memo := NewMemo()
		used := memo.New(s) // what it learns serves the next memory
		used.Move(0, rapid.SampledFrom(lists).Draw(t, "first list"))
		used.Idle(units.Picoseconds(rapid.SampledFrom([]int64{0, 5_000_000, 1_000_000_000}).Draw(t, "rest")))
		used.Release()
		fast, slow := memo.New(s), New(s)
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
func checkChannels(t *rapid.T, whole Transfer, channels []ChannelUse) {
	var sum Counts
	for i, c := range channels {
		sum = sum.Plus(c.Counts)
		if c.Done < whole.Start || c.Done > whole.Done {
			t.Fatalf("channel %d is done at %d, the transfer takes from %d to %d", i, c.Done, whole.Start, whole.Done)
		}
		if has := c.Counts.Requests() > 0; has != (c.Done > whole.Start) || !has && c.Counts != (Counts{}) {
			t.Fatalf("channel %d of a transfer from %d on: %+v", i, whole.Start, c)
		}
	}
	w := whole.Counts
	if sum.Reads != w.Reads || sum.Writes != w.Writes || sum.Forwarded != w.Forwarded || sum.Coalesced != w.Coalesced ||
		sum.RowHits != w.RowHits || sum.RowMisses != w.RowMisses || sum.RowConflicts != w.RowConflicts || sum.Activates != w.Activates {
		t.Fatalf("channels sum to %+v, the transfer took %+v", sum, w)
	}
}
