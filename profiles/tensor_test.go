package profiles_test

import (
	"testing"

	"github.com/memsim/memsim/profiles"
)

func TestTensorsOfAllBlocksHaveOneRole(t *testing.T) {
	for tensor, want := range map[string]string{
		"blk.3.ffn_down.weight": "ffn_down.weight", "blk.119.attn_q.bias": "attn_q.bias", "cache.7.k": "cache.k",
		"model.layers.0.mlp.gate_proj.weight": "mlp.gate_proj.weight", "token_embd.weight": "token_embd.weight", "logits": "logits", "": "",
	} {
		if got := profiles.TensorRole(tensor); got != want {
			t.Errorf("%s has the role %q, want %q", tensor, got, want)
		}
	}
}
