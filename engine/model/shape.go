// Package model describes transformer decoders of the Llama family by their
// shape: how many layers of which width, how blocks are shared between layers,
// how many parameters that makes. It holds no weights.
//
// The mental model: a Shape is all that decides what a token moves. Stored
// blocks are sets of weights; a Schedule says in which order they run, and a
// block that runs twice counts once in StoredParams and twice in Params.
//
//	preset name ──Preset──┐
//	shape.yaml ─LoadShape─┼──▶ Shape ──With(Overrides)──▶ Shape ──▶ weights, engine
//	model file ──weights──┘
//
// Shapes from here are resolved (every field has its value) and valid; a Shape
// made by hand is read as its Resolved form.
//
// # Caveats
//
// Every block is the same: attention with three input matrices and one output
// matrix, and a gated feed-forward network of three. Shapes of other
// architectures (Gemma, Phi) state the sizes of these matrices; what they have
// beside them, such as norms behind the attention, sliding windows, logit caps
// or rotary embedding of a part of a head, is not described. There are no
// experts.
package model

import "slices"

// Sharing is the order in which stored blocks run when each runs more than once
// (MobileLLM, arXiv 2402.14905, section 3.4).
type Sharing string

// The orders of layer sharing, for stored blocks A B C run twice.
const (
	NoSharing Sharing = "none"      // A B C
	Immediate Sharing = "immediate" // A A B B C C: the block is still in SRAM
	Repeat    Sharing = "repeat"    // A B C A B C
	Reverse   Sharing = "reverse"   // A B C C B A
)

// RoPEStyle says which pairs of a head's values rotary embedding turns.
type RoPEStyle string

// Hugging Face files pair x[i] with x[i+d/2]; GGUF files of architecture
// "llama" hold Q and K permuted for pairs x[2i], x[2i+1].
const (
	Halves      RoPEStyle = "halves"
	Interleaved RoPEStyle = "interleaved"
)

// Shape is the architecture of a model. The zero value of an optional field
// means what most models do.
type Shape struct {
	Name         string    `yaml:"name"`
	Architecture string    `yaml:"architecture"` // llama, qwen2, qwen3, ...
	Layers       int       `yaml:"layers"`       // stored blocks
	Sharing      Sharing   `yaml:"sharing"`      // "" is none
	Repeat       int       `yaml:"repeat"`       // times that each stored block runs; 0 is 1
	Dim          int       `yaml:"dim"`
	FFN          int       `yaml:"ffn"`
	Heads        int       `yaml:"heads"`
	KVHeads      int       `yaml:"kv_heads"`
	HeadDim      int       `yaml:"head_dim"` // 0 is Dim / Heads
	Vocab        int       `yaml:"vocab"`
	Tied         bool      `yaml:"tied_embedding"` // output matrix is the embedding
	NormEps      float64   `yaml:"norm_eps"`
	RoPEBase     float64   `yaml:"rope_base"`
	RoPEStyle    RoPEStyle `yaml:"rope_style"` // "" is halves
	Context      int       `yaml:"context"`    // longest sequence it was made for
	QKVBias      bool      `yaml:"qkv_bias"`   // Qwen2
	QKNorm       bool      `yaml:"qk_norm"`    // Qwen3
	RoPEScaling  *Scaling  `yaml:"rope_scaling"`
	Source       string    `yaml:"source"` // where the shape is published
}

// Scaling is the RoPE frequency scaling of Llama 3.1 and later, or the linear
// one (Type "linear", Factor only).
type Scaling struct {
	Type            string  `yaml:"type"` // linear, llama3
	Factor          float64 `yaml:"factor"`
	LowFreqFactor   float64 `yaml:"low_freq_factor"`
	HighFreqFactor  float64 `yaml:"high_freq_factor"`
	OriginalContext int     `yaml:"original_context"`
}

// Runs returns how often each stored block runs for a token, at least 1.
func (s Shape) Runs() int {
	if s.Repeat < 1 || s.Sharing == NoSharing || s.Sharing == "" {
		return 1
	}
	return s.Repeat
}

// Executed returns the number of layers that run for a token.
func (s Shape) Executed() int { return s.Layers * s.Runs() }

// Schedule returns the stored block that each executed layer runs, in order:
// its length is Executed(), its values are in [0, Layers).
func (s Shape) Schedule() []int {
	order := make([]int, 0, s.Executed())
	switch runs := s.Runs(); s.Sharing {
	case Immediate:
		for block := range s.Layers {
			for range runs {
				order = append(order, block)
			}
		}
	case Reverse:
		for run := range runs {
			for i := range s.Layers {
				if run%2 == 1 {
					i = s.Layers - 1 - i
				}
				order = append(order, i)
			}
		}
	default:
		for range runs {
			for block := range s.Layers {
				order = append(order, block)
			}
		}
	}
	return order
}

// executable lists the architectures whose arithmetic the engine knows.
var executable = []string{"llama", "qwen2", "qwen3"}

// Executable reports whether the engine can compute with a model of this
// architecture. Shapes of other architectures still run shape-only: their
// matrices have the same roles and move the same bytes.
func (s Shape) Executable() bool {
	return slices.Contains(executable, s.Resolved().Architecture)
}
