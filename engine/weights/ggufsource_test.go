package weights

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

// ggufFile is a GGUF file of a small model, to be changed before it is written.
type ggufFile struct {
	shape model.Shape
	gguf.Header
}

func newGGUF(shape model.Shape) *ggufFile {
	shape = shape.Resolved()
	f := &ggufFile{shape: shape}
	f.Fields = metadata{title: shape.Name, tokenizer: syntheticFields(shape.Vocab)}.fields(shape, 1)
	want := slots(shape)
	types := schemes[1].types(shape, want)
	for i, s := range want {
		f.Tensors = append(f.Tensors, gguf.Tensor{Name: s.Name(), Type: types[i], Rows: s.Rows, Cols: s.Cols, Stack: stackOf(s)})
	}
	return f
}

// set replaces a field, or adds it.
func (f *ggufFile) set(v gguf.Value) *ggufFile {
	f.drop(v.Key)
	f.Fields = append(f.Fields, v)
	return f
}

// drop removes a field.
func (f *ggufFile) drop(key string) *ggufFile {
	f.Fields = slices.DeleteFunc(f.Fields, func(v gguf.Value) bool { return v.Key == key })
	return f
}

// tensor changes a tensor of the table.
func (f *ggufFile) tensor(name string, change func(*gguf.Tensor)) *ggufFile {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			change(&f.Tensors[i])
		}
	}
	return f
}

