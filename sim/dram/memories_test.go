package dram

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/dram/dramtest"
	"github.com/memsim/memsim/units"
)

var parts = dramtest.Parts()

func count(n int) devices.Quantity[units.Count] {
	return devices.Quantity[units.Count]{Value: units.Count(n)}
}

// partSpec builds the Spec of one channel of a shipped part.
func partSpec(t testing.TB, name, mapping string, r Refresh, p Policy) Spec {
	t.Helper()
	return specOf(t, dramtest.Part(t, name, mapping, string(r), string(p)))
}

// phoneSpec builds the Spec of a phone's memory: four channels of two
// ranks of LPDDR5X-8533.
func phoneSpec(t testing.TB, r Refresh) Spec {
	t.Helper()
	return specOf(t, dramtest.Phone(t, "RoRaBaCoBgCh", string(r)))
}

func specOf(t testing.TB, d devices.DRAM) Spec {
	t.Helper()
	s, err := SpecOf(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// genSpec draws a memory of a shipped part, with its queues and idle times.
func genSpec(t *rapid.T) Spec {
	s, err := SpecOf(dramtest.Memory(t))
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

func genExtents(t *rapid.T) []Extent { return dramtest.Extents[Extent](t) }
