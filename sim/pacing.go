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
	cached    units.BytesPerSecond   // the same of cached keys and values
	startup   units.Picoseconds      // per operator that streams from DRAM: half_bandwidth at bandwidth
	supply    []units.BytesPerSecond // of each on-chip memory, nearest first
	latency   []units.Picoseconds    // of each on-chip memory
	far       units.Picoseconds      // latency of DRAM
	tile      units.Bytes
	buffers   int64
	prefetch  bool
	exposed   float64           // share of what could overlap that does not
	overhead  units.Picoseconds // of each decode step, outside operators
	prompted  units.Picoseconds // of each pass over a prompt
	handover  units.Picoseconds // to back, or from it
	back      *pacing           // of formats without arithmetic; nil: they are widened
}

// pacingOf returns the pacing of a runtime on a unit of d.
func pacingOf(d *devices.Device, unit devices.Unit, runtime devices.Runtime) (pacing, error) {
	p := pacing{
		dispatch: dispatch.Of(runtime, unit),
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
	p.cached = p.bandwidth
	if a := runtime.Attention; a != nil {
		p.cached = d.PeakBandwidth() * units.BytesPerSecond(float64(unit.Bandwidth.Value)*float64(a.Bandwidth.Value))
	}
	if runtime.Overlap != nil {
		p.exposed = 1 - float64(runtime.Overlap.Value)
	}
	if runtime.Overhead != nil {
		p.overhead = runtime.Overhead.Value
	}
	p.prompted = p.overhead
	if runtime.PromptOverhead != nil {
		p.prompted = runtime.PromptOverhead.Value
	}
	if runtime.Handover != nil {
		p.handover = runtime.Handover.Value
	}
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

// fallback sets up the pacing of what the runtime leaves to another one, on so many
// threads if it is told. Operands still come through the unit's own memories.
func (p *pacing) fallback(d *devices.Device, runtime devices.Runtime, threads int) error {
	other, unit := d.FallbackOf(runtime)
	if other == nil {
		return nil
	}
	if threads == 0 {
		threads = other.ThreadsOn(*unit)
	}
	back, err := pacingOf(d, unit.WithThreads(threads), *other)
	if err != nil {
		return err
	}
	back.supply, back.latency = p.supply, p.latency
	back.overhead, back.prompted = p.overhead, p.prompted
	p.back = &back
	return nil
}

// leaves reports whether the runtime leaves work to its fallback.
func (p *pacing) leaves(w *compute.Work) bool {
	return p.back != nil && w.MACs > 0 && !p.compute.Knows(w.DType)
}

// of is the pacing of a step: the runtime's own, or that of what it falls back to.
func (p *pacing) of(s *step) *pacing {
	if p.leaves(&s.work) {
		return p.back
	}
	return p
}

// step is what one operator of a forward pass asks of the machine, as far as no
// pacing decides it.
type step struct {
	op     string
	first  bool // of a forward pass
	prompt bool // it is a pass over a prompt
	passed bool // to the fallback, or back from it
	work   compute.Work
	hits   []units.Bytes // served by each on-chip memory, nearest first
	miss   bool          // something was served by none
	moved  units.Bytes   // to and from DRAM

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
func (p *pacing) streamsFrom(s *step, now, free units.Picoseconds, stretch float64) units.Picoseconds {
	if p.prefetch {
		return free
	}
	return now + p.launch(s, stretch)
}

// launch is the time until the operator's first instruction: what a pass costs
// outside its operators stands before the first of them.
func (p *pacing) launch(s *step, stretch float64) units.Picoseconds {
	t := p.of(s).dispatch.Cost(s.op)
	if s.first && s.prompt {
		t += p.prompted
	} else if s.first {
		t += p.overhead
	}
	if s.passed {
		t += p.handover
	}
	return stretched(t, stretch)
}

// run times a step that starts at now, when the memory pipe is idle since free. Launch,
// fetch and arithmetic take stretch times as long as they add up to.
func (p *pacing) run(s *step, now, free units.Picoseconds, stretch float64) turn {
	launch := p.launch(s, stretch)
	t := turn{from: p.streamsFrom(s, now, free, stretch), free: free}
	p = p.of(s)
	supply, first := p.onChip(s)
	supply, first = stretched(supply, stretch), stretched(first, stretch)
	dram, flash := stretched(p.dramTime(s), stretch), stretched(s.flash, stretch)
	g := stage{
		fetch:   max(dram, flash) + supply + first,
		compute: stretched(p.compute.Time(s.work), stretch),
		tiles:   max(1, int64((s.total+p.tile-1)/p.tile)),
		buffers: p.buffers,
		window:  now + launch - t.from,
		exposed: p.exposed,
	}
	if s.total > 0 {
		g.ahead = units.Picoseconds(float64(g.fetch) * float64(s.weights) / float64(s.total))
	}
	o := g.overlap()
	t.end = now + launch + s.blocked + o.memory + o.compute
	t.TimeParts = TimeParts{Dispatch: launch, Compute: o.compute}
	t.needs = TimeParts{Dispatch: launch, Compute: g.compute, SRAM: supply, DRAM: dram, Flash: flash}
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

// stretched is a time that takes f times as long.
func stretched(t units.Picoseconds, f float64) units.Picoseconds {
	if f == 1 {
		return t
	}
	return units.Picoseconds(float64(t) * f)
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
	bandwidth := p.bandwidth
	if s.work.Attention {
		bandwidth = p.cached
	}
	return max(s.dram, s.moved.Over(bandwidth)) + p.startup
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
	s := step{op: op[0].Op, first: r.fresh, prompt: op[0].Phase == traces.Prefill, work: workOf(op, r.headDim), hits: d.hits, miss: d.miss,
		moved: d.moved, weights: d.weights, total: d.total}
	if left := r.leaves(&s.work); left != r.left {
		r.left, s.passed = left, true
	}
	if s.work.MACs > 0 && r.back == nil && !r.compute.Knows(s.work.DType) {
		r.widened[s.work.DType] = true
	}
	return s
}