func (f *ggufFile) bytes(t tester) []byte {
	t.Helper()
	f.Place()
	var b bytes.Buffer
	err := f.Write(&b, func(t gguf.Tensor) ([]byte, error) {
		data := make([]byte, t.Bytes)
		if t.Name == "rope_freqs.weight" {
			encodeDivisors(data, model.RoPEFreqs, f.shape)
		}
		return data, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// small is a model of a few KB.
func small() model.Shape {
	return model.Shape{Name: "small", Layers: 2, Dim: 32, FFN: 64, Heads: 2, KVHeads: 1, Vocab: 270, Tied: true}
}

func TestFilesThatMakeNoModelAreRefused(t *testing.T) {
	number := gguf.Uint32Value
	for name, c := range map[string]struct {
		file *ggufFile
		want string
	}{
		"no architecture":          {newGGUF(small()).drop("general.architecture"), `field "general.architecture": missing`},
		"unknown architecture":     {newGGUF(small()).set(gguf.TextValue("general.architecture", "gpt2")), `"gpt2" is not supported; llama, internlm2, `},
		"no width":                 {newGGUF(small()).drop("llama.embedding_length"), `field "llama.embedding_length": missing`},
		"a width that is text":     {newGGUF(small()).set(gguf.TextValue("llama.embedding_length", "32")), `field "llama.embedding_length": a string, not an integer`},
		"no layers":                {newGGUF(small()).set(number("llama.block_count", 0)), "metadata makes no model: llama.block_count: missing or 0"},
		"a billion layers":         {newGGUF(small()).set(number("llama.block_count", 1_000_000_000)), "llama.block_count: 1000000000"},
		"more layers":              {newGGUF(small()).set(number("llama.block_count", 3)), `tensor "blk.2.attn_norm.weight": missing`},
		"fewer layers":             {newGGUF(small()).set(number("llama.block_count", 1)), `tensor "blk.1.attn_norm.weight": not part of`},
		"heads that do not divide": {newGGUF(small()).set(number("llama.attention.head_count", 3)), `tensor "blk.0.attn_q.weight": 32 × 32, but the metadata asks for 48 × 32`},
		"heads by layer": {newGGUF(small()).set(gguf.IntsValue("llama.attention.head_count_kv", 2, func(i int) int32 { return int32(i) })),
			"layer 1 has 1, layer 0 has 0"},
		"another width":             {newGGUF(small()).set(number("llama.embedding_length", 64)), `tensor "token_embd.weight": 270 × 32, but the metadata asks for 270 × 64`},
		"another head length":       {newGGUF(small()).set(number("llama.attention.key_length", 8)), "llama.rope.dimension_count"},
		"rotation of too much":      {newGGUF(small()).set(number("llama.rope.dimension_count", 18)), "llama.rope.dimension_count: 18 is no even number up to the 16"},
		"an encoder":                {newGGUF(small()).set(gguf.BoolValue("llama.attention.causal", false)), `field "llama.attention.causal": false`},
		"longer values":             {newGGUF(small()).set(number("llama.attention.value_length", 32)), "values of another length"},
		"experts":                   {newGGUF(small()).set(number("llama.expert_count", 8)), `field "llama.expert_used_count": missing`},
		"a scaling of another kind": {newGGUF(small()).set(gguf.TextValue("llama.rope.scaling.type", "spiral")), `"spiral" is not supported`},
		"a part of a model":         {newGGUF(small()).set(number("split.count", 3)), "one of 3 parts"},
		"no epsilon":                {newGGUF(small()).drop("llama.attention.layer_norm_rms_epsilon"), `field "llama.attention.layer_norm_rms_epsilon": missing`},
		"a negative epsilon":        {newGGUF(small()).set(gguf.Float32Value("llama.attention.layer_norm_rms_epsilon", -1)), "llama.attention.layer_norm_rms_epsilon: -1"},
		"sharing that is none":      {newGGUF(small()).set(gguf.TextValue("memsim.layer_sharing", "sideways")), "memsim.layer_sharing: \"sideways\""},
		"repeats without number":    {newGGUF(small()).set(gguf.TextValue("memsim.layer_sharing", "immediate")).set(number("memsim.layer_repeat", 1<<30)), "memsim.layer_repeat: 1073741824"},
		"no embedding":              {newGGUF(small()).tensor("token_embd.weight", func(t *gguf.Tensor) { t.Name = "embedding" }), `tensor "token_embd.weight": missing`},
		"a tensor too many":         {newGGUF(small()).tensor("blk.1.ffn_down.weight", func(t *gguf.Tensor) { t.Name = "blk.1.ffn_down.bias" }), "missing"},
		"a norm in f16":             {newGGUF(small()).tensor("output_norm.weight", func(t *gguf.Tensor) { t.Type = quant.F16 }), `tensor "output_norm.weight": stored as f16`},
		"a matrix transposed":       {newGGUF(small()).tensor("blk.0.ffn_up.weight", func(t *gguf.Tensor) { t.Rows, t.Cols = t.Cols, t.Rows }), `tensor "blk.0.ffn_up.weight": 32 × 64, but the metadata asks for 64 × 32`},
		"divisors below zero": {func() *ggufFile {
			f := newGGUF(small())
			f.Tensors = append(f.Tensors, gguf.Tensor{Name: "rope_freqs.weight", Type: quant.F32, Rows: 1, Cols: 8})
			f.shape.RoPEScaling = &model.Scaling{Type: "divisors", Long: []float64{1, 2, 4, -8, 1, 2, 4, 8}}
			return f
		}(), "long has a divisor -8"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			data := c.file.bytes(t)
			runtime.ReadMemStats(&before)
			_, err := openMapped("dir/small.gguf", data, Options{})
			runtime.ReadMemStats(&after)
			userError(t, err, "dir/small.gguf: ", c.want)
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
				t.Errorf("took %d bytes of memory", taken)
			}
		})
	}
}

func TestATruncatedModelIsRefused(t *testing.T) {
	data := must(os.ReadFile("../testdata/tiny-q8.gguf"))(t)
	path := filepath.Join(t.TempDir(), "cut.gguf")
	for n := 1; n < len(data)-32; n += 1 + n/7 {
		if err := os.WriteFile(path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path, Options{})
		userError(t, err, "cut.gguf: ")
	}
}

func TestVariantsOfTheFormat(t *testing.T) {
	number := gguf.Uint32Value
	open := func(f *ggufFile) *source {
		t.Helper()
		return must(openMapped("small.gguf", f.bytes(t), Options{}))(t)
	}
	s := open(newGGUF(small()).drop("llama.attention.head_count_kv").drop("llama.attention.key_length").drop("llama.rope.freq_base").
		tensor("blk.0.attn_k.weight", func(t *gguf.Tensor) { t.Rows = 32 }).tensor("blk.0.attn_v.weight", func(t *gguf.Tensor) { t.Rows = 32 }).
		tensor("blk.1.attn_k.weight", func(t *gguf.Tensor) { t.Rows = 32 }).tensor("blk.1.attn_v.weight", func(t *gguf.Tensor) { t.Rows = 32 }))
	if got := s.Shape(); got.KVHeads != 2 || got.HeadDim != 16 || got.RoPEBase != 10_000 {
		t.Errorf("left to its defaults, the shape is %+v", got)
	}
	s = open(newGGUF(small()).set(gguf.IntsValue("llama.attention.head_count_kv", 2, func(int) int32 { return 1 })))
	if got := s.Shape().KVHeads; got != 1 {
		t.Errorf("one KV head in each layer makes %d", got)
	}
	s = open(newGGUF(small()).set(gguf.TextValue("llama.rope.scaling.type", "linear")).set(gguf.Float32Value("llama.rope.scaling.factor", 4)))
	if got := s.Shape().RoPEScaling; got == nil || !reflect.DeepEqual(*got, model.Scaling{Type: "linear", Factor: 4}) {
		t.Errorf("linear scaling by 4 makes %+v", got)
	}
	s = open(newGGUF(small()).set(number("general.file_type", 77)))
	if s.Quant() != "f16" {
		t.Errorf("a file of an unknown type is %s", s.Quant())
	}
	s = open(newGGUF(small()).set(number("general.file_type", 15)))
	if s.Quant() != "f16" {
		t.Errorf("a file of f16 tensors that claims q4_k_m is %s", s.Quant())
	}
	s = open(newGGUF(small()).drop("tokenizer.ggml.tokens"))
	if v, err := s.Vocabulary(); v != nil || err != nil {
		t.Errorf("a file without tokens has the vocabulary %v, %v", v, err)
	}
	s = open(newGGUF(small()).set(gguf.TextValue("tokenizer.ggml.bos_token_id", "one")))
	_, err := s.Vocabulary()
	userError(t, err, `small.gguf: field "tokenizer.ggml.bos_token_id": a string`)
}

// The published parameters, and others, are found again from the divisors.
func TestLlama3ScalingIsReadFromItsDivisors(t *testing.T) {
	for _, want := range []model.Scaling{
		{Type: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 8192},
		{Type: "llama3", Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 8192},
		{Type: "llama3", Factor: 16, LowFreqFactor: 1, HighFreqFactor: 8, OriginalContext: 4096},
	} {
		shape := model.Shape{
			Name: "llama3", Layers: 1, Dim: 64, FFN: 32, Heads: 1, HeadDim: 64, Vocab: 270, Tied: true,
			RoPEBase: 500_000, RoPEScaling: &want,
		}
		s := must(openMapped("llama3.gguf", newGGUF(shape).bytes(t), Options{}))(t)
		if got := s.Shape().RoPEScaling; got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("scaling is %+v, was %+v", got, want)
		}
	}
}

