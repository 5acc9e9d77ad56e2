package timeline

import (
	"maps"
	"math"
	"slices"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
)

// counters writes the rates over r, each as a step that lasts until the next.
func (t *Timeline) counters(r *sim.Row) {
	time := r.Time.Total()
	if time <= 0 {
		return
	}
	b := r.Bytes()
	t.counter("DRAM (GB/s)", r.Start, map[string]any{
		"read":  gbPerSecond(b.DRAMRead, time),
		"write": gbPerSecond(b.DRAMWrite, time),
	})
	t.counter("SRAM hits (%)", r.Start, map[string]any{"hits": percent(int64(b.SRAMHit), int64(b.Requested))})
	t.counter("DRAM row hits (%)", r.Start, map[string]any{"hits": percent(r.DRAM.RowHits, r.DRAM.RowHits+r.DRAM.RowMisses+r.DRAM.RowConflicts)})
	t.counter("power (W)", r.Start, map[string]any{
		"DRAM":    watts(r.Energy.DRAM, time),
		"SRAM":    watts(r.Energy.SRAM, time),
		"flash":   watts(r.Energy.Flash, time),
		"compute": watts(r.Energy.Compute, time),
		"static":  watts(r.Energy.Static, time),
	})
	if _, begun := t.counted[flashCounter]; begun || b.FlashRead > 0 {
		t.counter(flashCounter, r.Start, map[string]any{"read": gbPerSecond(b.FlashRead, time)})
	}
}

// flashCounter is left out of a run that never reads from flash.
const flashCounter = "flash (GB/s)"

// zeroCounters ends the last steps.
func (t *Timeline) zeroCounters() {
	for _, name := range slices.Sorted(maps.Keys(t.counted)) {
		zeros := map[string]any{}
		for series := range t.counted[name] {
			zeros[series] = 0.0
		}
		t.counter(name, t.now, zeros)
	}
}

// counter writes the values of a counter unless they still hold.
func (t *Timeline) counter(name string, at units.Picoseconds, values map[string]any) {
	if maps.Equal(t.counted[name], values) {
		return
	}
	t.counted[name] = values
	t.event(event{Name: name, Phase: "C", at: at, Args: values})
}

func gbPerSecond(n units.Bytes, t units.Picoseconds) float64 {
	return round(float64(n) / t.Nanoseconds()) // 1 B/ns = 1 GB/s
}

func watts(e units.Femtojoules, t units.Picoseconds) float64 {
	return round(float64(e) / float64(t) / 1e3) // 1 fJ/ps = 1 mW
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return round(100 * float64(part) / float64(whole))
}

// round keeps the file small: a counter needs no more than a screen can show.
func round(v float64) float64 { return math.Round(v*1e3) / 1e3 }
