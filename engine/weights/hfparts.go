package weights

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/memsim/memsim/engine/model"
)

// hfParts are the keys of a config.json that say how large the parts of families
// beyond Llama's are.
type hfParts struct {
	SlidingWindow      int      `json:"sliding_window"`
	LayerTypes         []string `json:"layer_types"`
	Period             int      `json:"sliding_window_pattern"`
	AttentionBias      bool     `json:"attention_bias"`
	UseBias            bool     `json:"use_bias"` // Ernie's name of it
	NumExperts         int      `json:"num_experts"`
	NumLocalExperts    int      `json:"num_local_experts"`
	NumRoutedExperts   int      `json:"n_routed_experts"` // DeepSeek's names, and its followers'
	NumSharedExperts   int      `json:"n_shared_experts"`
	FirstDense         int      `json:"first_k_dense_replace"`
	NumExpertsPerTok   int      `json:"num_experts_per_tok"`
	MoEIntermediate    int      `json:"moe_intermediate_size"`
	NumDenseLayers     int      `json:"num_dense_layers"` // LFM2
	SharedIntermediate int      `json:"shared_intermediate_size"`
	ConvLength         int      `json:"conv_L_cache"`
	FullAttention      []int    `json:"full_attn_idxs"` // LFM2's older key
	BlockFFDim         int      `json:"block_ff_dim"`
	AutoAdjustFF       *bool    `json:"block_auto_adjust_ff_dim"`
	FFDimMultiplier    float64  `json:"block_ffn_dim_multiplier"`
	MultipleOf         int      `json:"block_multiple_of"`
	NormEps            float64  `json:"norm_eps"`
	TieEmbedding       *bool    `json:"tie_embedding"`
}

// parts fills in what a token of the family moves: windows, mixers, experts. What
// changes arithmetic alone is left out, since the values of these folders are not
// read.
func (c *config) parts(s *model.Shape, family *model.Architecture) error {
	if family.Parts.Tied {
		s.Tied = c.TieEmbedding == nil || *c.TieEmbedding
	}
	s.QKVBias = c.AttentionBias || c.UseBias
	s.OutputBias = s.QKVBias && family.Parts.OutputBias
	s.QKNorm = false // the architecture's
	if family.Reads("attention.sliding_window") && family.Name != "lfm2" {
		s.Window = c.SlidingWindow
		s.GlobalEvery = c.Period
	}
	if family.Parts.Mixer == model.ShortConv {
		c.convolutions(s)
	} else if s.Window > 0 && len(c.LayerTypes) > 0 {
		s.GlobalLayers = layersOf(c.LayerTypes, "full_attention")
	}
	if family.Parts.Experts == nil || loads[family.Name] {
		return nil
	}
	count := max(c.NumExperts, c.NumLocalExperts, c.NumRoutedExperts)
	if count == 0 {
		return nil // the dense model of a family that has both
	}
	if c.NumExpertsPerTok == 0 {
		return fmt.Errorf("num_experts_per_tok: missing beside %d experts", count)
	}
	s.Experts = &model.Experts{
		Count: count, Used: c.NumExpertsPerTok, FFN: c.MoEIntermediate,
		SharedFFN: cmp.Or(c.SharedIntermediate, c.NumSharedExperts*c.MoEIntermediate), DenseLayers: cmp.Or(c.NumDenseLayers, c.FirstDense),
	}
	return nil
}

// convolutions says which layers of LFM2 attend, and how wide its networks are: two
// thirds of what is stated, up to a multiple, unless it is stated as it is.
func (c *config) convolutions(s *model.Shape) {
	s.ConvLength = c.ConvLength
	s.AttentionLayers = c.FullAttention
	if len(c.LayerTypes) > 0 {
		s.AttentionLayers = layersOf(c.LayerTypes, "full_attention")
	}
	if c.NormEps != 0 {
		s.NormEps = c.NormEps
	}
	if c.BlockFFDim == 0 {
		return
	}
	s.FFN = c.BlockFFDim
	if c.AutoAdjustFF != nil && !*c.AutoAdjustFF {
		return
	}
	s.FFN = 2 * s.FFN / 3
	if c.FFDimMultiplier != 0 {
		s.FFN = int(c.FFDimMultiplier * float64(s.FFN))
	}
	if m := c.MultipleOf; m > 0 {
		s.FFN = (s.FFN + m - 1) / m * m
	}
}

// layersOf returns the numbers of the layers of a type.
func layersOf(types []string, kind string) []int {
	layers := []int{}
	for i, t := range types {
		if t == kind {
			layers = append(layers, i)
		}
	}
	return slices.Clip(layers)
}
