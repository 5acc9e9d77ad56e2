package sim

import (
	"context"
	"math"
	"reflect"
	"testing"

	"github.com/memsim/memsim/units"
	"pgregory.net/rapid"
)

// A movement timed on the machine that recorded it gives the figures of the replay;
// its energies lose what rounding background power takes.
func TestTheRecordingMachineTimesAMovementAsItReplayed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDevice(rt)
		m := machine(rt, Config{Device: d, Unit: rapid.SampledFrom(d.Units).Draw(rt, "unit").Name, Sustained: true})
		trace := drawModel(rt).trace()
		replayed, movement, err := m.Record(context.Background(), trace, nil)
		if err != nil {
			rt.Fatal(err)
		}
		timed, err := m.Time(movement)
		if err != nil {
			rt.Fatal(err)
		}
		if math.Abs(timed.EnergyMJPerToken-replayed.EnergyMJPerToken) > 1e-9*replayed.EnergyMJPerToken {
			rt.Fatalf("%g mJ timed, %g replayed", timed.EnergyMJPerToken, replayed.EnergyMJPerToken)
		}
		if timed.LatencyPartsMS != replayed.LatencyPartsMS || timed.PrefillMS != replayed.PrefillMS || timed.LoadMS != replayed.LoadMS ||
			timed.DRAMBytesPerToken != replayed.DRAMBytesPerToken || !reflect.DeepEqual(timed.FormatsWidened, replayed.FormatsWidened) {
			rt.Fatalf("timed    %+v\nreplayed %+v", timed, replayed)
		}
	})
}

// Another pacing on the same memories gives what a replay there gives, but for
// refreshes that fall elsewhere.
func TestAVariedMachineTimesAMovementAsItWouldReplay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := drawDevice(rt)
		d.AppMemory = nil // what storage does between reads depends on how long it is idle
		m := machine(rt, Config{Device: d})
		trace := drawModel(rt).trace()
		_, movement, err := m.Record(context.Background(), trace, nil)
		if err != nil {
			rt.Fatal(err)
		}
		other := *d
		other.Runtimes = append(other.Runtimes[:0:0], d.Runtimes...)
		for i := range other.Runtimes {
			r := &other.Runtimes[i]
			r.Dispatch.Value = units.Picoseconds(rapid.Int64Range(0, int64(units.Millisecond)).Draw(rt, "dispatch"))
			r.BandwidthShare.Value *= units.Ratio(rapid.Float64Range(0.3, 1.1).Draw(rt, "share"))
		}
		varied, err := m.Varied(&other)
		if err != nil {
			rt.Fatal(err)
		}
		timed, err := varied.Time(movement)
		if err != nil {
			rt.Fatal(err)
		}
		replayed, err := machine(rt, Config{Device: &other}).Replay(context.Background(), trace, nil)
		if err != nil {
			rt.Fatal(err)
		}
		// A refresh or a wake-up takes less than half a microsecond.
		wake := 0.5e-3 * float64(len(movement.rows))
		if math.Abs(timed.LatencyMS-replayed.LatencyMS) > 0.02*replayed.LatencyMS+wake {
			rt.Fatalf("%g ms timed, %g replayed", timed.LatencyMS, replayed.LatencyMS)
		}
	})
}

func TestAMovementOfOtherMemoriesIsRefused(t *testing.T) {
	trace := model{blocks: 1, runs: 1, matrix: 1000, kvRow: 10, vector: 10, decode: 1}.trace()
	_, movement, err := machine(t, Config{Device: shipped(t, "pixel8pro")}).Record(context.Background(), trace, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := machine(t, Config{Device: shipped(t, "iphone15")}).Time(movement); err == nil {
		t.Error("a movement recorded on one phone was timed on another")
	}
}

func BenchmarkTime(b *testing.B) {
	m := machine(b, Config{Device: shipped(b, "pixel8pro")})
	trace := model{blocks: 30, runs: 1, matrix: 1 << 20, kvRow: 500, vector: 2000, decode: 1}.trace()
	_, movement, err := m.Record(context.Background(), trace, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := m.Time(movement); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(movement.rows))*float64(b.N)/b.Elapsed().Seconds(), "operators/s")
}
