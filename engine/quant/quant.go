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
// the same bytes, not the best ones. Not every format that is known can be
// decoded or encoded (Decodes, Encodes): of the others only the size is known.
// Kernels have their own decoding, which tests hold to this one.
package quant

// Type is a storage format by its usual lower-case name.
type Type string

// The formats of ggml that hold weights, and of its plain types those that
// tensors beside weights come in.
const (
	F32     Type = "f32"
	F16     Type = "f16"
	BF16    Type = "bf16"
	Q8_0    Type = "q8_0"
	Q4_0    Type = "q4_0"
	Q4_1    Type = "q4_1"
	Q5_0    Type = "q5_0"
	Q5_1    Type = "q5_1"
	Q2_K    Type = "q2_k"
	Q3_K    Type = "q3_k"
	Q4_K    Type = "q4_k"
	Q5_K    Type = "q5_k"
	Q6_K    Type = "q6_k"
	IQ1_S   Type = "iq1_s"
	IQ1_M   Type = "iq1_m"
	IQ2_XXS Type = "iq2_xxs"
	IQ2_XS  Type = "iq2_xs"
	IQ2_S   Type = "iq2_s"
	IQ3_XXS Type = "iq3_xxs"
	IQ3_S   Type = "iq3_s"
	IQ4_NL  Type = "iq4_nl"
	IQ4_XS  Type = "iq4_xs"
	TQ1_0   Type = "tq1_0"
	TQ2_0   Type = "tq2_0"
	MXFP4   Type = "mxfp4"
	NVFP4   Type = "nvfp4"
	Q1_0    Type = "q1_0"
	Q2_0    Type = "q2_0"

	Q8_1 Type = "q8_1" // of activations
	Q8_K Type = "q8_k" // of activations
	I8   Type = "i8"
	I16  Type = "i16"
	I32  Type = "i32"
	I64  Type = "i64"
	F64  Type = "f64"
)

// Types returns the formats that can be decoded, floats first, then by bits.
func Types() []Type {
	return []Type{
		F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1, Q4_0, IQ4_NL, IQ4_XS, MXFP4, Q3_K, IQ3_S, IQ3_XXS,
		Q2_K, IQ2_S, IQ2_XS, IQ2_XXS, TQ2_0, TQ1_0, IQ1_M, IQ1_S,
	}
}

// Layout is the geometry of a format: Block consecutive values of a row share
// Bytes bytes, and each row has Row bytes beside its blocks: its scale, in
// formats with one scale a row.
type Layout struct {
	Block int // values
	Bytes int
	Row   int
}

// layouts follows ggml's block structures (ggml-common.h); those of the
// groupwise formats are added from their names.
var layouts = withGroupwise(map[Type]Layout{
	F32:     {1, 4, 0},
	F16:     {1, 2, 0},
	BF16:    {1, 2, 0},
	Q8_0:    {32, 2 + 32, 0},
	Q4_0:    {32, 2 + 16, 0},
	Q4_1:    {32, 2 + 2 + 16, 0},
	Q5_0:    {32, 2 + 4 + 16, 0},
	Q5_1:    {32, 2 + 2 + 4 + 16, 0},
	Q2_K:    {256, 16 + 64 + 2 + 2, 0},
	Q3_K:    {256, 32 + 64 + 12 + 2, 0},
	Q4_K:    {256, 2 + 2 + 12 + 128, 0},
	Q5_K:    {256, 2 + 2 + 12 + 32 + 128, 0},
	Q6_K:    {256, 128 + 64 + 16 + 2, 0},
	IQ1_S:   {256, 2 + 32 + 16, 0},
	IQ1_M:   {256, 32 + 16 + 8, 0},
	IQ2_XXS: {256, 2 + 64, 0},
	IQ2_XS:  {256, 2 + 64 + 8, 0},
	IQ2_S:   {256, 2 + 64 + 8 + 8, 0},
	IQ3_XXS: {256, 2 + 64 + 32, 0},
	IQ3_S:   {256, 2 + 64 + 8 + 32 + 4, 0},
	IQ4_NL:  {32, 2 + 16, 0},
	IQ4_XS:  {256, 2 + 2 + 4 + 128, 0},
	TQ1_0:   {256, 48 + 4 + 2, 0},
	TQ2_0:   {256, 64 + 2, 0},
	MXFP4:   {32, 1 + 16, 0},
	NVFP4:   {64, 4 + 32, 0},
	Q1_0:    {128, 2 + 16, 0},
	Q2_0:    {64, 2 + 16, 0},
	Q8_1:    {32, 2 + 2 + 32, 0},
	Q8_K:    {256, 4 + 256 + 32, 0},
	I8:      {1, 1, 0},
	I16:     {1, 2, 0},
	I32:     {1, 4, 0},
	I64:     {1, 8, 0},
	F64:     {1, 8, 0},
})

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
	return cols/l.Block*l.Bytes + l.Row
}

// Decodes reports whether the values of t can be restored.
func (t Type) Decodes() bool { return t.plain() || codecs[t].decode != nil }

// Encodes reports whether values can be stored as t.
func (t Type) Encodes() bool { return t.plain() || codecs[t].encode != nil }

// plain reports whether t is a float that is stored by itself.
func (t Type) plain() bool { return t == F32 || t == F16 || t == BF16 }
