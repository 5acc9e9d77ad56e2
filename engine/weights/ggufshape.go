package weights

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// ggufShape reads the shape from a file's metadata and its table of tensors.
func ggufShape(f *gguf.File) (model.Shape, error) {
	architecture, err := ggufArchitecture(f)
	if err != nil {
		return model.Shape{}, err
	}
	r := &shapeReader{reader: reader{file: f}, family: architecture, arch: architecture.Name + ".", tensors: map[string]gguf.Tensor{}}
	for _, t := range f.Tensors {
		r.tensors[t.Name] = t
	}
	embedding, ok := r.tensors["token_embd.weight"]
	if !ok {
		return model.Shape{}, fmt.Errorf("tensor %q: missing; the file holds no whole model", "token_embd.weight")
	}
	s := model.Shape{
		Name:         strings.TrimSuffix(filepath.Base(f.Name), filepath.Ext(f.Name)),
		Architecture: architecture.Name,
		Layers:       r.int(r.arch + "block_count"),
		Sharing:      model.Sharing(r.text(sharingField, string(model.NoSharing))),
		Repeat:       r.intOr(repeatField, 1),
		Dim:          r.int(r.arch + "embedding_length"),
		Heads:        r.int(r.arch + "attention.head_count"),
		Vocab:        embedding.Rows,
		NormEps:      shortest(required(&r.reader, r.arch+"attention.layer_norm_rms_epsilon", f.Float)),
		RoPEBase:     r.floatOr(r.arch+"rope.freq_base", 10_000),
		RoPEStyle:    architecture.Pairs,
		Context:      r.intOr(r.arch+"context_length", 0),
		FusedQKV:     r.has("blk.0.attn_qkv.weight"),
		QKNorm:       architecture.Parts.QKNorm || !architecture.Parts.QKNormWhole && r.has("blk.0.attn_q_norm.weight"),
	}
	r.parts(&s)
	r.experts(&s)
	if r.err != nil {
		return s, r.err
	}
	resolved := s.Resolved()
	r.optionalTensors(&resolved)
	if resolved.Temperature != 0 {
		// It needs an original context, which ggufScaling reads.
		resolved.RoPEScaling = &model.Scaling{Type: "linear", Factor: 1, OriginalContext: 1}
	}
	if faults := resolved.Faults(); len(faults) > 0 {
		return s, fmt.Errorf("metadata makes no model: %s", inFile(faults, func(field string) string { return ggufKey(r.arch, field) }))
	}
	if err := checkVariant(f, r.arch, resolved); err != nil {
		return s, err
	}
	if resolved.RoPEScaling, err = ggufScaling(f, r.arch, resolved); err != nil {
		return s, err
	}
	if faults := resolved.Faults(); len(faults) > 0 {
		return s, fmt.Errorf("metadata makes no model: %s", inFile(faults, func(field string) string { return ggufKey(r.arch, field) }))
	}
	return resolved, nil
}

// shapeReader reads the fields of an architecture.
type shapeReader struct {
	reader
	family  *model.Architecture
	arch    string // prefix of its keys
	tensors map[string]gguf.Tensor
}

func (r *shapeReader) has(tensor string) bool {
	_, ok := r.tensors[tensor]
	return ok
}

// optionalTensors reads from the table of tensors which of those that a file may
// leave out are there.
func (r *shapeReader) optionalTensors(s *model.Shape) {
	s.Tied = !r.has("output.weight")
	s.LogitBias = r.has("output.bias")
	attends, global := -1, -1 // the first layer that does, and that sees all
	for block := range min(s.Layers, len(r.tensors)) {
		l := s.Layer(block)
		if l.Mixer == model.Attention && attends < 0 {
			attends = block
		}
		if l.Mixer == model.Attention && l.Window == 0 && global < 0 {
			global = block
		}
	}
	in := func(block int, tensor string) bool { return r.has(fmt.Sprintf("blk.%d.%s", block, tensor)) }
	s.QKVBias = in(attends, "attn_q.bias") || in(attends, "attn_qkv.bias")
	s.OutputBias = in(attends, "attn_output.bias")
	s.FFNBias = in(0, "ffn_up.bias")
	s.LayerScale = s.LayerScale && in(0, "layer_output_scale.weight")
	s.GlobalKeyIsV = s.ValueNorm && global >= 0 && in(global, "attn_k.weight") && !in(global, "attn_v.weight")
}

// number returns what the family reads under a key; 0 if it is absent, or if the
// family reads past it.
func (r *shapeReader) number(key string) float64 {
	if !r.family.Reads(key) {
		return 0
	}
	return r.floatOr(r.arch+key, 0)
}

// count is number for a whole one.
func (r *shapeReader) count(key string) int {
	if !r.family.Reads(key) {
		return 0
	}
	return r.intOr(r.arch+key, 0)
}

