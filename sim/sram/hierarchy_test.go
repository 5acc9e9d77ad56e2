package sram

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// drawConfigs draws one to three levels that share a line size.
func drawConfigs(t *rapid.T) []Config {
	line := units.Bytes(rapid.SampledFrom([]int{16, 64, 128}).Draw(t, "line"))
	levels := rapid.IntRange(1, 3).Draw(t, "levels")
	configs := make([]Config, levels)
	for i := range configs {
		policy := Policy(rapid.IntRange(0, 3).Draw(t, "policy"))
		ways := rapid.IntRange(1, 9).Draw(t, "ways")
		if policy == TreePLRU {
			ways = 1 << rapid.IntRange(0, 4).Draw(t, "logWays")
		}
		sets := rapid.SampledFrom([]int{1, 2, 4, 8, 16, 32, 64, 6, 12, 24, 7, 31}).Draw(t, "sets")
		c := Config{
			Name: fmt.Sprintf("l%d", i+1), Line: line, Ways: ways, Policy: policy,
			Capacity:  line * units.Bytes(sets*ways),
			Inclusion: Inclusion(rapid.IntRange(0, 2).Draw(t, "inclusion")),
			Seed:      rapid.Uint64().Draw(t, "seed"),
		}
		if policy == LRU && rapid.IntRange(0, 3).Draw(t, "full") == 0 {
			c.Ways = 0
		}
		configs[i] = c
	}
	return configs
}

// drawAccesses draws a sequence of reads and writes over a few ranges, whole or
// in part, so that ranges meet what they left behind. Rapid prefers small
// numbers; only the seed and the number of accesses are left to it.
func drawAccesses(t *rapid.T, line units.Bytes, most int) []access {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed of accesses"), 0))
	ranges := make([]access, 1+random.IntN(6))
	for i := range ranges {
		ranges[i].addr = random.Uint64N(uint64(line) * 400)
		ranges[i].n = units.Bytes(random.Int64N(int64(line) * int64(1+random.IntN(120))))
	}
	list := make([]access, rapid.IntRange(most/2, most).Draw(t, "accesses"))
	for i := range list {
		a := ranges[random.IntN(len(ranges))]
		if random.IntN(4) == 0 {
			skip := random.Int64N(int64(a.n) + 1)
			a.addr, a.n = a.addr+uint64(skip), a.n-units.Bytes(skip)
		}
		a.write = random.IntN(4) == 0
		list[i] = a
	}
	return list
}

// linesOf returns the addresses of the lines of extents, sorted.
func linesOf(extents []Extent, line units.Bytes) []uint64 {
	var lines []uint64
	for _, e := range extents {
		for addr := e.Addr; addr < e.End(); addr += uint64(line) {
			lines = append(lines, addr)
		}
	}
	slices.Sort(lines)
	return lines
}

// Ranges are a way to compute what caches do line by line, not an approximation
// of it.
func TestRangesAnswerAsLinesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		configs := drawConfigs(t)
		line := configs[0].Line
		h, err := NewHierarchy(configs)
		if err != nil {
			t.Fatal(err)
		}
		ref := newLineByLine(configs)
		for i, a := range drawAccesses(t, line, 60) {
			got, want := h.Access(a.addr, a.n, a.write), ref.Access(a.addr, a.n, a.write)
			if !slices.Equal(got.Hit, want.Hit) || got.Miss != want.Miss || got.Allocated != want.Allocated {
				t.Fatalf("access %d %+v: hit %v allocated %d miss %d, line by line %v, %d, %d", i, a, got.Hit, got.Allocated, got.Miss, want.Hit, want.Allocated, want.Miss)
			}
			if !slices.Equal(got.Fetch, want.Fetch) {
				t.Fatalf("access %d %+v: fetch %v, line by line %v", i, a, got.Fetch, want.Fetch)
			}
			if !slices.Equal(linesOf(got.WriteBack, line), linesOf(want.WriteBack, line)) {
				t.Fatalf("access %d %+v: write back %v, line by line %v", i, a, got.WriteBack, want.WriteBack)
			}
			if got.Served()+got.Miss != a.n {
				t.Fatalf("access %d %+v: %d hit and %d missed of %d bytes", i, a, got.Served(), got.Miss, a.n)
			}
		}
	})
}

// The end of the address space is no special place.
func TestLastLineOfTheAddressSpace(t *testing.T) {
	h := mustHierarchy(t, cache(64, 4))
	for _, write := range []bool{false, true} {
		if out := h.Access(^uint64(0)-99, 99, write); out.Served()+out.Miss != 99 {
			t.Errorf("write %v: %+v", write, out)
		}
	}
	if c := curveOf(64, []access{{addr: ^uint64(0) - 99, n: 99}}); c.Cold != 99 {
		t.Errorf("%+v", c)
	}
}

// A cache that holds a block makes its second run free, whatever lies between
// the levels; one that holds less than the block finds nothing of it.
func ExampleHierarchy() {
	const block = 3_538_944 * 2 // bytes of a layer of MobileLLM-125M at 16 bits
	for _, mib := range []units.Bytes{4, 12} {
		h, err := NewHierarchy([]Config{{Name: "l2", Capacity: mib * units.MiB, Line: 128, Ways: 8}})
		if err != nil {
			fmt.Println(err)
			return
		}
		first := h.Access(1<<30+100, block, false).Miss
		second := h.Access(1<<30+100, block, false).Miss
		fmt.Printf("%2d MiB: %d bytes from DRAM, then %d\n", mib, first, second)
	}
	// Output:
	//  4 MiB: 7077888 bytes from DRAM, then 7077888
	// 12 MiB: 7077888 bytes from DRAM, then 0
}

// A long read pushes out what was written right before it, in memory next to it, and
// leaves its own last lines.
func TestStreamsPushOutWhatWasWrittenBeforeThem(t *testing.T) {
	const line, sets, ways = 64, 8, 2
	h := mustHierarchy(t, Config{Name: "l2", Capacity: line * sets * ways, Line: line, Ways: ways})
	written, stream := units.Bytes(line*sets*ways), units.Bytes(line*sets*40)
	h.Access(0, written, true)
	out := h.Access(uint64(written), stream, false)
	if out.Miss != stream || len(out.WriteBack) != 1 || out.WriteBack[0] != (Extent{Addr: 0, Bytes: written}) {
		t.Errorf("%+v", out)
	}
	end := uint64(written + stream)
	if out := h.Access(end, stream, false); out.Miss != stream || len(out.WriteBack) != 0 {
		t.Errorf("the stream behind it: %+v", out)
	}
	end += uint64(stream)
	if out := h.Access(end-uint64(written), written, false); out.Miss != 0 {
		t.Errorf("the last lines of the stream: %+v", out)
	}
	counted := newPresence(sets)
	counted.add((end-uint64(written))/line, end/line)
	if cache := h.caches[0].store.(*spans); cache.held != counted {
		t.Error("lines are counted as held that are not")
	}
}
