package weights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
)

// configs are what counts of published config.json files, beside the preset of the
// same model.
var configs = map[string]string{
	"gemma3-1b": `{"architectures": ["Gemma3ForCausalLM"], "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26,
		"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144, "rms_norm_eps": 1e-6,
		"rope_theta": 1000000, "rope_local_base_freq": 10000, "sliding_window": 512, "sliding_window_pattern": 6,
		"max_position_embeddings": 32768, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 256}`,
	"qwen3-30b-a3b": `{"architectures": ["Qwen3MoeForCausalLM"], "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 48,
		"num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 151936, "rms_norm_eps": 1e-6,
		"num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "norm_topk_prob": true,
		"rope_theta": 1000000, "max_position_embeddings": 40960, "tie_word_embeddings": false}`,
	"gpt-oss-20b": `{"architectures": ["GptOssForCausalLM"], "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 24,
		"num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088, "rms_norm_eps": 1e-5,
		"num_local_experts": 32, "num_experts_per_tok": 4, "attention_bias": true, "sliding_window": 128,
		"rope_scaling": {"rope_type": "yarn", "factor": 32}, "max_position_embeddings": 131072, "tie_word_embeddings": false}`,
	"lfm2-1.2b": `{"architectures": ["Lfm2ForCausalLM"], "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
		"num_key_value_heads": 8, "vocab_size": 65536, "norm_eps": 1e-5, "block_ff_dim": 12288, "block_auto_adjust_ff_dim": true,
		"block_ffn_dim_multiplier": 1.0, "block_multiple_of": 256, "conv_L_cache": 3, "full_attn_idxs": [2, 5, 8, 10, 12, 14],
		"max_position_embeddings": 128000}`,
	"phi-4-mini": `{"architectures": ["Phi3ForCausalLM"], "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
		"num_attention_heads": 24, "num_key_value_heads": 8, "vocab_size": 200064, "rms_norm_eps": 1e-5, "partial_rotary_factor": 0.75,
		"tie_word_embeddings": true, "max_position_embeddings": 131072}`,
	"smollm3-3b": `{"architectures": ["SmolLM3ForCausalLM"], "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
		"num_attention_heads": 16, "num_key_value_heads": 4, "vocab_size": 128256, "rms_norm_eps": 1e-6, "rope_theta": 5000000,
		"no_rope_layer_interval": 4, "tie_word_embeddings": true, "max_position_embeddings": 65536}`,
}

// TestConfigsOfOtherFamiliesSayWhatMoves holds the tensors that follow from a
// config.json to those of the preset, each by its name and size.
func TestConfigsOfOtherFamiliesSayWhatMoves(t *testing.T) {
	for preset, config := range configs {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		folder := must(Open(dir, Options{ShapeOnly: true}))(t)
		want := must(Open(preset, Options{ShapeOnly: true, Quant: "bf16"}))(t)
		got := map[string]int64{}
		for _, tensor := range folder.Tensors() {
			got[tensor.Name] = tensor.Bytes()
		}
		for _, tensor := range want.Tensors() {
			if computed := strings.HasPrefix(tensor.Name, "rope_f"); !computed && got[tensor.Name] != tensor.Bytes() {
				t.Errorf("%s: %s has %d bytes, not %d", preset, tensor.Name, got[tensor.Name], tensor.Bytes())
			}
			delete(got, tensor.Name)
		}
		if len(got) > 0 {
			t.Errorf("%s: %d tensors too many: %v", preset, len(got), got)
		}
		a, b := folder.Shape(), want.Shape()
		for block := range min(a.Layers, b.Layers) {
			x, y := a.Layer(block), b.Layer(block)
			if x.Window != y.Window || x.Mixer != y.Mixer || x.Experts != y.Experts {
				t.Errorf("%s: layer %d is %+v, not %+v", preset, block, x, y)
			}
		}
		if _, err := Open(dir, Options{}); !fault.IsUser(err) {
			t.Errorf("%s: with values: %v", preset, err)
		}
	}
	if len(model.Classes()) < 20 {
		t.Errorf("%d classes are known", len(model.Classes()))
	}
}