// parts reads what sets a model apart from a plain decoder.
func (r *shapeReader) parts(s *model.Shape) {
	r.widths(s)
	s.RoPEDim = r.intOr(r.arch+"rope.dimension_count", 0)
	s.RoPELocal = r.number("rope.freq_base_swa")
	s.AttentionCap = r.number("attn_logit_softcapping")
	s.LogitCap = r.number("final_logit_softcapping")
	s.EmbeddingScale = r.number("embedding_scale")
	s.ResidualScale = r.number("residual_scale")
	s.AttentionScale = r.number("attention.scale")
	if v := r.number("logit_scale"); v != 0 {
		s.LogitScale = 1 / v
	}
	s.Temperature = r.number("attention.temperature_scale")
	s.ConvLength = r.count("shortconv.l_cache")
	s.SharedKVLayers = r.count("attention.shared_kv_layers")
	s.PerLayerDim = r.count("embedding_length_per_layer_input")
	if key := "rope.scaling.finetuned"; r.family.Reads(key) {
		if turns := r.flag(r.arch + key); turns != nil && !*turns {
			s.NoRoPEEvery = 1 // Granite without positions
		}
	}
	r.window(s)
	if s.GlobalHeadDim != 0 {
		s.RoPEDim = 0
	}
}

// widths reads numbers that may differ between layers.
func (r *shapeReader) widths(s *model.Shape) {
	s.HeadDim = r.intOr(r.arch+"attention.key_length", 0)
	if local := r.count("attention.key_length_swa"); local != 0 && local != s.HeadDim {
		s.HeadDim, s.GlobalHeadDim = local, s.HeadDim
	}
	ffn := r.list(r.arch + "feed_forward_length")
	if len(ffn) > 0 {
		s.FFN = ffn[0]
		if last := ffn[len(ffn)-1]; last != s.FFN {
			s.SharedKVFFN = last
		}
	} else {
		s.FFN = r.int(r.arch + "feed_forward_length")
	}
	heads := r.list(r.arch + "attention.head_count_kv")
	switch {
	case len(heads) == 0:
		s.KVHeads = r.intOr(r.arch+"attention.head_count_kv", 0)
	case s.Architecture == "lfm2" || s.Architecture == "lfm2moe":
		for layer, n := range heads {
			if n > 0 {
				s.AttentionLayers, s.KVHeads = append(s.AttentionLayers, layer), n
			}
		}
		for layer, n := range heads {
			if n != 0 && n != s.KVHeads {
				r.fail("field %q: layer %d has %d, another %d; layers that attend differ", r.arch+"attention.head_count_kv", layer, n, s.KVHeads)
			}
		}
		if s.AttentionLayers == nil {
			s.AttentionLayers = []int{}
		}
	default:
		r.kvHeadsByLayer(s, heads)
	}
}

// kvHeadsByLayer reads KV heads of which windowed layers and others have
// different numbers.
func (r *shapeReader) kvHeadsByLayer(s *model.Shape, heads []int) {
	s.KVHeads = heads[0]
	for layer, n := range heads {
		if n == s.KVHeads {
			continue
		}
		if s.GlobalKVHeads != 0 && n != s.GlobalKVHeads || s.GlobalHeadDim == 0 {
			r.fail("field %q: layer %d has %d, layer 0 has %d; models whose layers differ are not supported", r.arch+"attention.head_count_kv", layer, n, s.KVHeads)
			return
		}
		s.GlobalKVHeads = n
	}
}

// list returns an array of integers whose values differ, nil if there is none.
func (r *shapeReader) list(key string) []int {
	values, err := r.file.Ints(key)
	if err != nil || len(values) == 0 {
		return nil
	}
	list := make([]int, len(values))
	for i, v := range values {
		if list[i] = int(v); v < 0 {
			r.fail("field %q: layer %d has %d", key, i, v)
		}
	}
	if !slices.ContainsFunc(list, func(v int) bool { return v != list[0] }) {
		return nil
	}
	return list
}

