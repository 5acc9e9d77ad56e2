// Package totals sums a ledger while it streams by: what each operator of each
// layer cost, and what each of its operands moved. Reports, profiles and
// inspections are views of these sums.
//
// The mental model: a ledger has a row per operator execution, and executions
// of the same operator in the same layer differ only in when they ran. Totals
// keeps one Op for each such place in the model and one Operand for each tensor
// there, so its size is that of the model and not that of the run.
//
//	sim.Row ──Add──▶ Totals ──▶ Ops()       time, energy and DRAM commands by operator and layer
//	                        ──▶ Operands()  bytes, time and energy by tensor
//	                        ──▶ Steps(phase)
//
// # Caveats
//
// With ByToken set there is one Op for each token too, and memory grows with
// the run.
package totals

import (
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Place is where in a run an operator stands.
type Place struct {
	Phase    traces.Phase
	Token    int32 // -1 unless Totals.ByToken
	Layer    int32 // as executed, -1 outside the blocks
	Block    int32 // as stored, -1 outside
	Repeated bool  // the block ran before for the same token
	Op       string
}

// Op sums the executions of one operator at one place.
type Op struct {
	Place
	Runs     int64
	Launches int64 // of the runs; the others are part of the launch before
	MACs     int64
	Time     sim.TimeParts
	Needs    sim.TimeParts // of each resource, if nothing hid it
	Energy   sim.EnergyParts
	Bytes    sim.BytesByLevel
	Hits     []units.Bytes // served by each on-chip memory, nearest first
	DRAM     sim.DRAMCounts
}

// Operand sums what one tensor cost at one place.
type Operand struct {
	Place
	Tensor string
	Kind   traces.Kind
	Access traces.Access
	DType  string
	Bytes  sim.BytesByLevel
	Time   units.Picoseconds
	Energy units.Femtojoules
}

// Totals are the sums. The zero value is empty and ready for Add.
type Totals struct {
	// ByToken keeps tokens apart. Set it before the first Add.
	ByToken bool

	ops      []*Op
	operands []*Operand
	opAt     map[Place]*Op
	at       map[operandKey]*Operand
	steps    map[traces.Phase]int64
	last     step
	any      bool
}

type step struct {
	phase traces.Phase
	token int32
}

type operandKey struct {
	op     *Op
	tensor string
	kind   traces.Kind
	access traces.Access
	dtype  string
}

// Add adds a row. It keeps no reference to r.
func (t *Totals) Add(r *sim.Row) {
	if t.opAt == nil {
		t.opAt, t.at, t.steps = map[Place]*Op{}, map[operandKey]*Operand{}, map[traces.Phase]int64{}
	}
	if now := (step{r.Phase, r.Token}); !t.any || now != t.last {
		t.any, t.last = true, now
		t.steps[r.Phase]++
	}
	op := t.op(r)
	op.Runs++
	op.MACs += r.MACs
	if r.Time.Dispatch > 0 {
		op.Launches++
	}
	op.Time = op.Time.Plus(r.Time)
	op.Needs = op.Needs.Plus(r.Needs)
	op.Energy = op.Energy.Plus(r.Energy)
	for i, n := range r.Hits {
		if i == len(op.Hits) {
			op.Hits = append(op.Hits, 0)
		}
		op.Hits[i] += n
	}
	op.DRAM = op.DRAM.Plus(r.DRAM)
	for i := range r.Operands {
		o := &r.Operands[i]
		op.Bytes = op.Bytes.Plus(o.Bytes)
		sum := t.operand(op, o)
		sum.Bytes = sum.Bytes.Plus(o.Bytes)
		sum.Time += o.Time
		sum.Energy += o.Energy
	}
}

func (t *Totals) op(r *sim.Row) *Op {
	place := Place{Phase: r.Phase, Token: -1, Layer: r.Layer, Block: r.Block, Repeated: r.Repeated, Op: r.Op}
	if t.ByToken {
		place.Token = r.Token
	}
	op, ok := t.opAt[place]
	if !ok {
		op = &Op{Place: place}
		t.opAt[place] = op
		t.ops = append(t.ops, op)
	}
	return op
}

func (t *Totals) operand(op *Op, o *sim.Operand) *Operand {
	key := operandKey{op, o.Tensor, o.Kind, o.Access, o.DType}
	sum, ok := t.at[key]
	if !ok {
		sum = &Operand{Place: op.Place, Tensor: o.Tensor, Kind: o.Kind, Access: o.Access, DType: o.DType}
		t.at[key] = sum
		t.operands = append(t.operands, sum)
	}
	return sum
}

// Ops returns the operators in the order in which each first ran. They are the
// sums themselves: a later Add changes them.
func (t *Totals) Ops() []*Op { return t.ops }

// Operands returns the operands in the order in which each first appeared.
func (t *Totals) Operands() []*Operand { return t.operands }

// Steps returns the forward passes of a phase: decode steps, or chunks of the
// prompt.
func (t *Totals) Steps(p traces.Phase) int64 { return t.steps[p] }
