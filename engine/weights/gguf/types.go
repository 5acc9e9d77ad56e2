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
	9:  quant.Q8_1,
	10: quant.Q2_K,
	11: quant.Q3_K,
	12: quant.Q4_K,
	13: quant.Q5_K,
	14: quant.Q6_K,
	15: quant.Q8_K,
	16: quant.IQ2_XXS,
	17: quant.IQ2_XS,
	18: quant.IQ3_XXS,
	19: quant.IQ1_S,
	20: quant.IQ4_NL,
	21: quant.IQ3_S,
	22: quant.IQ2_S,
	23: quant.IQ4_XS,
	24: quant.I8,
	25: quant.I16,
	26: quant.I32,
	27: quant.I64,
	28: quant.F64,
	29: quant.IQ1_M,
	30: quant.BF16,
	34: quant.TQ1_0,
	35: quant.TQ2_0,
	39: quant.MXFP4,
	40: quant.NVFP4,
	41: quant.Q1_0,
	42: quant.Q2_0,
}

// removedTypes are numbers of formats that ggml no longer reads, with what
// became of them.
var removedTypes = map[uint32]string{
	4:  "q4_2, which ggml dropped in 2023",
	5:  "q4_3, which ggml dropped in 2023",
	31: "q4_0_4_4, which is old and removed: programs now lay q4_0 out so while loading",
	32: "q4_0_4_8, which is old and removed: programs now lay q4_0 out so while loading",
	33: "q4_0_8_8, which is old and removed: programs now lay q4_0 out so while loading",
	36: "iq4_nl_4_4, which is old and removed: programs now lay iq4_nl out so while loading",
	37: "iq4_nl_4_8, which is old and removed: programs now lay iq4_nl out so while loading",
	38: "iq4_nl_8_8, which is old and removed: programs now lay iq4_nl out so while loading",
}

var tensorNumbers = func() map[quant.Type]uint32 {
	numbers := make(map[quant.Type]uint32, len(tensorTypes))
	for number, t := range tensorTypes {
		numbers[t] = number
	}
	return numbers
}()

// Tensor is a row of the tensor table.
type Tensor struct {
	Name   string
	Type   quant.Type
	Cols   int    // values that are contiguous: ggml's first dimension
	Rows   int    // 1 for a vector; of all matrices of a stack
	Stack  int    // matrices of equal size, one behind the other; 0 is one
	Dims   int    // dimensions as written in the file, 1 to 4
	Offset uint64 // of the first byte, from the start of the file
	Bytes  int64
}
