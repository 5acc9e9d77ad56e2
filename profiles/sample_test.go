package profiles_test

import (
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// result makes figures that fit together, scaled by the bytes that move.
func result(name string, executed, stored int, scale, flash float64) sim.Result {
	return sim.Result{
		Model: name, Quant: "f16", Sharing: "none",
		Params: int64(124_635_456 * scale), StoredParams: 124_635_456,
		LayersExecuted: executed, LayersStored: stored,
		PromptTokens: 16, Tokens: 8,
		LatencyMS: 15.6 * scale, TokensPerS: 1000 / (15.6 * scale),
		LatencyPartsMS: sim.LatencyMS{Dispatch: 2.1 * scale, Compute: 1.2 * scale, SRAM: 0.3 * scale, DRAM: 12 * scale},
		PrefillMS:      41.2 * scale, TimeToFirstTokenMS: 41.2 * scale, LoadMS: 268.1,
		DRAMBytesPerToken: 249.3e6 * scale, DRAMBandwidthGBps: 15.98, DRAMRowHitRate: 0.982, SRAMHitRate: 0.0271,
		FlashBytesPerToken: flash,
		EnergyMJPerToken:   34.6 * scale,
		EnergyPartsMJ:      sim.EnergyMJ{DRAM: 25 * scale, SRAM: 1.6 * scale, Compute: 3 * scale, Static: 5 * scale},
		MemoryEnergyMJ:     26.6 * scale, PhoneEnergyMJ: 51.4 * scale,
		ModelBytes: 249_270_912, DRAMBudgetBytes: 429_496_729, FitsDRAMBudget: true,
		TokensPerCharge: 869_200 / scale,
	}
}

func comparison() profiles.Comparison {
	shared := result("mobilellm-ls-125m", 60, 30, 1.026, 0)
	shared.Sharing = "immediate"
	return profiles.Comparison{
		Memsim: "0.1.0", Device: "iphone13", Unit: "gpu", Title: "Apple iPhone 13", Runtime: "executorch-mps", Energy: "device",
		Notes: []string{"Weights are seeded noise; the shapes are exact, so bytes, times and energies are those of the real models."},
		Results: []sim.Result{
			result("mobilellm-125m", 30, 30, 1, 0),
			shared,
			result("mobilellm-125m-60-layers", 60, 60, 1.859, 0),
		},
	}
}
