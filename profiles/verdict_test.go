package profiles_test

import (
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
)

// family makes a model once, shared and as deep with layers of its own.
func family(name string, dim, layers int, latency float64) []sim.Result {
	make := func(name, sharing string, stored, executed int, ms, bytes float64) sim.Result {
		return sim.Result{Model: name, Quant: "q8_0", Sharing: sharing, LayersStored: stored, LayersExecuted: executed, Dim: dim, LatencyMS: ms, DRAMBytesPerToken: bytes,
			BlockBytes: 10_450_000, Caches: []sim.Cache{{Name: "l2", Capacity: units.MiB}, {Name: "slc", Capacity: 8 * units.MiB}}}
	}
	return []sim.Result{make(name, "none", layers, layers, latency, 100e6), make(name+"-ls", "immediate", layers, 2*layers, 1.9*latency, 190e6),
		make(name+"-deep", "none", 2*layers, 2*layers, 2*latency, 200e6)}
}

func TestASharedModelIsComparedWithItsOwnLayers(t *testing.T) {
	results := append(family("small", 576, 30, 8), family("large", 960, 32, 20)...)
	s := profiles.Sharing(results, 4)
	for _, want := range []string{"large-ls runs 64 layers with the weights of 32, 90 % slower than large;", "64 unshared layers would be 100 % slower and move 2.00× the bytes"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q lacks %q", s, want)
		}
	}
	if profiles.Sharing(results, 0) != "" {
		t.Error("a model that shares nothing has a sentence on sharing")
	}
}

func TestSharingSaysWhetherABlockFitsACache(t *testing.T) {
	results := family("m", 960, 32, 20)
	if s := profiles.Sharing(results, 1); !strings.Contains(s, "A block of 10.4 MB is larger than slc (8 MiB, 8.39 MB)") || !strings.Contains(s, "saves no traffic") {
		t.Errorf("%q", s)
	}
	results[1].BlockBytes = 3_770_000
	if s := profiles.Sharing(results, 1); !strings.Contains(s, "A block of 3.77 MB fits slc (8 MiB, 8.39 MB)") {
		t.Errorf("%q", s)
	}
}

func TestTheLimitNamesWhatTakesATenthOrMore(t *testing.T) {
	r := sim.Result{Model: "m", LatencyMS: 10, LatencyPartsMS: sim.LatencyMS{Dispatch: 6, DRAM: 3.5, Compute: 0.5}, DRAMBytesPerToken: 133e6}
	const want = "A token of m takes 10 ms: 60 % launching operators, 35 % waiting for DRAM. It moves 133 MB through DRAM."
	if got := profiles.Limit(&r); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
