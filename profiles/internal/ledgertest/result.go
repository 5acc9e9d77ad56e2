package ledgertest

import (
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// Result sums the decode steps of the model's ledger.
func (m Model) Result() sim.Result {
	var sums totals.Totals
	for row := range m.Rows {
		sums.Add(row)
	}
	h := m.Header()
	r := sim.Result{Model: m.Name, Quant: h.Quant, Sharing: h.Sharing, Params: h.Shape.Params, StoredParams: h.Shape.StoredParams,
		LayersExecuted: h.Shape.LayersExecuted, LayersStored: h.Shape.LayersStored, PromptTokens: m.Prompt, Tokens: m.Tokens,
		ModelBytes: h.ModelBytes, DRAMBudgetBytes: 400 << 20, FitsDRAMBudget: h.ModelBytes < 400<<20, LoadMS: float64(h.ModelBytes) / 0.93e6}
	var time sim.TimeParts
	var energy sim.EnergyParts
	var bytes sim.BytesByLevel
	var counts sim.DRAMCounts
	for _, op := range sums.Ops() {
		if op.Phase == traces.Prefill {
			r.PrefillMS += op.Time.Total().Milliseconds()
			continue
		}
		time, energy, bytes, counts = time.Plus(op.Time), energy.Plus(op.Energy), bytes.Plus(op.Bytes), counts.Plus(op.DRAM)
	}
	n := float64(m.Tokens)
	r.TimeToFirstTokenMS = r.PrefillMS
	r.LatencyPartsMS = sim.LatencyMS{Dispatch: time.Dispatch.Milliseconds() / n, Compute: time.Compute.Milliseconds() / n,
		SRAM: time.SRAM.Milliseconds() / n, DRAM: time.DRAM.Milliseconds() / n, Flash: time.Flash.Milliseconds() / n}
	r.LatencyMS = time.Total().Milliseconds() / n
	r.TokensPerS = 1000 / r.LatencyMS
	r.DRAMBytesPerToken = float64(bytes.DRAMRead+bytes.DRAMWrite) / n
	r.DRAMBandwidthGBps = float64(bytes.DRAMRead+bytes.DRAMWrite) / time.Total().Nanoseconds()
	r.DRAMRowHitRate = float64(counts.RowHits) / float64(counts.RowHits+counts.RowMisses+counts.RowConflicts)
	r.SRAMHitRate = float64(bytes.SRAMHit) / float64(bytes.Requested)
	r.EnergyPartsMJ = sim.EnergyMJ{DRAM: energy.DRAM.Millijoules() / n, SRAM: energy.SRAM.Millijoules() / n,
		Compute: energy.Compute.Millijoules() / n, Static: energy.Static.Millijoules() / n}
	r.EnergyMJPerToken = energy.Total().Millijoules() / n
	r.MemoryEnergyMJ = energy.MemoryPath().Millijoules() / n
	r.PhoneEnergyMJ = r.EnergyMJPerToken + 1.2*r.LatencyMS // 1.2 W for the rest of the phone
	r.TokensPerCharge = 44_676_000 / r.PhoneEnergyMJ       // 12.41 Wh
	return r
}
