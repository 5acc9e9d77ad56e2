package profiles

import (
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/residency"
)

// Figure is one number of a result: its JSON key, how people call it, and how
// to read it from a result.
type Figure struct {
	Key   string // path of the JSON key, such as "energy_parts_mj.dram"
	Label string // as a person reads it
	Unit  string // of the value as shown; "" for a count
	Group Group
	// Scale turns the value of the JSON key into Unit; 0 is 1.
	Scale float64
	// Relative figures are worth comparing with the baseline's.
	Relative bool
	// Part figures are a share of the figure above them.
	Part bool
	// Detail figures are left out of the table for people.
	Detail bool
	// Optional figures do not apply when they are zero.
	Optional bool
	Value    func(*sim.Result) float64
}

// Group is a heading under which figures stand.
type Group string

// The groups of figures, in their order.
const (
	ModelGroup  Group = "model"
	TimeGroup   Group = "time"
	MemoryGroup Group = "memory"
	EnergyGroup Group = "energy"
)

// Applies reports whether the figure says anything of a result: an app that the
// system kills has no figures of a run.
func (f Figure) Applies(r *sim.Result) bool {
	return f.Value(r) != 0 || !f.Optional && (f.Group == ModelGroup || r.Residency != residency.Killed)
}

// Shown returns the value in the figure's Unit.
func (f Figure) Shown(r *sim.Result) float64 {
	if f.Scale == 0 {
		return f.Value(r)
	}
	return f.Value(r) * f.Scale
}

// Interval returns the central 90 % of the figure in its Unit; ok is false if the
// result has none.
func (f Figure) Interval(r *sim.Result) (span [2]float64, ok bool) {
	span, ok = r.Interval90[f.Key]
	if f.Scale != 0 {
		span[0], span[1] = span[0]*f.Scale, span[1]*f.Scale
	}
	return span, ok
}

// drafted reads a figure of speculation, 0 if nothing drafts.
func drafted(read func(*sim.Speculation) float64) func(*sim.Result) float64 {
	return func(r *sim.Result) float64 {
		if r.Speculation == nil {
			return 0
		}
		return read(r.Speculation)
	}
}

