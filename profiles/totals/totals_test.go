package totals_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/profiles/internal/ledgertest"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// ledger is what all rows of a ledger sum to.
type ledger struct {
	time   sim.TimeParts
	energy sim.EnergyParts
	bytes  sim.BytesByLevel
	macs   int64
}

func TestNothingOfALedgerIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := ledgertest.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), rapid.IntRange(1, 200).Draw(t, "rows"))
		sums := totals.Totals{ByToken: rapid.Bool().Draw(t, "by token")}
		var want, got ledger
		for i := range rows {
			r := &rows[i]
			sums.Add(r)
			want = ledger{want.time.Plus(r.Time), want.energy.Plus(r.Energy), want.bytes.Plus(r.Bytes()), want.macs + r.MACs}
		}
		for _, op := range sums.Ops() {
			got = ledger{got.time.Plus(op.Time), got.energy.Plus(op.Energy), got.bytes.Plus(op.Bytes), got.macs + op.MACs}
		}
		if got != want {
			t.Fatalf("operators sum to %+v, ledger is %+v", got, want)
		}
		var time units.Picoseconds
		var energy units.Femtojoules
		var bytes sim.BytesByLevel
		for _, o := range sums.Operands() {
			time, energy, bytes = time+o.Time, energy+o.Energy, bytes.Plus(o.Bytes)
		}
		if time != want.time.Total() || energy != want.energy.Total() || bytes != want.bytes {
			t.Fatalf("operands sum to %v %v %+v, ledger is %+v", time, energy, bytes, want)
		}
	})
}

func TestSizeIsThatOfTheModelAndNotOfTheRun(t *testing.T) {
	short, long := ledgertest.MobileLLM("m", 3, 2), ledgertest.MobileLLM("m", 3, 2)
	long.Tokens = 50
	count := func(m ledgertest.Model) (ops, operands int, steps int64) {
		var sums totals.Totals
		for r := range m.Rows {
			sums.Add(r)
		}
		return len(sums.Ops()), len(sums.Operands()), sums.Steps(traces.Decode)
	}
	ops, operands, steps := count(long)
	wantOps, wantOperands, _ := count(short)
	if ops != wantOps || operands != wantOperands {
		t.Errorf("%d operators and %d operands after 50 tokens, %d and %d after 4", ops, operands, wantOps, wantOperands)
	}
	if steps != 50 {
		t.Errorf("%d decode steps, want 50", steps)
	}
}
