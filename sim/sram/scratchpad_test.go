package sram

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

func mustHierarchy(t testing.TB, configs ...Config) *Hierarchy {
	t.Helper()
	h, err := NewHierarchy(configs)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func scratchpad(lines int) Config {
	return Config{Name: "pad", Kind: Scratchpad, Capacity: units.Bytes(lines * 64), Line: 64}
}

func cache(lines, ways int) Config {
	return Config{Name: "cache", Capacity: units.Bytes(lines * 64), Line: 64, Ways: ways}
}

// What is pinned is hit; what is not passes through and leaves nothing behind.
func TestScratchpadHoldsWhatIsPinned(t *testing.T) {
	h := mustHierarchy(t, scratchpad(8))
	out, err := h.Pin(0, 70, 100)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Extent{{Addr: 64, Bytes: 128}}; !slices.Equal(out.Fetch, want) || out.Miss != 100 {
		t.Errorf("pinning fetches %v for %d bytes, want %v for 100", out.Fetch, out.Miss, want)
	}
	for range 2 {
		out = h.Access(0, 256, false)
		if want := []Extent{{Addr: 0, Bytes: 64}, {Addr: 192, Bytes: 64}}; out.Hit[0] != 128 || !slices.Equal(out.Fetch, want) {
			t.Errorf("%d bytes hit and %v fetched, want 128 and %v", out.Hit[0], out.Fetch, want)
		}
	}
	if got := h.Free(0); got != 6*64 {
		t.Errorf("%d bytes free, want 6 lines", got)
	}
}

// A pinned line that was written goes back once it is unpinned, not before.
func TestPinnedLinesAreWrittenBackOnUnpin(t *testing.T) {
	h := mustHierarchy(t, scratchpad(8), cache(4, 2))
	if _, err := h.Pin(0, 0, 256); err != nil {
		t.Fatal(err)
	}
	if out := h.Access(64, 64, true); out.Hit[0] != 64 || len(out.WriteBack) > 0 {
		t.Errorf("a write of a pinned line: %+v", out)
	}
	out, err := h.Unpin(0, 0, 256)
	if err != nil || len(out.WriteBack) > 0 {
		t.Errorf("unpinned lines belong in the cache behind: %+v, %v", out, err)
	}
	if out := h.Access(64, 64, false); out.Hit[1] != 64 {
		t.Errorf("the written line is not in the cache: %+v", out)
	}

	bare := mustHierarchy(t, scratchpad(8))
	if _, err := bare.Pin(0, 0, 256); err != nil {
		t.Fatal(err)
	}
	bare.Access(64, 64, true)
	out, _ = bare.Unpin(0, 0, 256)
	if want := []Extent{{Addr: 64, Bytes: 64}}; !slices.Equal(out.WriteBack, want) {
		t.Errorf("written back %v, want %v", out.WriteBack, want)
	}
	if out, _ := bare.Unpin(0, 0, 256); len(out.WriteBack) > 0 {
		t.Errorf("written back again: %v", out.WriteBack)
	}
}

// A runtime keeps the weights of a block for its second run as far as they fit,
// and gives them up for the next block.
func TestBlocksAreKeptWhileTheyRun(t *testing.T) {
	h := mustHierarchy(t, scratchpad(100))
	const matrix = 40 * 64
	for block := range 3 {
		if _, err := h.UnpinAll(0); err != nil {
			t.Fatal(err)
		}
		for run := range 2 {
			var missed units.Bytes
			for i := range 3 { // of which two fit
				addr := uint64(block*3+i) * matrix
				missed += h.Access(addr, matrix, false).Miss
				if fits := h.Keep(0, addr, matrix); fits != (i < 2) {
					t.Errorf("matrix %d kept: %v", i, fits)
				}
			}
			if want := units.Bytes([]int{3, 1}[run] * matrix); missed != want {
				t.Errorf("block %d, run %d: %d bytes missed, want %d", block, run, missed, want)
			}
		}
	}
	h.Access(2*3*matrix, 64, true)
	out, err := h.UnpinAll(0)
	if want := []Extent{{Addr: 2 * 3 * matrix, Bytes: 64}}; err != nil || !slices.Equal(out.WriteBack, want) {
		t.Errorf("written back %v, want %v; %v", out.WriteBack, want, err)
	}
	if h.Free(0) != 100*64 {
		t.Errorf("%d bytes free of an empty scratchpad", h.Free(0))
	}
}

func TestMistakesWithScratchpads(t *testing.T) {
	h := mustHierarchy(t, scratchpad(4), cache(4, 2))
	if _, err := h.Pin(0, 0, 5*64); !fault.IsUser(err) || !strings.Contains(err.Error(), "320 bytes to pin, but 256 of 256 are free") {
		t.Error(err)
	}
	if h.Free(0) != 256 {
		t.Error("a pin that was refused took room")
	}
	if _, err := h.Pin(1, 0, 64); !fault.IsUser(err) {
		t.Error(err)
	}
	if _, err := h.Unpin(2, 0, 64); !fault.IsUser(err) {
		t.Error(err)
	}
	if _, err := h.UnpinAll(1); !fault.IsUser(err) {
		t.Error(err)
	}
	if h.Keep(1, 0, 64) || h.Keep(0, 0, 5*64) {
		t.Error("kept what has no place")
	}
	if _, err := h.Stream(0, 5); !fault.IsUser(err) || !strings.Contains(err.Error(), "pin less") {
		t.Error(err)
	}
	if _, err := h.Stream(0, 0); !fault.IsUser(err) {
		t.Error(err)
	}
}

func TestStreamOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Stream{Tile: units.Bytes(rapid.Int64Range(1, 1000).Draw(t, "tile")), Buffers: rapid.IntRange(1, 4).Draw(t, "buffers")}
		tiles := rapid.Int64Range(1, 50).Draw(t, "tiles")
		f := units.Picoseconds(rapid.Int64Range(0, 1_000_000).Draw(t, "fetch"))
		c := units.Picoseconds(rapid.Int64Range(0, 1_000_000).Draw(t, "compute"))
		n := s.Tile * units.Bytes(tiles)
		count := units.Picoseconds(tiles)
		got := s.Time(n, f*count, c*count)
		want := f + (count-1)*max(f, c) + c
		if s.Buffers == 1 {
			want = count * (f + c)
		}
		if slack := count * 2; got < want-slack || got > want+slack { // shares are rounded
			t.Fatalf("%d tiles of %d and %d ps in %d buffers take %d, want %d", tiles, f, c, s.Buffers, got, want)
		}
		if s.Tiles(n) != tiles || s.Tiles(n-1) != (int64(n)-1+int64(s.Tile)-1)/int64(s.Tile) {
			t.Fatalf("%d bytes are %d tiles of %d", n, s.Tiles(n), s.Tile)
		}
	})
}

// A scratchpad of 1 MiB with half of it pinned streams the rest through two
// buffers.
func ExampleHierarchy_Pin() {
	h, err := NewHierarchy([]Config{{Name: "sram", Kind: Scratchpad, Capacity: 1 << 20, Line: 64}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := h.Pin(0, 0, 512<<10); err != nil {
		fmt.Println(err)
		return
	}
	out := h.Access(0, 3<<20, false)
	stream, err := h.Stream(0, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d KiB on chip, %d KiB in %d tiles of %d KiB\n", out.Hit[0]>>10, out.Miss>>10, stream.Tiles(out.Miss), stream.Tile>>10)
	// Output:
	// 512 KiB on chip, 2560 KiB in 10 tiles of 256 KiB
}

func wantUserError(t *testing.T, says string, configs ...Config) {
	t.Helper()
	if _, err := NewHierarchy(configs); !fault.IsUser(err) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want a user's mistake that says %q", err, says)
	}
}
