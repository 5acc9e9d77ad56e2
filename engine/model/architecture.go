package model

import (
	"math"
	"reflect"
	"slices"
)

// Architecture is a family of decoders: what sets it apart from Llama, and how
// files call it and its tensors.
type Architecture struct {
	Name       string    // general.architecture of GGUF files
	Classes    []string  // of Hugging Face's transformers, where their folders can be read
	Pairs      RoPEStyle // order of the rows of Q and K in GGUF files
	Parts      Shape     // what the paper fixes
	NormOffset float64   // Hugging Face files hold the weights of norms less this
	ShapeOnly  bool      // it is described, and not computed
	Keys       []string  // metadata of GGUF files that it reads beside what all have; it reads past the rest

	derive func(*Shape)    // sets what follows from a model's sizes, or from its age
	files  map[Role]Role   // names of tensors that differ from the usual GGUF ones
	names  map[Role]string // names of tensors that differ from Llama's in Hugging Face files
}

// ArchitectureOf returns the architecture of a name.
func ArchitectureOf(name string) (*Architecture, bool) {
	a, ok := byName[name]
	return a, ok
}

// ArchitectureOfClass returns the architecture of a class of Hugging Face's
// transformers.
func ArchitectureOfClass(class string) (*Architecture, bool) {
	for i := range architectures {
		if slices.Contains(architectures[i].Classes, class) {
			return &architectures[i], true
		}
	}
	return nil, false
}

// Classes returns the classes of Hugging Face's transformers that are known, sorted.
func Classes() []string {
	var all []string
	for _, a := range architectures {
		all = append(all, a.Classes...)
	}
	slices.Sort(all)
	return all
}

// Architectures returns the names of all architectures, in the order of their
// descriptions.
func Architectures() []string {
	names := make([]string, len(architectures))
	for i, a := range architectures {
		names[i] = a.Name
	}
	return names
}

var byName = func() map[string]*Architecture {
	m := make(map[string]*Architecture, len(architectures))
	for i := range architectures {
		m[architectures[i].Name] = &architectures[i]
	}
	return m
}()

// Reads reports whether files of the architecture say a number under this key,
// behind the architecture's name. What llama.cpp reads past in a family means
// nothing there.
func (a *Architecture) Reads(key string) bool { return slices.Contains(a.Keys, key) }

// undescribed stands for an architecture that has no description.
var undescribed = &Architecture{Pairs: Halves}

// architectureOf returns the description of a name, or that of a plain decoder.
func architectureOf(name string) *Architecture {
	if a, ok := byName[name]; ok {
		return a
	}
	return undescribed
}

func (a *Architecture) gguf(role Role) Role {
	if a != nil {
		if own, ok := a.files[role]; ok {
			return own
		}
	}
	return role
}

func (a *Architecture) huggingFace(role Role) string {
	if a != nil {
		if own, ok := a.names[role]; ok {
			return own
		}
	}
	return llamaNames[role]
}

// llamaNames are the tensors' names in Hugging Face files: of those in blocks,
// the part after "model.layers.N.".
var llamaNames = map[Role]string{
	TokenEmbd:  "model.embed_tokens",
	OutputNorm: "model.norm",
	Output:     "lm_head",
	AttnNorm:   "input_layernorm",
	AttnQ:      "self_attn.q_proj",
	AttnK:      "self_attn.k_proj",
	AttnV:      "self_attn.v_proj",
	AttnQNorm:  "self_attn.q_norm",
	AttnKNorm:  "self_attn.k_norm",
	AttnOut:    "self_attn.o_proj",
	FFNNorm:    "post_attention_layernorm",
	FFNGate:    "mlp.gate_proj",
	FFNUp:      "mlp.up_proj",
	FFNDown:    "mlp.down_proj",
}

// gemmaScales scales the embedding by the root of the width, and in the largest
// model, known by its layers, scores by the width that a head has a share of.
func gemmaScales(largest int) func(*Shape) {
	return func(s *Shape) {
		setIfZero(&s.EmbeddingScale, math.Sqrt(float64(s.Dim)))
		if s.Layers == largest && s.Heads > 0 {
			setIfZero(&s.AttentionScale, 1/math.Sqrt(float64(s.Dim/s.Heads)))
		}
	}
}

// miniCPMScales are those that files of the first models leave out, as llama.cpp
// completes them.
func miniCPMScales(s *Shape) {
	setIfZero(&s.EmbeddingScale, 12)
	setIfZero(&s.ResidualScale, 1.4/math.Sqrt(float64(max(1, s.Layers))))
	setIfZero(&s.LogitScale, float64(s.Dim)/256)
}

// complete sets the fields of dst that are zero to those of parts, and so in the
// structures that both have.
func complete(dst, parts reflect.Value) {
	for i := range dst.NumField() {
		to, from := dst.Field(i), parts.Field(i)
		switch {
		case from.IsZero():
		case to.Kind() == reflect.Pointer && !to.IsNil():
			own := reflect.New(to.Type().Elem())
			own.Elem().Set(to.Elem())
			complete(own.Elem(), from.Elem())
			to.Set(own)
		case to.IsZero() && to.Kind() != reflect.Pointer:
			to.Set(from)
		}
	}
}