// Parameters that count: 8192 over 2 and over 8 is the same as 4096 over 1 and
// over 4.
func TestLlama3ScalingIsTheSameForTheSameRatios(t *testing.T) {
	r := model.Scaling{Type: "llama3", Factor: 8, LowFreqFactor: 2, HighFreqFactor: 10, OriginalContext: 8192}
	shape := model.Shape{
		Name: "llama3", Layers: 1, Dim: 64, FFN: 32, Heads: 1, HeadDim: 64, Vocab: 270, Tied: true,
		RoPEBase: 500_000, RoPEScaling: &r,
	}
	s := must(openMapped("llama3.gguf", newGGUF(shape).bytes(t), Options{}))(t)
	got := s.Shape().RoPEScaling
	if got == nil || got.OriginalContext != 4096 || fmt.Sprintf("%.3f", got.HighFreqFactor) != "5.000" {
		t.Errorf("scaling is %+v", got)
	}
}

// FuzzOpenGGUF looks for files that panic, or that make a source whose tensors
// do not fit its shape.
func FuzzOpenGGUF(f *testing.F) {
	f.Add(newGGUF(small()).bytes(f))
	shape := small()
	shape.Architecture, shape.QKVBias, shape.Tied = "qwen2", true, false
	f.Add(newGGUF(shape).bytes(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s *source
		var err error
		faulttest.Bounded(t, 8<<20, 1<<9, len(data), func() { s, err = openMapped("fuzz.gguf", data, Options{}) })
		if err != nil {
			if !fault.IsUser(err) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q is not one line for the user", err)
			}
			return
		}
		for _, want := range slots(s.Shape()) {
			tensor, ok := s.Tensor(want.Name())
			if !ok || tensor.Rows != want.Rows || tensor.Cols != want.Cols || int64(len(tensor.Data)) != tensor.Bytes() {
				t.Fatalf("%s is %+v", want.Name(), tensor)
			}
		}
		if v, err := s.Vocabulary(); err == nil && v != nil {
			_, _ = v.Tokenizer()
		}
	})
}

// TestNumbersThatAFamilyReadsPast has keys that llama.cpp reads in some families
// and not in Llama's: they change nothing there.
func TestNumbersThatAFamilyReadsPast(t *testing.T) {
	plain := must(openMapped("small.gguf", newGGUF(small()).bytes(t), Options{}))(t).Shape()
	for _, key := range []string{
		"attn_logit_softcapping", "final_logit_softcapping", "embedding_scale", "residual_scale", "logit_scale", "attention.scale",
		"attention.temperature_scale", "rope.freq_base_swa", "rope.scaling.yarn_attn_factor", "expert_weights_scale",
	} {
		file := newGGUF(small()).set(gguf.Float32Value("llama."+key, 3))
		if got := must(openMapped("small.gguf", file.bytes(t), Options{}))(t).Shape(); !sameShape(got, plain) {
			t.Errorf("%s changes the shape to %+v", key, got)
		}
	}
}
