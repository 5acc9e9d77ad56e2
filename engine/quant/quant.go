// Package quant knows the storage formats of weights: how many bytes a row
// takes, and how values are encoded and decoded. The formats are those of GGML
// (block-quantized) and plain floats.
//
// The mental model: a row of a matrix is a sequence of blocks, each by itself. A
// block holds a scale (and an offset, or scales of groups) and small codes; a
// value is scale times code. So bytes follow from the format and the number of
// columns alone, which is all that a shape-only run needs to know.
//
// # Caveats
//
// Encoding is what ggml's reference quantizers do without an importance matrix:
// the same bytes, not the best ones. Formats of ggml that no model of this
// family commonly comes in (IQ, TQ, Q2_K, Q3_K) are not known. Kernels have
// their own decoding, which tests hold to this one.
package quant

// Type is a storage format by its usual lower-case name.
type Type string

// The formats that the engine stores and computes with.
const (
	F32  Type = "f32"
	F16  Type = "f16"
	BF16 Type = "bf16"
	Q8_0 Type = "q8_0"
	Q4_0 Type = "q4_0"
	Q4_1 Type = "q4_1"
	Q5_0 Type = "q5_0"
	Q5_1 Type = "q5_1"
	Q4_K Type = "q4_k"
	Q5_K Type = "q5_k"
	Q6_K Type = "q6_k"
)

// Types returns the known formats, floats first, then by bits.
func Types() []Type {
	return []Type{F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1, Q4_0}
}

// Layout is the geometry of a format: Block consecutive values of a row share
// Bytes bytes.
type Layout struct {
	Block int // values
	Bytes int
}

// layouts follows ggml's block structures (ggml-common.h).
var layouts = map[Type]Layout{
	F32:  {1, 4},
	F16:  {1, 2},
	BF16: {1, 2},
	Q8_0: {32, 2 + 32},
	Q4_0: {32, 2 + 16},
	Q4_1: {32, 2 + 2 + 16},
	Q5_0: {32, 2 + 4 + 16},
	Q5_1: {32, 2 + 2 + 4 + 16},
	Q4_K: {256, 2 + 2 + 12 + 128},
	Q5_K: {256, 2 + 2 + 12 + 32 + 128},
	Q6_K: {256, 128 + 64 + 16 + 2},
}

// Layout returns the geometry of t; ok is false for an unknown format.
func (t Type) Layout() (l Layout, ok bool) {
	l, ok = layouts[t]
	return l, ok
}

// RowBytes returns the bytes of a row of cols values, 0 if cols is no whole
// number of blocks or the format is unknown.
func (t Type) RowBytes(cols int) int {
	l, ok := layouts[t]
	if !ok || cols%l.Block != 0 {
		return 0
	}
	return cols / l.Block * l.Bytes
}
