package weights

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/fault"
)

// turnedOf returns how many values of a head rotary embedding turns.
func turnedOf(s model.Shape) int {
	switch {
	case s.RoPEDim > 0:
		return s.RoPEDim
	case s.GlobalHeadDim > 0:
		return s.GlobalHeadDim
	}
	return s.HeadDim
}

// partFields returns the fields of what sets a shape apart from a plain decoder,
// as shapeReader reads them.
func partFields(arch string, s model.Shape) []gguf.Value {
	var all []gguf.Value
	number := func(key string, v int) {
		if v != 0 {
			all = append(all, gguf.Uint32Value(arch+key, v))
		}
	}
	float := func(key string, v float64) {
		if v != 0 {
			all = append(all, gguf.Float32Value(arch+key, v))
		}
	}
	if r := s.RoPEScaling; r != nil {
		all = append(all, scalingFields(arch, *r)...)
	}
	float("attn_logit_softcapping", s.AttentionCap)
	float("final_logit_softcapping", s.LogitCap)
	if a, ok := model.ArchitectureOf(s.Architecture); !ok || a.NormOffset == 0 && s.Architecture != "gemma4" {
		float("embedding_scale", s.EmbeddingScale)
		float("attention.scale", s.AttentionScale)
	}
	float("residual_scale", s.ResidualScale)
	if s.LogitScale != 0 {
		float("logit_scale", 1/s.LogitScale)
	}
	if s.NoRoPEEvery == 1 {
		all = append(all, gguf.BoolValue(arch+"rope.scaling.finetuned", false))
	}
	float("attention.temperature_scale", s.Temperature)
	if s.Architecture == "phi3" && s.Window == 0 {
		number("attention.sliding_window", s.Context) // llama.cpp wants one, and reads past it
	}
	number("attention.sliding_window", s.Window)
	if s.GlobalHeadDim > 0 {
		number("attention.key_length_swa", s.HeadDim)
		number("attention.value_length_swa", s.HeadDim)
		number("rope.dimension_count_swa", s.HeadDim)
	}
	if s.GlobalLayers != nil {
		all = append(all, windowedField(arch, s))
	} else if s.Architecture == "gemma4" {
		all = append(all, windowedField(arch, s)) // llama.cpp wants a list
	} else if s.Window > 0 {
		number("attention.sliding_window_pattern", s.GlobalEvery)
	}
	if s.Architecture != "olmo2" {
		float("rope.freq_base_swa", s.RoPELocal)
	}
	number("attention.shared_kv_layers", s.SharedKVLayers)
	number("embedding_length_per_layer_input", s.PerLayerDim)
	if s.PerLayerDim == 0 && s.Architecture == "gemma4" {
		all = append(all, gguf.Uint32Value(arch+"embedding_length_per_layer_input", 0))
	}
	if s.Mixer == model.ShortConv {
		number("shortconv.l_cache", s.ConvLength)
	}
	if e := s.Experts; e != nil {
		number("expert_count", e.Count)
		number("expert_used_count", e.Used)
		number("expert_feed_forward_length", e.FFN)
		number("expert_shared_feed_forward_length", e.SharedFFN)
		number("leading_dense_block_count", e.DenseLayers)
		number("expert_gating_func", map[model.Gate]int{model.SoftmaxGate: 1, model.SigmoidGate: 2, model.SoftmaxChosenGate: 3}[e.Gate])
		float("expert_weights_scale", e.Scale)
	}
	return all
}

// numberKeys are those of numbers that a family computes with, where it reads them.
var numberKeys = []string{
	"attn_logit_softcapping", "final_logit_softcapping", "embedding_scale", "residual_scale", "logit_scale",
	"attention.scale", "attention.temperature_scale", "attention.sliding_window", "attention.shared_kv_layers",
	"rope.scaling.yarn_log_multiplier", "rope.scaling.finetuned",
}

// checkKeys refuses, as the user's mistake, a file that would say what its family
// reads past: the model would compute something else when it is read again.
func checkKeys(name string, arch *model.Architecture, fields []gguf.Value) error {
	for _, f := range fields {
		key := strings.TrimPrefix(f.Key, arch.Name+".")
		if slices.Contains(numberKeys, key) && !arch.Reads(key) && !(arch.Name == "phi3" && key == "attention.sliding_window") {
			return fault.Userf("model %s: %q: files of %s models have no such number, so the file would be of another model; leave it out of the shape, or name an architecture that has it", name, key, arch.Name)
		}
	}
	return nil
}

// scalingFields returns the fields of a scaling; its divisors are tensors.
func scalingFields(arch string, r model.Scaling) []gguf.Value {
	var all []gguf.Value
	float := func(key string, v float64) {
		if v != 0 {
			all = append(all, gguf.Float32Value(arch+"rope.scaling."+key, v))
		}
	}
	switch r.Type {
	case "linear", "yarn", "longrope":
		all = append(all, gguf.TextValue(arch+"rope.scaling.type", r.Type))
		float("factor", r.Factor)
		if r.OriginalContext > 0 {
			all = append(all, gguf.Uint32Value(arch+"rope.scaling.original_context_length", r.OriginalContext))
		}
	}
	float("attn_factor", r.Magnitude)
	float("yarn_beta_fast", r.BetaFast)
	float("yarn_beta_slow", r.BetaSlow)
	float("yarn_log_multiplier", r.LogMultiplier)
	return all
}

// kvHeadsField states the KV heads once, or for each layer where they differ.
func kvHeadsField(arch string, s model.Shape) gguf.Value {
	const key = "attention.head_count_kv"
	each := func(i int) int32 {
		l := s.Layer(i)
		if l.Mixer != model.Attention {
			return 0
		}
		return int32(l.KVHeads)
	}
	for i := range s.Layers {
		if each(i) != int32(s.KVHeads) {
			return gguf.IntsValue(arch+key, s.Layers, each)
		}
	}
	return gguf.Uint32Value(arch+key, s.KVHeads)
}

// windowedField states for each layer whether it attends to a window.
func windowedField(arch string, s model.Shape) gguf.Value {
	return gguf.BoolsValue(arch+"attention.sliding_window_pattern", s.Layers, func(i int) bool { return s.Layer(i).Window > 0 })
}
