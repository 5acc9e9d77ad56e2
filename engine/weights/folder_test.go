package weights

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/safetensors"
)

// editConfig changes a folder's config.json.
func editConfig(t *testing.T, dir string, change map[string]any) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	var c map[string]any
	if err := json.Unmarshal(must(os.ReadFile(path))(t), &c); err != nil {
		t.Fatal(err)
	}
	for key, value := range change {
		c[key] = value
		if value == nil {
			delete(c, key)
		}
	}
	writeTo(t, path, must(json.Marshal(c))(t))
}

func writeTo(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// readTensors returns the tensors of a safetensors file.
func readTensors(t *testing.T, path string) []safetensors.Tensor {
	t.Helper()
	return must(safetensors.Parse(path, must(os.ReadFile(path))(t)))(t).Tensors
}

// writeTensors writes tensors that hold their data.
func writeTensors(t *testing.T, path string, tensors []safetensors.Tensor) {
	t.Helper()
	var b bytes.Buffer
	err := safetensors.Write(&b, tensors, nil, func(t safetensors.Tensor) ([]byte, error) { return t.Data, nil })
	if err != nil {
		t.Fatal(err)
	}
	writeTo(t, path, b.Bytes())
}

func TestConfigsThatAreNotUnderstoodAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"no class":             {map[string]any{"architectures": nil}, "architectures: has 0 entries"},
		"unknown class":        {map[string]any{"architectures": []string{"PerceiverForCausalLM"}}, `"PerceiverForCausalLM" is not supported; Ernie4_5ForCausalLM, Ernie4_5_ForCausalLM`},
		"text for a number":    {map[string]any{"hidden_size": "256"}, "hidden_size"},
		"a fraction":           {map[string]any{"hidden_size": 1.5}, "hidden_size"},
		"no width":             {map[string]any{"hidden_size": nil}, "config.json: makes no model: hidden_size: missing or 0"},
		"negative layers":      {map[string]any{"num_hidden_layers": -1}, "num_hidden_layers: -1"},
		"a billion layers":     {map[string]any{"num_hidden_layers": 1_000_000_000}, "num_hidden_layers: 1000000000"},
		"more layers":          {map[string]any{"num_hidden_layers": 10_000}, `tensor "model.layers.2.input_layernorm.weight": missing`},
		"fewer layers":         {map[string]any{"num_hidden_layers": 1}, `tensor "model.layers.1.`},
		"another width":        {map[string]any{"intermediate_size": 100}, "shape [512 256], but config.json asks for [100 256]"},
		"another activation":   {map[string]any{"hidden_act": "gelu"}, `hidden_act: "gelu" is not supported`},
		"a sliding window":     {map[string]any{"use_sliding_window": true}, "use_sliding_window"},
		"partial rotation":     {map[string]any{"partial_rotary_factor": 0.5}, "partial_rotary_factor: 0.5"},
		"partial rotation, v5": {map[string]any{"rope_parameters": map[string]any{"partial_rotary_factor": 0.5}}, "partial_rotary_factor: 0.5"},
		"quantized weights":    {map[string]any{"quantization_config": map[string]any{"bits": 4}}, "quantization_config"},
		"an unknown scaling":   {map[string]any{"rope_scaling": map[string]any{"rope_type": "yarn", "factor": 2}}, `rope_scaling: type "yarn"`},
		"a scaling of nothing": {map[string]any{"rope_scaling": map[string]any{"type": "linear"}}, "factor"},
		"an unknown order":     {map[string]any{"memsim_layer_sharing": "sideways", "memsim_layer_repeat": 2}, "sideways"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFolder(t, tiny(), "bf16")
			editConfig(t, dir, c.change)
			_, err := Open(dir, Options{})
			userError(t, err, dir, c.want)
		})
	}
}

