package weights

import (
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// metadata is what a source knows for the head of a GGUF file beside its shape.
type metadata struct {
	title     string // general.name
	tokenizer []gguf.Value
}

// Fields of layer sharing, which GGUF has no notion of.
const (
	sharingField = "memsim.layer_sharing"
	repeatField  = "memsim.layer_repeat"
)

// fields returns the metadata of a file for a resolved shape.
func (m metadata) fields(s model.Shape, fileType int) []gguf.Value {
	arch := s.Architecture + "."
	all := []gguf.Value{
		gguf.TextValue("general.architecture", s.Architecture),
		gguf.TextValue("general.name", m.title),
		gguf.Uint32Value("general.alignment", gguf.DefaultAlignment),
		gguf.Uint32Value("general.file_type", fileType),
		gguf.Uint32Value("general.quantization_version", 2),
		gguf.Uint32Value(arch+"context_length", s.Context),
		gguf.Uint32Value(arch+"embedding_length", s.Dim),
		gguf.Uint32Value(arch+"block_count", s.Layers),
		gguf.Uint32Value(arch+"feed_forward_length", s.FFN),
		gguf.Uint32Value(arch+"attention.head_count", s.Heads),
		kvHeadsField(arch, s),
		gguf.Uint32Value(arch+"attention.key_length", max(s.HeadDim, s.GlobalHeadDim)),
		gguf.Uint32Value(arch+"attention.value_length", max(s.HeadDim, s.GlobalHeadDim)),
		gguf.Float32Value(arch+"attention.layer_norm_rms_epsilon", s.NormEps),
		gguf.Uint32Value(arch+"rope.dimension_count", turnedOf(s)),
		gguf.Float32Value(arch+"rope.freq_base", s.RoPEBase),
		gguf.Uint32Value(arch+"vocab_size", s.Vocab),
	}
	all = append(all, partFields(arch, s)...)
	if s.Runs() > 1 {
		all = append(all,
			gguf.TextValue(sharingField, string(s.Sharing)),
			gguf.Uint32Value(repeatField, s.Runs()))
	}
	return append(all, m.tokenizer...)
}

// placed returns the tensors of a shape in a scheme, without data, where they
// would lie in a GGUF file, and the size of that file.
func (m metadata) placed(s model.Shape, scheme Scheme) ([]Tensor, int64) {
	want := slots(s)
	head := gguf.Header{Fields: m.fields(s, scheme.FileType), Tensors: make([]gguf.Tensor, len(want))}
	types := scheme.types(s, want)
	for i, t := range want {
		head.Tensors[i] = gguf.Tensor{Name: t.Name(), Type: types[i], Rows: t.Rows, Cols: t.Cols, Stack: stackOf(t)}
	}
	head.Pad(dataAlign)
	size := head.Place()
	tensors := make([]Tensor, len(want))
	for i, t := range head.Tensors {
		tensors[i] = Tensor{Name: t.Name, Type: t.Type, Rows: t.Rows, Cols: t.Cols, Offset: t.Offset}
	}
	return tensors, size
}

// noTokenizer tells llama.cpp that a file has no vocabulary.
func noTokenizer() []gguf.Value {
	return []gguf.Value{gguf.TextValue("tokenizer.ggml.model", "none")}
}
