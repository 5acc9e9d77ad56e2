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
// An architecture is a description (architectures.go): a Shape with the parts
// that its paper fixes, such as where norms stand or which layers attend to a
// window. Resolved completes a shape with those of its architecture, Layer says
// what one block computes, and Tensors lists the weights that this takes.
//
// # Caveats
//
// A shape file may combine parts as no published model does; nothing but the
// arithmetic of the published ones is held to a reference. The gated delta
// networks of Qwen 3.5 and the parallel experts of Gemma 4 are described by what
// they move, and not computed: see Executable.
package model

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
// means what its architecture says, or else what most models do.
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
	QKNorm       bool      `yaml:"qk_norm"`    // Qwen3: a norm over each head of Q and K
	RoPEScaling  *Scaling  `yaml:"rope_scaling"`
	Source       string    `yaml:"source"` // where the shape is published

	// Norms, activation, scales and caps.
	Norms          Norms      `yaml:"norms"`
	Activation     Activation `yaml:"activation"`
	QKNormWhole    bool       `yaml:"qk_norm_whole"`   // OLMo 2: the norm is over all heads at once
	ValueNorm      bool       `yaml:"value_norm"`      // Gemma 4: V is normalised too, without weights
	OutputBias     bool       `yaml:"output_bias"`     // of the attention's output, too
	FFNBias        bool       `yaml:"ffn_bias"`        // of the matrices of a dense feed-forward network
	LogitBias      bool       `yaml:"logit_bias"`      // of the output matrix
	FusedQKV       bool       `yaml:"fused_qkv"`       // Phi-3: Q, K and V are one matrix
	FusedGateUp    bool       `yaml:"fused_gate_up"`   // Phi-3: gate and up are one matrix
	EmbeddingScale float64    `yaml:"embedding_scale"` // times the embedding; 0 is 1
	ResidualScale  float64    `yaml:"residual_scale"`  // times what a half adds; 0 is 1
	LogitScale     float64    `yaml:"logit_scale"`     // times the logits; 0 is 1
	LogitCap       float64    `yaml:"logit_cap"`       // c·tanh(logit/c); 0 is none
	LayerScale     bool       `yaml:"layer_scale"`     // Gemma 4: a block's result times a stored number

	// Attention.
	AttentionScale float64 `yaml:"attention_scale"`  // of q·k; 0 is 1/√head_dim
	AttentionCap   float64 `yaml:"attention_cap"`    // c·tanh(score/c); 0 is none
	Sinks          bool    `yaml:"sinks"`            // gpt-oss: each head has a score that no value answers
	Window         int     `yaml:"sliding_window"`   // positions that a windowed layer sees; 0 is all
	GlobalEvery    int     `yaml:"global_every"`     // the last of so many layers sees all; 0: none does
	GlobalLayers   []int   `yaml:"global_layers"`    // these layers see all, in place of GlobalEvery
	GlobalHeadDim  int     `yaml:"global_head_dim"`  // of layers that see all; 0 is head_dim
	GlobalKVHeads  int     `yaml:"global_kv_heads"`  // of layers that see all; 0 is kv_heads
	GlobalKeyIsV   bool    `yaml:"global_k_is_v"`    // layers that see all have no matrix for V, K is both
	OutputGate     bool    `yaml:"output_gate"`      // Qwen 3.5: Q brings a gate for the heads' results
	SharedKVLayers int     `yaml:"shared_kv_layers"` // Gemma 4: so many last layers read an earlier cache
	SharedKVFFN    int     `yaml:"shared_kv_ffn"`    // the FFN width of those layers; 0 is ffn

	// Positions.
	RoPEDim         int     `yaml:"rope_dim"`          // values of a head that turn; 0 is head_dim
	RoPELocal       float64 `yaml:"rope_local_base"`   // base of windowed layers, unscaled; 0: as the others
	RoPELocalScaled bool    `yaml:"rope_local_scaled"` // Gemma 2, gpt-oss: that base is scaled as the other
	NoRoPEEvery     int     `yaml:"no_rope_every"`     // SmolLM3: the last of so many layers turns nothing
	Temperature     float64 `yaml:"temperature"`       // Mistral 3: q times 1 + this·ln(1 + ⌊t / original context⌋)

	// Layers that are not attention, and experts.
	Mixer           Mixer     `yaml:"mixer"`            // of the layers that do not attend; "" is attention in all
	AttentionEvery  int       `yaml:"attention_every"`  // the last of so many layers attends
	AttentionLayers []int     `yaml:"attention_layers"` // these layers attend, in place of AttentionEvery
	ConvLength      int       `yaml:"conv_length"`      // taps of a short convolution
	Delta           *DeltaNet `yaml:"delta_net"`
	Experts         *Experts  `yaml:"experts"`
	PerLayerDim     int       `yaml:"per_layer_dim"` // Gemma 3n, 4: width of each layer's own embedding

	Table *Table `yaml:"-"` // of an architecture without a description; nil: Tensors follow from the fields

	completed bool // what its architecture fixes is in it already
}

