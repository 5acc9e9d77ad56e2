package weights

import (
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

// Scheme is a choice of a storage format for each tensor of a model, as
// llama.cpp's llama-quantize makes it: most matrices in Base, the ones that
// suffer most in a finer format. Vectors are float32 in all schemes.
type Scheme struct {
	Name     string     // "q4_k_m"
	Base     quant.Type // of most matrices
	Output   quant.Type // of the output matrix: the embedding if tied
	More     quant.Type // of attn_v and ffn_down in some of the blocks
	FileType int        // general.file_type, llama.cpp's number of the scheme
}

// schemes is what Options.Quant may name.
var schemes = []Scheme{
	{"f32", quant.F32, quant.F32, quant.F32, 0},
	{"f16", quant.F16, quant.F16, quant.F16, 1},
	{"bf16", quant.BF16, quant.BF16, quant.BF16, 32},
	{"q8_0", quant.Q8_0, quant.Q8_0, quant.Q8_0, 7},
	{"q6_k", quant.Q6_K, quant.Q6_K, quant.Q6_K, 18},
	{"q5_k_m", quant.Q5_K, quant.Q6_K, quant.Q6_K, 17},
	{"q5_1", quant.Q5_1, quant.Q6_K, quant.Q5_1, 9},
	{"q5_0", quant.Q5_0, quant.Q6_K, quant.Q5_0, 8},
	{"q4_k_m", quant.Q4_K, quant.Q6_K, quant.Q6_K, 15},
	{"q4_1", quant.Q4_1, quant.Q6_K, quant.Q4_1, 3},
	{"q4_0", quant.Q4_0, quant.Q6_K, quant.Q4_0, 2},
}

// Schemes returns the names that Options.Quant takes, finest first.
func Schemes() []string {
	names := make([]string, len(schemes))
	for i, s := range schemes {
		names[i] = s.Name
	}
	return names
}

// ParseScheme returns the scheme of a name, in either case. Two names with a
// slash between them, as "q4_0/q8_0", are the first with the second's format
// for the output matrix (and a tied embedding): what runtimes other than
// llama.cpp choose. An unknown name is the user's error and lists the known ones.
func ParseScheme(name string) (Scheme, error) {
	base, output, two := strings.Cut(name, "/")
	s, err := findScheme(base)
	if err != nil || !two {
		return s, err
	}
	o, err := findScheme(output)
	if err != nil {
		return Scheme{}, err
	}
	s.Name, s.Output = s.Name+"/"+o.Name, o.Base
	return s, nil
}

func findScheme(name string) (Scheme, error) {
	for _, s := range schemes {
		if strings.EqualFold(s.Name, name) {
			return s, nil
		}
	}
	return Scheme{}, fault.Userf("quant %q is not one of %s", name, strings.Join(Schemes(), ", "))
}

// schemeOf returns the scheme with a file type's number.
func schemeOf(fileType int) (Scheme, bool) {
	for _, s := range schemes {
		if s.FileType == fileType {
			return s, true
		}
	}
	return Scheme{}, false
}

// explains reports whether the scheme can have chosen the formats of all
// matrices, if it may have been any of its choices for each.
func (s Scheme) explains(tensors []Tensor) bool {
	for _, t := range tensors {
		switch t.Type {
		case fallback(s.Base, t.Cols), fallback(s.Output, t.Cols), fallback(s.More, t.Cols):
		default:
			if t.Rows != 1 {
				return false
			}
		}
	}
	return true
}

// pick returns the format of a tensor of the shape.
func (s Scheme) pick(shape model.Shape, t model.Tensor) quant.Type {
	if t.Float32() {
		return quant.F32
	}
	choice := s.Base
	switch {
	case t.Role == model.Output, t.Role == model.TokenEmbd && shape.Tied:
		choice = s.Output
	case (t.Role == model.AttnV || t.Role == model.FFNDown) && moreBits(t.Block, shape.Layers):
		choice = s.More
	}
	return fallback(choice, t.Cols)
}

// moreBits chooses the blocks whose errors weigh most: the first and the last
// eighth, and of the others every third.
func moreBits(block, layers int) bool {
	return block < layers/8 || block >= 7*layers/8 || (block-layers/8)%3 == 2
}

// fallback returns a format whose blocks divide the columns: of the same bits
// or the next finer, and float16 if no block of 32 fits either.
func fallback(t quant.Type, cols int) quant.Type {
	if t.RowBytes(cols) != 0 {
		return t
	}
	switch t {
	case quant.Q4_K:
		t = quant.Q5_0
	case quant.Q5_K:
		t = quant.Q5_1
	case quant.Q6_K:
		t = quant.Q8_0
	}
	if t.RowBytes(cols) != 0 {
		return t
	}
	return quant.F16
}
