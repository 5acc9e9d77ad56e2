package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/fast"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Replay runs the operators of src in order on m and hands each ledger row to
// visit, which must not keep the row. If visit is nil, what single operands cost
// and what each DRAM channel did is not worked out, nor audited; the figures are the
// same. It returns the figures for the whole run. It ends early with ctx's error when ctx is done.
// An app that the system kills runs nothing: no row is made, and the figures are those of
// its footprint.
func (m *Machine) Replay(ctx context.Context, src traces.Source, visit func(*Row) error) (Result, error) {
	return m.replay(ctx, src, visit, nil)
}

// replay is Replay that records into movement, if there is one.
func (m *Machine) replay(ctx context.Context, src traces.Source, visit func(*Row) error, movement *Movement) (Result, error) {
	x, err := m.mixture(src)
	if err != nil {
		return Result{}, err
	}
	if verdict, _ := m.limits.Judge(m.footprint(src.Header(), x)); verdict == residency.Killed {
		return (&Collector{}).result(m, src.Header(), x), nil
	}
	r, err := m.newReplay(src.Header(), x)
	if err != nil {
		return Result{}, err
	}
	defer r.memory.Release()
	r.memory.Bind(ctx)
	r.summary, r.movement = visit == nil, movement
	if movement != nil {
		movement.mixture = x
	}
	var sums Collector
	audit := Auditor{Line: m.line(), Summary: r.summary}
	for op, err := range src.Ops() {
		if err != nil {
			return Result{}, err
		}
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		row := r.step(op)
		if err := r.memory.Err(); err != nil {
			return Result{}, err
		}
		if err := audit.Add(row); err != nil {
			return Result{}, fmt.Errorf("the simulator contradicts itself: %w", err)
		}
		sums.Add(row)
		if visit != nil {
			if err := visit(row); err != nil {
				return Result{}, err
			}
		}
	}
	result := sums.result(m, src.Header(), x)
	result.FormatsWidened = slices.Sorted(maps.Keys(r.widened))
	return result, nil
}

// replay is the state of the machine between operators.
type replay struct {
	*Machine
	cache   *sram.Hierarchy
	memory  *fast.Memory
	store   *flash.Device
	pages   *flash.PageCache // nil: all weights stay in DRAM
	experts *streamed        // nil: experts are weights as all others

	now      units.Picoseconds // end of the last operator
	pipeFree units.Picoseconds // since when the memory pipe is idle
	token    int32
	fresh    bool // the operator is the first of its pass
	left     bool // the last product was the fallback's
	stretches
	layer   int32
	block   int32 // stored block whose weights the scratchpads hold
	headDim int
	summary bool            // only sums are wanted: nobody sees operands and channels
	widened map[string]bool // storage formats that the runtime has no arithmetic for
	blocks  map[int32]int32 // stored block -> layer that ran it first for this token

	row      Row
	demand   demand
	work     step
	movement *Movement // nil: nothing is recorded
	weights  []int64   // scratch of split
	times    []units.Picoseconds
	joules   []units.Femtojoules
}

func (m *Machine) newReplay(h traces.Header, x *mixture) (*replay, error) {
	r := &replay{Machine: m, stretches: m.stretchesOf(h), memory: m.busy.New(m.dram), headDim: h.Shape.HeadDim,
		blocks: map[int32]int32{}, token: -1, block: -1, widened: map[string]bool{}}
	var err error
	if r.cache, err = sram.NewHierarchy(m.caches); err != nil {
		return nil, err
	}
	if r.store, err = flash.New(m.flash); err != nil {
		return nil, err
	}
	if r.pages, err = m.newPageCache(m.footprint(h, x)); err != nil {
		return nil, fmt.Errorf("memory that %s leaves an app: %w", m.device.Name, err)
	}
	if x != nil {
		if r.experts, err = m.newStreamed(x); err != nil {
			return nil, err
		}
	}
	r.demand.levels = make([]energy.LevelUse, len(m.caches))
	r.demand.hits = make([]units.Bytes, len(m.caches))
	if m.memo != nil {
		r.cache.Remember(m.memo)
	}
	return r, nil
}

// line returns the granularity in which misses move; a unit without on-chip
// memory moves DRAM bursts.
func (m *Machine) line() units.Bytes {
	if len(m.caches) == 0 {
		return max(m.dram.BurstBytes, 64)
	}
	return m.caches[0].Line
}

// mixture returns where the experts of a trace lie, nil if it has none or the
// runtime does not stream them.
func (m *Machine) mixture(src traces.Source) (*mixture, error) {
	if m.experts == nil {
		return nil, nil
	}
	if err := m.experts.Validate(); err != nil {
		return nil, err
	}
	return mixtureOf(src)
}

