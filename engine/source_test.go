package engine

import (
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
)

// madeUp is a Source of seeded noise whose formats can differ from tensor to
// tensor.
type madeUp struct {
	shape   model.Shape
	tensors []weights.Tensor
	size    int64
}

// matrixTypes gives the format of each role of matrix; roles left out are f32.
type matrixTypes map[string]quant.Type

// allOf stores every matrix as t.
func allOf(t quant.Type) matrixTypes {
	types := matrixTypes{}
	for _, role := range []string{"embedding", "output", "q", "k", "v", "o", "gate", "up", "down"} {
		types[role] = t
	}
	return types
}

// roleTypes are the short names of the roles of matrices in matrixTypes.
var roleTypes = map[model.Role]string{
	model.TokenEmbd: "embedding", model.Output: "output",
	model.AttnQ: "q", model.AttnK: "k", model.AttnV: "v", model.AttnQKV: "q", model.AttnOut: "o",
	model.FFNGate: "gate", model.FFNUp: "up", model.FFNDown: "down",
	model.ExpertGate: "gate", model.ExpertUp: "up", model.ExpertDown: "down",
	model.ConvIn: "q", model.ConvOut: "o",
}

func makeUp(s model.Shape, types matrixTypes, seed uint64) *madeUp {
	s = s.Resolved()
	src := &madeUp{shape: s, size: 4096}
	random := rand.New(rand.NewPCG(seed, 7))
	for want := range s.Tensors() {
		if want.Computed() {
			continue
		}
		t, mean, spread := quant.F32, float32(0), float32(0.2)
		if chosen, ok := types[roleTypes[want.Role]]; ok && !want.Bias {
			t = chosen
		}
		switch {
		case want.Bias:
			spread = 0.5
		case want.Vector():
			mean, spread = 1, 0.1
		}
		src.add(random, want.Name(), t, want.Rows, want.Cols, mean, spread)
	}
	return src
}

func (m *madeUp) add(random *rand.Rand, name string, t quant.Type, rows, cols int, mean, spread float32) {
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = mean + spread*float32(random.NormFloat64())
	}
	data := make([]byte, rows*t.RowBytes(cols))
	t.Encode(data, values)
	m.tensors = append(m.tensors, weights.Tensor{Name: name, Type: t, Rows: rows, Cols: cols, Offset: uint64(m.size), Data: data})
	m.size = int64(alignUp(uint64(m.size)+uint64(len(data)), 32))
}

// nudged is the same source with the last bits of its norms and biases changed:
// each value by up to one part in half a million.
func (m *madeUp) nudged(seed uint64) *madeUp {
	random := rand.New(rand.NewPCG(seed, 11))
	c := &madeUp{shape: m.shape, size: m.size}
	for _, t := range m.tensors {
		if t.Type == quant.F32 && t.Rows == 1 {
			values := make([]float32, t.Cols)
			t.Type.Decode(values, t.Data)
			for i := range values {
				values[i] *= 1 + float32(random.IntN(9)-4)*0x1p-21
			}
			t.Data = make([]byte, len(t.Data))
			t.Type.Encode(t.Data, values)
		}
		c.tensors = append(c.tensors, t)
	}
	return c
}

// withoutData is the same source as it would be opened shape-only.
func (m *madeUp) withoutData() *madeUp {
	bare := &madeUp{shape: m.shape, size: m.size}
	for _, t := range m.tensors {
		t.Data = nil
		bare.tensors = append(bare.tensors, t)
	}
	return bare
}

func (m *madeUp) Shape() model.Shape                       { return m.shape }
func (m *madeUp) Name() string                             { return "made-up" }
func (m *madeUp) Quant() string                            { return string(m.tensors[0].Type) }
func (m *madeUp) Synthetic() bool                          { return true }
func (m *madeUp) Size() int64                              { return m.size }
func (m *madeUp) Tensors() []weights.Tensor                { return m.tensors }
func (m *madeUp) Vocabulary() (*weights.Vocabulary, error) { return nil, nil }
func (m *madeUp) Close() error                             { return nil }

func (m *madeUp) Tensor(name string) (weights.Tensor, bool) {
	for _, t := range m.tensors {
		if t.Name == name {
			return t, true
		}
	}
	return weights.Tensor{}, false
}

// small is a shape with everything that a Llama has, in a few kilobytes.
func small() model.Shape {
	return model.Shape{Name: "small", Layers: 2, Dim: 64, FFN: 96, Heads: 4, KVHeads: 2, Vocab: 80, Tied: true, Context: 64}.Resolved()
}