// Figures are all numbers of a result, in the order of its JSON keys grouped
// for reading.
var Figures = []Figure{
	{Key: "params", Label: "parameters run", Unit: "M", Scale: 1e-6, Group: ModelGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return float64(r.Params) }},
	{Key: "stored_params", Label: "parameters stored", Unit: "M", Scale: 1e-6, Group: ModelGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return float64(r.StoredParams) }},
	{Key: "layers_executed", Label: "layers run", Group: ModelGroup,
		Value: func(r *sim.Result) float64 { return float64(r.LayersExecuted) }},
	{Key: "layers_stored", Label: "layers stored", Group: ModelGroup,
		Value: func(r *sim.Result) float64 { return float64(r.LayersStored) }},
	{Key: "dim", Label: "width", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.Dim) }},
	{Key: "ffn", Label: "FFN width", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.FFN) }},
	{Key: "heads", Label: "heads", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.Heads) }},
	{Key: "kv_heads", Label: "KV heads", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.KVHeads) }},
	{Key: "vocab", Label: "vocabulary", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.Vocab) }},
	{Key: "model_bytes", Label: "weights", Unit: "MB", Scale: 1e-6, Group: ModelGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return float64(r.ModelBytes) }},
	{Key: "block_bytes", Label: "weights of a block", Unit: "MB", Scale: 1e-6, Group: ModelGroup, Relative: true, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.BlockBytes) }},
	{Key: "prompt_tokens", Label: "prompt", Unit: "tokens", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.PromptTokens) }},
	{Key: "tokens", Label: "decoded", Unit: "tokens", Group: ModelGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.Tokens) }},

	{Key: "latency_ms_per_token", Label: "latency", Unit: "ms/token", Group: TimeGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.LatencyMS }},
	{Key: "latency_parts_ms.dispatch", Label: "dispatch", Unit: "ms/token", Group: TimeGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.LatencyPartsMS.Dispatch }},
	{Key: "latency_parts_ms.compute", Label: "compute", Unit: "ms/token", Group: TimeGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.LatencyPartsMS.Compute }},
	{Key: "latency_parts_ms.sram", Label: "SRAM", Unit: "ms/token", Group: TimeGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.LatencyPartsMS.SRAM }},
	{Key: "latency_parts_ms.dram", Label: "DRAM", Unit: "ms/token", Group: TimeGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.LatencyPartsMS.DRAM }},
	{Key: "latency_parts_ms.flash", Label: "flash", Unit: "ms/token", Group: TimeGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.LatencyPartsMS.Flash }},
	{Key: "tokens_per_s", Label: "speed", Unit: "tokens/s", Group: TimeGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.TokensPerS }},
	{Key: "sustained_tokens_per_s", Label: "speed when warm", Unit: "tokens/s", Group: TimeGroup, Relative: true, Optional: true,
		Value: func(r *sim.Result) float64 { return r.SustainedTokensPerS }},
	{Key: "throttles_after_s", Label: "slows down after", Unit: "s", Group: TimeGroup, Optional: true,
		Value: func(r *sim.Result) float64 { return r.ThrottlesAfterS }},
	{Key: "ms_per_accepted_token", Label: "with the draft", Unit: "ms/token", Group: TimeGroup, Relative: true, Optional: true,
		Value: drafted(func(s *sim.Speculation) float64 { return s.MSPerAccepted })},
	{Key: "accepted_per_step", Label: "accepted in a step", Unit: "tokens", Group: TimeGroup, Optional: true,
		Value: drafted(func(s *sim.Speculation) float64 { return s.AcceptedPerStep })},
	{Key: "break_even_acceptance", Label: "draft pays from", Unit: "% accepted", Scale: 100, Group: TimeGroup, Optional: true,
		Value: drafted(func(s *sim.Speculation) float64 { return s.BreakEvenAcceptance })},
	{Key: "prefill_ms", Label: "prefill", Unit: "ms", Group: TimeGroup, Relative: true, Detail: true,
		Value: func(r *sim.Result) float64 { return r.PrefillMS }},
	{Key: "time_to_first_token_ms", Label: "first token", Unit: "ms", Group: TimeGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.TimeToFirstTokenMS }},
	{Key: "load_ms", Label: "load from flash", Unit: "ms", Group: TimeGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.LoadMS }},
	{Key: "host_tokens_per_s", Label: "this host's speed", Unit: "tokens/s", Group: TimeGroup, Detail: true, Optional: true,
		Value: func(r *sim.Result) float64 { return r.HostTokensPerS }},

	{Key: "dram_bytes_per_token", Label: "DRAM traffic", Unit: "MB/token", Scale: 1e-6, Group: MemoryGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.DRAMBytesPerToken }},
	{Key: "dram_bandwidth_gbps", Label: "DRAM bandwidth", Unit: "GB/s", Group: MemoryGroup,
		Value: func(r *sim.Result) float64 { return r.DRAMBandwidthGBps }},
	{Key: "dram_row_hit_rate", Label: "DRAM row hits", Unit: "%", Scale: 100, Group: MemoryGroup,
		Value: func(r *sim.Result) float64 { return r.DRAMRowHitRate }},
	{Key: "sram_hit_rate", Label: "SRAM hits", Unit: "%", Scale: 100, Group: MemoryGroup,
		Value: func(r *sim.Result) float64 { return r.SRAMHitRate }},
	{Key: "flash_bytes_per_token", Label: "flash reads", Unit: "MB/token", Scale: 1e-6, Group: MemoryGroup,
		Value: func(r *sim.Result) float64 { return r.FlashBytesPerToken }},
	{Key: "expert_hit_rate", Label: "experts held", Unit: "%", Scale: 100, Group: MemoryGroup, Optional: true,
		Value: func(r *sim.Result) float64 { return r.ExpertHitRate }},
	{Key: "io_ms_per_token", Label: "reading experts", Unit: "ms/token", Group: MemoryGroup, Optional: true,
		Value: func(r *sim.Result) float64 { return r.IOMSPerToken }},
	{Key: "dram_budget_bytes", Label: "DRAM budget", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.DRAMBudgetBytes) }},
	{Key: "footprint_bytes", Label: "app's memory", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return float64(r.FootprintBytes) }},
	{Key: "footprint_parts_bytes.weights", Label: "weights", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Part: true, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.FootprintPartsBytes.Weights) }},
	{Key: "footprint_parts_bytes.kv", Label: "KV cache", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Part: true, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.FootprintPartsBytes.KV) }},
	{Key: "footprint_parts_bytes.activations", Label: "activations", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Part: true, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.FootprintPartsBytes.Activations) }},
	{Key: "footprint_parts_bytes.runtime", Label: "runtime", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Part: true, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.FootprintPartsBytes.Runtime) }},
	{Key: "mapped_weight_bytes", Label: "mapped weights", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.MappedWeightBytes) }},
	{Key: "resident_weight_bytes", Label: "resident weights", Unit: "MB", Scale: 1e-6, Group: MemoryGroup, Detail: true,
		Value: func(r *sim.Result) float64 { return float64(r.ResidentWeightBytes) }},
	{Key: "app_limit_bytes", Label: "killed beyond", Unit: "MB", Scale: 1e-6, Group: MemoryGroup,
		Value: func(r *sim.Result) float64 { return float64(r.AppLimitBytes) }},

	{Key: "energy_mj_per_token", Label: "energy", Unit: "mJ/token", Group: EnergyGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.EnergyMJPerToken }},
	{Key: "mj_per_accepted_token", Label: "with the draft", Unit: "mJ/token", Group: EnergyGroup, Relative: true, Optional: true,
		Value: drafted(func(s *sim.Speculation) float64 { return s.MJPerAccepted })},
	{Key: "energy_parts_mj.dram", Label: "DRAM", Unit: "mJ/token", Group: EnergyGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.EnergyPartsMJ.DRAM }},
	{Key: "energy_parts_mj.sram", Label: "SRAM", Unit: "mJ/token", Group: EnergyGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.EnergyPartsMJ.SRAM }},
	{Key: "energy_parts_mj.flash", Label: "flash", Unit: "mJ/token", Group: EnergyGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.EnergyPartsMJ.Flash }},
	{Key: "energy_parts_mj.compute", Label: "compute", Unit: "mJ/token", Group: EnergyGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.EnergyPartsMJ.Compute }},
	{Key: "energy_parts_mj.static", Label: "static", Unit: "mJ/token", Group: EnergyGroup, Part: true,
		Value: func(r *sim.Result) float64 { return r.EnergyPartsMJ.Static }},
	{Key: "memory_path_energy_mj_per_token", Label: "memory path", Unit: "mJ/token", Group: EnergyGroup, Relative: true, Detail: true,
		Value: func(r *sim.Result) float64 { return r.MemoryEnergyMJ }},
	{Key: "whole_phone_energy_mj_per_token", Label: "whole phone", Unit: "mJ/token", Group: EnergyGroup, Relative: true,
		Value: func(r *sim.Result) float64 { return r.PhoneEnergyMJ }},
	{Key: "tokens_per_charge", Label: "battery charge", Unit: "tokens", Group: EnergyGroup, Relative: true, Optional: true,
		Value: func(r *sim.Result) float64 { return r.TokensPerCharge }},
}

// label is a column of text that stands before or after the figures.
type label struct {
	key   string
	value func(*sim.Result) string
}

var (
	leading = []label{
		{"model", func(r *sim.Result) string { return r.Model }},
		{"quant", func(r *sim.Result) string { return r.Quant }},
		{"sharing", func(r *sim.Result) string { return r.Sharing }},
	}
	trailing = []label{
		{"fits_dram_budget", func(r *sim.Result) string {
			if r.FitsDRAMBudget {
				return "true"
			}
			return "false"
		}},
		{"residency", func(r *sim.Result) string { return string(r.Residency) }},
	}
)
