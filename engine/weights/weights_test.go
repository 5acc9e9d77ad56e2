package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

// tiny is a shape whose matrices all fit the K-quants' blocks of 256.
func tiny() model.Shape {
	return model.Shape{
		Name: "tiny", Layers: 2, Dim: 256, FFN: 512, Heads: 4, KVHeads: 2, Vocab: 300, Tied: true,
	}.Resolved()
}

// narrow is a shape as awkward as MobileLLM-125M's: no matrix fits blocks of
// 256.
func narrow() model.Shape {
	s := tiny()
	s.Name, s.Dim, s.FFN, s.Heads, s.KVHeads = "narrow", 96, 160, 3, 1
	s.HeadDim, s.Tied = 32, false
	return s
}

// drawn is how many shapes a test draws from shapes.
const drawn = 25

// shapes draws a shape of any supported kind.
func shapes() *rapid.Generator[model.Shape] {
	return rapid.Custom(func(t *rapid.T) model.Shape {
		kv := rapid.IntRange(1, 3).Draw(t, "kv heads")
		s := model.Shape{
			Name:         "drawn",
			Architecture: rapid.SampledFrom([]string{"llama", "qwen2", "qwen3"}).Draw(t, "architecture"),
			Layers:       rapid.IntRange(1, 4).Draw(t, "layers"),
			Dim:          32 * rapid.IntRange(1, 5).Draw(t, "dim/32"),
			FFN:          rapid.IntRange(1, 200).Draw(t, "ffn"),
			KVHeads:      kv,
			Heads:        kv * rapid.IntRange(1, 3).Draw(t, "group"),
			HeadDim:      2 * rapid.IntRange(1, 20).Draw(t, "head dim/2"),
			Vocab:        rapid.IntRange(1, 1200).Draw(t, "vocab"),
			Tied:         rapid.Bool().Draw(t, "tied"),
			NormEps:      1e-6,
			RoPEBase:     500_000,
		}
		s.QKVBias = s.Architecture == "qwen2"
		s.QKNorm = s.Architecture == "qwen3"
		switch rapid.IntRange(0, 2).Draw(t, "scaling") {
		case 1:
			s.RoPEScaling = &model.Scaling{Type: "linear", Factor: 2}
		case 2:
			s.HeadDim = 64 // a few pairs lie in the middle range, which identifies the scaling
			s.RoPEScaling = &model.Scaling{Type: "llama3", Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 8192}
		}
		if rapid.Bool().Draw(t, "shared") {
			s.Sharing = rapid.SampledFrom([]model.Sharing{model.Immediate, model.Repeat, model.Reverse}).Draw(t, "sharing")
			s.Repeat = rapid.IntRange(2, 3).Draw(t, "repeat")
		}
		return s.Resolved()
	})
}

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// must fails the test on an error.
func must[T any](value T, err error) func(t tester) T {
	return func(t tester) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// open opens weights and closes them when the test ends.
func open(t *testing.T, ref string, o Options) Source {
	t.Helper()
	s := must(Open(ref, o))(t)
	t.Cleanup(func() { s.Close() })
	return s
}

func synthetic(t *testing.T, shape model.Shape, o Options) Source {
	t.Helper()
	s := must(Synthetic(shape, o))(t)
	t.Cleanup(func() { s.Close() })
	return s
}

// sameTensors checks that two sources hold the same tensors at the same
// addresses.
func sameTensors(t tester, got, want Source) {
	t.Helper()
	if got.Size() != want.Size() {
		t.Errorf("size is %d, want %d", got.Size(), want.Size())
	}
	if len(got.Tensors()) != len(want.Tensors()) {
		t.Fatalf("%d tensors, want %d", len(got.Tensors()), len(want.Tensors()))
	}
	for i, w := range want.Tensors() {
		g := got.Tensors()[i]
		if g.Name != w.Name || g.Type != w.Type || g.Rows != w.Rows || g.Cols != w.Cols || g.Offset != w.Offset {
			t.Fatalf("tensor %d is %s %s %d×%d at %d, want %s %s %d×%d at %d", i,
				g.Name, g.Type, g.Rows, g.Cols, g.Offset, w.Name, w.Type, w.Rows, w.Cols, w.Offset)
		}
		if !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s: has other data", g.Name)
		}
	}
}

