package weights

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

// config is what counts in a config.json. A pointer tells an absent key from a
// zero.
type config struct {
	path      string
	shapeOnly bool // a class that is not known is a plain decoder of its sizes

	Architectures         []string  `json:"architectures"`
	HiddenSize            int       `json:"hidden_size"`
	IntermediateSize      int       `json:"intermediate_size"`
	NumHiddenLayers       int       `json:"num_hidden_layers"`
	NumAttentionHeads     int       `json:"num_attention_heads"`
	NumKeyValueHeads      int       `json:"num_key_value_heads"`
	HeadDim               int       `json:"head_dim"`
	VocabSize             int       `json:"vocab_size"`
	RMSNormEps            float64   `json:"rms_norm_eps"`
	RoPETheta             float64   `json:"rope_theta"`
	RoPEScaling           *hfRoPE   `json:"rope_scaling"`
	RoPEParameters        *hfRoPE   `json:"rope_parameters"` // where newer files keep both
	MaxPositionEmbeddings int       `json:"max_position_embeddings"`
	TieWordEmbeddings     bool      `json:"tie_word_embeddings"`
	ShareEmbedding        bool      `json:"share_embedding"` // MobileLLM's own key
	LayerSharing          bool      `json:"layer_sharing"`   // MobileLLM's own key
	MemsimSharing         string    `json:"memsim_layer_sharing"`
	MemsimRepeat          int       `json:"memsim_layer_repeat"`
	HiddenAct             string    `json:"hidden_act"`
	DType                 string    `json:"dtype"`
	TorchDType            string    `json:"torch_dtype"` // older name of dtype
	UseSlidingWindow      bool      `json:"use_sliding_window"`
	PartialRotaryFactor   *float64  `json:"partial_rotary_factor"`
	QuantizationConfig    *struct{} `json:"quantization_config"`

	Text json.RawMessage `json:"text_config"` // where the decoder is one part of a model
	hfParts
}

// hfRoPE is a rope_scaling or rope_parameters object.
type hfRoPE struct {
	RoPEType        string   `json:"rope_type"`
	Type            string   `json:"type"` // older name of rope_type
	Theta           float64  `json:"rope_theta"`
	Factor          float64  `json:"factor"`
	LowFreqFactor   float64  `json:"low_freq_factor"`
	HighFreqFactor  float64  `json:"high_freq_factor"`
	OriginalContext int      `json:"original_max_position_embeddings"`
	PartialFactor   *float64 `json:"partial_rotary_factor"`

	// Parameters by kind of layer, which are not supported for these classes.
	Full    *struct{} `json:"full_attention"`
	Sliding *struct{} `json:"sliding_attention"`
}

// maxConfigBytes is far above any config.json.
const maxConfigBytes = 16 << 20

func readConfig(path string) (*config, error) {
	data, err := inputfile.Read(path, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Userf("%s: has no config.json, so it is no Hugging Face model folder; give a folder with config.json and safetensors, or a .gguf file", filepath.Dir(path))
	}
	if err != nil {
		return nil, fault.Userf("model %s: cannot be read: %w", path, err)
	}
	return parseConfig(path, data)
}

func parseConfig(path string, data []byte) (*config, error) {
	c := &config{path: path}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fault.Userf("%s: %w; fetch it again", path, err)
	}
	if len(c.Text) == 0 || c.HiddenSize != 0 {
		return c, nil
	}
	class := c.Architectures
	if err := json.Unmarshal(c.Text, c); err != nil { // of a model that sees
		return nil, fault.Userf("%s: text_config: %w; fetch it again", path, err)
	}
	c.Architectures = class
	return c, nil
}

// architecture returns the architecture of the model's class.
func (c *config) architecture() (*model.Architecture, error) {
	if len(c.Architectures) != 1 {
		return nil, fmt.Errorf("architectures: has %d entries, not one; one of %s is supported", len(c.Architectures), strings.Join(model.Classes(), ", "))
	}
	a, ok := model.ArchitectureOfClass(c.Architectures[0])
	switch {
	case !ok && c.shapeOnly && c.Architectures[0] != "":
		return &model.Architecture{Name: c.Architectures[0], Parts: model.Shape{Experts: &model.Experts{}}}, nil
	case !ok:
		return nil, fmt.Errorf("architectures: %.40q is not supported; %s are; --shape-only takes its sizes as a plain decoder's and shows what it moves", c.Architectures[0], strings.Join(model.Classes(), ", "))
	}
	return a, nil
}

// loads are the architectures whose values are read from safetensors: the folders
// of others say their shape, from the config alone.
var loads = map[string]bool{"llama": true, "qwen2": true, "qwen3": true}

