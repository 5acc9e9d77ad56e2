// Package weights provides the tensors of a model, from a GGUF file, from a
// Hugging Face folder, or made up from a shape and a seed.
//
// The mental model: whatever a model comes from, the engine sees a Source: a
// shape and a set of tensors under GGUF names, each with its bytes as stored
// and its address. Addresses are offsets in the model file; where there is no
// file in that form (synthetic weights, weights quantized while loading) they
// are the offsets that WriteGGUF would give.
//
//	preset, shape.yaml ──seed──▶ noise ──┐
//	model.gguf ────────mapped────────────┼──▶ Source: Shape, Tensor(name) ──▶ engine
//	folder/*.safetensors ──mapped────────┘        │
//	                   (--quant: encoded anew)    └──▶ WriteGGUF, WriteSafetensors
//
// A source opened shape-only has every tensor's place and size, and no bytes.
//
// Tensor names: token_embd.weight, output_norm.weight, output.weight unless
// tied; for each stored block N, under blk.N: attn_norm.weight, attn_q.weight,
// attn_k.weight, attn_v.weight, attn_output.weight, ffn_norm.weight,
// ffn_gate.weight, ffn_up.weight, ffn_down.weight, and where the shape has them
// attn_q.bias, attn_k.bias, attn_v.bias, attn_q_norm.weight,
// attn_k_norm.weight.
//
// # Caveats
//
// Only decoders of the Llama family are understood (GGUF architectures llama,
// qwen2 and qwen3; see OpenFolder for the Hugging Face classes), without
// experts, partial rotary embedding or tensors beyond those above: a file with
// more is refused, since leaving a tensor out would change its results.
//
// Shape-only, a GGUF file of an architecture without a description is a model.Table
// of its own tensors, and a folder of an unknown class a plain decoder of its sizes:
// what they move is known, the state of mixers other than attention is not.
//
// A mapped file that another program writes to while it is open is found out
// late: when Close sees its new time, or when what is gone of it is read, under
// Guard.
//
// GGUF has no notion of layer sharing. WriteGGUF stores each shared block once
// and says how it repeats in the fields memsim.layer_sharing and
// memsim.layer_repeat, which Open reads back; other programs ignore the fields
// and run each stored block once, which is a different, shallower model.
package weights

import (
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
)

// Source is the tensors of one model. It is immutable and safe for use by many
// goroutines until it is closed.
type Source interface {
	// Shape returns the architecture, resolved, with the RoPE style that the
	// stored Q and K need.
	Shape() model.Shape
	// Name returns what to call the model: a preset's name or a file's.
	Name() string
	// Quant returns the label of the format that most bytes of matrices are in:
	// "f16", "q8_0", "q4_k_m".
	Quant() string
	// Synthetic reports whether the values are seeded noise.
	Synthetic() bool
	// Size returns the bytes of the address space that the weights lie in: the
	// size of the file.
	Size() int64
	// Tensor returns the tensor of a name.
	Tensor(name string) (Tensor, bool)
	// Tensors returns all tensors in the order of their addresses.
	Tensors() []Tensor
	// Vocabulary returns what the tokenizer is made from, nil if the source has none.
	Vocabulary() (*Vocabulary, error)
	// Close releases the tensors' memory; their Data is invalid from then on. A
	// file that was written to while it was open is an error.
	Close() error
}

// Tensor is a matrix of Rows output features of Cols input features each, or a
// vector of Cols values with Rows 1, stored row by row.
type Tensor struct {
	Name   string
	Type   quant.Type
	Rows   int
	Cols   int
	Offset uint64 // address of the first byte in the model file
	Data   []byte // Bytes() bytes, nil in a shape-only source; not to be written to
}

// Bytes returns the stored size of t.
func (t Tensor) Bytes() int64 { return int64(t.Rows) * int64(t.Type.RowBytes(t.Cols)) }

// Options says how to open a model.
type Options struct {
	Overrides model.Overrides // of the shape; stored weights must still fit it
	Quant     string          // a Scheme's name; "" keeps stored weights, and makes synthetic ones DefaultQuant
	Seed      uint64          // of synthetic weights
	ShapeOnly bool            // tensors have no Data
}

// DefaultQuant is the scheme of synthetic weights where none is asked for: 8
// bits, the precision that the MobileLLM paper takes for phones.
const DefaultQuant = "q8_0"

// source is a Source whose tensors are known.
type source struct {
	shape      model.Shape
	name       string
	quant      string
	synthetic  bool
	size       int64
	tensors    []Tensor // by address
	index      map[string]int
	vocabulary func() (*Vocabulary, error)
	metadata   metadata
	close      func() error
}

func (s *source) Shape() model.Shape { return s.shape }
func (s *source) Name() string       { return s.name }
func (s *source) Quant() string      { return s.quant }
func (s *source) Synthetic() bool    { return s.synthetic }
func (s *source) Size() int64        { return s.size }
func (s *source) Tensors() []Tensor  { return s.tensors }

func (s *source) Vocabulary() (v *Vocabulary, err error) {
	err = Guard(func() error {
		v, err = s.vocabulary()
		return err
	})
	return v, err
}

func (s *source) Tensor(name string) (Tensor, bool) {
	i, ok := s.index[name]
	if !ok {
		return Tensor{}, false
	}
	return s.tensors[i], true
}

func (s *source) Close() error {
	if s.close == nil {
		return nil
	}
	release := s.close
	s.close = nil
	return release()
}
