// Package dramtest draws memories and loads for the tests of both rooms of the DRAM
// model.
package dramtest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Parts returns the shipped parts.
func Parts() []*devices.DRAMPart {
	var list []*devices.DRAMPart
	for _, name := range devices.DRAMParts() {
		if p, err := devices.LoadDRAMPart(name); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Part returns one channel of a shipped part.
func Part(t testing.TB, name, mapping, refresh, policy string) devices.DRAM {
	t.Helper()
	part, err := devices.LoadDRAMPart(name)
	if err != nil {
		t.Fatal(err)
	}
	return Channels(part, 1, 1, mapping, refresh, policy)
}

// Phone returns a phone's memory: four channels of two ranks of LPDDR5X-8533.
func Phone(t testing.TB, mapping, refresh string) devices.DRAM {
	t.Helper()
	d := Part(t, "lpddr5x-8533", mapping, refresh, "open")
	d.Channels.Value, d.Ranks.Value = 4, 2
	return d
}

// Channels returns channels of so many ranks of a part.
func Channels(part *devices.DRAMPart, channels, ranks int, mapping, refresh, policy string) devices.DRAM {
	return devices.DRAM{
		Part: part.Name, Spec: part, Mapping: mapping, Refresh: refresh, PagePolicy: policy,
		Channels: devices.Quantity[units.Count]{Value: units.Count(channels)},
		Ranks:    devices.Quantity[units.Count]{Value: units.Count(ranks)},
	}
}

var parts = Parts()

// mappings are those that are drawn. Some split or hash fields of which some parts
// have too few bits.
var mappings = []string{
	"RoBaRaCoCh", "ChRaBaRoCo", "RoRaBgBaCoCh", "RoRaBaCoBgCh", "RoRaBaCo4BgCo2Ch+xor", "RoRaBaBgCo5Bg1ChCo1",
	"RoBaRaCo4ChCo2", "RoBaRaCoCh+xor", "RoCoBaRaCh", "RoBaRaCh1CoCh", "MOP4CLXOR", "MOP4CLXOR+xor",
	"RoRaBaCoBgCh+Bg0^0x1000+Ba0^0x88000", "RoRaBaCoBgCh+Ro0^0x2000+Bg1^0x400",
}

// Memory draws a memory of a shipped part.
func Memory(t *rapid.T) devices.DRAM {
	part := parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
	refreshes := []string{"none", "all", "per"}
	if !slices.Contains([]string{"LPDDR4X", "LPDDR5", "LPDDR5X"}, part.Standard) {
		refreshes = refreshes[:2]
	}
	return Channels(part,
		rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "channels"),
		rapid.SampledFrom([]int{1, 2}).Draw(t, "ranks"),
		rapid.SampledFrom(mappings).Draw(t, "mapping"),
		rapid.SampledFrom(refreshes).Draw(t, "refresh"),
		rapid.SampledFrom([]string{"open", "closed", "timeout"}).Draw(t, "policy"))
}

// Extent is the form of a dram.Extent, which this package must not import.
type Extent interface {
	~struct {
		Addr  uint64
		Bytes units.Bytes
		Write bool
	}
}

// Extents draws a list of extents: streams, strides, random accesses.
func Extents[E Extent](t *rapid.T) []E {
	var list []E
	for range rapid.IntRange(1, 6).Draw(t, "pieces") {
		base := rapid.Uint64Range(0, 1<<27).Draw(t, "addr")
		base += rapid.SampledFrom([]uint64{0, 0, 1 << 30, 1 << 31, 3 << 30, 1 << 32, 3 << 31}).Draw(t, "region") // of another channel or rank
		write := rapid.IntRange(0, 3).Draw(t, "write") == 0
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			list = append(list, E{base, units.Bytes(rapid.IntRange(0, 400).Draw(t, "bytes")), write})
		case 1:
			list = append(list, E{base &^ 63, units.Bytes(rapid.IntRange(1, 200_000).Draw(t, "bytes")), write})
		case 2:
			list = append(list, E{base &^ 4095, 64 << 10, write})
		default:
			stride := uint64(rapid.SampledFrom([]int{32, 64, 2048, 1 << 14, 1 << 17}).Draw(t, "stride"))
			for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
				list = append(list, E{base + uint64(i)*stride, 32, write && i%2 == 0})
			}
		}
	}
	return list
}

// WritesBetween draws long reads with a few bursts written between them.
func WritesBetween[E Extent](t *rapid.T) []E {
	var list []E
	at := rapid.Uint64Range(0, 1<<28).Draw(t, "read at") &^ 31
	for range rapid.IntRange(1, 4).Draw(t, "reads") {
		for range rapid.IntRange(0, 8).Draw(t, "writes") {
			to := rapid.SampledFrom([]uint64{at, at + 1<<14, 1 << 20, 1 << 27}).Draw(t, "write at") + rapid.Uint64Range(0, 1<<18).Draw(t, "offset")&^31
			list = append(list, E{to, units.Bytes(rapid.SampledFrom([]int{32, 64, 320, 4096, 16384}).Draw(t, "written")), true})
		}
		n := units.Bytes(rapid.SampledFrom([]int{4096, 50_000, 1_000_000}).Draw(t, "read"))
		list = append(list, E{at, n, false})
		at += uint64(n) &^ 31
	}
	return list
}
