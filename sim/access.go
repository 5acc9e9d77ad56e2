package sim

import (
	"github.com/memsim/memsim/sim/compute"
	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// demand is what one operator asks of the memory path.
type demand struct {
	extents []dram.Extent     // DRAM traffic, in order
	pageIns []flash.Extent    // to be read from storage first
	levels  []energy.LevelUse // of the on-chip memories
	hits    []units.Bytes     // served by each on-chip memory
	miss    bool              // something was served by none
	weights units.Bytes       // requested of weights
	total   units.Bytes       // requested of everything
	moved   units.Bytes       // to and from DRAM
}

func (d *demand) reset() {
	clear(d.levels)
	clear(d.hits)
	*d = demand{extents: d.extents[:0], pageIns: d.pageIns[:0], levels: d.levels, hits: d.hits}
}

// access sends one operand down the hierarchy: on-chip memories first, what
// they miss to DRAM, and what is not resident there to storage.
func (r *replay) access(e *traces.Event) {
	n := units.Bytes(e.Bytes)
	out := r.cache.Access(e.Addr, n, e.Access == traces.Write)
	o := r.operand(e)
	o.Bytes.Requested = n
	r.demand.total += n
	if e.Kind == traces.Weight {
		r.demand.weights += n
	}
	o.Bytes.SRAMHit = r.onChip(out.Hit, out.Miss, e.Access == traces.Write)
	for _, x := range out.Fetch {
		o.Bytes.FlashRead += r.pageIn(e, x)
		o.Bytes.DRAMRead += r.move(x, false)
	}
	for _, x := range out.WriteBack {
		o.Bytes.DRAMWrite += r.move(x, true)
	}
	if r.experts != nil && r.experts.reads(e) {
		o.Bytes.FlashRead += r.move(units.Extent{Addr: e.Addr, Bytes: n}, true)
	}
	o.Bytes.DRAMWrite += o.Bytes.FlashRead
	if e.Kind == traces.Weight && e.Access == traces.Read {
		r.keep(e.Addr, n)
	}
}

// keep pins weights that have just arrived in the unit's scratchpads, as far as
// they have room: a runtime that manages on-chip memory holds on to a block in
// case it runs again.
func (r *replay) keep(addr uint64, n units.Bytes) {
	for level := range r.caches {
		if r.caches[level].Kind == sram.Scratchpad {
			r.cache.Keep(level, addr, n)
		}
	}
}

// changeBlock empties the scratchpads when another stored block begins.
func (r *replay) changeBlock(block int32) {
	if block == r.block {
		return
	}
	r.block = block
	for level := range r.caches {
		if r.caches[level].Kind != sram.Scratchpad {
			continue
		}
		if out, err := r.cache.UnpinAll(level); err == nil {
			for _, x := range out.WriteBack {
				r.move(x, true)
			}
		}
	}
}

// onChip accounts for the traffic of the on-chip memories: what a level serves
// is read there and written into the levels nearer to the unit.
func (r *replay) onChip(hits []units.Bytes, miss units.Bytes, write bool) (hit units.Bytes) {
	farther := miss
	for i := len(hits) - 1; i >= 0; i-- {
		use := &r.demand.levels[i]
		use.Written += farther
		if write {
			use.Written += hits[i]
		} else {
			use.Read += hits[i]
		}
		farther += hits[i]
		hit += hits[i]
		r.demand.hits[i] += hits[i]
	}
	r.demand.miss = r.demand.miss || miss > 0
	return hit
}

// pageIn reads from storage what of x is not in DRAM. Only weights can be
// missing there: they are mapped from a file and may be dropped.
func (r *replay) pageIn(e *traces.Event, x units.Extent) (read units.Bytes) {
	if r.pages == nil || e.Kind != traces.Weight || r.experts != nil && e.Expert >= 0 {
		return 0
	}
	for _, page := range r.pages.Touch(x.Addr, x.Bytes) {
		r.demand.pageIns = append(r.demand.pageIns, page)
		read += r.move(page, true)
	}
	return read
}

func (r *replay) move(x units.Extent, write bool) units.Bytes {
	r.demand.extents = append(r.demand.extents, dram.Extent{Addr: x.Addr, Bytes: x.Bytes, Write: write})
	r.demand.moved += x.Bytes
	return x.Bytes
}

// operand appends a row's operand for e.
func (r *replay) operand(e *traces.Event) *Operand {
	r.row.Operands = append(r.row.Operands, Operand{
		Tensor: e.Tensor, Kind: e.Kind, Access: e.Access, DType: e.DType, Addr: e.Addr,
	})
	return &r.row.Operands[len(r.row.Operands)-1]
}

// workOf derives an operator's arithmetic from its operands: the values of its
// weights or cached keys and values enter the products, each row of a product
// writes one value, and an operator without products works on the elements that
// it writes. Attention works on a score for each head and position besides, of
// which it makes two products of headDim values.
func workOf(op traces.Op, headDim int) compute.Work {
	w := compute.Work{Op: op[0].Op, MACs: op.MACs()}
	var written int64
	cached := false
	for i := range op {
		e := &op[i]
		values := traces.Values(e.DType, e.Bytes)
		switch {
		case e.Access == traces.Write:
			written += values
		case e.Kind != traces.Activation:
			w.WeightValues += values
			w.DType = e.DType
			cached = cached || e.Kind == traces.KV
		}
	}
	if w.MACs == 0 {
		w.WeightValues, w.Elements = 0, written
		return w
	}
	if w.WeightValues > 0 {
		w.Tokens = max(1, w.MACs/w.WeightValues)
	}
	if written > 0 {
		w.Cols = w.MACs / written
	}
	w.Attention = cached
	if cached && headDim > 0 {
		w.Elements = w.MACs / int64(2*headDim)
	}
	return w
}