func TestKeysOfConfigs(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		is     func(model.Shape) bool
	}{
		"head_dim follows from the heads":     {map[string]any{"head_dim": nil}, func(s model.Shape) bool { return s.HeadDim == 64 }},
		"share_embedding ties":                {map[string]any{"tie_word_embeddings": false, "share_embedding": true}, func(s model.Shape) bool { return s.Tied }},
		"a missing lm_head ties":              {map[string]any{"tie_word_embeddings": false}, func(s model.Shape) bool { return s.Tied }},
		"layer_sharing runs each block twice": {map[string]any{"layer_sharing": true}, func(s model.Shape) bool { return s.Layers == 2 && s.Executed() == 4 && s.Sharing == model.Immediate }},
		"rope_parameters hold the base":       {map[string]any{"rope_theta": nil, "rope_parameters": map[string]any{"rope_theta": 1e6}}, func(s model.Shape) bool { return s.RoPEBase == 1e6 }},
		"linear scaling by its older name": {map[string]any{"rope_scaling": map[string]any{"type": "linear", "factor": 2}}, func(s model.Shape) bool {
			return reflect.DeepEqual(*s.RoPEScaling, model.Scaling{Type: "linear", Factor: 2})
		}},
		"the default scaling is none": {map[string]any{"rope_scaling": map[string]any{"rope_type": "default"}}, func(s model.Shape) bool { return s.RoPEScaling == nil }},
	} {
		dir := writeFolder(t, tiny(), "bf16")
		editConfig(t, dir, c.change)
		if s := open(t, dir, Options{}).Shape(); !c.is(s) {
			t.Errorf("%s: shape is %+v", name, s)
		}
	}
}

func TestFoldersWhoseTensorsDoNotFitAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]safetensors.Tensor) []safetensors.Tensor
		want   string
	}{
		"one missing": {func(all []safetensors.Tensor) []safetensors.Tensor { return all[1:] }, `tensor "model.embed_tokens.weight": missing`},
		"under other names": {func(all []safetensors.Tensor) []safetensors.Tensor {
			for i := range all {
				all[i].Name = "backbone." + all[i].Name
			}
			return all
		}, `the files name tensor "model.embed_tokens.weight" "backbone.model.embed_tokens.weight", which is not read`},
		"one too many": {func(all []safetensors.Tensor) []safetensors.Tensor {
			return append(all, safetensors.Tensor{Name: "model.layers.0.mlp.up_proj.bias", DType: "F16", Shape: []int{1}, Data: []byte{0, 0}})
		}, `tensor "model.layers.0.mlp.up_proj.bias": not part of`},
		"integers": {func(all []safetensors.Tensor) []safetensors.Tensor { all[0].DType = "I16"; return all }, "I16 values are not supported"},
		"transposed": {func(all []safetensors.Tensor) []safetensors.Tensor { all[0].Shape = []int{256, 300}; return all },
			"shape [256 300], but config.json asks for [300 256]"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFolder(t, tiny(), "f16")
			path := filepath.Join(dir, "model.safetensors")
			writeTensors(t, path, c.change(readTensors(t, path)))
			_, err := Open(dir, Options{})
			userError(t, err, dir, c.want)
		})
	}
}

func TestRedundantTensorsAreIgnored(t *testing.T) {
	dir := writeFolder(t, tiny(), "f16")
	path := filepath.Join(dir, "model.safetensors")
	all := readTensors(t, path)
	head := all[0]
	head.Name = "lm_head.weight"
	all = append(all, head, safetensors.Tensor{Name: "model.layers.0.self_attn.rotary_emb.inv_freq", DType: "F32", Shape: []int{1}, Data: make([]byte, 4)})
	writeTensors(t, path, all)
	if s := open(t, dir, Options{}); !s.Shape().Tied {
		t.Error("tie_word_embeddings is overruled by an lm_head")
	}
}

