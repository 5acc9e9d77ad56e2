package validation

import (
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// The metrics of a point.
const (
	TokensPerS        = "tokens_per_s"         // decode speed
	MSPerToken        = "ms_per_token"         // decode latency
	MJPerToken        = "mj_per_token"         // energy of a decoded token, of the whole phone, as a power meter sees it
	MemoryMJPerToken  = "memory_mj_per_token"  // energy of a decoded token, of the memory path alone
	PrefillTokensPerS = "prefill_tokens_per_s" // speed over a prompt of Context tokens
	FirstTokenMS      = "time_to_first_token_ms"
	WarmTokensPerS    = "sustained_tokens_per_s" // decode speed of a warm device
	PowerW            = "power_w"                // of the whole phone in decode
)

// Metrics lists what a point may measure.
var Metrics = []string{TokensPerS, MSPerToken, MJPerToken, MemoryMJPerToken, PrefillTokensPerS, FirstTokenMS, WarmTokensPerS, PowerW}

// DefaultContext is the number of tokens in front of the measured one where a
// point states none.
const DefaultContext = 64

// Point is one measurement.
type Point struct {
	ID      string  `json:"id,omitempty"`
	Threads int     `json:"threads,omitempty"` // of a CPU; 0: what the runtime starts
	Device  string  `json:"device"`            // name of a shipped profile, or the path of one
	Runtime string  `json:"runtime"`           // "": the unit's own
	Unit    string  `json:"unit"`              // "": that of the runtime, else the device's own
	Model   string  `json:"model"`             // preset or file
	Quant   string  `json:"quant"`             // weight format; "": the model's own
	Context int     `json:"context"`           // tokens before the measured one, or of the prompt
	Metric  string  `json:"metric"`
	Value   float64 `json:"value"`
	Fitted  bool    `json:"fitted"` // the profile was fitted to it
	Source  string  `json:"source"`

	// Bytes is what the weights take in the runtime's own format, all of them;
	// 0: as many as in the format of Quant.
	Bytes int64 `json:"bytes,omitempty"`
	// Overrides change the model's shape, as "layers=60".
	Overrides string `json:"overrides,omitempty"`
	// Energy is an assumption about the memory path, such as "paper"; "": the
	// device's own figures.
	Energy string `json:"energy,omitempty"`
	// Disputed says why the point counts in no mean although it may be right:
	// another measurement of the same thing contradicts it.
	Disputed string `json:"disputed,omitempty"`
}

// String names the point in a message.
func (p Point) String() string {
	var parts []string
	for _, s := range []string{p.Device, p.Unit, p.Runtime, p.Model, p.Overrides, p.Quant, p.Metric} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// phase is the part of a run that the point measures.
func (p Point) phase() traces.Phase {
	if p.Metric == PrefillTokensPerS || p.Metric == FirstTokenMS {
		return traces.Prefill
	}
	return traces.Decode
}

// Validate reports, as a user's mistake, the first field that no prediction
// could be made for.
func (p Point) Validate() error {
	switch {
	case p.Device == "":
		return fault.Userf("device is empty; name a profile, as pixel8pro")
	case p.Model == "":
		return fault.Userf("model is empty; name a preset, as tinyllama-1.1b")
	case !slices.Contains(Metrics, p.Metric):
		return fault.Userf("metric %q is not one of %s", p.Metric, strings.Join(Metrics, ", "))
	case !(p.Value > 0) || math.IsInf(p.Value, 0):
		return fault.Userf("value %v of %s is not above zero", p.Value, p.Metric)
	case p.Context < 1:
		return fault.Userf("context %d: at least one token comes before the measured one", p.Context)
	case p.Bytes < 0:
		return fault.Userf("bytes %d is negative", p.Bytes)
	}
	return nil
}
