package weights

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

// category is the kind of tensor that a mixture chooses by: part of its name,
// as in llama-quantize.
type category string

// The categories. Values come fused with queries and keys, too.
const (
	uncategorised category = ""
	embedding     category = "token_embd"
	queries       category = "attn_q.weight"
	keys          category = "attn_k.weight"
	values        category = "attn_v.weight"
	fusedQKV      category = "attn_qkv.weight"
	attnOutput    category = "attn_output.weight"
	gates         category = "ffn_gate"
	ups           category = "ffn_up"
	downs         category = "ffn_down"

	experts    category = "_exps." // beside the category of the network's part
	everything category = "."
)

// categoryOf returns the category of a tensor, uncategorised if it has none of its
// own.
func categoryOf(name string) category {
	for _, c := range []category{embedding, fusedQKV, values, keys, queries, attnOutput, ups, gates, downs} {
		if strings.Contains(name, string(c)) {
			if c == fusedQKV {
				return values
			}
			return c
		}
	}
	return uncategorised
}

// condition restricts a rule. At is the place of the tensor's block among n, for
// values among the tensors of their kind.
type condition func(at, n int, m mixed) bool

// mixed is what mixtures know of a model.
type mixed struct {
	layers  int
	gqa     int // query heads that share a key-value head
	experts int // 0 without
}

// The conditions of llama-quantize.
var (
	always         condition = func(int, int, mixed) bool { return true }
	firstEighth    condition = func(at, n int, _ mixed) bool { return at < n/8 }
	firstSixteenth condition = func(at, n int, _ mixed) bool { return at < n/16 }
	firstTwo       condition = func(at, _ int, _ mixed) bool { return at < 2 }
	firstFour      condition = func(at, _ int, _ mixed) bool { return at < 4 }
	innerLayers    condition = func(at, n int, _ mixed) bool { return at >= n/8 && at < 7*n/8 }
	sharedValues   condition = func(_, _ int, m mixed) bool { return m.gqa >= 4 }
	fewValues      condition = func(_, _ int, m mixed) bool { return m.gqa >= 4 || m.experts >= 4 }
	eightExperts   condition = func(_, _ int, m mixed) bool { return m.experts == 8 }
	notEight       condition = func(_, _ int, m mixed) bool { return m.experts != 8 }
	anyExperts     condition = func(_, _ int, m mixed) bool { return m.experts > 0 }

	// moreBits are the blocks whose errors weigh most: the first and the last
	// eighth, and of the others every third.
	moreBits condition = func(at, n int, _ mixed) bool {
		return at < n/8 || at >= 7*n/8 || (at-n/8)%3 == 2
	}
	moreBitsOfEight condition = func(at, n int, m mixed) bool { return m.experts == 8 && moreBits(at, n, m) }
)

// rule is a choice of a mixture. The first that fits a tensor counts.
type rule struct {
	of   category
	when condition
	take quant.Type
}

// The rules of llama-quantize without an importance matrix
// (llama_tensor_get_type_impl in llama.cpp's llama-quant.cpp).
var (
	// of all mixtures but the smallest: eight experts share one attention.
	eight       = []rule{{values, eightExperts, quant.Q8_0}, {keys, eightExperts, quant.Q8_0}}
	eightOutput = rule{attnOutput, eightExperts, quant.Q5_K}

	twoBitXS = []rule{
		{values, fewValues, quant.Q4_K}, {values, always, quant.Q2_K},
		{keys, eightExperts, quant.Q4_K}, {downs, firstEighth, quant.Q2_K}, eightOutput,
		{embedding, always, quant.Q2_K},
	}
	twoBit = []rule{
		{values, fewValues, quant.Q4_K}, {values, always, quant.IQ3_S},
		{keys, eightExperts, quant.Q4_K}, {downs, firstEighth, quant.IQ3_S}, eightOutput, {attnOutput, always, quant.IQ3_S},
		{embedding, always, quant.IQ3_S},
	}
	oneBit  = append(slices.Clone(twoBitXS), rule{attnOutput, always, quant.IQ2_XXS})
	ternary = with(rule{embedding, always, quant.Q4_K})
	fourBit = with(eightOutput, rule{values, sharedValues, quant.Q5_K}, rule{downs, firstEighth, quant.Q5_K})

	// MXFP4 is for experts; a model without them has it in all matrices, which
	// llama-quantize would make q8_0.
	mxfp4 = []rule{{experts, anyExperts, quant.MXFP4}, {everything, anyExperts, quant.Q8_0}}
)

