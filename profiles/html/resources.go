package html

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
)

// cost is what a token asks of each resource, a mean over the steps in sight.
type cost struct {
	over     float64
	time     sim.TimeParts // waits, which sum to the latency
	needs    sim.TimeParts // of each resource, if nothing hid it
	bytes    sim.BytesByLevel
	hits     []units.Bytes // served by each on-chip memory, nearest first
	launches float64
}

// cost sums the operators in sight.
func (l lens) cost() cost {
	c := cost{over: l.over}
	for op := range l.ops {
		c.time, c.needs, c.bytes = c.time.Plus(op.Time), c.needs.Plus(op.Needs), c.bytes.Plus(op.Bytes)
		c.hits = addHits(c.hits, op)
		c.launches += float64(op.Launches) / l.over
	}
	return c
}

func addHits(sum []units.Bytes, op *totals.Op) []units.Bytes {
	for i, n := range op.Hits {
		if i == len(sum) {
			sum = append(sum, 0)
		}
		sum[i] += n
	}
	return sum
}

// per divides a sum by what the lens counts.
func (c cost) per(n units.Bytes) float64 { return float64(n) / c.over }

// ms is a time of a token in milliseconds.
func (c cost) ms(t units.Picoseconds) float64 { return t.Milliseconds() / c.over }

// moved is the DRAM traffic of a token in bytes.
func (c cost) moved() float64 { return c.per(c.bytes.DRAMRead + c.bytes.DRAMWrite) }

// flashRate is what storage delivered while it was read, in bytes a second; 0 if it
// was not.
func (c cost) flashRate() float64 {
	if c.needs.Flash == 0 {
		return 0
	}
	return float64(c.bytes.FlashRead) / c.needs.Flash.Seconds()
}

// resource is something that a token can wait for.
type resource struct {
	name  string // as it stands in legends
	what  string // what waiting for it is called
	class string // of its colour, without the prefix of its CSS class
	time  units.Picoseconds
}

// waits are the resources with the time for which each held up the token.
func (c cost) waits() []resource {
	return []resource{
		{"DRAM", "waiting for DRAM", "dram", c.time.DRAM},
		{"flash", "waiting for flash", "flash", c.time.Flash},
		{"SRAM", "waiting for the caches", "sram", c.time.SRAM},
		{"compute", "arithmetic", "compute", c.time.Compute},
		{"dispatch", "launching operators", "dispatch", c.time.Dispatch},
	}
}

// limit is the resource that holds up the token the longest.
func (c cost) limit() resource {
	all := c.waits()
	most := all[0]
	for _, r := range all[1:] {
		if r.time > most.time {
			most = r
		}
	}
	return most
}

// bandwidths are the DRAM's peak and what the unit and its runtime draw of it at
// most, 0 without a device.
func (r *Report) bandwidths() (peak, reach units.BytesPerSecond) {
	if r.device == nil {
		return 0, 0
	}
	unit, err := r.device.Unit(r.unit)
	if err != nil {
		return 0, 0
	}
	runtime, err := r.device.Runtime(r.runtime, r.unit)
	if err != nil {
		return 0, 0
	}
	peak = r.device.PeakBandwidth()
	return peak, units.BytesPerSecond(float64(peak) * float64(unit.Bandwidth.Value) * float64(runtime.BandwidthShare.Value))
}

// caches are the on-chip memories on the path of the unit, nearest first.
func (r *Report) caches() []*devices.SRAM {
	if r.device == nil {
		return nil
	}
	unit, err := r.device.Unit(r.unit)
	if err != nil {
		return nil
	}
	var list []*devices.SRAM
	for _, name := range unit.Caches {
		if s, err := r.device.Cache(name); err == nil {
			list = append(list, s)
		}
	}
	return list
}

// block is the size of a block's weights: those of the first layer in sight, read
// once a step.
func (m *Model) block() float64 {
	l := m.focus()
	layer, sum := int32(-1), units.Bytes(0)
	for o := range l.operands {
		if o.Layer < 0 || o.Kind != "weight" {
			continue
		}
		if layer < 0 {
			layer = o.Layer
		}
		if o.Layer == layer {
			sum += o.Bytes.Requested
		}
	}
	return float64(sum) / float64(max(1, m.sums.Steps(l.phase)))
}
