package kernels

import (
	"encoding/binary"
	"math"

	"github.com/memsim/memsim/engine/quant"
)

// format is what kernels know of a stored weight format. All block-quantized
// formats are one thing to them: small integer codes, and for each group of
// consecutive codes a scale and, in some formats, an offset:
//
//	weight = scale · code + offset
type format struct {
	typ    quant.Type
	block  int  // values of a stored block
	bytes  int  // bytes of a stored block
	group  int  // values that share a scale, 0 for floats
	offset bool // groups have an offset
	bias   int  // what stored codes, which are unsigned, are above their value
	id     int  // index into kernel tables

	// unpack decodes one row of a quantized format.
	unpack func(r *rowCodes, row []byte)
	// floats decodes one row of a float format.
	floats func(dst []float32, row []byte)
}

// rowCodes is an unpacked row.
type rowCodes struct {
	code   []int8
	scale  []float32 // one a group
	offset []float32 // one a group, for formats that have one
}

// resize makes room for cols values of format f.
func (r *rowCodes) resize(f *format, cols int) {
	r.code = grow(r.code, cols)
	r.scale = grow(r.scale, cols/f.group)
	r.offset = grow(r.offset, cols/f.group)
}

// grow returns s with length n, reallocated only if its capacity is too small.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// formats lists what MatMul and Embed take. A table index is the position here.
var formats = index(append([]format{
	{typ: quant.F32, floats: floatsF32},
	{typ: quant.F16, floats: floatsF16},
	{typ: quant.BF16, floats: floatsBF16},
	{typ: quant.Q8_0, group: 32, bias: 128, unpack: unpackQ8_0},
	{typ: quant.Q4_0, group: 32, bias: 8, unpack: unpackQ4_0},
	{typ: quant.Q4_1, group: 32, offset: true, unpack: unpackQ4_1},
	{typ: quant.Q5_0, group: 32, bias: 16, unpack: unpackQ5_0},
	{typ: quant.Q5_1, group: 32, offset: true, unpack: unpackQ5_1},
	{typ: quant.Q4_K, group: 32, offset: true, unpack: unpackQ4K},
	{typ: quant.Q5_K, group: 32, offset: true, unpack: unpackQ5K},
	{typ: quant.Q6_K, group: 16, bias: 32, unpack: unpackQ6K},
}, codedFormats()...))

// codedFormats are those that package quant unpacks: there is no faster way here.
func codedFormats() (all []format) {
	for _, t := range quant.Types() {
		if group, offset, ok := t.Coded(); ok {
			all = append(all, format{typ: t, group: group, offset: offset, unpack: func(r *rowCodes, row []byte) {
				t.Unpack(r.code, r.scale, r.offset, row)
			}})
		}
	}
	return all
}

// index numbers formats and gives them their geometry.
func index(formats []format) []format {
	for i := range formats {
		f := &formats[i]
		l, ok := f.typ.Layout()
		if !ok || i >= maxFormats {
			panicf("format %s has no layout or no place", f.typ)
		}
		f.id, f.block, f.bytes = i, l.Block, l.Bytes
	}
	return formats
}

// formatOf returns the format of a type; unknown ones are a programmer's error.
func formatOf(t quant.Type) *format {
	for i := range formats {
		if formats[i].typ == t {
			return &formats[i]
		}
	}
	panicf("no kernels for weight format %q", t)
	return nil
}

func floatsF32(dst []float32, row []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*i:]))
	}
}

func floatsF16(dst []float32, row []byte) {
	for i := range dst {
		dst[i] = quant.FromF16(binary.LittleEndian.Uint16(row[2*i:]))
	}
}

func floatsBF16(dst []float32, row []byte) {
	for i := range dst {
		dst[i] = quant.FromBF16(binary.LittleEndian.Uint16(row[2*i:]))
	}
}

// halfAt reads the half-precision number at the start of b.
func halfAt(b []byte) float32 { return quant.FromF16(binary.LittleEndian.Uint16(b)) }

// The unpackers follow ggml's dequantize_row functions (ggml-quants.c).

func unpackQ8_0(r *rowCodes, row []byte) {
	for g := range r.scale {
		b := row[g*34 : g*34+34]
		r.scale[g] = halfAt(b)
		code := r.code[g*32 : g*32+32]
		for j := range code {
			code[j] = int8(b[2+j])
		}
	}
}