// splitFolder moves a folder's tensors to two files with an index.
func splitFolder(t *testing.T, dir string) {
	t.Helper()
	whole := filepath.Join(dir, "model.safetensors")
	all := readTensors(t, whole)
	half := len(all) / 2
	index := map[string]string{}
	for i, part := range [][]safetensors.Tensor{all[:half], all[half:]} {
		name := []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}[i]
		writeTensors(t, filepath.Join(dir, name), part)
		for _, tensor := range part {
			index[tensor.Name] = name
		}
	}
	writeTo(t, filepath.Join(dir, "model.safetensors.index.json"), must(json.Marshal(map[string]any{"weight_map": index}))(t))
	if err := os.Remove(whole); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralFiles(t *testing.T) {
	dir := writeFolder(t, tiny(), "bf16")
	want := map[string][]byte{}
	for _, tensor := range open(t, dir, Options{}).Tensors() {
		want[tensor.Name] = bytes.Clone(tensor.Data)
	}
	splitFolder(t, dir)
	s := open(t, dir, Options{})
	for _, tensor := range s.Tensors() {
		if !bytes.Equal(tensor.Data, want[tensor.Name]) {
			t.Errorf("%s: differs", tensor.Name)
		}
	}
	userError(t, WriteSafetensors(dir, s), "several files", "another folder")

	second := filepath.Join(dir, "model-00002-of-00002.safetensors")
	writeTensors(t, second, append(readTensors(t, second), readTensors(t, filepath.Join(dir, "model-00001-of-00002.safetensors"))[0]))
	_, err := Open(dir, Options{})
	userError(t, err, "is also in model-00001-of-00002.safetensors")

	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{})
	userError(t, err, "model-00002-of-00002.safetensors", "no such file")
}

func TestDamagedIndexesAreRefused(t *testing.T) {
	for content, want := range map[string]string{
		``:                       "index.json",
		`{}`:                     "weight_map: missing or empty",
		`{"weight_map":{"a":1}}`: "weight_map",
		`{"weight_map":{"a":"../x.safetensors"}}`: "not the plain name",
		`{"weight_map":{"a":"/etc/passwd"}}`:      "not the plain name",
		`{"weight_map":{"a":""}}`:                 "not the plain name",
	} {
		dir := writeFolder(t, tiny(), "f16")
		writeTo(t, filepath.Join(dir, "model.safetensors.index.json"), []byte(content))
		_, err := Open(dir, Options{})
		userError(t, err, dir, want)
	}
}

func TestFoldersWithoutWeightsAreRefused(t *testing.T) {
	dir := writeFolder(t, tiny(), "f16")
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, Options{})
	userError(t, err, dir, "neither model.safetensors nor", "pytorch_model.bin")

	writeTo(t, filepath.Join(dir, "config.json"), []byte("{"))
	_, err = Open(dir, Options{})
	userError(t, err, "config.json")
}

// A norm is read as f32 whatever the file has; matrices stay as they are.
func TestFormatsOfAFolder(t *testing.T) {
	dir := writeFolder(t, tiny(), "bf16")
	path := filepath.Join(dir, "model.safetensors")
	all := readTensors(t, path)
	for i := range all {
		if all[i].DType == "F32" {
			values := make([]float32, all[i].Shape[0])
			quant.F32.Decode(values, all[i].Data)
			all[i].DType, all[i].Data = "BF16", make([]byte, 2*len(values))
			quant.BF16.Encode(all[i].Data, values)
		}
	}
	writeTensors(t, path, all)
	s := open(t, dir, Options{})
	if norm, _ := s.Tensor("blk.0.attn_norm.weight"); norm.Type != quant.F32 {
		t.Errorf("a norm is %s", norm.Type)
	}
	if q, _ := s.Tensor("blk.0.attn_q.weight"); q.Type != quant.BF16 {
		t.Errorf("a matrix is %s", q.Type)
	}
	if s.Quant() != "bf16" {
		t.Errorf("quant is %s", s.Quant())
	}
}

func TestTokenizerOfAFolder(t *testing.T) {
	dir := writeFolder(t, tiny(), "f16")
	s := open(t, dir, Options{})
	if v, err := s.Vocabulary(); v != nil || err != nil {
		t.Errorf("a folder without tokenizer has %v, %v", v, err)
	}
	writeTo(t, filepath.Join(dir, "tokenizer.json"), []byte(`{"model":{"type":"WordPiece"}}`))
	v := must(s.Vocabulary())(t)
	if v == nil || v.Folder != dir {
		t.Fatalf("vocabulary is %+v", v)
	}
	if _, err := v.Tokenizer(); err == nil {
		t.Error("a WordPiece tokenizer was accepted")
	}
}
