package model

import (
	"math"
	"slices"
)

// checkParts holds the parts of a shape against each other and against what the
// engine and its tensors can be.
func (c *checker) checkParts(s Shape) {
	c.oneOf("norms", string(s.Norms), string(NormsBefore), string(NormsBehind), string(NormsAround))
	c.oneOf("activation", string(s.Activation), string(SiLU), string(GELU), string(ClampedGLU))
	c.scales(s)
	c.within("sliding_window", s.Window, 0, maxContext)
	c.within("global_every", s.GlobalEvery, 0, maxLayers)
	c.within("no_rope_every", s.NoRoPEEvery, 0, maxLayers)
	c.within("attention_every", s.AttentionEvery, 0, maxLayers)
	c.layerList("global_layers", s.GlobalLayers)
	c.layerList("attention_layers", s.AttentionLayers)
	c.checkHeadsOfGlobalLayers(s)
	if s.FFNBias && s.FusedGateUp {
		c.add("ffn_bias", "gate and up are one matrix, which has none")
	}
	if s.RoPEDim < 0 || s.RoPEDim > s.HeadDim || s.RoPEDim%2 != 0 {
		c.add("rope_dim", "%d is no even number up to the %d values of a head", s.RoPEDim, s.HeadDim)
	}
	if s.RoPELocal != 0 && !(s.RoPELocal > 1 && s.RoPELocal < math.MaxFloat32) {
		c.add("rope_local_base", "%g is not above 1 and finite", s.RoPELocal)
	}
	if s.SharedKVLayers < 0 || s.SharedKVLayers > 0 && (s.SharedKVLayers >= s.Layers || s.Runs() > 1) {
		c.add("shared_kv_layers", "%d of %d layers: it needs a layer in front with a cache of its own, and blocks that run once", s.SharedKVLayers, s.Layers)
	}
	c.within("shared_kv_ffn", s.SharedKVFFN, 0, maxWidth)
	c.within("per_layer_dim", s.PerLayerDim, 0, maxWidth)
	if s.PerLayerDim > 0 && s.Runs() > 1 {
		c.add("per_layer_dim", "layers with embeddings of their own run once")
	}
	if s.Temperature != 0 && (s.RoPEScaling == nil || s.RoPEScaling.OriginalContext < 1 || !finite(s.Temperature)) {
		c.add("temperature", "%g needs rope_scaling with an original_context", s.Temperature)
	}
	c.checkMixer(s)
	if s.Experts != nil {
		c.checkExperts(s, *s.Experts)
	}
}

func (c *checker) oneOf(field, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		c.add(field, "%q is not one of %q", value, choices)
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && math.Abs(v) <= math.MaxFloat32 }

func (c *checker) scales(s Shape) {
	for _, f := range []struct {
		field string
		value float64
	}{
		{"embedding_scale", s.EmbeddingScale}, {"residual_scale", s.ResidualScale}, {"logit_scale", s.LogitScale},
		{"attention_scale", s.AttentionScale}, {"attention_cap", s.AttentionCap}, {"logit_cap", s.LogitCap},
	} {
		if !finite(f.value) || f.value < 0 {
			c.add(f.field, "%g is not a positive number", f.value)
		}
	}
}

func (c *checker) layerList(field string, layers []int) {
	for _, layer := range layers {
		if layer < 0 || layer >= maxLayers {
			c.add(field, "%d is no layer", layer)
			return
		}
	}
}

func (c *checker) checkHeadsOfGlobalLayers(s Shape) {
	if s.Heads < 1 {
		return // reported already
	}
	if d := s.GlobalHeadDim; d != 0 && (d < 2 || d%2 != 0 || d > maxWidth/s.Heads) {
		c.add("global_head_dim", "%d is no even number within 2 to %d", d, maxWidth/s.Heads)
	}
	if kv := s.GlobalKVHeads; kv < 0 || kv > 0 && s.Heads%kv != 0 {
		c.add("global_kv_heads", "%d does not divide the %d heads evenly", kv, s.Heads)
	}
	if s.FusedQKV && (s.SharedKVLayers > 0 || s.GlobalKeyIsV || s.OutputGate) {
		c.add("fused_qkv", "cannot go with layers that have no K or V, or with a gate")
	}
}

func (c *checker) checkMixer(s Shape) {
	switch s.Mixer {
	case "", Attention:
	case ShortConv:
		c.within("conv_length", s.ConvLength, 2, 64)
	case GatedNet:
		d := s.Delta
		if d == nil {
			c.add("delta_net", "missing; the mixer delta_net needs key_heads, value_heads, key_dim, value_dim and conv")
			return
		}
		for _, n := range []int{d.KeyHeads, d.ValueHeads, d.KeyDim, d.ValueDim, d.Conv} {
			if n < 1 || n > 1<<14 {
				c.add("delta_net", "%d is not within 1 to %d", n, 1<<14)
				return
			}
		}
	default:
		c.add("mixer", "%q is not attention, short_conv or delta_net", s.Mixer)
	}
}

func (c *checker) checkExperts(s Shape, e Experts) {
	c.within("experts", e.Count, 1, 1<<14)
	if e.Used < 1 || e.Used > e.Count {
		c.add("experts", "used %d is not within 1 to the %d experts", e.Used, e.Count)
	}
	if e.FFN < 1 || e.FFN > maxWidth || e.SharedFFN < 0 || e.SharedFFN > maxWidth || e.DenseLayers < 0 {
		c.add("experts", "ffn %d, shared_ffn %d, dense_layers %d: a number is out of range", e.FFN, e.SharedFFN, e.DenseLayers)
	}
	switch e.Gate {
	case SoftmaxGate, SigmoidGate, SoftmaxChosenGate:
	default:
		c.add("experts", "gate %q is not softmax, sigmoid or softmax_chosen", e.Gate)
	}
	if !finite(e.Scale) || e.Scale < 0 {
		c.add("experts", "scale %g is not a positive number", e.Scale)
	}
	if s.FusedGateUp {
		c.add("fused_gate_up", "experts have gate and up as matrices of their own")
	}
}
