package gguf

import (
	"fmt"

	"github.com/memsim/memsim/engine/quant"
)

// Kind is the type of a metadata value, numbered as in the file.
type Kind uint32

// The kinds of metadata value.
const (
	Uint8 Kind = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

var kindNames = [...]string{"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64", "int64", "float64"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("type %d", uint32(k))
}

// width returns the bytes of a value of fixed size, 0 for strings, arrays and
// unknown kinds.
func (k Kind) width() int {
	switch k {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16:
		return 2
	case Uint32, Int32, Float32:
		return 4
	case Uint64, Int64, Float64:
		return 8
	}
	return 0
}

// tensorTypes numbers the storage formats as ggml does (enum ggml_type).
var tensorTypes = map[uint32]quant.Type{
	0:  quant.F32,
	1:  quant.F16,
	2:  quant.Q4_0,
	3:  quant.Q4_1,
	6:  quant.Q5_0,
	7:  quant.Q5_1,
	8:  quant.Q8_0,
	12: quant.Q4_K,
	13: quant.Q5_K,
	14: quant.Q6_K,
	30: quant.BF16,
}

var tensorNumbers = func() map[quant.Type]uint32 {
	numbers := make(map[quant.Type]uint32, len(tensorTypes))
	for number, t := range tensorTypes {
		numbers[t] = number
	}
	return numbers
}()

// otherTypes names ggml's formats that package quant does not know, for errors.
var otherTypes = map[uint32]string{
	9: "q8_1", 10: "q2_k", 11: "q3_k", 15: "q8_k", 16: "iq2_xxs", 17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s",
	20: "iq4_nl", 21: "iq3_s", 22: "iq2_s", 23: "iq4_xs", 24: "i8", 25: "i16", 26: "i32", 27: "i64", 28: "f64",
	29: "iq1_m", 34: "tq1_0", 35: "tq2_0", 39: "mxfp4",
}

// Tensor is a row of the tensor table.
type Tensor struct {
	Name   string
	Type   quant.Type
	Cols   int    // values that are contiguous: ggml's first dimension
	Rows   int    // 1 for a vector; of all matrices of a stack
	Stack  int    // matrices of equal size that a file to be written has one behind the other; 0 is one
	Dims   int    // dimensions as written in the file, 1 or 2
	Offset uint64 // of the first byte, from the start of the file
	Bytes  int64
}
