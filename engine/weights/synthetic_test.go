package weights

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/memsim/memsim/engine/internal/memory"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
)

func addressOf(data []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(data))) }

// decoded returns a tensor's values.
func decoded(t testing.TB, s Source, name string) []float32 {
	t.Helper()
	tensor, ok := s.Tensor(name)
	if !ok {
		t.Fatalf("no tensor %s", name)
	}
	values := make([]float32, tensor.Rows*tensor.Cols)
	tensor.Type.Decode(values, tensor.Data)
	return values
}

// moments returns the mean and the deviation of values.
func moments(values []float32) (mean, deviation float64) {
	for _, v := range values {
		mean += float64(v)
	}
	mean /= float64(len(values))
	for _, v := range values {
		deviation += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(values)))
}

func TestSyntheticValuesAreSane(t *testing.T) {
	shape := narrow()
	shape.Architecture, shape.QKVBias, shape.QKNorm = "qwen2", true, true
	s := synthetic(t, shape, Options{Quant: "f32"})
	for name, want := range map[string]struct{ mean, deviation float64 }{
		"token_embd.weight":        {0, 1 / math.Sqrt(96)},
		"output.weight":            {0, 3 / math.Sqrt(96)},
		"blk.1.ffn_down.weight":    {0, 1 / math.Sqrt(160)},
		"blk.1.attn_q.weight":      {0, 1 / math.Sqrt(96)},
		"blk.1.attn_norm.weight":   {1, 0.1},
		"output_norm.weight":       {1, 0.1},
		"blk.0.attn_q.bias":        {0, 0.02},
		"blk.0.attn_k_norm.weight": {1, 0.1},
	} {
		values := decoded(t, s, name)
		mean, deviation := moments(values)
		slack := 4 * want.deviation / math.Sqrt(float64(len(values)))
		if math.Abs(mean-want.mean) > slack || math.Abs(deviation-want.deviation) > slack {
			t.Errorf("%s: %.4f ± %.4f, want %.4f ± %.4f", name, mean, deviation, want.mean, want.deviation)
		}
	}
}

func TestSyntheticWeightsFollowFromShapeAndSeed(t *testing.T) {
	a := synthetic(t, tiny(), Options{Quant: "q8_0", Seed: 7})
	sameTensors(t, synthetic(t, tiny(), Options{Quant: "q8_0", Seed: 7}), a)

	other := synthetic(t, tiny(), Options{Quant: "q8_0", Seed: 8})
	deeper := synthetic(t, tiny(), Options{Quant: "q8_0", Seed: 7, Overrides: model.Overrides{Layers: 4}})
	for _, tensor := range a.Tensors() {
		if o, _ := other.Tensor(tensor.Name); bytes.Equal(o.Data, tensor.Data) {
			t.Errorf("%s: is the same with another seed", tensor.Name)
		}
		if d, _ := deeper.Tensor(tensor.Name); !bytes.Equal(d.Data, tensor.Data) {
			t.Errorf("%s: changes with the number of layers", tensor.Name)
		}
	}
}

// The bytes are part of results that people keep: they must not change from one
// version to the next, nor from one machine to another.
func TestSyntheticWeightsAreTheSameForever(t *testing.T) {
	for format, want := range map[string]string{"f32": "e3694237c8ef653d", "q8_0": "70d6bc4227e02f03", "q4_k_m": "f012a687af5567ed"} {
		h := sha256.New()
		for _, tensor := range synthetic(t, tiny(), Options{Quant: format, Seed: 1}).Tensors() {
			h.Write(tensor.Data)
		}
		if got := fmt.Sprintf("%.8x", h.Sum(nil)); got != want {
			t.Errorf("as %s the weights are %s, were %s", format, got, want)
		}
	}
}

// No two rows of the output matrix may be equal, or tokens would tie.
func TestSyntheticOutputRowsDiffer(t *testing.T) {
	for _, dim := range []int{64, 256, 576} {
		shape := tiny()
		shape.Layers, shape.Dim, shape.Heads, shape.KVHeads, shape.HeadDim, shape.Vocab = 1, dim, 1, 1, 64, 32_000
		s := synthetic(t, shape, Options{Quant: "q8_0"})
		embedding, _ := s.Tensor("token_embd.weight")
		seen := map[string]int{}
		stride := embedding.Type.RowBytes(embedding.Cols)
		for row := range embedding.Rows {
			line := string(embedding.Data[row*stride:][:stride])
			if first, twice := seen[line]; twice {
				t.Fatalf("of width %d: rows %d and %d are equal", dim, first, row)
			}
			seen[line] = row
		}
	}
}

