package sim

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Movement is what one replay moved and computed, operator by operator, without the
// time that it took. Caches, DRAM and storage are simulated once, when it is
// recorded; a machine that differs from the recording one in pacing and energy alone
// can time it again for a ten-thousandth of the cost of a replay.
//
//	trace ──Record──▶ Movement ──Time (machine 1)──▶ Result
//	(SRAM, DRAM, flash)      └───Time (machine 2)──▶ Result
//
// The recording machine's own Time is what its Replay returns, to the picosecond;
// energies differ by the rounding of DRAM background power. On another machine the
// DRAM's own time for a transfer stays as recorded: when transfers begin shifts
// refreshes between operators, and storage that pages wakes from idle elsewhere: a
// thousandth of a token in DRAM, some percent of one that pages.
type Movement struct {
	path    *path
	header  traces.Header
	mixture *mixture
	widened []string
	block   int64 // bytes of a block's weights
	rows    []movementRow
}

// movementRow is one operator of a Movement.
type movementRow struct {
	step
	phase  traces.Phase
	token  int32
	macs   int64
	hostNS int64
	bytes  BytesByLevel
	expert ExpertUse
	counts DRAMCounts

	levels     []energy.LevelUse
	load       units.Picoseconds // of the load phase: the whole time, which no pacing changes
	command    units.Femtojoules // of DRAM commands
	background units.Femtojoules // of DRAM standby, over spent
	flashRead  units.Femtojoules
	spent      units.Picoseconds // when it was recorded
}

// Record is Replay that also returns what moved. visit may be nil.
func (m *Machine) Record(ctx context.Context, src traces.Source, visit func(*Row) error) (Result, *Movement, error) {
	mv := &Movement{path: m.path, header: src.Header()}
	result, err := m.replay(ctx, src, visit, mv)
	if err != nil {
		return Result{}, nil, err
	}
	mv.widened, mv.block = result.FormatsWidened, result.BlockBytes
	return result, mv, nil
}

// Varied returns m with the pacing and the energies of d, a profile that describes
// the same memories: what m recorded, the varied machine can time.
func (m *Machine) Varied(d *devices.Device) (*Machine, error) {
	v := *m
	unit, err := d.Unit(m.unit.Name)
	if err != nil {
		return nil, err
	}
	runtime, err := d.Runtime(m.runtime.Name, unit.Name)
	if err != nil {
		return nil, err
	}
	c := m.config
	c.Device = d
	if err := v.set(c, *unit, *runtime); err != nil {
		return nil, err
	}
	return &v, nil
}

// Time returns the figures of a movement at the machine's own pacing. It is an
// error if the movement was recorded on other memories.
func (m *Machine) Time(mv *Movement) (Result, error) { return m.TimeOf(mv, 1, 1) }

// same reports whether bytes take the same way through two paths.
func (p *path) same(o *path) bool {
	return p == o || reflect.DeepEqual(p.caches, o.caches) && bytes.Equal(p.dram.Fingerprint(), o.dram.Fingerprint()) &&
		reflect.DeepEqual(p.flash, o.flash) && p.limits == o.limits && p.stream == o.stream
}

// TimeOf is Time with all that a prompt and a decoded token take longer by a factor.
func (m *Machine) TimeOf(mv *Movement, prefill, decode float64) (Result, error) {
	if !mv.path.same(m.path) {
		return Result{}, errors.New("sim: this movement was recorded on other memories; record it on this machine")
	}
	var sums Collector
	var now, free units.Picoseconds
	stretch := m.stretchesOf(mv.header)
	stretch.prefill, stretch.decode = stretch.prefill*prefill, stretch.decode*decode
	row := Row{Operands: make([]Operand, 1)}
	for i := range mv.rows {
		r := &mv.rows[i]
		row.Op, row.Phase, row.Token, row.MACs, row.HostNS, row.DRAM = r.op, r.phase, r.token, r.macs, r.hostNS, r.counts
		row.Experts = r.expert
		row.Operands[0].Bytes = r.bytes
		row.Start = now
		if r.phase == traces.Load {
			row.Time = TimeParts{Flash: r.load}
			row.End = now + r.load
			free = row.End
		} else {
			t := m.run(&r.step, now, free, stretch.of(r.phase))
			row.Time, row.End, free = t.TimeParts, t.end, t.free
		}
		now = row.End
		row.Energy = m.energyOf(r, row.End-row.Start)
		sums.Add(&row)
	}
	result := sums.result(m, mv.header, mv.mixture)
	result.FormatsWidened, result.BlockBytes = mv.widened, mv.block
	return result, nil
}

// energyOf charges a row that takes time: background power by that time.
func (m *Machine) energyOf(r *movementRow, time units.Picoseconds) EnergyParts {
	background := r.background
	if r.spent > 0 {
		background = units.Femtojoules(float64(background) * float64(time) / float64(r.spent))
	}
	return m.energy.Charge(energy.Use{
		Time:    time,
		DRAM:    r.command + background,
		Moved:   r.moved,
		Levels:  r.levels,
		Flash:   r.flashRead + m.flash.IdlePower.Energy(time),
		Compute: m.compute.Energy(r.work),
	})
}

// Formats lists the storage formats of the weights and the cache that were computed
// with.
func (mv *Movement) Formats() []string {
	seen := map[string]bool{}
	for i := range mv.rows {
		if f := mv.rows[i].work.DType; f != "" {
			seen[f] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// note records the row that has just been charged.
func (mv *Movement) note(r *replay, use movementRow) {
	use.step = r.work
	use.hits = slices.Clone(r.work.hits)
	use.levels = slices.Clone(r.demand.levels)
	use.phase, use.token, use.macs, use.hostNS = r.row.Phase, r.row.Token, r.row.MACs, r.row.HostNS
	use.moved = r.demand.moved
	use.bytes, use.counts, use.expert = r.row.Bytes(), r.row.DRAM, r.row.Experts
	use.spent = r.row.End - r.row.Start
	if use.phase == traces.Load {
		use.load, use.op = use.spent, r.row.Op
	}
	mv.rows = append(mv.rows, use)
}

// PhaseMS is the time of a phase of a movement, in milliseconds: of a decode step on
// average, or of the whole prompt. It is Time without the other figures.
func (m *Machine) PhaseMS(mv *Movement, phase traces.Phase) float64 {
	var now, free, spent units.Picoseconds
	steps, token := 0, int32(-1)
	stretch := m.stretchesOf(mv.header)
	for i := range mv.rows {
		r := &mv.rows[i]
		began := now
		if r.phase == traces.Load {
			now += r.load
			free = now
		} else {
			t := m.run(&r.step, now, free, stretch.of(r.phase))
			now, free = t.end, t.free
		}
		if r.phase != phase {
			continue
		}
		spent += now - began
		if steps == 0 || r.token != token {
			steps, token = steps+1, r.token
		}
	}
	if phase != traces.Decode {
		steps = min(steps, 1)
	}
	return spent.Milliseconds() / float64(max(1, steps))
}
