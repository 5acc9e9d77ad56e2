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
// vector (decode) time is spent waiting for memory: kernels decode four rows at
// a time in registers, and fetch the next rows into the cache while they do. For
// many vectors (prefill) time is spent multiplying: 8 to 32 rows are unpacked
// once into a panel that sits in the L2 cache, with the rows' values side by
// side in SIMD places, and all vectors are multiplied with it, up to twelve at a
// time.
//
// # Kernel sets
//
// A kernelSet is the functions for one instruction set; the best one that the
// processor can run is used. The environment variable MEMSIM_KERNELS forces
// another:
//
//	portable  plain Go
//	avx2      AVX2, FMA, F16C (amd64)
//	avx-vnni  avx2 and VPDPBUSD, the product of bytes, of processors without AVX-512
//	avx512    AVX-512 F, BW, VL, DQ for floats and panels, avx2 for the rest
//	vnni      and AVX-512's VPDPBUSD for quantized formats
//	neon      NEON for floats and elementwise functions (arm64)
//	neon-dot  and SDOT for quantized formats
//
// Tests hold all sets that the machine can run to float64 arithmetic. The
// assembly is generated: see the folder _asm.
//
// # Adding a format
//
// Add it to package quant. If it is unpacked there to codes, scales and offsets
// (quant.Type.Coded), that is all; else add a line to formats, with a function that
// unpacks a row. All tests and all operators then work with it, portably. For speed, describe its decoding to the
// generator (the lists quantized and quantizedAVX2 in _asm, superDots or
// matvecDot for arm64), run go generate, declare the functions in the stubs and
// enter them in the tables of the kernel sets.
//
// # Caveats
//
// Activations are rounded to what ggml rounds them to: int8 in blocks of 32 (of
// 256 for K-quants), or half precision. With PerToken, int8 vectors still hold
// their one scale for each block, and it is found in plain Go. Sums are in
// float32, in an order that depends on the kernel set and on whether a product
// has few vectors or many, but not on the number of threads. A Compute serves one
// caller at a time.
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
