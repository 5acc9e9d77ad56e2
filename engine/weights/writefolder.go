package weights

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/safetensors"
	"github.com/memsim/memsim/internal/fault"
)

// WriteSafetensors writes s as a Hugging Face folder: model.safetensors and
// config.json, the latter last, so that an unfinished folder is none. The
// folder is made if it does not exist. Tensors must be in a float format: open
// the source with Options.Quant f32, f16 or bf16.
//
// Q and K are put into Hugging Face's order. A model whose blocks run twice in
// a row is written as MobileLLMForCausalLM with layer_sharing; other orders of
// sharing get keys of memsim's own, memsim_layer_sharing and
// memsim_layer_repeat. No tokenizer is written.
func WriteSafetensors(dir string, s Source) error {
	return Guard(func() error { return writeSafetensors(dir, s) })
}

func writeSafetensors(dir string, s Source) error {
	shape := s.Shape()
	configuration, err := configOf(shape, s.Quant())
	if err != nil {
		return fault.Userf("model %s: %w", s.Name(), err)
	}
	tensors, kinds, err := safetensorsOf(s)
	if err != nil {
		return err
	}
	if err := prepareFolder(dir); err != nil {
		return err
	}
	err = writeFile(filepath.Join(dir, "model.safetensors"), func(w io.Writer) error {
		return safetensors.Write(w, tensors, map[string]string{"format": "pt"}, func(t safetensors.Tensor) ([]byte, error) {
			kind := kinds[t.Name]
			ours, _ := s.Tensor(kind.Name())
			return reorder(ours, kind, shape, model.Halves), nil
		})
	})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		_, err := w.Write(configuration)
		return err
	})
}

// safetensorsOf lists the tensors of s under their Hugging Face names, and what
// each of them is.
func safetensorsOf(s Source) ([]safetensors.Tensor, map[string]model.Tensor, error) {
	var tensors []safetensors.Tensor
	kinds := map[string]model.Tensor{}
	for _, want := range slots(s.Shape()) {
		if want.Computed() {
			continue
		}
		t, err := held(s, want)
		if err != nil {
			return nil, nil, err
		}
		dtype, ok := dtypeNames[t.Type]
		if !ok {
			return nil, nil, fault.Userf("model %s: tensor %q: %s has no form in safetensors; give --quant f32, f16 or bf16", s.Name(), t.Name, t.Type)
		}
		extents := []int{t.Rows, t.Cols}
		if want.Vector() {
			extents = extents[1:]
		}
		kinds[want.HuggingFace()] = want
		tensors = append(tensors, safetensors.Tensor{Name: want.HuggingFace(), DType: dtype, Shape: extents})
	}
	return tensors, kinds, nil
}

// prepareFolder makes a folder, and refuses one whose index would take
// precedence over the file that is going to be written.
func prepareFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fault.Userf("cannot write %s: %w", dir, err)
	}
	index := filepath.Join(dir, "model.safetensors.index.json")
	if _, err := os.Stat(index); !errors.Is(err, fs.ErrNotExist) {
		return fault.Userf("cannot write %s: it holds a model in several files (%s); give another folder", dir, filepath.Base(index))
	}
	return nil
}

var dtypeNames = map[quant.Type]string{quant.F32: "F32", quant.F16: "F16", quant.BF16: "BF16"}

// torchTypes are the names of the float formats in a config.json.
var torchTypes = map[string]string{"f32": "float32", "f16": "float16", "bf16": "bfloat16"}

// configOf returns the config.json of a resolved shape.
func configOf(s model.Shape, format string) ([]byte, error) {
	class, err := classOf(s)
	if err != nil {
		return nil, err
	}
	values := map[string]any{
		"architectures":           []string{class},
		"hidden_act":              "silu",
		"hidden_size":             s.Dim,
		"intermediate_size":       s.FFN,
		"num_hidden_layers":       s.Layers,
		"num_attention_heads":     s.Heads,
		"num_key_value_heads":     s.KVHeads,
		"head_dim":                s.HeadDim,
		"vocab_size":              s.Vocab,
		"rms_norm_eps":            s.NormEps,
		"rope_theta":              s.RoPEBase,
		"max_position_embeddings": s.Context,
		"tie_word_embeddings":     s.Tied,
		"model_type":              s.Architecture,
	}
	if name, ok := torchTypes[format]; ok {
		values["torch_dtype"] = name
	}
	if class == mobileLLM {
		values["model_type"] = "mobilellm"
		values["layer_sharing"] = true
		values["share_embedding"] = s.Tied // its own key for tying
		values["tie_word_embeddings"] = false
	} else if s.Runs() > 1 {
		values["memsim_layer_sharing"] = s.Sharing
		values["memsim_layer_repeat"] = s.Runs()
	}
	if r := s.RoPEScaling; r != nil {
		values["rope_scaling"] = scalingConfig(*r)
	}
	data, err := json.MarshalIndent(values, "", "  ")
	return append(data, '\n'), err
}

func scalingConfig(r model.Scaling) map[string]any {
	values := map[string]any{"rope_type": r.Type, "factor": r.Factor}
	if r.Type == "llama3" {
		values["low_freq_factor"] = r.LowFreqFactor
		values["high_freq_factor"] = r.HighFreqFactor
		values["original_max_position_embeddings"] = r.OriginalContext
	}
	return values
}

const mobileLLM = "MobileLLMForCausalLM"

// classOf returns the model class of a shape.
func classOf(s model.Shape) (string, error) {
	switch {
	case s.Architecture == "llama" && s.Sharing == model.Immediate && s.Runs() == 2:
		return mobileLLM, nil
	case s.Architecture == "llama":
		return "LlamaForCausalLM", nil
	case s.Architecture == "qwen2":
		return "Qwen2ForCausalLM", nil
	case s.Architecture == "qwen3":
		return "Qwen3ForCausalLM", nil
	}
	return "", fault.Userf("architecture %q cannot be written as a Hugging Face folder; llama, qwen2 and qwen3 can", s.Architecture)
}