// userError checks that err is the user's, is one line, and says all of want.
func userError(t testing.TB, err error, want ...string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("no error; want one with %q", want)
		return
	case !fault.IsUser(err):
		t.Errorf("%v: is not the user's error", err)
	case strings.Contains(err.Error(), "\n"):
		t.Errorf("%q is more than one line", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func TestSourcesOfTheReferenceModels(t *testing.T) {
	for file, format := range map[string]string{"tiny-f16": "f16", "tiny-q8": "q8_0"} {
		s := open(t, "../testdata/"+file+".gguf", Options{})
		shape := s.Shape()
		want := model.Shape{
			Name: file, Architecture: "llama", Layers: 4, Sharing: model.NoSharing, Repeat: 1, Dim: 64, FFN: 160,
			Heads: 4, KVHeads: 2, HeadDim: 16, Vocab: 512, Tied: true, NormEps: 1e-5, RoPEBase: 10_000,
			RoPEStyle: model.Interleaved, Context: 2048, Norms: model.NormsBefore, Activation: model.SiLU,
		}
		if want = want.Resolved(); !reflect.DeepEqual(shape, want) {
			t.Errorf("%s: shape is\n%+v, want\n%+v", file, shape, want)
		}
		if s.Name() != file || s.Quant() != format || s.Synthetic() {
			t.Errorf("%s: name %q, quant %q, synthetic %v", file, s.Name(), s.Quant(), s.Synthetic())
		}
		if info := must(os.Stat("../testdata/" + file + ".gguf"))(t); s.Size() != info.Size() {
			t.Errorf("%s: size %d, the file has %d", file, s.Size(), info.Size())
		}
		if _, ok := s.Tensor("blk.4.attn_q.weight"); ok {
			t.Errorf("%s: has a tensor of a fifth block", file)
		}
		if q, ok := s.Tensor("blk.3.attn_k.weight"); !ok || q.Rows != 32 || q.Cols != 64 || int64(len(q.Data)) != q.Bytes() {
			t.Errorf("%s: attn_k is %d×%d of %d bytes", file, q.Rows, q.Cols, len(q.Data))
		}
		v := must(s.Vocabulary())(t)
		if len(v.Table.Tokens) != 512 || v.Table.Tokens[1] != "<s>" || v.Table.BOS != 1 || v.Table.EOS != 2 || v.Table.UNK != 0 {
			t.Errorf("%s: vocabulary of %d tokens, bos %d, eos %d, unk %d", file, len(v.Table.Tokens), v.Table.BOS, v.Table.EOS, v.Table.UNK)
		}
		must(v.Tokenizer())(t)
	}
}

func TestShapeOnlySourcesHaveThePlacesAndNoBytes(t *testing.T) {
	shape := filepath.Join(t.TempDir(), "shape.yaml")
	if err := os.WriteFile(shape, []byte("name: s\nlayers: 2\ndim: 64\nffn: 96\nheads: 2\nvocab: 300\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"mobilellm-125m", shape, "../testdata/tiny-q8.gguf", writeFolder(t, tiny(), "f16")} {
		for _, format := range []string{"", "q4_k_m"} {
			o := model.Overrides{Layers: 1}
			whole := open(t, ref, Options{Quant: format, Overrides: o})
			empty := open(t, ref, Options{Quant: format, Overrides: o, ShapeOnly: true})
			if whole.Size() != empty.Size() || whole.Quant() != empty.Quant() || whole.Name() != empty.Name() {
				t.Errorf("%s %s: %s %s of %d bytes, shape-only %s %s of %d", ref, format,
					whole.Name(), whole.Quant(), whole.Size(), empty.Name(), empty.Quant(), empty.Size())
			}
			for i, w := range whole.Tensors() {
				e := empty.Tensors()[i]
				if e.Data != nil || w.Data == nil {
					t.Fatalf("%s: %s has data: %v, shape-only %v", ref, w.Name, w.Data != nil, e.Data != nil)
				}
				if e.Name != w.Name || e.Offset != w.Offset || e.Bytes() != w.Bytes() {
					t.Errorf("%s: %s at %d is %s at %d in shape-only", ref, w.Name, w.Offset, e.Name, e.Offset)
				}
			}
		}
	}
}

func TestErrorsOfOpenTeach(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.gguf")
	text := filepath.Join(dir, "text.gguf")
	for path, content := range map[string]string{empty: "", text: "hello"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string][]string{
		"mobilellm-125":       {`"mobilellm-125"`, "mobilellm-125m", ".gguf"},
		"no/such/model":       {"no/such/model", "no such file", "preset"},
		"nosuch.gguf":         {"nosuch.gguf", "no such file"},
		"nosuch.yaml":         {"nosuch.yaml", "no such file"},
		"x.safetensors":       {"x.safetensors", "folder", "config.json"},
		dir:                   {dir, "config.json"},
		empty:                 {"empty.gguf", "empty"},
		text:                  {"text.gguf", "not a GGUF file"},
		filepath.Dir(dir):     {"config.json"},
		"../weights/open.go":  {"open.go", "not a GGUF file"},
		"../testdata/tiny-q9": {"tiny-q9", "no such file"},
	} {
		_, err := Open(ref, Options{})
		userError(t, err, want...)
	}
	_, err := Open("mobilellm-125m", Options{Quant: "q3_k"})
	userError(t, err, `"q3_k"`, "q4_k_m", "f16")
	_, err = Open("mobilellm-125m", Options{Overrides: model.Overrides{Layers: -1}})
	userError(t, err, "-1")
}

// Stored weights cannot have other extents than they have.
func TestOverridesOfStoredWeights(t *testing.T) {
	const file = "../testdata/tiny-q8.gguf"
	for _, c := range []struct {
		o    model.Overrides
		want string
	}{
		{model.Overrides{Dim: 128}, "dim 128 does not fit"},
		{model.Overrides{FFN: 128}, "ffn 128 does not fit"},
		{model.Overrides{Heads: 8}, "heads 8 does not fit"},
		{model.Overrides{KVHeads: 4}, "kv-heads 4 does not fit"},
		{model.Overrides{Vocab: 100}, "vocab 100 does not fit"},
		{model.Overrides{Layers: 5}, "stores 4 blocks"},
		{model.Overrides{Sharing: "sideways"}, "sideways"},
	} {
		_, err := Open(file, Options{Overrides: c.o})
		userError(t, err, "tiny-q8", c.want)
	}
	s := open(t, file, Options{Overrides: model.Overrides{Layers: 2, Sharing: model.Reverse, Dim: 64}})
	if got := s.Shape().Executed(); got != 4 {
		t.Errorf("2 blocks in reverse order make %d layers", got)
	}
	if _, ok := s.Tensor("blk.2.attn_q.weight"); ok {
		t.Error("a model of 2 blocks has a third")
	}
	if len(s.Tensors()) != 2+2*9 {
		t.Errorf("a model of 2 blocks has %d tensors", len(s.Tensors()))
	}
}

func TestQuantizingWhileLoading(t *testing.T) {
	const file = "../testdata/tiny-f16.gguf"
	f16, q8 := open(t, file, Options{}), open(t, file, Options{Quant: "Q8_0"})
	stored := func(s Source) (sum int) {
		for _, t := range s.Tensors() {
			sum += len(t.Data)
		}
		return sum
	}
	if q8.Quant() != "q8_0" || stored(q8) >= stored(f16) {
		t.Errorf("as %s its tensors have %d bytes, as f16 %d", q8.Quant(), stored(q8), stored(f16))
	}
	for _, want := range f16.Tensors() {
		got, ok := q8.Tensor(want.Name)
		if !ok || got.Rows != want.Rows || got.Cols != want.Cols {
			t.Fatalf("%s: missing or of another size", want.Name)
		}
		values := make([]float32, want.Rows*want.Cols)
		want.Type.Decode(values, want.Data)
		encoded := make([]byte, got.Bytes())
		got.Type.Encode(encoded, values)
		if !bytes.Equal(got.Data, encoded) {
			t.Errorf("%s: is not the encoding of its f16 values", got.Name)
		}
	}
	if v := must(q8.Vocabulary())(t); len(v.Table.Tokens) != 512 {
		t.Errorf("the vocabulary became %d tokens", len(v.Table.Tokens))
	}
	same := open(t, file, Options{Quant: "f16"})
	sameTensors(t, same, f16)
}

func TestCloseIsHarmlessTwice(t *testing.T) {
	for _, ref := range []string{"../testdata/tiny-f16.gguf", "smollm-135m"} {
		s := must(Open(ref, Options{Overrides: model.Overrides{Layers: 1}}))(t)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("the second time: %v", err)
		}
	}
}

func TestTensorsAreAlignedForTheirValues(t *testing.T) {
	for _, s := range []Source{
		open(t, "../testdata/tiny-q8.gguf", Options{}),
		open(t, "../testdata/tiny-q8.gguf", Options{Quant: "q4_0"}),
		synthetic(t, narrow(), Options{Quant: "f32"}),
		open(t, writeFolder(t, tiny(), "f16"), Options{}),
	} {
		end := uint64(0)
		for _, tensor := range s.Tensors() {
			if tensor.Offset%32 != 0 || tensor.Offset < end {
				t.Errorf("%s: %s begins at %d, the one before it ends at %d", s.Name(), tensor.Name, tensor.Offset, end)
			}
			end = tensor.Offset + uint64(tensor.Bytes())
			if tensor.Type == quant.F32 && addressOf(tensor.Data)%4 != 0 {
				t.Errorf("%s: %s lies unaligned in memory", s.Name(), tensor.Name)
			}
		}
		if end > uint64(s.Size()) {
			t.Errorf("%s: tensors end at %d of %d", s.Name(), end, s.Size())
		}
	}
}