// drawShape draws small shapes of every architecture, order of sharing and
// kind of output. Widths are multiples of 32, which block formats need.
func drawShape(t *rapid.T) model.Shape {
	headDim := rapid.SampledFrom([]int{8, 16, 32}).Draw(t, "head dim")
	kvHeads := rapid.IntRange(1, 3).Draw(t, "kv heads") * 32 / headDim
	heads := kvHeads * rapid.IntRange(1, 3).Draw(t, "heads per kv head")
	s := model.Shape{
		Architecture: rapid.SampledFrom([]string{"llama", "qwen2", "qwen3"}).Draw(t, "architecture"),
		Layers:       rapid.IntRange(1, 3).Draw(t, "layers"),
		Sharing:      rapid.SampledFrom([]model.Sharing{model.NoSharing, model.Immediate, model.Repeat, model.Reverse}).Draw(t, "sharing"),
		Dim:          32 * rapid.IntRange(1, 3).Draw(t, "dim/32"),
		FFN:          32 * rapid.IntRange(1, 4).Draw(t, "ffn/32"),
		Heads:        heads,
		KVHeads:      kvHeads,
		HeadDim:      headDim,
		Vocab:        rapid.IntRange(3, 70).Draw(t, "vocab"),
		Tied:         rapid.Bool().Draw(t, "tied"),
		RoPEStyle:    rapid.SampledFrom([]model.RoPEStyle{model.Halves, model.Interleaved}).Draw(t, "rope"),
		Context:      48,
	}
	if s.Sharing != model.NoSharing {
		s.Repeat = rapid.IntRange(1, 3).Draw(t, "repeat")
	}
	s.QKVBias = s.Architecture == "qwen2"
	s.QKNorm = s.Architecture == "qwen3"
	if rapid.Bool().Draw(t, "scaled rope") {
		s.RoPEScaling = &model.Scaling{Type: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 16}
	}
	return s.Resolved()
}

// drawAnyShape draws shapes with the parts of all families.
func drawAnyShape(t *rapid.T) model.Shape {
	s := drawShape(t)
	drawParts(t, &s)
	return s.Resolved()
}

// drawParts draws what other families have.
func drawParts(t *rapid.T, s *model.Shape) {
	some := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	s.Norms = rapid.SampledFrom([]model.Norms{model.NormsBefore, model.NormsBehind, model.NormsAround}).Draw(t, "norms")
	s.Activation = rapid.SampledFrom([]model.Activation{model.SiLU, model.GELU, model.ClampedGLU}).Draw(t, "activation")
	s.QKNormWhole = !s.QKNorm && some("whole norm")
	s.ValueNorm, s.OutputBias, s.Sinks, s.FusedQKV, s.LayerScale = some("value norm"), some("output bias"), some("sinks"), some("fused"), some("layer scale")
	s.FusedGateUp = some("fused gate")
	if some("scales") {
		s.EmbeddingScale, s.ResidualScale, s.LogitScale, s.AttentionScale = 2, 0.5, 0.5, 0.3
	}
	if some("caps") {
		s.AttentionCap, s.LogitCap = 5, 8
	}
	if some("window") {
		s.Window, s.GlobalEvery = rapid.IntRange(1, 5).Draw(t, "window size"), rapid.IntRange(0, 2).Draw(t, "global")
	}
	if some("partial rope") {
		s.RoPEDim = s.HeadDim / 2
	}
	if some("convolutions") {
		s.Mixer, s.ConvLength, s.AttentionEvery = model.ShortConv, 3, 2
	}
	if some("experts") {
		s.FusedGateUp = false
		s.Experts = &model.Experts{
			Count: 4, Used: rapid.IntRange(1, 3).Draw(t, "used"), FFN: 32, Normalize: some("normalize"), ChoiceBias: some("choice bias"), Biases: some("biases"),
			Gate: rapid.SampledFrom([]model.Gate{model.SoftmaxGate, model.SigmoidGate, model.SoftmaxChosenGate}).Draw(t, "gate"),
		}
		if some("shared expert") {
			s.Experts.SharedFFN = 32
		}
	}
	if s.Sharing == model.NoSharing && some("per layer") {
		s.PerLayerDim = 32
	}
	if s.Sharing == model.NoSharing && s.Layers > 1 && !s.FusedQKV && s.Mixer == "" && some("shared cache") {
		s.SharedKVLayers = 1
	}
}

func drawTypes(t *rapid.T) matrixTypes {
	types := []quant.Type{quant.F32, quant.F16, quant.BF16, quant.Q8_0, quant.Q4_0, quant.Q4_1, quant.Q5_0, quant.Q5_1}
	all := allOf(rapid.SampledFrom(types).Draw(t, "format"))
	if rapid.Bool().Draw(t, "mixed formats") {
		for _, role := range []string{"embedding", "k", "v", "down", "up"} {
			all[role] = rapid.SampledFrom(types).Draw(t, role)
		}
	}
	return all
}

// drawTokens draws ids of a shape's vocabulary.
func drawTokens(t *rapid.T, s model.Shape, least, most int) []int32 {
	return rapid.SliceOfN(rapid.Int32Range(0, int32(s.Vocab-1)), least, most).Draw(t, "tokens")
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
}

// newEngine returns an engine of one thread unless o says otherwise: models of
// tests are too small for more to pay.
func newEngine(t tester, src weights.Source, o Options) *Engine {
	t.Helper()
	if o.Threads == 0 {
		o.Threads = 1
	}
	e, err := New(src, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newSession(t tester, e *Engine, o SessionOptions) *Session {
	t.Helper()
	s, err := e.NewSession(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
