package model

// architectures are the descriptions of the families that are understood, the
// plain ones first. Each says what its paper says, in the parts of a Shape; what
// differs between the models of a family (widths, windows, scales) is theirs.
var architectures = []Architecture{
	{
		// LLaMA (arXiv 2302.13971), Mistral and MobileLLM: a norm in front of each
		// half, grouped-query attention, SwiGLU; Mixtral (2401.04088) has experts.
		Name: "llama", Pairs: Interleaved,
		Classes: []string{"LlamaForCausalLM", "MobileLLMForCausalLM", "MistralForCausalLM"},
		Parts:   Shape{Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{Name: "internlm2", Pairs: Interleaved}, // arXiv 2403.17297
	{Name: "xverse", Pairs: Interleaved, Classes: []string{"XverseForCausalLM"}},
	{Name: "ernie4_5", Pairs: Interleaved, Classes: []string{"Ernie4_5ForCausalLM", "Ernie4_5_ForCausalLM"}},
	{
		// Qwen 2 and 2.5 (arXiv 2407.10671): biases of Q, K and V.
		Name: "qwen2", Pairs: Halves,
		Classes: []string{"Qwen2ForCausalLM"},
	},
	{
		// Qwen 3 (arXiv 2505.09388): a norm over each head of Q and K.
		Name: "qwen3", Pairs: Halves,
		Classes: []string{"Qwen3ForCausalLM"},
	},
	{
		// SmolLM3: every fourth layer knows no positions (NoPE, arXiv 2501.18795).
		Name: "smollm3", Pairs: Interleaved,
		Classes: []string{"SmolLM3ForCausalLM"},
		Parts:   Shape{NoRoPEEvery: 4},
	},
	{
		// Mistral 3: queries grow with the logarithm of their position.
		Name: "mistral3", Pairs: Interleaved,
		Keys:    []string{"attention.temperature_scale", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "rope.scaling.yarn_log_multiplier"},
		Classes: []string{"Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"},
		Parts:   Shape{Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{
		// Phi-3 (arXiv 2404.14219) and Phi-4-mini (2503.01743): Q, K and V are one
		// matrix, and so are gate and up; LongRoPE; Phi-4-mini turns a part of a head.
		Name: "phi3", Pairs: Halves,
		Classes: []string{"Phi3ForCausalLM"},
		Parts:   Shape{FusedQKV: true, FusedGateUp: true},
		names:   map[Role]string{AttnQKV: "self_attn.qkv_proj", FFNUp: "mlp.gate_up_proj"},
	},
	{
		// MiniCPM (arXiv 2404.06395): scales for the embedding, for what a half adds
		// and for the logits; those of the first models where a file states none.
		Name: "minicpm", Pairs: Interleaved,
		Keys:    []string{"embedding_scale", "residual_scale", "logit_scale"},
		Classes: []string{"MiniCPMForCausalLM"},
		derive:  miniCPMScales,
		Parts:   Shape{Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{
		// Granite 3: MiniCPM's scales, and one for the scores.
		Name: "granite", Pairs: Interleaved,
		Keys:    append(scaleKeys, "rope.scaling.finetuned", "expert_shared_feed_forward_length"),
		Classes: []string{"GraniteForCausalLM"},
		Parts:   Shape{Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{
		// Gemma 2 (arXiv 2408.00118): norms around both halves, GeGLU, caps on scores
		// and logits, every other layer attends to a window.
		Name: "gemma2", Pairs: Halves, NormOffset: 1,
		Keys:    append(windowKeys, "rope.freq_base_swa", "attn_logit_softcapping", "final_logit_softcapping"),
		Classes: []string{"Gemma2ForCausalLM"},
		Parts:   Shape{Norms: NormsAround, Activation: GELU, GlobalEvery: 2, RoPELocalScaled: true, AttentionCap: 50, LogitCap: 30, Tied: true},
		derive:  gemmaScales(46),
		names:   aroundNames,
	},
	{
		// Gemma 3 (arXiv 2503.19786): head norms in place of caps, five layers with a
		// window and a rotary base of their own for each that sees all.
		Name: "gemma3", Pairs: Halves, NormOffset: 1,
		Keys:    append(windowKeys, "rope.freq_base_swa", "final_logit_softcapping"),
		Classes: []string{"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
		Parts:   Shape{Norms: NormsAround, Activation: GELU, QKNorm: true, GlobalEvery: 6, RoPELocal: 10_000, Tied: true},
		derive:  gemmaScales(62),
		names:   aroundNames,
	},
	{
		// Gemma 4: Gemma 3's, with larger heads where a layer sees all, normalised
		// values, last layers that read an earlier layer's cache, and an embedding for
		// each layer, of which a token needs one row.
		Name: "gemma4", Pairs: Halves, Keys: gemmaNKeys,
		Parts: Shape{
			Norms: NormsAround, Activation: GELU, QKNorm: true, ValueNorm: true, AttentionScale: 1,
			GlobalEvery: 6, RoPELocal: 10_000, LayerScale: true, Tied: true,
		},
		derive: gemmaScales(0),
	},
	{
		// Gemma 3n: Gemma 4's embeddings for each layer and shared caches, with the
		// heads of Gemma 3. Described by what it moves; see the preset for what is not.
		Name: "gemma3n", Pairs: Halves, ShapeOnly: true, Keys: gemmaNKeys,
		Parts: Shape{
			Norms: NormsAround, Activation: GELU, QKNorm: true, ValueNorm: true, AttentionScale: 1,
			GlobalEvery: 5, RoPELocal: 10_000, Tied: true,
		},
		derive: gemmaScales(0),
	},
	{
		// OLMo 2 (arXiv 2501.00656): norms behind each half, and over all of Q and K;
		// OLMo 3 adds windows.
		Name: "olmo2", Pairs: Halves,
		Keys:    windowKeys,
		Classes: []string{"Olmo2ForCausalLM", "Olmo3ForCausalLM"},
		Parts:   Shape{Norms: NormsBehind, QKNormWhole: true},
		names:   map[Role]string{PostAttnNorm: "post_attention_layernorm", PostFFNNorm: "post_feedforward_layernorm"},
	},
	{
		// LFM2 (arXiv 2511.23404): short gated convolutions, some layers attend.
		Name: "lfm2", Pairs: Halves,
		Keys:    []string{"attention.sliding_window", "shortconv.l_cache"},
		Classes: []string{"Lfm2ForCausalLM"},
		Parts:   Shape{Mixer: ShortConv, ConvLength: 3, QKNorm: true, Tied: true},
		files:   map[Role]Role{OutputNorm: "token_embd_norm"},
		names:   lfm2Names,
	},
	{
		// LFM2's mixtures: experts by sigmoid, a bias counts for the choice alone.
		Name: "lfm2moe", Pairs: Halves,
		Classes: []string{"Lfm2MoeForCausalLM"},
		Keys:    []string{"shortconv.l_cache", "leading_dense_block_count", "expert_feed_forward_length", "expert_gating_func"},
		Parts: Shape{
			Mixer: ShortConv, ConvLength: 3, QKNorm: true, Tied: true,
			Experts: &Experts{Gate: SigmoidGate, Normalize: true, ChoiceBias: true},
		},
		files: map[Role]Role{OutputNorm: "token_embd_norm"},
		names: lfm2Names,
	},
	{
		// Qwen 3's mixtures: Qwen 3 with routed experts.
		Name: "qwen3moe", Pairs: Halves,
		Classes: []string{"Qwen3MoeForCausalLM"},
		Keys:    []string{"expert_feed_forward_length"},
		Parts:   Shape{QKNorm: true, Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{
		// OLMoE (arXiv 2409.02060): the weights of the chosen keep what the softmax
		// over all gave them.
		Name: "olmoe", Pairs: Halves,
		Classes: []string{"OlmoeForCausalLM"},
		Parts:   Shape{QKNormWhole: true, Experts: &Experts{Gate: SoftmaxGate}},
	},
	{
		// Granite's mixtures: Granite with routed experts.
		Name: "granitemoe", Pairs: Interleaved,
		Classes: []string{"GraniteMoeForCausalLM"},
		Keys:    append(scaleKeys, "expert_shared_feed_forward_length"),
		Parts:   Shape{Experts: &Experts{Gate: SoftmaxGate, Normalize: true}},
	},
	{
		// gpt-oss (arXiv 2508.10925): windows in every other layer, sinks, biases
		// everywhere, a softmax over the chosen experts.
		Name: "gpt-oss", Pairs: Halves,
		Classes: []string{"GptOssForCausalLM"},
		Keys:    append(windowKeys, "rope.freq_base_swa", "expert_feed_forward_length"),
		Parts: Shape{
			QKVBias: true, OutputBias: true, Sinks: true, GlobalEvery: 2, RoPELocalScaled: true, Activation: ClampedGLU,
			Experts: &Experts{Gate: SoftmaxChosenGate, Biases: true},
		},
		files: map[Role]Role{FFNNorm: "post_attention_norm"},
	},
	{
		// Qwen 3.5: three gated delta networks (arXiv 2412.06464) for each layer that
		// attends, whose result is gated. Described by what it moves.
		Name: "qwen35", Pairs: Halves, ShapeOnly: true,
		Parts: Shape{QKNorm: true, OutputGate: true, Mixer: GatedNet, AttentionEvery: 4},
		files: map[Role]Role{FFNNorm: "post_attention_norm"},
	},
	{
		// The mixtures of Qwen 3.5 and 3.6: routed experts and one for all.
		Name: "qwen35moe", Pairs: Halves, ShapeOnly: true,
		Keys: []string{"expert_feed_forward_length", "expert_shared_feed_forward_length"},
		Parts: Shape{
			QKNorm: true, OutputGate: true, Mixer: GatedNet, AttentionEvery: 4,
			Experts: &Experts{Gate: SoftmaxGate, Normalize: true},
		},
		files: map[Role]Role{FFNNorm: "post_attention_norm"},
	},
}

// Keys of metadata that several families read: which layers see a window, what is
// scaled, and Gemma 3n's and 4's, which have both.
var (
	windowKeys = []string{"attention.sliding_window", "attention.sliding_window_pattern"}
	scaleKeys  = []string{"embedding_scale", "residual_scale", "logit_scale", "attention.scale"}
	gemmaNKeys = []string{
		"attention.sliding_window", "attention.sliding_window_pattern", "rope.freq_base_swa", "final_logit_softcapping",
		"attention.key_length_swa", "attention.shared_kv_layers", "embedding_length_per_layer_input", "expert_feed_forward_length",
	}
)

// aroundNames are Hugging Face's names of norms around both halves.
var aroundNames = map[Role]string{
	PostAttnNorm: "post_attention_layernorm",
	FFNNorm:      "pre_feedforward_layernorm",
	PostFFNNorm:  "post_feedforward_layernorm",
}

var lfm2Names = map[Role]string{
	OutputNorm: "model.embedding_norm",
	AttnNorm:   "operator_norm",
	ConvIn:     "conv.in_proj",
	ConvTaps:   "conv.conv",
	ConvOut:    "conv.out_proj",
	AttnQNorm:  "self_attn.q_layernorm",
	AttnKNorm:  "self_attn.k_layernorm",
	AttnOut:    "self_attn.out_proj",
	FFNNorm:    "ffn_norm",
	FFNGate:    "feed_forward.w1",
	FFNUp:      "feed_forward.w3",
	FFNDown:    "feed_forward.w2",
}
