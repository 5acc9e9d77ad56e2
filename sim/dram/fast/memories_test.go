package fast

import (
	"context"
	"iter"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/dramtest"
	"github.com/memsim/memsim/units"
)

func count(n int) devices.Quantity[units.Count] {
	return devices.Quantity[units.Count]{Value: units.Count(n)}
}

// partSpec builds the dram.Spec of one channel of a shipped part.
func partSpec(t testing.TB, name, mapping string, r dram.Refresh, p dram.Policy) dram.Spec {
	t.Helper()
	return specOf(t, dramtest.Part(t, name, mapping, string(r), string(p)))
}

// phoneSpec builds the dram.Spec of a phone's memory: four channels of two
// ranks of LPDDR5X-8533.
func phoneSpec(t testing.TB, r dram.Refresh) dram.Spec {
	t.Helper()
	return specOf(t, dramtest.Phone(t, "RoRaBaCoBgCh", string(r)))
}

func specOf(t testing.TB, d devices.DRAM) dram.Spec {
	t.Helper()
	s, err := dram.SpecOf(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// genSpec draws a memory of a shipped part, with its queues and idle times.
func genSpec(t *rapid.T) dram.Spec {
	s, err := dram.SpecOf(dramtest.Memory(t))
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

func genExtents(t *rapid.T) []dram.Extent { return dramtest.Extents[dram.Extent](t) }

// A memory is one of either room.
type memory interface {
	Move(units.Picoseconds, []dram.Extent) dram.Transfer
	MoveAll(units.Picoseconds, iter.Seq2[dram.Batch, error]) (dram.Transfer, error)
	Idle(units.Picoseconds) dram.Transfer
	Now() units.Picoseconds
	Channels() []dram.ChannelUse
	Bind(context.Context)
	Err() error
}
