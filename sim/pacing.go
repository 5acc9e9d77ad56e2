package sim

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/compute"
	"github.com/memsim/memsim/sim/dispatch"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// pacing turns what operators move and compute into time. It holds every number of
// the profile that decides how long a movement takes and none that decides what
// moves: two machines that differ in pacing alone move the same bytes through the
// same caches, so that a Movement recorded on one can be timed on the other.
type pacing struct {
	compute  *compute.Model
	dispatch dispatch.Model

	bandwidth units.BytesPerSecond   // that unit and runtime draw from DRAM at most
	startup   units.Picoseconds      // per operator that streams from DRAM: half_bandwidth at bandwidth
	supply    []units.BytesPerSecond // of each on-chip memory, nearest first
	latency   []units.Picoseconds    // of each on-chip memory
	far       units.Picoseconds      // latency of DRAM
	tile      units.Bytes
	buffers   int64
	prefetch  bool
}

// pacingOf returns the pacing of a runtime on a unit of d.
func pacingOf(d *devices.Device, unit devices.Unit, runtime devices.Runtime) (pacing, error) {
	p := pacing{
		dispatch: dispatch.Of(runtime),
		far:      d.DRAM.Latency.Value,
		tile:     max(1, unit.Buffer.Value/units.Bytes(max(1, unit.Buffers.Value))),
		buffers:  int64(unit.Buffers.Value),
		prefetch: runtime.Prefetch,
	}
	var err error
	if p.compute, err = compute.Of(unit, runtime); err != nil {
		return pacing{}, err
	}
	share := float64(unit.Bandwidth.Value) * float64(runtime.BandwidthShare.Value)
	p.bandwidth = units.BytesPerSecond(float64(d.PeakBandwidth()) * share)
	p.startup = runtime.HalfBandwidth.Value.Over(p.bandwidth)
	for _, name := range unit.Caches {
		s, err := d.Cache(name)
		if err != nil {
			return pacing{}, err
		}
		p.supply = append(p.supply, s.Bandwidth.Value)
		p.latency = append(p.latency, s.Latency.Value)
	}
	return p, nil
}

// step is what one operator of a forward pass asks of the machine, as far as no
// pacing decides it.
type step struct {
	op    string
	work  compute.Work
	hits  []units.Bytes // served by each on-chip memory, nearest first
	miss  bool          // something was served by none
	moved units.Bytes   // to and from DRAM

	weights units.Bytes       // requested of weights
	total   units.Bytes       // requested of everything
	dram    units.Picoseconds // the DRAM's own time
	flash   units.Picoseconds // the storage's own time
	blocked units.Picoseconds // reading what nothing can begin without
}

// turn is where the time of a step went.
type turn struct {
	TimeParts
	needs    TimeParts         // of each resource, if nothing hid it
	from     units.Picoseconds // when operands began to stream in, at best
	free     units.Picoseconds // when the memory pipe is idle again
	end      units.Picoseconds
	streamed bool // operands came from a memory
}

// streamsFrom returns when the operands of an operator that starts at now may begin to
// stream in, if the memory pipe is idle since free: at once with a prefetcher, else
// when the operator has been launched.
func (p *pacing) streamsFrom(s *step, now, free units.Picoseconds) units.Picoseconds {
	if p.prefetch {
		return free
	}
	return now + p.dispatch.Cost(s.op)
}

// run times a step that starts at now, when the memory pipe is idle since free.
func (p *pacing) run(s *step, now, free units.Picoseconds) turn {
	launch := p.dispatch.Cost(s.op)
	t := turn{from: p.streamsFrom(s, now, free), free: free}
	supply, first := p.onChip(s)
	dram := p.dramTime(s)
	g := stage{
		fetch:   max(dram, s.flash) + supply + first,
		compute: p.compute.Time(s.work),
		tiles:   max(1, int64((s.total+p.tile-1)/p.tile)),
		buffers: p.buffers,
		window:  now + launch - t.from,
	}
	if s.total > 0 {
		g.ahead = units.Picoseconds(float64(g.fetch) * float64(s.weights) / float64(s.total))
	}
	o := g.overlap()
	t.end = now + launch + s.blocked + o.memory + o.compute
	t.TimeParts = TimeParts{Dispatch: launch, Compute: o.compute}
	t.needs = TimeParts{Dispatch: launch, Compute: g.compute, SRAM: supply, DRAM: dram, Flash: s.flash}
	if s.moved > 0 { // also where all hit, and writing back made room
		t.needs.DRAM += first
	} else {
		t.needs.SRAM += first
	}
	t.blame(o.memory, t.needs)
	t.Flash += s.blocked
	t.needs.Flash += s.blocked
	if g.fetch > 0 {
		t.free, t.streamed = t.end-o.tail, true
	}
	return t
}

// onChip returns how long the on-chip memories take to supply what they hold, and
// the latency until the first byte.
func (p *pacing) onChip(s *step) (supply, first units.Picoseconds) {
	for i, hit := range s.hits {
		if hit > 0 {
			supply += hit.Over(p.supply[i])
			first = max(first, p.latency[i])
		}
	}
	if s.miss {
		first = max(first, p.far)
	}
	return supply, first
}

// dramTime is how long the unit waits for a transfer if nothing hides it: as
// long as the memory takes, or longer if the unit and its runtime cannot draw
// that fast, and the start-up that keeps small matrices from full speed.
func (p *pacing) dramTime(s *step) units.Picoseconds {
	if s.moved == 0 {
		return 0
	}
	return max(s.dram, s.moved.Over(p.bandwidth)) + p.startup
}

// blame divides the wait for operands over the memories that supplied them: the
// on-chip memories by their time, and of DRAM and storage the one that was the
// slower.
func (t *turn) blame(wait units.Picoseconds, needs TimeParts) {
	var parts [2]units.Picoseconds
	split(parts[:0], wait, []int64{int64(needs.SRAM), int64(max(needs.DRAM, needs.Flash))})
	t.SRAM = parts[0]
	if needs.Flash > needs.DRAM {
		t.Flash = parts[1]
	} else {
		t.DRAM = parts[1]
	}
}

// stepOf is the step of an operator whose operands have passed the caches.
func (r *replay) stepOf(op traces.Op) step {
	d := &r.demand
	s := step{op: op[0].Op, work: workOf(op, r.headDim), hits: d.hits, miss: d.miss,
		moved: d.moved, weights: d.weights, total: d.total}
	if s.work.MACs > 0 && r.compute.Supports(s.work.DType) != nil {
		r.widened[s.work.DType] = true
	}
	return s
}