func TestSyntheticFormatsEncodeTheSameValues(t *testing.T) {
	for _, c := range []struct {
		shape   model.Shape
		formats []string
	}{
		{narrow(), storedSchemes()},
		{tiny(), []string{"f16", "q4_0", "q4_k_m", "q5_k_m"}},
	} {
		shape := c.shape
		exact := synthetic(t, shape, Options{Quant: "f32", Seed: 3})
		for _, format := range c.formats {
			s := synthetic(t, shape, Options{Quant: format, Seed: 3})
			for _, tensor := range s.Tensors() {
				want := make([]byte, tensor.Bytes())
				tensor.Type.Encode(want, decoded(t, exact, tensor.Name))
				if !bytes.Equal(tensor.Data, want) {
					t.Errorf("%s %s: %s is not the encoding of its f32 values", shape.Name, format, tensor.Name)
				}
			}
		}
	}
}

func TestSyntheticStyleIsThatOfGGUF(t *testing.T) {
	for arch, want := range map[string]model.RoPEStyle{"llama": model.Interleaved, "qwen2": model.Halves, "qwen3": model.Halves} {
		shape := tiny()
		shape.Architecture = arch
		if got := synthetic(t, shape, Options{ShapeOnly: true}).Shape().RoPEStyle; got != want {
			t.Errorf("%s: RoPE style %s, want %s", arch, got, want)
		}
	}
}

