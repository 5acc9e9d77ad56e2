package sim

import (
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/units"
)

// Result is the answer for one model on one device. Its JSON keys are a
// contract with the scripts of users; the units stand in the names. A figure
// that does not apply is left out.
type Result struct {
	Model              string    `json:"model"`
	Quant              string    `json:"quant"`
	Sharing            string    `json:"sharing"`
	Params             int64     `json:"params"`        // as executed
	StoredParams       int64     `json:"stored_params"` // as stored
	LayersExecuted     int       `json:"layers_executed"`
	LayersStored       int       `json:"layers_stored"`
	Dim                int       `json:"dim"`
	FFN                int       `json:"ffn"`
	Heads              int       `json:"heads"`
	KVHeads            int       `json:"kv_heads"`
	Vocab              int       `json:"vocab"`
	PromptTokens       int       `json:"prompt_tokens"`
	Tokens             int       `json:"tokens"`
	LatencyMS          float64   `json:"latency_ms_per_token"` // mean over decode steps
	TokensPerS         float64   `json:"tokens_per_s"`
	PrefillMS          float64   `json:"prefill_ms"`
	TimeToFirstTokenMS float64   `json:"time_to_first_token_ms"` // the prompt, on a loaded model
	LoadMS             float64   `json:"load_ms"`                // weights from flash to DRAM
	DRAMBytesPerToken  float64   `json:"dram_bytes_per_token"`
	DRAMBandwidthGBps  float64   `json:"dram_bandwidth_gbps"` // reached over a decode step
	DRAMRowHitRate     float64   `json:"dram_row_hit_rate"`
	SRAMHitRate        float64   `json:"sram_hit_rate"`
	FlashBytesPerToken float64   `json:"flash_bytes_per_token"`
	ExpertHitRate      float64   `json:"expert_hit_rate,omitempty"` // of a runtime that streams experts; decode only
	IOMSPerToken       float64   `json:"io_ms_per_token,omitempty"` // reading experts, hidden or not
	EnergyMJPerToken   float64   `json:"energy_mj_per_token"`       // mJ, sum of the parts
	EnergyPartsMJ      EnergyMJ  `json:"energy_parts_mj"`
	LatencyPartsMS     LatencyMS `json:"latency_parts_ms"` // per decode token, sums to latency_ms_per_token
	MemoryEnergyMJ     float64   `json:"memory_path_energy_mj_per_token"`
	PhoneEnergyMJ      float64   `json:"whole_phone_energy_mj_per_token"`
	ModelBytes         int64     `json:"model_bytes"`
	BlockBytes         int64     `json:"block_bytes"` // weights that the first block reads
	DRAMBudgetBytes    int64     `json:"dram_budget_bytes"`
	FitsDRAMBudget     bool      `json:"fits_dram_budget"`
	// What the app occupies: the model with its state, and the runtime's own. Mapped
	// weights are clean pages of their file; resident ones are in DRAM at a time.
	FootprintBytes      int64             `json:"footprint_bytes"`
	FootprintPartsBytes FootprintBytes    `json:"footprint_parts_bytes"`
	MappedWeightBytes   int64             `json:"mapped_weight_bytes"`
	ResidentWeightBytes int64             `json:"resident_weight_bytes"`
	AppLimitBytes       int64             `json:"app_limit_bytes"`             // beyond which the system kills the app
	Residency           residency.Verdict `json:"residency"`                   // fits, squeezes, pages, killed
	TokensPerCharge     float64           `json:"tokens_per_charge,omitempty"` // left out on mains
	// SustainedTokensPerS is the speed of a warm device, and ThrottlesAfterS when a
	// cold one begins to slow down to it (left out if it never does); both are
	// there if Config.Sustained asks for them.
	SustainedTokensPerS float64 `json:"sustained_tokens_per_s,omitempty"`
	ThrottlesAfterS     float64 `json:"throttles_after_s,omitempty"`
	// FormatsWidened are the storage formats that the runtime has no arithmetic
	// for; their weights were taken as widened to its float type, one operation
	// each.
	FormatsWidened []string `json:"formats_widened,omitempty"`
	// Interval90 holds the central 90 % of predicted figures, by their keys, over what
	// is uncertain in the profile; RatioInterval90 that of their multiples of the first
	// model's. MainUncertainty names what makes most of the latency's width.
	Interval90      map[string][2]float64 `json:"interval90,omitempty"`
	RatioInterval90 map[string][2]float64 `json:"ratio_interval90,omitempty"`
	MainUncertainty *MainUncertainty      `json:"main_uncertainty,omitempty"`

	*Speculation // what a draft makes of it; nil without one

	HostTokensPerS float64 `json:"host_tokens_per_s,omitempty"` // the engine's own speed where the trace was captured
	// Caches are the on-chip memories of the unit, nearest first: a block that fits
	// the largest can run again without traffic. They are the device's, and no figure.
	Caches []Cache `json:"-"`
}

// Speculation is the cost of a token where a smaller model drafts, and the model
// verifies several tokens in one pass. Acceptance is the share of drafted tokens
// that the model would have chosen too: a step gives AcceptedPerStep = 1 +
// DraftTokens · Acceptance tokens.
type Speculation struct {
	Draft              string  `json:"draft"`
	DraftTokens        int     `json:"draft_tokens"`
	Acceptance         float64 `json:"acceptance"`
	AcceptanceMeasured bool    `json:"acceptance_measured"` // by the engine, over the tokens of the run
	AcceptedPerStep    float64 `json:"accepted_per_step"`
	DraftMS            float64 `json:"draft_ms_per_step"`
	VerifyMS           float64 `json:"verify_ms_per_step"`
	MSPerAccepted      float64 `json:"ms_per_accepted_token"`
	MJPerAccepted      float64 `json:"mj_per_accepted_token"`
	FlashPerAccepted   float64 `json:"flash_bytes_per_accepted_token"`
	// BreakEvenAcceptance is from which acceptance on drafting takes no longer: below 0
	// always, above 1 never.
	BreakEvenAcceptance float64 `json:"break_even_acceptance"`
	Pays                bool    `json:"draft_pays"` // a token takes less time than without
}

// Cache is an on-chip memory by name.
type Cache struct {
	Name     string
	Capacity units.Bytes
}

// FootprintBytes is what an app occupies, by part, in bytes.
type FootprintBytes struct {
	Weights     int64 `json:"weights"`
	KV          int64 `json:"kv"`
	Activations int64 `json:"activations"`
	Runtime     int64 `json:"runtime"`
}

// EnergyMJ is EnergyParts in millijoules a token.
type EnergyMJ struct {
	DRAM    float64 `json:"dram"`
	SRAM    float64 `json:"sram"`
	Flash   float64 `json:"flash"`
	Compute float64 `json:"compute"`
	Static  float64 `json:"static"`
}

// LatencyMS is TimeParts in milliseconds a token.
type LatencyMS struct {
	Dispatch float64 `json:"dispatch"`
	Compute  float64 `json:"compute"`
	SRAM     float64 `json:"sram"`
	DRAM     float64 `json:"dram"`
	Flash    float64 `json:"flash"`
}

// MainUncertainty is the number of a profile that makes most of the width of a
// latency.
type MainUncertainty struct {
	Field string  `json:"field"` // as devices show lists it
	Share float64 `json:"share"` // of the variance of the logarithm of the latency
	Kind  string  `json:"kind"`  // calibrated, derived or estimated
}
