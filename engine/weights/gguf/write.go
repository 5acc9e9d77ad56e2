package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
)

// Header is what is written before the data: the fields and the tensor table.
type Header struct {
	Fields  []Value
	Tensors []Tensor
}

// Value is a metadata field to be written. The bytes of long arrays are made
// while writing, so that the size of a header can be told without making them.
type Value struct {
	Key   string
	Kind  Kind
	Bytes int64                   // of the value
	Put   func(dst []byte) []byte // appends the value
}

// Uint32Value returns a field that holds n.
func Uint32Value(key string, n int) Value {
	return Value{key, Uint32, 4, func(dst []byte) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(n)) }}
}

// Float32Value returns a field that holds v.
func Float32Value(key string, v float64) Value {
	bits := math.Float32bits(float32(v))
	return Value{key, Float32, 4, func(dst []byte) []byte { return binary.LittleEndian.AppendUint32(dst, bits) }}
}

// BoolValue returns a field that holds v.
func BoolValue(key string, v bool) Value {
	return Value{key, Bool, 1, func(dst []byte) []byte {
		if v {
			return append(dst, 1)
		}
		return append(dst, 0)
	}}
}

// TextValue returns a field that holds s.
func TextValue(key, s string) Value {
	return Value{key, String, 8 + int64(len(s)), func(dst []byte) []byte { return appendText(dst, s) }}
}

// TextsValue returns a field that holds an array of n strings of bytes bytes
// together, the i-th of which is text(i).
func TextsValue(key string, n int, bytes int64, text func(i int) string) Value {
	return Value{key, Array, arrayHead + 8*int64(n) + bytes, func(dst []byte) []byte {
		dst = appendArrayHead(dst, String, n)
		for i := range n {
			dst = appendText(dst, text(i))
		}
		return dst
	}}
}

// FloatsValue returns a field that holds an array of n floats, the i-th of
// which is value(i).
func FloatsValue(key string, n int, value func(i int) float32) Value {
	return words(key, Float32, n, func(i int) uint32 { return math.Float32bits(value(i)) })
}

// IntsValue returns a field that holds an array of n integers, the i-th of
// which is value(i).
func IntsValue(key string, n int, value func(i int) int32) Value {
	return words(key, Int32, n, func(i int) uint32 { return uint32(value(i)) })
}

// BoolsValue returns a field that holds an array of n booleans, the i-th of
// which is value(i).
func BoolsValue(key string, n int, value func(i int) bool) Value {
	return Value{key, Array, arrayHead + int64(n), func(dst []byte) []byte {
		dst = appendArrayHead(dst, Bool, n)
		for i := range n {
			bit := byte(0)
			if value(i) {
				bit = 1
			}
			dst = append(dst, bit)
		}
		return dst
	}}
}

func words(key string, elem Kind, n int, value func(i int) uint32) Value {
	return Value{key, Array, arrayHead + 4*int64(n), func(dst []byte) []byte {
		dst = appendArrayHead(dst, elem, n)
		for i := range n {
			dst = binary.LittleEndian.AppendUint32(dst, value(i))
		}
		return dst
	}}
}

// Value returns the field for writing it to another file unchanged.
func (f Field) Value() Value {
	return Value{f.Key, f.Kind, int64(len(f.raw)), func(dst []byte) []byte { return append(dst, f.raw...) }}
}

func appendText(dst []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(dst, uint64(len(s))), s...)
}

func appendArrayHead(dst []byte, elem Kind, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(elem))
	return binary.LittleEndian.AppendUint64(dst, uint64(n))
}

// PaddingField is the key of the field that Pad adds.
const PaddingField = "memsim.padding"

// Pad adds a field of blanks that lets the data begin at a multiple of a number of
// bytes, itself a multiple of DefaultAlignment. All other fields and all tensors
// have to be there.
func (h *Header) Pad(multiple int64) {
	h.Fields = append(h.Fields, TextValue(PaddingField, ""))
	blanks := (multiple - h.bytes()%multiple) % multiple
	h.Fields[len(h.Fields)-1] = TextValue(PaddingField, blanksOf(int(blanks)))
}

// blanksOf returns n blanks. Usual numbers of them share memory: headers are made
// for each model of a sweep.
func blanksOf(n int) string {
	if shared := usualBlanks(); n <= len(shared) {
		return shared[:n]
	}
	return strings.Repeat(" ", n)
}

var usualBlanks = sync.OnceValue(func() string { return strings.Repeat(" ", 1<<19) })

// Place sets Offset, Bytes and Dims of the header's tensors as they come to lie
// in a file, in their order, each aligned, and returns the size of the file.
func (h *Header) Place() int64 {
	at := h.bytes()
	for i := range h.Tensors {
		t := &h.Tensors[i]
		t.Dims = len(t.extents())
		at = align(at)
		t.Offset = uint64(at)
		t.Bytes = int64(t.Rows) * int64(t.Type.RowBytes(t.Cols))
		at += t.Bytes
	}
	return align(at)
}

// extents returns the tensor's dimensions as a file states them, the innermost
// first.
func (t *Tensor) extents() []int {
	switch {
	case t.Stack > 1:
		return []int{t.Cols, t.Rows / t.Stack, t.Stack}
	case t.Rows == 1:
		return []int{t.Cols}
	}
	return []int{t.Cols, t.Rows}
}

func align(n int64) int64 {
	return (n + DefaultAlignment - 1) / DefaultAlignment * DefaultAlignment
}

// bytes returns the size of the header as far as the start of the data.
func (h *Header) bytes() int64 {
	n := int64(len(magic)) + 4 + 8 + 8
	for _, v := range h.Fields {
		n += 8 + int64(len(v.Key)) + 4 + v.Bytes
	}
	for _, t := range h.Tensors {
		n += 8 + int64(len(t.Name)) + 4 + 8*int64(len(t.extents())) + 4 + 8
	}
	return align(n)
}

// append writes the header in version 3 of the format.
func (h *Header) append(dst []byte) []byte {
	start := uint64(h.bytes())
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, 3)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(h.Tensors)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(h.Fields)))
	for _, v := range h.Fields {
		dst = appendText(dst, v.Key)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Kind))
		dst = v.Put(dst)
	}
	for _, t := range h.Tensors {
		dst = appendText(dst, t.Name)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(t.extents())))
		for _, extent := range t.extents() {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(extent))
		}
		dst = binary.LittleEndian.AppendUint32(dst, tensorNumbers[t.Type])
		dst = binary.LittleEndian.AppendUint64(dst, t.Offset-start)
	}
	return append(dst, make([]byte, int(start)-len(dst))...)
}

// Write writes a whole file: the header, whose tensors Place has placed, and
// the data that data returns for each of them.
func (h *Header) Write(w io.Writer, data func(t Tensor) ([]byte, error)) error {
	head := h.append(make([]byte, 0, h.bytes()))
	if _, err := w.Write(head); err != nil {
		return err
	}
	at := uint64(len(head))
	var padding [DefaultAlignment]byte
	for _, t := range h.Tensors {
		if _, err := w.Write(padding[:t.Offset-at]); err != nil {
			return err
		}
		b, err := data(t)
		if err != nil {
			return err
		}
		if int64(len(b)) != t.Bytes {
			return fmt.Errorf("tensor %q: has %d bytes of data, its shape needs %d", t.Name, len(b), t.Bytes)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		at = t.Offset + uint64(t.Bytes)
	}
	_, err := w.Write(padding[:uint64(align(int64(at)))-at])
	return err
}
