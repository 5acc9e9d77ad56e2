package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// unknownFile is a made-up hybrid: a state space, two layers that attend, the second
// with experts, and a block for further tokens.
func unknownFile() *ggufFile {
	f := &ggufFile{}
	number := gguf.Uint32Value
	f.Fields = []gguf.Value{
		gguf.TextValue("general.architecture", "chimera"),
		number("chimera.block_count", 4), number("chimera.embedding_length", 64),
		number("chimera.attention.head_count", 4), number("chimera.context_length", 512),
		gguf.IntsValue("chimera.attention.head_count_kv", 4, func(i int) int32 { return []int32{0, 2, 1, 1}[i] }),
		number("chimera.attention.key_length", 24), number("chimera.attention.value_length", 16),
		number("chimera.expert_count", 6), number("chimera.expert_used_count", 2), number("chimera.nextn_predict_layers", 1),
	}
	add := func(name string, typ quant.Type, rows, cols, stack int) {
		f.Tensors = append(f.Tensors, gguf.Tensor{Name: name, Type: typ, Rows: rows, Cols: cols, Stack: stack})
	}
	add("token_embd.weight", quant.Q8_0, 300, 64, 0)
	add("blk.0.ssm_in.weight", quant.Q4_0, 256, 64, 0)
	add("blk.0.ssm_a", quant.F32, 1, 32, 0)
	for block := 1; block < 4; block++ {
		add(fmt.Sprintf("blk.%d.attn_norm.weight", block), quant.F32, 1, 64, 0)
		add(fmt.Sprintf("blk.%d.attn_q.weight", block), quant.Q8_0, 96, 64, 0)
		add(fmt.Sprintf("blk.%d.attn_k.weight", block), quant.Q8_0, 48, 64, 0)
		add(fmt.Sprintf("blk.%d.attn_output.weight", block), quant.IQ4_NL, 64, 64, 0)
	}
	add("blk.2.ffn_gate_inp.weight", quant.F32, 6, 64, 0)
	add("blk.2.ffn_up_exps.weight", quant.Q5_0, 6*128, 64, 6)
	add("output_norm.weight", quant.F16, 1, 64, 0)
	return f
}

func TestShapesOfUnknownArchitecturesHoldTheFilesTensors(t *testing.T) {
	f := unknownFile()
	data := f.bytes(t)
	src := must(openMapped("chimera.gguf", data, Options{ShapeOnly: true}))(t)
	if len(src.Tensors()) != len(f.Tensors) {
		t.Fatalf("%d tensors, want %d", len(src.Tensors()), len(f.Tensors))
	}
	for i, got := range src.Tensors() {
		if want := f.Tensors[i]; got.Name != want.Name || got.Type != want.Type || got.Bytes() != want.Bytes || got.Offset != want.Offset {
			t.Errorf("tensor %d is %+v, want %+v", i, got, want)
		}
	}
	s := src.Shape()
	layer := func(block int) [3]int { l := s.Layer(block); return [3]int{l.Heads, l.KVDim(), l.VDim()} }
	for block, want := range [][3]int{{}, {4, 48, 32}, {4, 24, 16}, {}} {
		if layer(block) != want {
			t.Errorf("layer %d has heads, keys and values %v, want %v", block, layer(block), want)
		}
	}
	if !s.Layer(2).Experts || s.Layer(1).Experts || s.Executable() {
		t.Errorf("layers are %+v, %+v", s.Layer(1), s.Layer(2))
	}
}

func TestUnknownArchitecturesAreRefusedWhereNothingCanBeSaid(t *testing.T) {
	_, err := openMapped("chimera.gguf", unknownFile().bytes(t), Options{})
	userError(t, err, `"chimera" is not supported`, "--shape-only")
	for want, f := range map[string]*ggufFile{
		`field "chimera.block_count": missing`:                  unknownFile().drop("chimera.block_count"),
		`field "chimera.block_count": 9000000 blocks`:           unknownFile().set(gguf.Uint32Value("chimera.block_count", 9_000_000)),
		`tensor "blk.3.attn_norm.weight": beyond the 3 blocks`:  unknownFile().set(gguf.Uint32Value("chimera.block_count", 3)),
		`tensor "token_embd.weight": missing`:                   unknownFile().tensor("token_embd.weight", func(t *gguf.Tensor) { t.Name = "v.patch_embd.weight" }),
		`field "chimera.expert_used_count": missing`:            unknownFile().drop("chimera.expert_used_count"),
		`head_count_kv": 2 values for 4 blocks`:                 unknownFile().set(gguf.IntsValue("chimera.attention.head_count_kv", 2, func(int) int32 { return 1 })),
		`chimera.expert_count: used 7 is not within 1 to the 6`: unknownFile().set(gguf.Uint32Value("chimera.expert_used_count", 7)),
	} {
		_, err := openMapped("chimera.gguf", f.bytes(t), Options{ShapeOnly: true})
		userError(t, err, "chimera.gguf: ", want)
	}
}

// A config.json of a class that is not known has the tensors of a plain decoder.
func TestConfigsOfUnknownClassesArePlainDecoders(t *testing.T) {
	dir := t.TempDir()
	config := `{"architectures": ["ChimeraForCausalLM"], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
		"num_key_value_heads": 2, "vocab_size": 300, "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "first_k_dense_replace": 1}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	got := must(Open(dir, Options{ShapeOnly: true}))(t).Shape()
	want := model.Shape{Architecture: "llama", Layers: 3, Dim: 64, FFN: 128, Heads: 4, KVHeads: 2, Vocab: 300,
		Experts: &model.Experts{Count: 8, Used: 2, FFN: 32, DenseLayers: 1}}
	if got.StoredParams() != want.StoredParams() || got.Executable() {
		t.Errorf("%d parameters, want %d", got.StoredParams(), want.StoredParams())
	}
	_, err := must(readConfig(filepath.Join(dir, "config.json")))(t).architecture()
	if err == nil || !strings.Contains(err.Error(), "--shape-only") {
		t.Errorf("with values: %v, which names no way out", err)
	}
}