func TestSyntheticVocabularyTakesEveryText(t *testing.T) {
	for _, n := range []int{260, 300, 999, 1000, 1001, 32_000, 128_256} {
		shape := tiny()
		shape.Vocab = n
		s := synthetic(t, shape, Options{ShapeOnly: true})
		v := must(s.Vocabulary())(t)
		var total int64
		for _, token := range v.Table.Tokens {
			total += int64(len(token))
		}
		if len(v.Table.Tokens) != n || total != syntheticTextBytes(n) {
			t.Errorf("%d tokens of %d bytes, counted %d and %d", len(v.Table.Tokens), total, n, syntheticTextBytes(n))
		}
		if n > 1001 {
			continue
		}
		tok := must(v.Tokenizer())(t)
		const text = "Grüße, 世界! [259]"
		ids := must(tok.Encode(text))(t)
		if got := tok.Decode(ids); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
	shape := tiny()
	shape.Vocab = 259
	if v, err := synthetic(t, shape, Options{ShapeOnly: true}).Vocabulary(); v != nil || err != nil {
		t.Errorf("259 tokens make the vocabulary %v, %v", v, err)
	}
}

func TestSchemesChooseAsLlamaQuantizeDoes(t *testing.T) {
	deep, wide := narrow(), tiny()
	deep.Layers, wide.Layers, wide.Tied = 16, 16, false
	for _, c := range []struct {
		scheme string
		shape  model.Shape
		tensor string
		want   quant.Type
	}{
		{"q8_0", wide, "output.weight", quant.Q8_0},
		{"q4_0", wide, "output.weight", quant.Q6_K},
		{"q4_0", wide, "token_embd.weight", quant.Q4_0},
		{"q4_0", tiny(), "token_embd.weight", quant.Q6_K}, // tied: it is the output matrix
		{"q4_0", deep, "output.weight", quant.Q8_0},       // 96 columns
		{"q4_0", deep, "blk.0.ffn_down.weight", quant.Q4_0},
		{"q4_k_m", wide, "token_embd.weight", quant.Q4_K},
		{"q4_k_m", wide, "blk.0.attn_v.weight", quant.Q6_K},    // first eighth
		{"q4_k_m", wide, "blk.2.attn_v.weight", quant.Q4_K},    //
		{"q4_k_m", wide, "blk.4.attn_v.weight", quant.Q6_K},    // each third between
		{"q4_k_m", wide, "blk.14.ffn_down.weight", quant.Q6_K}, // last eighth
		{"q4_k_m", wide, "blk.13.ffn_down.weight", quant.Q6_K},
		{"q4_k_m", wide, "blk.12.ffn_down.weight", quant.Q4_K},
		{"q4_k_m", wide, "blk.0.attn_q.weight", quant.Q4_K},
		{"q4_k_m", wide, "blk.0.attn_norm.weight", quant.F32},
		{"q4_k_m", deep, "blk.0.attn_q.weight", quant.Q5_0},
		{"q4_k_m", deep, "blk.0.attn_v.weight", quant.Q8_0},
		{"q5_k_m", deep, "blk.0.attn_q.weight", quant.Q5_1},
		{"q6_k", deep, "blk.0.attn_q.weight", quant.Q8_0},
		{"bf16", deep, "blk.0.attn_q.weight", quant.BF16},
	} {
		s := synthetic(t, c.shape, Options{Quant: c.scheme, ShapeOnly: true})
		if got, _ := s.Tensor(c.tensor); got.Type != c.want {
			t.Errorf("%s %s: %s is %s, want %s", c.scheme, c.shape.Name, c.tensor, got.Type, c.want)
		}
	}
	odd := narrow()
	odd.FFN = 100 // no multiple of 32
	if got, _ := synthetic(t, odd, Options{Quant: "q4_0"}).Tensor("blk.0.ffn_down.weight"); got.Type != quant.F16 {
		t.Errorf("100 columns are stored as %s", got.Type)
	}
}

// A scheme's choices for a whole model add up to the sizes that files of it have
// (MobileLLM-125M: 124.6 M parameters; the others: the model cards of
// TheBloke/Llama-2-7B-GGUF and TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF).
func TestSizesOfPublishedModels(t *testing.T) {
	for _, c := range []struct {
		preset, format string
		megabytes      float64
	}{
		{"mobilellm-125m", "f32", 124.6 * 4},
		{"mobilellm-125m", "f16", 124.6 * 2},
		{"mobilellm-125m", "q8_0", 124.6 * 34 / 32},
		{"llama2-7b", "q4_0", 3830},
		{"llama2-7b", "q4_k_m", 4080},
		{"llama2-7b", "q5_k_m", 4780},
		{"llama2-7b", "q6_k", 5530},
		{"llama2-7b", "q8_0", 7160},
		{"tinyllama-1.1b", "q4_0", 638},
		{"tinyllama-1.1b", "q4_k_m", 669},
		{"tinyllama-1.1b", "q6_k", 904},
		{"tinyllama-1.1b", "q8_0", 1170},
	} {
		s := open(t, c.preset, Options{Quant: c.format, ShapeOnly: true})
		if got := float64(s.Size()) / 1e6; math.Abs(got/c.megabytes-1) > 0.01 {
			t.Errorf("%s as %s: %.1f MB, published %.1f", c.preset, c.format, got, c.megabytes)
		}
	}
}

func TestEveryPresetHasAPlaceForItsTensors(t *testing.T) {
	for _, preset := range model.Presets() {
		for _, format := range Schemes() {
			s := open(t, preset, Options{Quant: format, ShapeOnly: true})
			var bytes, params int64
			for _, tensor := range s.Tensors() {
				bytes += tensor.Bytes()
				if tensor.Name != "rope_freqs.weight" {
					params += int64(tensor.Rows) * int64(tensor.Cols)
				}
			}
			if slack := s.Size() - bytes; slack < 0 || slack > s.Size()/10 {
				t.Errorf("%s as %s: %d bytes of tensors in a file of %d", preset, format, bytes, s.Size())
			}
			if want := s.Shape().StoredParams(); params != want {
				t.Errorf("%s as %s: tensors of %d values, the shape has %d parameters", preset, format, params, want)
			}
		}
	}
}

func TestWeightsThatDoNotFitInMemoryAreRefused(t *testing.T) {
	if _, ok := memory.Free(); !ok {
		t.Skip("this system does not say how much memory is free")
	}
	shape := must(model.Preset("llama2-7b"))(t)
	shape.Layers, shape.Dim, shape.Heads, shape.KVHeads, shape.HeadDim = 100, 65_536, 512, 512, 128
	_, err := Synthetic(shape, Options{Quant: "f32"})
	userError(t, err, "llama2-7b", "GB of memory", "--quant")
}

func BenchmarkSynthetic(b *testing.B) {
	for _, format := range []string{"f16", "q8_0", "q4_k_m"} {
		b.Run(format, func(b *testing.B) {
			shape := must(model.Preset("mobilellm-125m"))(b)
			for b.Loop() {
				s := must(Synthetic(shape, Options{Quant: format, Overrides: model.Overrides{Layers: 60}}))(b)
				b.SetBytes(s.Size())
				s.Close()
			}
		})
	}
}
