package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Field is a metadata key with its value.
type Field struct {
	Key  string
	Kind Kind
	Elem Kind // of an Array
	Len  int  // of an Array

	raw []byte // the value as in the file, without Kind
}

// arrayHead is the size of an array's element type and length.
const arrayHead = 12

// Has reports whether the file has the key.
func (f *File) Has(key string) bool {
	_, ok := f.index[key]
	return ok
}

// lookup returns the field of a key; an absent key is an error.
func (f *File) lookup(key string) (Field, error) {
	i, ok := f.index[key]
	if !ok {
		return Field{}, fmt.Errorf("field %q: missing", key)
	}
	return f.Fields[i], nil
}

// Int returns an integer field of any width that holds a number in [0, 2^31).
func (f *File) Int(key string) (int, error) {
	field, err := f.lookup(key)
	if err != nil {
		return 0, err
	}
	n, ok := field.integer()
	if !ok {
		return 0, fmt.Errorf("field %q: a %v, not an integer", key, field.Kind)
	}
	if n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("field %q: %d is not within 0 to %d", key, n, math.MaxInt32)
	}
	return int(n), nil
}

// Float returns a floating-point field.
func (f *File) Float(key string) (float64, error) {
	field, err := f.lookup(key)
	if err != nil {
		return 0, err
	}
	switch field.Kind {
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(field.raw))), nil
	case Float64:
		return math.Float64frombits(binary.LittleEndian.Uint64(field.raw)), nil
	}
	return 0, fmt.Errorf("field %q: a %v, not a float", key, field.Kind)
}

// Bool returns a boolean field.
func (f *File) Bool(key string) (bool, error) {
	field, err := f.lookup(key)
	if err != nil {
		return false, err
	}
	if field.Kind != Bool {
		return false, fmt.Errorf("field %q: a %v, not a bool", key, field.Kind)
	}
	return field.raw[0] != 0, nil
}

// Text returns a string field.
func (f *File) Text(key string) (string, error) {
	field, err := f.lookup(key)
	if err != nil {
		return "", err
	}
	if field.Kind != String {
		return "", fmt.Errorf("field %q: a %v, not a string", key, field.Kind)
	}
	return string(field.raw[8:]), nil
}

// Texts returns an array of strings.
func (f *File) Texts(key string) ([]string, error) {
	field, err := f.array(key, String)
	if err != nil {
		return nil, err
	}
	texts := make([]string, field.Len)
	rest := field.raw[arrayHead:]
	for i := range texts {
		n := binary.LittleEndian.Uint64(rest)
		texts[i] = string(rest[8:][:n])
		rest = rest[8+n:]
	}
	return texts, nil
}

// Floats returns an array of float32.
func (f *File) Floats(key string) ([]float32, error) {
	field, err := f.array(key, Float32)
	if err != nil {
		return nil, err
	}
	values := make([]float32, field.Len)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(field.raw[arrayHead+4*i:]))
	}
	return values, nil
}

// Ints returns an array of 32-bit integers, signed or not.
func (f *File) Ints(key string) ([]int32, error) {
	field, err := f.array(key, Int32, Uint32)
	if err != nil {
		return nil, err
	}
	values := make([]int32, field.Len)
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(field.raw[arrayHead+4*i:]))
	}
	return values, nil
}

// Flags returns an array of booleans, or of integers of which 0 is false.
func (f *File) Flags(key string) ([]bool, error) {
	field, err := f.array(key, Bool, Int32, Uint32)
	if err != nil {
		return nil, err
	}
	values := make([]bool, field.Len)
	for i := range values {
		width := field.Elem.width()
		for _, b := range field.raw[arrayHead+i*width:][:width] {
			values[i] = values[i] || b != 0
		}
	}
	return values, nil
}

// Uniform returns the value of an integer field, or of an array of integers
// that are all equal: files state a number either once or for each layer.
func (f *File) Uniform(key string) (int, error) {
	field, err := f.lookup(key)
	if err != nil {
		return 0, err
	}
	if field.Kind != Array {
		return f.Int(key)
	}
	values, err := f.Ints(key)
	if err != nil {
		return 0, err
	}
	if len(values) == 0 {
		return 0, fmt.Errorf("field %q: an empty array", key)
	}
	for layer, v := range values {
		if v != values[0] {
			return 0, fmt.Errorf("field %q: layer %d has %d, layer 0 has %d; models whose layers differ are not supported", key, layer, v, values[0])
		}
	}
	return int(values[0]), nil
}

func (f *File) array(key string, elems ...Kind) (Field, error) {
	field, err := f.lookup(key)
	if err != nil {
		return Field{}, err
	}
	if field.Kind != Array {
		return Field{}, fmt.Errorf("field %q: a %v, not an array", key, field.Kind)
	}
	for _, elem := range elems {
		if field.Elem == elem {
			return field, nil
		}
	}
	return Field{}, fmt.Errorf("field %q: an array of %v, not of %v", key, field.Elem, elems[0])
}

// integer returns the value of an integer field; ok is false for other kinds
// and for numbers above int64.
func (f Field) integer() (n int64, ok bool) {
	switch f.Kind {
	case Uint8:
		return int64(f.raw[0]), true
	case Int8:
		return int64(int8(f.raw[0])), true
	case Uint16:
		return int64(binary.LittleEndian.Uint16(f.raw)), true
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(f.raw))), true
	case Uint32:
		return int64(binary.LittleEndian.Uint32(f.raw)), true
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(f.raw))), true
	case Uint64, Int64:
		n := int64(binary.LittleEndian.Uint64(f.raw))
		return n, n >= 0 || f.Kind == Int64
	}
	return 0, false
}