// nibbles splits 16 bytes into 32 codes: low halves first, then high halves.
func nibbles(code []int8, b []byte, bias int8) {
	for j, v := range b[:16] {
		code[j] = int8(v&15) - bias
		code[j+16] = int8(v>>4) - bias
	}
}

// fifths adds the fifth bits to 32 codes.
func fifths(code []int8, bits uint32) {
	for j := range code {
		code[j] += int8(bits >> j & 1 << 4)
	}
}

func unpackQ4_0(r *rowCodes, row []byte) {
	for g := range r.scale {
		b := row[g*18 : g*18+18]
		r.scale[g] = halfAt(b)
		nibbles(r.code[g*32:g*32+32], b[2:], 8)
	}
}

func unpackQ4_1(r *rowCodes, row []byte) {
	for g := range r.scale {
		b := row[g*20 : g*20+20]
		r.scale[g], r.offset[g] = halfAt(b), halfAt(b[2:])
		nibbles(r.code[g*32:g*32+32], b[4:], 0)
	}
}

func unpackQ5_0(r *rowCodes, row []byte) {
	for g := range r.scale {
		b := row[g*22 : g*22+22]
		r.scale[g] = halfAt(b)
		code := r.code[g*32 : g*32+32]
		nibbles(code, b[6:], 16)
		fifths(code, binary.LittleEndian.Uint32(b[2:]))
	}
}

func unpackQ5_1(r *rowCodes, row []byte) {
	for g := range r.scale {
		b := row[g*24 : g*24+24]
		r.scale[g], r.offset[g] = halfAt(b), halfAt(b[2:])
		code := r.code[g*32 : g*32+32]
		nibbles(code, b[8:], 0)
		fifths(code, binary.LittleEndian.Uint32(b[4:]))
	}
}

// scalesK decodes the eight 6-bit scales and offsets of a K-quant block of 256,
// packed in 12 bytes.
func scalesK(scale, offset []float32, d, dmin float32, b []byte) {
	for j := range 4 {
		hi := b[j+8]
		scale[j] = d * float32(b[j]&63)
		offset[j] = -dmin * float32(b[j+4]&63)
		scale[j+4] = d * float32(hi&15|b[j]>>6<<4)
		offset[j+4] = -dmin * float32(hi>>4|b[j+4]>>6<<4)
	}
}

func unpackQ4K(r *rowCodes, row []byte) {
	for i := range len(r.scale) / 8 {
		b := row[i*144 : i*144+144]
		scalesK(r.scale[i*8:i*8+8], r.offset[i*8:i*8+8], halfAt(b), halfAt(b[2:]), b[4:16])
		code, q := r.code[i*256:i*256+256], b[16:]
		for j := range 4 {
			for l, v := range q[j*32 : j*32+32] {
				code[j*64+l] = int8(v & 15)
				code[j*64+32+l] = int8(v >> 4)
			}
		}
	}
}

func unpackQ5K(r *rowCodes, row []byte) {
	for i := range len(r.scale) / 8 {
		b := row[i*176 : i*176+176]
		scalesK(r.scale[i*8:i*8+8], r.offset[i*8:i*8+8], halfAt(b), halfAt(b[2:]), b[4:16])
		code, high, q := r.code[i*256:i*256+256], b[16:48], b[48:]
		for j := range 4 {
			for l, v := range q[j*32 : j*32+32] {
				h := high[l] >> (2 * j)
				code[j*64+l] = int8(v&15 | h&1<<4)
				code[j*64+32+l] = int8(v>>4 | h>>1&1<<4)
			}
		}
	}
}

func unpackQ6K(r *rowCodes, row []byte) {
	for i := range len(r.scale) / 16 {
		b := row[i*210 : i*210+210]
		d := halfAt(b[208:])
		for j, s := range b[192:208] {
			r.scale[i*16+j] = d * float32(int8(s))
		}
		for half := range 2 {
			code := r.code[i*256+half*128 : i*256+half*128+128]
			low, high := b[half*64:half*64+64], b[128+half*32:128+half*32+32]
			for l, h := range high {
				code[l] = int8(low[l]&15|h&3<<4) - 32
				code[l+32] = int8(low[l+32]&15|h>>2&3<<4) - 32
				code[l+64] = int8(low[l]>>4|h>>4&3<<4) - 32
				code[l+96] = int8(low[l+32]>>4|h>>6<<4) - 32
			}
		}
	}
}