// shape returns the model's shape. What the config leaves to the class's habit
// is taken from the tensors that are there.
func (c *config) shape(f *folder) (model.Shape, error) {
	family, err := c.architecture()
	if err != nil {
		return model.Shape{}, err
	}
	arch := family.Name
	if !loads[arch] {
		f.bare = true
	} else if err := c.checkVariant(); err != nil {
		return model.Shape{}, err
	}
	var scaling *model.Scaling // which moves nothing
	if loads[arch] {
		if scaling, err = c.scaling(); err != nil {
			return model.Shape{}, err
		}
	}
	s := model.Shape{
		Name:         folderName(f.path),
		Architecture: arch,
		Layers:       c.NumHiddenLayers,
		Dim:          c.HiddenSize,
		FFN:          c.IntermediateSize,
		Heads:        c.NumAttentionHeads,
		KVHeads:      c.NumKeyValueHeads,
		HeadDim:      c.HeadDim,
		Vocab:        c.VocabSize,
		Tied:         c.TieWordEmbeddings || c.ShareEmbedding || !f.bare && !f.has("lm_head.weight"),
		NormEps:      cmp.Or(c.RMSNormEps, 1e-6), // transformers' default in all classes
		RoPEBase:     c.theta(),
		RoPEStyle:    model.Halves,
		RoPEScaling:  scaling,
		Context:      c.MaxPositionEmbeddings,
		QKVBias:      f.has("model.layers.0.self_attn.q_proj.bias") || f.bare && arch == "qwen2",
		QKNorm:       f.has("model.layers.0.self_attn.q_norm.weight") || f.bare && arch == "qwen3",
	}
	c.share(&s)
	if !loads[arch] {
		if err := c.parts(&s, family); err != nil {
			return s, err
		}
	}
	s = s.Resolved()
	if faults := s.Faults(); len(faults) > 0 {
		return s, fmt.Errorf("makes no model: %s", inFile(faults, func(field string) string { return cmp.Or(configKeys[field], field) }))
	}
	return s, nil
}

// stored returns the format in which the config says that weights are stored,
// bfloat16 if it does not.
func (c *config) stored() quant.Type {
	switch cmp.Or(c.DType, c.TorchDType) {
	case "float16":
		return quant.F16
	case "float32":
		return quant.F32
	}
	return quant.BF16
}

// configKeys are the keys of a shape's fields in a config.json.
var configKeys = map[string]string{
	"layers":    "num_hidden_layers",
	"dim":       "hidden_size",
	"ffn":       "intermediate_size",
	"heads":     "num_attention_heads",
	"kv_heads":  "num_key_value_heads",
	"vocab":     "vocab_size",
	"norm_eps":  "rms_norm_eps",
	"rope_base": "rope_theta",
	"context":   "max_position_embeddings",
	"sharing":   "memsim_layer_sharing",
	"repeat":    "memsim_layer_repeat",
}

// share sets the order in which blocks repeat. MobileLLM's layer_sharing runs
// each of the num_hidden_layers stored blocks twice in a row; other orders have
// no key in the Hugging Face form, so WriteSafetensors adds its own.
func (c *config) share(s *model.Shape) {
	if c.LayerSharing {
		s.Sharing, s.Repeat = model.Immediate, 2
	}
	if c.MemsimSharing != "" {
		s.Sharing, s.Repeat = model.Sharing(c.MemsimSharing), c.MemsimRepeat
	}
}

// checkVariant refuses what this engine does not compute.
func (c *config) checkVariant() error {
	partial := c.PartialRotaryFactor
	if c.RoPEParameters != nil && c.RoPEParameters.PartialFactor != nil {
		partial = c.RoPEParameters.PartialFactor
	}
	switch r := c.RoPEParameters; {
	case r != nil && (r.Full != nil || r.Sliding != nil):
		return errors.New("rope_parameters: parameters for each kind of layer are not supported in folders; convert the model to GGUF with llama.cpp's convert_hf_to_gguf.py")
	case c.QuantizationConfig != nil:
		return errors.New("quantization_config: quantized safetensors are not supported; give the original model, and --quant to quantize it")
	case c.HiddenAct != "" && c.HiddenAct != "silu" && c.HiddenAct != "swish":
		return fmt.Errorf("hidden_act: %.40q is not supported; silu is", c.HiddenAct)
	case c.UseSlidingWindow:
		return errors.New("use_sliding_window: attention over a sliding window is not supported")
	case partial != nil && *partial != 1:
		return fmt.Errorf("partial_rotary_factor: %g is not supported; 1 is", *partial)
	}
	return nil
}

func (c *config) theta() float64 {
	if c.RoPETheta == 0 && c.RoPEParameters != nil {
		return c.RoPEParameters.Theta
	}
	return c.RoPETheta
}

// scaling returns the RoPE scaling, nil for none.
func (c *config) scaling() (*model.Scaling, error) {
	r, key := c.RoPEScaling, "rope_scaling"
	if r == nil {
		r, key = c.RoPEParameters, "rope_parameters"
	}
	if r == nil {
		return nil, nil
	}
	kind := r.RoPEType
	if kind == "" {
		kind = r.Type
	}
	switch kind {
	case "", "default":
		return nil, nil
	case "linear":
		return &model.Scaling{Type: "linear", Factor: r.Factor}, nil
	case "llama3":
		return &model.Scaling{
			Type: "llama3", Factor: r.Factor, LowFreqFactor: r.LowFreqFactor,
			HighFreqFactor: r.HighFreqFactor, OriginalContext: r.OriginalContext,
		}, nil
	}
	return nil, fmt.Errorf("%s: type %.40q is not supported; default, linear and llama3 are", key, kind)
}

func (f *folder) has(name string) bool {
	_, ok := f.tensors[name]
	return ok
}

// folderName names a model after its folder.
func folderName(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return filepath.Base(dir)
}
