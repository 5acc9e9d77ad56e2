package html

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/profiles/internal/ledgertest"
)

func TestBinsSumToTheLedgerAndStayFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := ledgertest.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4)), rapid.IntRange(1, 300).Draw(t, "rows"))
		var tr traffic
		var want, got moved
		for i := range rows {
			tr.add(&rows[i])
			b := rows[i].Bytes()
			want = want.plus(moved{b.DRAMRead, b.DRAMWrite, b.FlashRead})
		}
		for i, b := range tr.bins {
			if b.read < 0 || b.written < 0 || b.flash < 0 {
				t.Fatalf("bin %d is negative: %+v", i, b)
			}
			got = got.plus(b)
		}
		if got != want {
			t.Fatalf("bins sum to %+v, rows to %+v", got, want)
		}
		if len(tr.bins) > maxBins {
			t.Fatalf("%d bins", len(tr.bins))
		}
	})
}