// Norms says where the two RMSNorms of a block's halves stand.
type Norms string

// The places of norms: in front of each half (Llama), behind it and before the
// sum (OLMo 2), or both (Gemma 2).
const (
	NormsBefore Norms = "before"
	NormsBehind Norms = "behind"
	NormsAround Norms = "around"
)

// Activation says what gates the hidden values of a feed-forward network.
type Activation string

// The activations: silu(g)·u (SwiGLU), gelu(g)·u with the tanh form of gelu
// (GeGLU), and gpt-oss's clamped g·sigmoid(1.702 g)·(u + 1).
const (
	SiLU       Activation = "silu"
	GELU       Activation = "gelu"
	ClampedGLU Activation = "clamped_glu"
)

// Mixer says how a layer moves values between positions.
type Mixer string

// The mixers: attention, LFM2's gated short convolution, and the gated delta
// network of Qwen 3.5.
const (
	Attention Mixer = "attention"
	ShortConv Mixer = "short_conv"
	GatedNet  Mixer = "delta_net"
	NoMixer   Mixer = "none" // of a Table's layers that do not attend
)

// DeltaNet is the geometry of a gated delta network (arXiv 2412.06464): heads of
// keys and of values, and the taps of the convolution in front.
type DeltaNet struct {
	KeyHeads   int `yaml:"key_heads"`
	ValueHeads int `yaml:"value_heads"`
	KeyDim     int `yaml:"key_dim"`
	ValueDim   int `yaml:"value_dim"`
	Conv       int `yaml:"conv"`
}

// Experts is a mixture of experts in place of the feed-forward network: a router
// gives each token to Used of Count networks.
type Experts struct {
	Count       int     `yaml:"count"`
	Used        int     `yaml:"used"`
	FFN         int     `yaml:"ffn"`          // width of an expert; 0 is the shape's
	SharedFFN   int     `yaml:"shared_ffn"`   // width of a network that every token passes; 0 is none
	DenseLayers int     `yaml:"dense_layers"` // so many first layers have no experts
	Gate        Gate    `yaml:"gate"`
	Normalize   bool    `yaml:"normalize"`   // the weights of the chosen are made to sum to 1
	Scale       float64 `yaml:"scale"`       // times the weights; 0 is 1
	ChoiceBias  bool    `yaml:"choice_bias"` // LFM2: a bias counts for the choice, not for the weight
	Biases      bool    `yaml:"biases"`      // gpt-oss: of the router and of the experts' matrices
	Parallel    bool    `yaml:"parallel"`    // Gemma 4: beside a dense network, and not in its place
}

// Gate says how a router's logits become weights.
type Gate string

// The gates: softmax over all experts, sigmoid of each, and softmax over the
// chosen ones (gpt-oss).
const (
	SoftmaxGate       Gate = "softmax"
	SigmoidGate       Gate = "sigmoid"
	SoftmaxChosenGate Gate = "softmax_chosen"
)

// Scaling is a change of the frequencies of rotary embedding for contexts longer
// than a model was first trained for. Each Type reads its own fields: "linear"
// Factor; "llama3" (Llama 3.1) Factor, LowFreqFactor, HighFreqFactor and
// OriginalContext; "yarn" (arXiv 2309.00071) Factor, OriginalContext, BetaFast,
// BetaSlow, LogMultiplier and Magnitude; "longrope" (arXiv 2402.13753)
// OriginalContext, Magnitude and the divisors Short and Long of each pair;
// "divisors" Long, whatever the context.
type Scaling struct {
	Type            string    `yaml:"type"`
	Factor          float64   `yaml:"factor"`
	LowFreqFactor   float64   `yaml:"low_freq_factor"`
	HighFreqFactor  float64   `yaml:"high_freq_factor"`
	OriginalContext int       `yaml:"original_context"`
	BetaFast        float64   `yaml:"beta_fast"`      // 0 is 32
	BetaSlow        float64   `yaml:"beta_slow"`      // 0 is 1
	LogMultiplier   float64   `yaml:"log_multiplier"` // DeepSeek, Mistral 3; 0 is none
	Magnitude       float64   `yaml:"magnitude"`      // times sines and cosines; 0: what the type says
	Short           []float64 `yaml:"short"`
	Long            []float64 `yaml:"long"`
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

// Executable reports whether the engine can compute with a model of this shape.
// Others still run shape-only: what they move is described.
func (s Shape) Executable() bool {
	s = s.Resolved()
	a, known := ArchitectureOf(s.Architecture)
	return known && !a.ShapeOnly && s.Delta == nil && !s.OutputGate && (s.Experts == nil || !s.Experts.Parallel)
}