// newPageCache returns the memory in which mapped weights stay, or nil if no
// weight ever has to leave DRAM.
func (m *Machine) newPageCache(f residency.Footprint) (*flash.PageCache, error) {
	verdict, room := m.limits.Judge(f)
	if verdict != residency.Pages {
		return nil, nil
	}
	return flash.NewPageCache(max(room, pageSize), pageSize)
}

// step executes one operator.
func (r *replay) step(op traces.Op) *Row {
	first := &op[0]
	r.begin(first)
	if first.Phase == traces.Load {
		r.load(op)
	} else {
		r.execute(op)
	}
	r.now = r.row.End
	return &r.row
}

func (r *replay) begin(e *traces.Event) {
	if e.Layer != r.layer || e.Token != r.token {
		r.layer = e.Layer
		r.cache.Mark()
	}
	r.fresh = e.Token != r.token || e.Phase != r.row.Phase
	if e.Token != r.token {
		r.token = e.Token
		clear(r.blocks)
	}
	repeated := false
	if e.Block >= 0 {
		layer, seen := r.blocks[e.Block]
		if !seen {
			r.blocks[e.Block] = e.Layer
		}
		repeated = seen && layer != e.Layer
	}
	r.row = Row{
		Seq: e.Seq, Phase: e.Phase, Token: e.Token, Op: e.Op, Layer: e.Layer, Block: e.Block,
		Repeated: repeated, MACs: e.MACs, HostNS: e.HostNS, Start: r.now,
		Hits: r.row.Hits[:0], Channels: r.row.Channels[:0], Operands: r.row.Operands[:0],
	}
	r.demand.reset()
}

// load brings weights from storage into DRAM.
func (r *replay) load(op traces.Op) {
	var file []flash.Extent
	for i := range op {
		e := &op[i]
		x := units.Extent{Addr: e.Addr, Bytes: units.Bytes(e.Bytes)}
		if r.experts != nil && r.experts.names[e.Tensor] {
			r.operand(e) // stays in its file until it is chosen
			continue
		}
		r.operand(e).Bytes = BytesByLevel{Requested: x.Bytes, DRAMWrite: r.move(x, true), FlashRead: x.Bytes}
		file = append(file, x)
		if r.pages != nil {
			r.pages.Touch(x.Addr, x.Bytes)
		}
	}
	read := r.store.Read(r.now, file)
	moved := r.memory.Move(r.now, r.demand.extents)
	r.noteChannels(moved)
	r.row.End = max(read.Done, moved.Done)
	r.row.Time = TimeParts{Flash: r.row.End - r.row.Start}
	r.row.Needs = TimeParts{Flash: read.Done - read.Start, DRAM: moved.Done - moved.Start}
	r.pipeFree = r.row.End
	r.row.DMA = Interval{r.row.Start, r.row.End}
	r.work = step{}
	r.charge(moved, read, 0)
}

// execute runs an operator of the forward pass: it is launched, its operands
// stream in tile by tile, and each tile is computed while the next one arrives.
func (r *replay) execute(op traces.Op) {
	r.changeBlock(op[0].Block)
	if r.experts != nil {
		r.experts.begin(op, r.store, r.now+r.dispatch.Cost(op[0].Op))
		r.row.Experts = r.experts.use
	}
	for i := range op {
		r.access(&op[i])
	}
	r.work = r.stepOf(op)
	stretch := r.stretches.of(op[0].Phase)
	from := r.streamsFrom(&r.work, r.now, r.pipeFree, stretch)
	moved, read := r.transfer(from)
	r.work.dram, r.work.flash = moved.Done-moved.Start, read.Done-read.Start
	if r.experts != nil {
		r.work.blocked = r.experts.wait
		r.work.flash = max(r.work.flash, r.experts.arrive)
		read.Energy += r.experts.energy
	}
	t := r.run(&r.work, r.now, r.pipeFree, stretch)

	r.row.End, r.row.Time, r.row.Needs = t.end, t.TimeParts, t.needs
	r.row.Hits = append(r.row.Hits, r.demand.hits...)
	if t.streamed {
		r.row.DMA = Interval{from, t.free}
	}
	r.pipeFree = t.free
	r.charge(moved, read, r.compute.Energy(r.work.work))
}

// transfer moves the operator's bytes beyond the chip, from time at on.
func (r *replay) transfer(at units.Picoseconds) (dram.Transfer, flash.Transfer) {
	moved := dram.Transfer{Start: at, Done: at}
	read := flash.Transfer{Start: at, Done: at}
	if len(r.demand.pageIns) > 0 {
		read = r.store.Read(at, r.demand.pageIns)
	}
	switch {
	case len(r.demand.extents) == 0:
	case r.stream > 0:
		moved.Done = at + r.demand.moved.Over(r.stream)
	default:
		moved = r.memory.Move(at, r.demand.extents)
		r.noteChannels(moved)
	}
	return moved, read
}
