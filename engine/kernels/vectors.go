package kernels

import (
	"fmt"

	"github.com/memsim/memsim/engine/quant"
)

// Encoding is the form in which a matrix product takes its activations.
type Encoding uint8

// Float weights take float activations; block-quantized weights take
// activations quantized to int8 in blocks, as ggml does, so that the inner
// product runs on integers.
//
// Int8Wide is Int8 with one scale for 256 values, not rounded to half precision:
// what ggml multiplies K-quants with. Scale holds it for each block of 32.
//
// Float16 and BFloat16 are float32 values rounded to half precision, with which
// ggml multiplies weights of those types. They are kept in F32.
const (
	Float32 Encoding = iota
	Int8
	Float16
	BFloat16
	Int8Wide
)

// Block is the number of values that share a scale in the Int8 encoding, and a
// sum in both of int8.
const Block = 32

// wideBlock is the number of values that share a scale in the Int8Wide
// encoding: the super-block of K-quants.
const wideBlock = 256

// Quantized reports whether an encoding holds int8 values and not floats.
func (e Encoding) Quantized() bool { return e == Int8 || e == Int8Wide }

// block returns how many values an encoding packs together.
func (e Encoding) block() int {
	switch e {
	case Int8:
		return Block
	case Int8Wide:
		return wideBlock
	}
	return 1
}

// Wants returns the encoding that products with weights of type t take.
func Wants(t quant.Type) Encoding {
	switch t {
	case quant.F32:
		return Float32
	case quant.F16:
		return Float16
	case quant.BF16:
		return BFloat16
	}
	if l, ok := t.Layout(); ok && l.Block == wideBlock && l.Row == 0 {
		return Int8Wide
	}
	return Int8
}

// Vectors is a batch of N activation vectors of Dim values, in one encoding.
// The operator that produces a matrix product's input writes it in the form
// that the product reads.
type Vectors struct {
	N, Dim      int
	Encoding    Encoding
	Granularity Granularity // int8: what shares a scale
	F32         []float32   // floats: N × Dim
	Q           []int8      // int8: N × Dim
	Scale       []float32   // int8: N × Dim/32, value = Scale · Q; Int8 per block has it rounded to half precision, as ggml does
	Sum         []int32     // int8: N × Dim/32, sum of a block's Q, for formats with an offset
}

// NewVectors returns room for n vectors of dim values, quantized PerBlock if the
// encoding is of int8; set Granularity for another. Int8 needs dim to be a
// multiple of Block, Int8Wide of 256.
func NewVectors(n, dim int, e Encoding) *Vectors {
	if n < 0 || dim <= 0 {
		panicf("vectors of %d × %d", n, dim)
	}
	v := &Vectors{N: n, Dim: dim, Encoding: e}
	if !e.Quantized() {
		v.F32 = make([]float32, n*dim)
		return v
	}
	if dim%e.block() != 0 {
		panicf("int8 vectors of %d values: not a multiple of %d", dim, e.block())
	}
	v.Q = make([]int8, n*dim)
	v.Scale = make([]float32, n*dim/Block)
	v.Sum = make([]int32, n*dim/Block)
	return v
}

// Bytes returns the memory that the N vectors occupy.
func (v *Vectors) Bytes() int {
	if !v.Encoding.Quantized() {
		return v.N * v.Dim * 4
	}
	return v.N*v.Dim + v.N*(v.Dim/Block)*8
}

// Resize makes v a batch of n vectors, within the room that NewVectors made.
func (v *Vectors) Resize(n int) {
	v.N = n
	if !v.Encoding.Quantized() {
		v.F32 = v.F32[:n*v.Dim]
		return
	}
	v.Q = v.Q[:n*v.Dim]
	v.Scale = v.Scale[:n*v.Dim/Block]
	v.Sum = v.Sum[:n*v.Dim/Block]
}

// Set encodes values, N × Dim of them, into v.
func (v *Vectors) Set(values []float32) {
	if len(values) < v.N*v.Dim {
		panicf("%d values for vectors of %d × %d", len(values), v.N, v.Dim)
	}
	for i := range v.N {
		v.encode(i, values[i*v.Dim:(i+1)*v.Dim], active)
	}
}

// Values decodes vector i into dst, which must hold Dim values.
func (v *Vectors) Values(dst []float32, i int) {
	if !v.Encoding.Quantized() {
		copy(dst[:v.Dim], v.f32(i))
		return
	}
	q, scale, _ := v.int8(i)
	for j, x := range q {
		dst[j] = float32(x) * scale[j/Block]
	}
}

// f32 returns vector i of a batch of floats.
func (v *Vectors) f32(i int) []float32 { return v.F32[i*v.Dim : (i+1)*v.Dim] }

// int8 returns the parts of vector i of an int8 batch.
func (v *Vectors) int8(i int) (q []int8, scale []float32, sum []int32) {
	blocks := v.Dim / Block
	return v.Q[i*v.Dim : (i+1)*v.Dim], v.Scale[i*blocks : (i+1)*blocks], v.Sum[i*blocks : (i+1)*blocks]
}

// row returns where an operator should write the Dim floats of vector i before
// it calls encode: in place if the encoding is of floats, else in scratch.
func (v *Vectors) row(i int, scratch []float32) []float32 {
	if !v.Encoding.Quantized() {
		return v.f32(i)
	}
	return scratch[:v.Dim]
}

// encode stores row as vector i.
func (v *Vectors) encode(i int, row []float32, k *kernelSet) {
	if !v.Encoding.Quantized() {
		if dst := v.f32(i); &dst[0] != &row[0] {
			copy(dst, row)
		}
		v.Encoding.round(v.f32(i), k)
		return
	}
	q, scale, sum := v.int8(i)
	switch {
	case v.Granularity == PerToken:
		quantizePerToken(q, scale, sum, row)
	case v.Encoding == Int8Wide:
		k.quantizeWide(q, scale, sum, row)
	default:
		k.quantize(q, scale, sum, row)
		k.scaleRound(scale, 1)
	}
}

func panicf(format string, args ...any) {
	panic("kernels: " + fmt.Sprintf(format, args...))
}