func (r *shapeReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// window reads which layers attend to a window.
func (r *shapeReader) window(s *model.Shape) {
	s.Window = r.count("attention.sliding_window")
	switch key := r.arch + "attention.sliding_window"; {
	case s.Architecture == "gemma2" && !r.file.Has(key):
		s.Window = 4096
	case s.Architecture == "olmo2" && s.Window > 0:
		s.GlobalEvery, s.RoPELocal = 4, s.RoPEBase
	}
	pattern := r.arch + "attention.sliding_window_pattern"
	switch {
	case !r.family.Reads("attention.sliding_window_pattern"), !r.file.Has(pattern):
		return
	case r.period(pattern, s):
		return
	}
	windowed, err := r.file.Flags(pattern)
	if err != nil {
		r.fail("%w", err)
		return
	}
	s.GlobalLayers = []int{}
	for layer, local := range windowed {
		if !local && layer < s.Layers {
			s.GlobalLayers = append(s.GlobalLayers, layer)
		}
	}
}

// period reads a pattern that is one number: the last of so many layers sees all.
func (r *shapeReader) period(key string, s *model.Shape) bool {
	n, err := r.file.Int(key)
	if err != nil {
		return false
	}
	if s.GlobalEvery = n; n == 0 {
		s.GlobalEvery = math.MaxInt32 // none does: refused as too many
	}
	return true
}

// experts reads a mixture.
func (r *shapeReader) experts(s *model.Shape) {
	count := r.intOr(r.arch+"expert_count", 0)
	a, _ := model.ArchitectureOf(s.Architecture)
	if count == 0 || a.Parts.Experts == nil {
		return
	}
	e := &model.Experts{
		Count:       count,
		Used:        r.int(r.arch + "expert_used_count"),
		FFN:         r.count("expert_feed_forward_length"),
		SharedFFN:   r.count("expert_shared_feed_forward_length"),
		DenseLayers: r.count("leading_dense_block_count"),
	}
	switch gate := r.count("expert_gating_func"); gate {
	case 0:
	case 1:
		e.Gate = model.SoftmaxGate
	case 2:
		e.Gate = model.SigmoidGate
	case 3:
		e.Gate = model.SoftmaxChosenGate
	default:
		r.fail("field %q: %d is not supported; 1 (softmax), 2 (sigmoid) and 3 (softmax over the chosen) are", r.arch+"expert_gating_func", gate)
	}
	if e.FFN == 0 && s.Architecture == "qwen3moe" && e.Used > 0 {
		e.FFN = s.FFN / e.Used
	}
	s.Experts = e
}

// ggufArchitecture returns the architecture of a file that holds a whole model
// of a known one.
func ggufArchitecture(f *gguf.File) (*model.Architecture, error) {
	r := reader{file: f}
	name := required(&r, "general.architecture", f.Text)
	a, known := model.ArchitectureOf(name)
	switch {
	case r.err != nil:
		return nil, r.err
	case !known:
		return nil, fmt.Errorf("field %q: %.40q is not supported; %s are; --shape-only takes its layers from its tensors and shows what it moves", "general.architecture", name, strings.Join(model.Architectures(), ", "))
	}
	return a, nil
}

// ggufKeys are the keys of a shape's fields behind the architecture's name.
var ggufKeys = map[string]string{
	"layers":           "block_count",
	"dim":              "embedding_length",
	"ffn":              "feed_forward_length",
	"heads":            "attention.head_count",
	"kv_heads":         "attention.head_count_kv",
	"head_dim":         "attention.key_length",
	"norm_eps":         "attention.layer_norm_rms_epsilon",
	"rope_base":        "rope.freq_base",
	"rope_dim":         "rope.dimension_count",
	"rope_local_base":  "rope.freq_base_swa",
	"context":          "context_length",
	"embedding_scale":  "embedding_scale",
	"residual_scale":   "residual_scale",
	"logit_scale":      "logit_scale",
	"attention_scale":  "attention.scale",
	"attention_cap":    "attn_logit_softcapping",
	"logit_cap":        "final_logit_softcapping",
	"temperature":      "attention.temperature_scale",
	"sliding_window":   "attention.sliding_window",
	"global_every":     "attention.sliding_window_pattern",
	"global_layers":    "attention.sliding_window_pattern",
	"global_head_dim":  "attention.key_length",
	"conv_length":      "shortconv.l_cache",
	"shared_kv_layers": "attention.shared_kv_layers",
	"per_layer_dim":    "embedding_length_per_layer_input",
	"experts":          "expert_count",
	"rope_scaling":     "rope.scaling",
}

// ggufKey returns the key of a shape's field, the field's name if it has none.
func ggufKey(arch, field string) string {
	switch field {
	case "sharing":
		return sharingField
	case "repeat":
		return repeatField
	}
	if key, ok := ggufKeys[field]; ok {
		return arch + key
	}
	return field
}

// checkVariant refuses models that carry the architecture's name and differ
// from it in a way that this engine does not compute.
func checkVariant(f *gguf.File, arch string, s model.Shape) error {
	r := reader{file: f}
	experts, turned, values := 0, s.HeadDim, s.HeadDim
	if s.Experts != nil {
		experts = s.Experts.Count
	}
	if s.RoPEDim > 0 {
		turned = s.RoPEDim
	}
	if s.GlobalHeadDim > 0 {
		turned, values = s.GlobalHeadDim, s.GlobalHeadDim
	}
	for _, must := range []struct {
		key  string
		want int
		why  string
	}{
		{"expert_count", experts, "a mixture of experts is not part of this architecture"},
		{"expert_shared_count", 0, "experts that all tokens share are not supported"},
		{"expert_group_count", 0, "groups of experts are not supported"},
		{"rope.dimension_count", turned, "rotary embedding over so many values of a head is not supported"},
		{"rope.dimension_count_swa", s.HeadDim, "rotary embedding over a part of each head is not supported there"},
		{"attention.value_length", values, "values of another length than keys are not supported"},
		{"attention.value_length_swa", s.HeadDim, "values of another length than keys are not supported"},
	} {
		if got := r.intOr(arch+must.key, must.want); r.err == nil && got != must.want {
			return fmt.Errorf("field %q: %d, not %d: %s", arch+must.key, got, must.want, must.why)
		}
	}
	if causal := r.flag(arch + "attention.causal"); causal != nil && !*causal {
		return fmt.Errorf("field %q: false: attention to later tokens is not supported; the model is an encoder", arch+"attention.causal")
	}
	return r.err
}