// with puts rules behind those of eight experts.
func with(rules ...rule) []rule { return slices.Concat(eight, rules) }

// mixedOf returns what mixtures know of a shape.
func mixedOf(s model.Shape) mixed {
	return mixed{layers: s.Layers, gqa: s.Heads / max(1, s.KVHeads), experts: expertsOf(s)}
}

// expertsOf returns the number of experts of a layer, 0 without.
func expertsOf(s model.Shape) int {
	if s.Experts == nil {
		return 0
	}
	return s.Experts.Count
}

// types returns the format of each tensor of the shape.
func (s Scheme) types(shape model.Shape, tensors []model.Tensor) []quant.Type {
	m, types := mixedOf(shape), make([]quant.Type, len(tensors))
	valuesAt, valuesOf := 0, 0
	for _, t := range tensors {
		if !t.Float32() && categoryOf(t.Name()) == values {
			valuesOf++
		}
	}
	for i, t := range tensors {
		if t.Float32() {
			types[i] = quant.F32
			continue
		}
		c, at, n := categoryOf(t.Name()), t.Block, m.layers
		if c == values {
			at, n = valuesAt, valuesOf
			valuesAt++
		}
		if t.Role == model.Output || c == embedding && shape.Tied {
			types[i] = s.output(t.Cols)
			continue
		}
		types[i] = fallback(s.choice(t.Name(), c, at, n, m), t.Cols)
	}
	return types
}

// output returns the format of an output matrix, and of an embedding that is
// one. Where the blocks of most matrices do not divide its columns, llama.cpp
// takes q8_0 for those that it would mix.
func (s Scheme) output(cols int) quant.Type {
	if base, ok := s.Base.Layout(); ok && len(s.rules) > 0 && cols%base.Block != 0 {
		return fallback(quant.Q8_0, cols)
	}
	return fallback(s.Output, cols)
}

// choice returns the format of a tensor of a category at a place.
func (s Scheme) choice(name string, c category, at, n int, m mixed) quant.Type {
	if c == embedding && s.Embedding != "" {
		return s.Embedding
	}
	for _, r := range s.rules {
		fits := r.of == c || (r.of == experts || r.of == everything) && strings.Contains(name, string(r.of))
		if fits && r.when(at, n, m) {
			return r.take
		}
	}
	return s.Base
}

// choices lists the formats that the scheme may take.
func (s Scheme) choices() []quant.Type {
	all := []quant.Type{s.Base, s.Output}
	if s.Embedding != "" {
		all = append(all, s.Embedding)
	}
	for _, r := range s.rules {
		all = append(all, r.take)
	}
	return all
}

// checkEncodes refuses, as the user's mistake, formats that values cannot be
// stored in here.
func checkEncodes(name string, scheme Scheme, tensors []Tensor) error {
	for _, t := range tensors {
		if !t.Type.Encodes() {
			return fault.Userf("model %s as %s: tensor %s would be stored as %s, which can be read but not made, or only its size is known; --shape-only shows what it moves, --quant %s runs",
				name, scheme.Name, t.Name, t.Type, DefaultQuant)
		}
	}
	return nil
}

// explains reports whether the scheme can have chosen the formats of all
// matrices, if it may have been any of its choices for each.
func (s Scheme) explains(tensors []Tensor) bool {
	choices := append(s.choices(), quant.Q8_0) // see output
	for _, t := range tensors {
		may := func(choice quant.Type) bool { return fallback(choice, t.Cols) == t.Type }
		if t.Rows != 1 && !slices.ContainsFunc(choices, may) {
			return false
		}
	}
	return true
}

// fallback returns a format whose blocks divide the columns: of the same bits
// or the next finer, and float16 if no block of 32 fits either.
func fallback(t quant.Type, cols int) quant.Type {
	if t.RowBytes(cols) != 0 {
		return t
	}
	switch t {
	case quant.IQ1_S, quant.IQ1_M, quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S, quant.IQ3_XXS, quant.IQ3_S, quant.IQ4_XS:
		t = quant.IQ4_NL
	case quant.Q2_K, quant.Q3_K, quant.TQ1_0, quant.TQ2_0:
		t = quant.Q4_0
	case quant.Q4_K:
		t = quant.Q5_0
	case quant.Q5_K:
		t = quant.Q5_1
	case quant.Q6_K:
		t = quant.Q8_0
	default:
		t, _ = t.Narrower(cols)
	}
	if t.RowBytes(cols) != 0 {
		return t
	}
	return quant.F16
}
