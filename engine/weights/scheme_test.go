package weights

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

func TestASchemeWithAnOutputOfItsOwn(t *testing.T) {
	shape, err := model.Preset("llama3.2-1b") // tied
	if err != nil {
		t.Fatal(err)
	}
	src, err := Synthetic(shape, Options{Quant: "q4_0/q8_0", ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for name, want := range map[string]quant.Type{"token_embd.weight": quant.Q8_0, "blk.0.attn_q.weight": quant.Q4_0, "blk.0.attn_v.weight": quant.Q4_0} {
		if got, ok := src.Tensor(name); !ok || got.Type != want {
			t.Errorf("%s is %v, want %v", name, got.Type, want)
		}
	}
	for _, bad := range []string{"q4_0/", "/q8_0", "q4_0/q8_0/x", "q4_0/q8_0/f16/f16", "none/q8_0", "w7", "w4_g48", "w4_zp", "8da4w/q8_0"} {
		if _, err := ParseScheme(bad); !fault.IsUser(err) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// storedSchemes are the schemes that weights can be made in.
func storedSchemes() (names []string) {
	for _, s := range schemes {
		encodes := true
		for _, t := range s.choices() {
			encodes = encodes && t.Encodes()
		}
		if encodes {
			names = append(names, s.Name)
		}
	}
	return names
}

// testdata/llama-quantize.json holds what llama.cpp's quantizer chooses for the
// tensors of three shapes: those outside the blocks, and for each part of a block
// the formats from the first to the last.
func TestMixturesAreThoseOfLlamaQuantize(t *testing.T) {
	data, err := os.ReadFile("testdata/llama-quantize.json")
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]map[string]map[string]string
	if err := json.Unmarshal(data, &answers); err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string]model.Shape{
		"shared": {Architecture: "llama", Layers: 16, Dim: 256, FFN: 512, Heads: 8, KVHeads: 2, Vocab: 300, Tied: true},
		"narrow": {Architecture: "qwen2", Layers: 5, Dim: 96, FFN: 320, Heads: 3, KVHeads: 1, Vocab: 300, Tied: true, QKVBias: true},
		"wide":   {Architecture: "qwen3", Layers: 28, Dim: 512, FFN: 1376, Heads: 8, KVHeads: 4, Vocab: 300, QKNorm: true},
	} {
		shape.Context, shape.NormEps = 128, 1e-5
		for _, s := range schemes {
			want, ok := answers[name][s.Name]
			if !ok && s.Name != "mxfp4" { // llama.cpp has it for experts alone
				t.Errorf("%s of %s: llama.cpp's choice is not known", s.Name, name)
				continue
			}
			src := synthetic(t, shape, Options{Quant: s.Name, ShapeOnly: true})
			for part, formats := range want {
				if got := formatsOf(src, part); got != formats {
					t.Errorf("%s of %s: %s is\n%s, llama.cpp takes\n%s", s.Name, name, part, got, formats)
				}
			}
		}
	}
}

// formatsOf lists the formats of a part of all blocks as runs, "2*q6_k 3*q4_k",
// or those of the matrices outside.
func formatsOf(src Source, part string) string {
	var runs []string
	count, last := 0, quant.Type("")
	flush := func() {
		if count > 0 {
			runs = append(runs, fmt.Sprintf("%d*%s", count, last))
		}
		count = 0
	}
	for _, tensor := range src.Tensors() {
		switch {
		case part == "outside" && !strings.HasPrefix(tensor.Name, "blk.") && tensor.Rows > 1:
			runs = append(runs, string(tensor.Type))
		case strings.HasSuffix(tensor.Name, "."+part+".weight"):
			if tensor.Type != last {
				flush()
			}
			last = tensor.Type
			count++
		}
	}
	flush()
	return strings.Join(runs, " ")
}

// What other runtimes store has the sizes that their formats say.
func TestSizesOfOtherRuntimesFormats(t *testing.T) {
	shape := model.Shape{Architecture: "llama", Layers: 1, Dim: 256, FFN: 512, Heads: 4, KVHeads: 2, Vocab: 300, Context: 128, NormEps: 1e-5}
	for _, c := range []struct {
		scheme, tensor string
		bytes          int64
	}{
		{"w8a8", "blk.0.ffn_up.weight", 512 * (256 + 4)},
		{"w4a16", "blk.0.ffn_up.weight", 512 * (128 + 4)},
		{"w4a16", "output.weight", 300 * (256 + 4)},
		{"q4f16_1", "blk.0.ffn_down.weight", 256 * 512 / 32 * (16 + 2)},
		{"mlx_4bit", "blk.0.ffn_down.weight", 256 * 512 / 64 * (32 + 4)},
		{"8da4w", "output.weight", 300 * 256 / 32 * 18},
		{"8DA4W", "token_embd.weight", 300 * (256 + 4)},
		{"w4_g256", "blk.0.attn_q.weight", 256 * (128 + 2)},
		{"w2_g128/q6_k", "blk.0.attn_q.weight", 256 * 2 * (32 + 2)},
	} {
		src := synthetic(t, shape, Options{Quant: c.scheme, ShapeOnly: true})
		if tensor, _ := src.Tensor(c.tensor); tensor.Bytes() != c.bytes {
			t.Errorf("%s: %s has %d bytes, want %d", c.scheme, c.tensor, tensor.Bytes(), c.bytes)
		}
		if _, err := Synthetic(shape, Options{Quant: c.scheme}); !fault.IsUser(err) || !strings.Contains(err.Error(), "--shape-only") {
			t.Errorf("%s with values: %v", c.scheme, err)
		}
	}
	shape.Dim, shape.Heads, shape.KVHeads = 96, 3, 1
	if tensor, _ := synthetic(t, shape, Options{Quant: "w4_g128", ShapeOnly: true}).Tensor("blk.0.attn_q.weight"); tensor.Type != "w4_g32" {
		t.Errorf("96 columns in groups of 128 become %s, want w4_g32", tensor.Type)
	}
}
