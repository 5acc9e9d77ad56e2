// Package kernels holds the arithmetic of a decoder layer: matrix products over
// stored weight formats, normalisation, rotary embedding, attention, SwiGLU.
// Kernels know nothing of models, layers or traces.
package kernels

import "github.com/memsim/memsim/engine/quant"

// Matrix is a weight matrix as stored: row-major, Rows output features of Cols
// input features each, Data of Rows × Type.RowBytes(Cols) bytes.
type Matrix struct {
	Type quant.Type
	Rows int
	Cols int
	Data []byte
}

// Encoding is the form in which a matrix product takes its activations.
type Encoding uint8

// Float weights take float activations; block-quantized weights take
// activations quantized to int8 in blocks of 32, as ggml does, so that the
// inner product runs on integers.
const (
	Float32 Encoding = iota
	Int8
)

// Wants returns the encoding that products with weights of type t take.
func Wants(t quant.Type) Encoding {
	switch t {
	case quant.F32, quant.F16, quant.BF16:
		return Float32
	}
	return Int8
}

// Vectors is a batch of N activation vectors of Dim values, in one encoding.
// The operator that produces a matrix product's input writes it in the form
// that the product reads.
type Vectors struct {
	N, Dim   int
	Encoding Encoding
	F32      []float32 // Float32: N × Dim
	Q        []int8    // Int8: N × Dim
	Scale    []float32 // Int8: N × Dim/32, value = Scale · Q
	Sum      []int32   // Int8: N × Dim/32, sum of a block's Q, for formats with an offset
}

// Block is the number of values that share a scale in the Int8 encoding.
const Block = 32
