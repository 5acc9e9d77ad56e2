package weights

import (
	"maps"
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

// Scheme is a choice of a storage format for each tensor of a model: most
// matrices in Base, the others by the rules of llama.cpp's llama-quantize
// (mixture.go). Vectors are float32 in all schemes.
type Scheme struct {
	Name      string     // "q4_k_m"
	Base      quant.Type // of most matrices
	Output    quant.Type // of the output matrix: the embedding if tied
	Embedding quant.Type // of an embedding that is not the output matrix; "" is what the rules say
	FileType  int        // general.file_type, llama.cpp's number of the scheme

	rules []rule
}

// schemes is what Options.Quant may name, beside the groupwise formats.
var schemes = []Scheme{
	{Name: "f32", Base: quant.F32, Output: quant.F32, FileType: 0},
	{Name: "f16", Base: quant.F16, Output: quant.F16, FileType: 1},
	{Name: "bf16", Base: quant.BF16, Output: quant.BF16, FileType: 32},
	{Name: "q8_0", Base: quant.Q8_0, Output: quant.Q8_0, FileType: 7},
	{Name: "q6_k", Base: quant.Q6_K, Output: quant.Q6_K, FileType: 18, rules: eight},
	{Name: "q5_k_m", Base: quant.Q5_K, Output: quant.Q6_K, FileType: 17, rules: with(rule{values, moreBits, quant.Q6_K}, rule{downs, moreBits, quant.Q6_K})},
	{Name: "q5_k_s", Base: quant.Q5_K, Output: quant.Q6_K, FileType: 16, rules: eight},
	{Name: "q5_1", Base: quant.Q5_1, Output: quant.Q6_K, FileType: 9, rules: eight},
	{Name: "q5_0", Base: quant.Q5_0, Output: quant.Q6_K, FileType: 8, rules: eight},
	{Name: "q4_k_m", Base: quant.Q4_K, Output: quant.Q6_K, FileType: 15, rules: with(eightOutput, rule{values, moreBits, quant.Q6_K}, rule{downs, moreBits, quant.Q6_K})},
	{Name: "q4_k_s", Base: quant.Q4_K, Output: quant.Q6_K, FileType: 14, rules: with(eightOutput, rule{values, firstFour, quant.Q5_K}, rule{downs, firstEighth, quant.Q5_K})},
	{Name: "q4_1", Base: quant.Q4_1, Output: quant.Q6_K, FileType: 3, rules: eight},
	{Name: "q4_0", Base: quant.Q4_0, Output: quant.Q6_K, FileType: 2, rules: eight},
	{Name: "iq4_nl", Base: quant.IQ4_NL, Output: quant.Q6_K, FileType: 25, rules: fourBit},
	{Name: "iq4_xs", Base: quant.IQ4_XS, Output: quant.Q6_K, FileType: 30, rules: fourBit},
	{Name: "mxfp4", Base: quant.MXFP4, Output: quant.Q8_0, FileType: 38, rules: mxfp4},
	{Name: "q3_k_l", Base: quant.Q3_K, Output: quant.Q6_K, FileType: 13, rules: with(rule{values, always, quant.Q5_K}, rule{downs, always, quant.Q5_K}, rule{attnOutput, notEight, quant.Q5_K})},
	{Name: "q3_k_m", Base: quant.Q3_K, Output: quant.Q6_K, FileType: 12, rules: with(eightOutput, rule{values, firstTwo, quant.Q5_K}, rule{values, always, quant.Q4_K}, rule{downs, firstSixteenth, quant.Q5_K}, rule{downs, always, quant.Q4_K}, rule{attnOutput, always, quant.Q4_K})},
	{Name: "q3_k_s", Base: quant.Q3_K, Output: quant.Q6_K, FileType: 11, rules: with(eightOutput)},
	{Name: "iq3_m", Base: quant.IQ3_S, Output: quant.Q6_K, FileType: 27, rules: with(eightOutput, rule{values, always, quant.Q4_K}, rule{downs, firstEighth, quant.Q4_K}, rule{downs, moreBitsOfEight, quant.Q4_K}, rule{attnOutput, always, quant.Q4_K})},
	{Name: "iq3_s", Base: quant.IQ3_S, Output: quant.Q6_K, FileType: 26, rules: with(eightOutput, rule{values, sharedValues, quant.Q4_K})},
	{Name: "iq3_xs", Base: quant.IQ3_S, Output: quant.Q6_K, FileType: 22, rules: with(eightOutput, rule{values, sharedValues, quant.Q4_K}, rule{keys, always, quant.IQ3_XXS}, rule{queries, always, quant.IQ3_XXS}, rule{gates, innerLayers, quant.IQ3_XXS}, rule{ups, innerLayers, quant.IQ3_XXS})},
	{Name: "iq3_xxs", Base: quant.IQ3_XXS, Output: quant.Q5_K, FileType: 23, rules: with(rule{embedding, always, quant.IQ3_S}, eightOutput, rule{values, sharedValues, quant.Q4_K}, rule{values, always, quant.IQ3_S}, rule{keys, always, quant.IQ2_S}, rule{queries, always, quant.IQ2_S}, rule{downs, firstEighth, quant.Q4_K}, rule{downs, always, quant.Q3_K}, rule{attnOutput, always, quant.IQ3_S})},
	{Name: "q2_k", Base: quant.Q2_K, Output: quant.Q6_K, FileType: 10, rules: with(eightOutput, rule{values, sharedValues, quant.Q4_K}, rule{values, always, quant.Q3_K}, rule{downs, always, quant.Q3_K}, rule{attnOutput, always, quant.Q3_K})},
	{Name: "q2_k_s", Base: quant.Q2_K, Output: quant.Q6_K, FileType: 21, rules: with(rule{values, sharedValues, quant.Q4_K}, rule{downs, firstEighth, quant.Q4_K})},
	{Name: "iq2_m", Base: quant.IQ2_S, Output: quant.Q5_K, FileType: 29, rules: twoBit},
	{Name: "iq2_s", Base: quant.IQ2_XS, Output: quant.Q5_K, FileType: 28, rules: twoBit},
	{Name: "iq2_xs", Base: quant.IQ2_XS, Output: quant.Q5_K, FileType: 20, rules: twoBitXS},
	{Name: "iq2_xxs", Base: quant.IQ2_XXS, Output: quant.Q5_K, FileType: 19, rules: twoBitXS},
	{Name: "tq2_0", Base: quant.TQ2_0, Output: quant.Q6_K, FileType: 37, rules: ternary},
	{Name: "tq1_0", Base: quant.TQ1_0, Output: quant.Q6_K, FileType: 36, rules: ternary},
	{Name: "iq1_m", Base: quant.IQ1_M, Output: quant.Q5_K, FileType: 31, rules: oneBit},
	{Name: "iq1_s", Base: quant.IQ1_S, Output: quant.Q5_K, FileType: 24, rules: oneBit},
}

// guessed is the file type of schemes that llama.cpp does not have.
const guessed = 1024

// runtimeSchemes are what other runtimes call their choices.
var runtimeSchemes = map[string]string{
	"8da4w":    "w4_g32/w4_g32/w8", // ExecuTorch: int8 activations, groups of 32, an int8 embedding
	"q4f16_1":  "w4_g32",           // MLC
	"mlx_4bit": "w4_g64_zp",
	"mlx_8bit": "w8_g64_zp",
	"w8a8":     "w8",    // a scale for each row, as NPUs have it
	"w4a16":    "w4/w8", // the same, with a finer output matrix
}

// Schemes returns the names of llama.cpp's schemes that Options.Quant takes,
// finest first. It takes those of RuntimeSchemes, too.
func Schemes() []string {
	names := make([]string, len(schemes))
	for i, s := range schemes {
		names[i] = s.Name
	}
	return names
}

// RuntimeSchemes returns the names of what other runtimes store, whose sizes are
// known: groupwise formats (package quant), then what runtimes call their choices.
func RuntimeSchemes() []string {
	var names []string
	for _, t := range quant.Groupwise() {
		names = append(names, string(t))
	}
	return append(names, slices.Sorted(maps.Keys(runtimeSchemes))...)
}

// ParseScheme returns the scheme of a name, in either case. Names with slashes
// between them are the first with the base format of the second for the output
// matrix (and a tied embedding), and that of the third for an embedding apart:
// "q4_0/q8_0", "w4_g32/w4_g32/w8", as runtimes other than llama.cpp choose. An
// unknown name is the user's error and lists the known ones.
func ParseScheme(name string) (Scheme, error) {
	if full, ok := runtimeSchemes[strings.ToLower(name)]; ok {
		s, err := ParseScheme(full)
		s.Name = strings.ToLower(name)
		return s, err
	}
	parts := strings.Split(name, "/")
	if len(parts) > 3 {
		return Scheme{}, fault.Userf("quant %q has more than three parts; give FORMAT, FORMAT/OUTPUT or FORMAT/OUTPUT/EMBEDDING", name)
	}
	s, err := findScheme(parts[0])
	if err != nil {
		return s, err
	}
	for i, part := range parts[1:] {
		o, err := findScheme(part)
		if err != nil {
			return Scheme{}, err
		}
		s.Name += "/" + o.Name
		if i == 0 {
			s.Output = o.Base
		} else {
			s.Embedding = o.Base
		}
	}
	return s, nil
}

func findScheme(name string) (Scheme, error) {
	for _, s := range schemes {
		if strings.EqualFold(s.Name, name) {
			return s, nil
		}
	}
	for _, t := range quant.Groupwise() {
		if strings.EqualFold(string(t), name) {
			return Scheme{Name: string(t), Base: t, Output: t, FileType: guessed}, nil
		}
	}
	return Scheme{}, fault.Userf("quant %q is not one of %s; or, of other runtimes, wB, wB_gN or wB_gN_zp (B bits in groups of N values, as w4_g32, w8), %s",
		name, strings.Join(Schemes(), ", "), strings.Join(slices.Sorted(maps.Keys(runtimeSchemes)), ", "))
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
