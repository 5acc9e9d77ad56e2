// Package kernels holds the arithmetic of a decoder layer: matrix products over
// stored weight formats, normalisation, rotary embedding, attention, SwiGLU.
// Kernels know nothing of models, layers or traces.
//
// The mental model: a Compute is a set of worker threads and one set of SIMD
// kernels, chosen by what the processor can do. Each method is one operator of
// the forward pass; it splits its work over the workers, and returns when all
// of it is done. Weights are read where they lie (a mapped model file), in the
// format that they are stored in, once per call.
//
//	x ──RMSNorm──▶ Vectors ──MatMul──▶ q,k,v ──RoPE, StoreKV, Attention──▶ Vectors ──MatMul──▶ Add
//	               (f32 or int8 blocks)                                    (f32 or int8 blocks)
//
// An operator that feeds a matrix product writes its result as Vectors, in the
// Encoding that the product's weights want, so that activations are quantized
// once by their producer and not once per product.
//
// # Matrix products
//
// There are two shapes of product, and both read each weight once. For one
// vector (decode) time is spent waiting for memory: kernels decode a few rows at
// a time in registers. For many vectors (prefill) time is spent multiplying:
// 8 to 32 rows are unpacked once into a panel that sits in the L1 or L2 cache,
// with the rows' values side by side in SIMD lanes, and all vectors are
// multiplied with it.
//
// # Caveats
//
// Block-quantized weights are multiplied with activations rounded to int8 in
// blocks of 32, or of 256 for K-quants, as ggml does.
// Sums are in float32, in an order that depends on the kernel set and not on
// the number of threads. A Compute serves one caller at a time.
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

// check panics unless m is whole and of a known format.
func (m Matrix) check() {
	row := m.Type.RowBytes(m.Cols)
	if m.Rows <= 0 || row == 0 || len(m.Data) < m.Rows*row {
		panicf("matrix %s %d×%d has %d bytes, needs %d rows of %d", m.Type, m.Rows, m.Cols, len(m.Data), m.Rows, row)
	}
}
