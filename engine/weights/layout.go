package weights

import (
	"fmt"
	"iter"
	"slices"

	"github.com/memsim/memsim/engine/model"
)

// role is the place of a tensor in the network, under the middle part of its
// name.
type role string

// The tensors of a network.
const (
	tokenEmbd  role = "token_embd"
	attnNorm   role = "attn_norm"
	attnQ      role = "attn_q"
	attnK      role = "attn_k"
	attnV      role = "attn_v"
	attnQNorm  role = "attn_q_norm"
	attnKNorm  role = "attn_k_norm"
	attnOut    role = "attn_output"
	ffnNorm    role = "ffn_norm"
	ffnGate    role = "ffn_gate"
	ffnUp      role = "ffn_up"
	ffnDown    role = "ffn_down"
	outputNorm role = "output_norm"
	output     role = "output"
	ropeFreqs  role = "rope_freqs"
)

// slot is a tensor that a shape calls for: Rows 1 is a vector.
type slot struct {
	role  role
	block int // -1 outside the blocks
	bias  bool
	rows  int
	cols  int
}

func (s slot) name() string {
	kind := "weight"
	if s.bias {
		kind = "bias"
	}
	if s.block < 0 {
		return string(s.role) + "." + kind
	}
	return fmt.Sprintf("blk.%d.%s.%s", s.block, s.role, kind)
}

// vector reports whether the tensor is a vector: a norm or a bias, which all
// formats keep as floats.
func (s slot) vector() bool {
	switch s.role {
	case attnNorm, attnQNorm, attnKNorm, ffnNorm, outputNorm, ropeFreqs:
		return true
	}
	return s.bias
}

// slots lists the tensors of a resolved shape in the order in which they lie in
// a file that WriteGGUF writes: the order in which a token needs them.
func slots(s model.Shape) []slot { return slices.Collect(eachSlot(s)) }

// eachSlot yields what slots lists. A file may claim any number of layers: who
// checks it stops at the first tensor that is not there.
func eachSlot(s model.Shape) iter.Seq[slot] {
	return func(yield func(slot) bool) {
		if !yield(slot{tokenEmbd, -1, false, s.Vocab, s.Dim}) {
			return
		}
		if s.RoPEScaling != nil && s.RoPEScaling.Type == "llama3" && !yield(slot{ropeFreqs, -1, false, 1, s.HeadDim / 2}) {
			return
		}
		for block := range s.Layers {
			for _, t := range blockSlots(s, block) {
				if !yield(t) {
					return
				}
			}
		}
		if !yield(slot{outputNorm, -1, false, 1, s.Dim}) {
			return
		}
		if !s.Tied {
			yield(slot{output, -1, false, s.Vocab, s.Dim})
		}
	}
}

func blockSlots(s model.Shape, block int) []slot {
	q, kv := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	all := []slot{
		{attnNorm, block, false, 1, s.Dim},
		{attnQ, block, false, q, s.Dim},
		{attnK, block, false, kv, s.Dim},
		{attnV, block, false, kv, s.Dim},
	}
	if s.QKVBias {
		all = append(all, slot{attnQ, block, true, 1, q}, slot{attnK, block, true, 1, kv}, slot{attnV, block, true, 1, kv})
	}
	if s.QKNorm {
		all = append(all, slot{attnQNorm, block, false, 1, s.HeadDim}, slot{attnKNorm, block, false, 1, s.HeadDim})
	}
	return append(all,
		slot{attnOut, block, false, s.Dim, q},
		slot{ffnNorm, block, false, 1, s.Dim},
		slot{ffnGate, block, false, s.FFN, s.Dim},
		slot{ffnUp, block, false, s.FFN, s.Dim},
		slot{ffnDown, block, false, s.Dim, s.FFN},
	)
}

// computed reports whether the tensor follows from the shape: GGUF stores
// Llama 3's RoPE scaling as a tensor.
func (s slot) computed() bool { return s.role == ropeFreqs }

// huggingFaceNames are the tensors' names in Hugging Face files: of those in
// blocks, the part after "model.layers.N.".
var huggingFaceNames = map[role]string{
	tokenEmbd:  "model.embed_tokens",
	outputNorm: "model.norm",
	output:     "lm_head",
	attnNorm:   "input_layernorm",
	attnQ:      "self_attn.q_proj",
	attnK:      "self_attn.k_proj",
	attnV:      "self_attn.v_proj",
	attnQNorm:  "self_attn.q_norm",
	attnKNorm:  "self_attn.k_norm",
	attnOut:    "self_attn.o_proj",
	ffnNorm:    "post_attention_layernorm",
	ffnGate:    "mlp.gate_proj",
	ffnUp:      "mlp.up_proj",
	ffnDown:    "mlp.down_proj",
}

// huggingFace returns the tensor's name in a Hugging Face file.
func (s slot) huggingFace() string {
	name := huggingFaceNames[s.role] + ".weight"
	if s.bias {
		name = huggingFaceNames[s.role] + ".bias"
	}
	if s.block < 0 {
		return name
	}
	return fmt.Sprintf("model.layers.%d.%s", s.block, name)
}
