package fit

import (
	"fmt"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Ceiling says why a trace's phase cannot have run on a machine in so many seconds, or
// "": published tables hold impossible claims. In decode every weight that a token reads
// must come from DRAM, less what the chip holds; over a prompt every product must be
// made. No time has no ceiling.
func Ceiling(m *sim.Machine, t *traces.Trace, phase traces.Phase, seconds float64) string {
	if seconds == 0 {
		return ""
	}
	if phase == traces.Decode {
		bytes := weightBytes(t) - onChip(m)
		peak := m.Device().PeakBandwidth()
		if need := float64(bytes) / seconds; need > float64(peak) {
			return fmt.Sprintf("reads %.1f GB/s of weights, and %s peaks at %.1f", need/1e9, m.Device().Name, float64(peak)/1e9)
		}
		return ""
	}
	peak := peakRate(m)
	if need := float64(macs(t)) / seconds; need > peak {
		return fmt.Sprintf("makes %.2f TMAC/s, and the unit peaks at %.2f", need/1e12, peak/1e12)
	}
	return ""
}

// weightBytes is what one decoded token reads of weights, each byte once.
func weightBytes(t *traces.Trace) units.Bytes {
	type operand struct {
		tensor string
		addr   uint64
	}
	seen := map[operand]bool{}
	var sum int64
	first := int32(-1)
	for i := range t.Events {
		e := &t.Events[i]
		if first < 0 {
			first = e.Token
		}
		if k := (operand{e.Tensor, e.Addr}); e.Token == first && e.Kind == traces.Weight && !seen[k] {
			seen[k] = true
			sum += e.Bytes
		}
	}
	return units.Bytes(sum)
}

func onChip(m *sim.Machine) units.Bytes {
	var sum units.Bytes
	for _, name := range m.Unit().Caches {
		if c, err := m.Device().Cache(name); err == nil {
			sum += c.Capacity.Value
		}
	}
	return sum
}

func peakRate(m *sim.Machine) float64 {
	peak := 0.0
	for _, r := range m.Unit().Rates {
		peak = max(peak, float64(r.Peak.Value))
	}
	return peak
}

func macs(t *traces.Trace) (sum int64) {
	for i := range t.Events {
		sum += t.Events[i].MACs
	}
	return sum
}
