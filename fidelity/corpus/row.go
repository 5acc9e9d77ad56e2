package corpus

import (
	"strings"

	"github.com/memsim/memsim/traces"
)

// The metrics of a row.
const (
	TokensPerS        = "tokens_per_s"           // decode speed
	MSPerToken        = "ms_per_token"           // decode latency
	PrefillTokensPerS = "prefill_tokens_per_s"   // speed over a prompt of Prompt tokens
	FirstTokenMS      = "time_to_first_token_ms" // of a prompt of Prompt tokens
	SustainedPerS     = "sustained_tokens_per_s" // decode speed of a warm device
	MJPerToken        = "mj_per_token"           // energy of a decoded token, of the whole phone
	MemoryMJPerToken  = "memory_mj_per_token"    // energy of a decoded token, of the memory path alone
	PowerW            = "power_w"                // power of the whole phone in decode
)

// Metrics lists what a row may measure.
var Metrics = []string{TokensPerS, MSPerToken, PrefillTokensPerS, FirstTokenMS, SustainedPerS, MJPerToken, MemoryMJPerToken, PowerW}

// Row is one measurement in the names and units of memsim. A row with Exclude
// set is not held against predictions.
type Row struct {
	ID      string
	Phone   string // a profile's name, or the path of one
	StandIn bool   // the phone is another one with the device's SoC
	RAMGiB  int    // of the one that was measured; 0: not stated
	Runtime string // "": the unit's own
	Unit    string // cpu, gpu, npu; "": the runtime's
	Threads int    // 0: not stated
	Model   string // a preset's name, or a file
	Quant   string // weight format, "body/output/embedding" where they differ; "": the model's own

	Overrides string // changes of the model's shape, as "layers=60"
	Resize    int64  // bytes of all weights in the runtime's own format; 0: as Quant has them
	KVDType   string // f16, f32; "": not stated
	Window    int    // positions allocated for the KV cache; 0: not stated
	Buffers   []Buffer

	Prompt  int // tokens of the prompt, where a prompt was measured
	Context int // positions held before the first token that was decoded and measured
	Tokens  int // tokens decoded in the measurement; 0: not stated
	// Assumed names the lengths (prompt, context, tokens) that the source does not
	// state and lengths.csv supplies.
	Assumed []string

	Metric string
	Value  float64 // in the unit that the metric names
	Spread float64 // standard deviation or half the range, relative to Value; 0: not stated

	Source  string // whose figure, file and version
	Build   string // of the runtime: whose and which, one for all rows of one campaign
	Month   int    // of the build or the measurement, counted from January 2020; 0: not stated
	Grade   string // P: by whoever measured; S: quoted
	Flags   []string
	Shipped bool   // the row came with the program
	Fitted  bool   // a number of a shipped profile was chosen to meet this row
	Energy  string // an assumption about the memory path, such as "paper"

	// Exclude says why the row is not held against predictions; nil if it is.
	Exclude *Exclusion

	Record Record // as written
}

// Exclusion is why a row is left out.
type Exclusion struct {
	Kind   string // one of Kinds
	Reason string // a clause for people
}

// Kinds lists the kinds of exclusions, in the order in which they are looked for.
var Kinds = []string{"repeat", "implausible", "unfit", "altered", "disturbed", "disputed", "memory", "threads",
	"phone", "runtime", "model", "quant", "length"}

// Buffer is where a runtime keeps part of its weights.
type Buffer struct {
	Name string // cpu, cpu_repack, opencl, htp0_repack, ...
	MiB  float64
}

// Offloaded is the share of the weights that buffers of a GPU or NPU hold, and
// whether the row states its buffers.
func (r Row) Offloaded() (share float64, stated bool) {
	var all, off float64
	for _, b := range r.Buffers {
		all += b.MiB
		if !strings.HasPrefix(b.Name, "cpu") {
			off += b.MiB
		}
	}
	if all == 0 {
		return 0, false
	}
	return off / all, true
}

// leastOffloaded is the share of the weights below which a GPU or NPU does next
// to nothing.
const leastOffloaded = 0.05

// OnCPU reports whether the row was computed on the CPU: it names that unit, or
// its runtime has left the weights to it because the unit knows no such format.
func (r Row) OnCPU() bool {
	share, stated := r.Offloaded()
	return r.Unit == "cpu" || stated && share < leastOffloaded
}

// Phase is the part of a run that the row measures.
func (r Row) Phase() traces.Phase {
	if r.Metric == PrefillTokensPerS || r.Metric == FirstTokenMS {
		return traces.Prefill
	}
	return traces.Decode
}

// Held is the number of positions held at the middle of the decode that was
// measured.
func (r Row) Held() int {
	held := r.Context + r.Tokens/2
	if r.Window > 0 {
		held = min(held, r.Window)
	}
	return max(held, 1)
}

// Seconds is the time that the row states: of one token, or of the prompt; 0 for
// an energy or a power.
func (r Row) Seconds() float64 {
	switch r.Metric {
	case TokensPerS, SustainedPerS:
		return 1 / r.Value
	case MSPerToken, FirstTokenMS:
		return r.Value / 1e3
	case PrefillTokensPerS:
		return float64(r.Prompt) / r.Value
	}
	return 0
}

// String names the row in a message.
func (r Row) String() string {
	parts := []string{r.ID}
	for _, s := range []string{r.Phone, r.Unit, r.Runtime, r.Model, r.Overrides, r.Quant, r.Metric} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// has reports whether the row carries a flag.
func (r Row) has(flag string) bool {
	for _, f := range r.Flags {
		if name, _, _ := strings.Cut(f, "="); name == flag {
			return true
		}
	}
	return false
}

func (r *Row) exclude(kind, reason string) {
	if r.Exclude == nil {
		r.Exclude = &Exclusion{Kind: kind, Reason: reason}
	}
}
