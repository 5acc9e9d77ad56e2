package model

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
)

// published are the parameter counts in millions that the models' publications
// state, as executed without sharing.
func TestPresetsHaveThePublishedParameterCounts(t *testing.T) {
	published := map[string]float64{
		"mobilellm-125m": 124.6, "mobilellm-350m": 345.3, "mobilellm-600m": 603.1,
		"mobilellm-1b": 1005.3, "mobilellm-1.5b": 1511.0, "smollm-135m": 134.5,
		"tinyllama-1.1b": 1100, "llama2-7b": 6738, "llama3-8b": 8030,
		"llama3.2-1b": 1236, "llama3.2-3b": 3213, "qwen2.5-1.5b": 1544,
		"qwen3-0.6b": 596, "gemma2-2b": 2614, "gemma3-1b": 1000, "phi-4-mini": 3836,
		"mobilellm-ls-125m": 124.6, "mobilellm-ls-350m": 345.3,
		"qwen-1.8b": 1837, "qwen1.5-0.5b": 464, "qwen2-0.5b": 494, "qwen2-1.5b": 1544, "qwen2-7b": 7616,
		"qwen2.5-0.5b": 494, "qwen2.5-3b": 3086, "qwen2.5-7b": 7616, "qwen2.5-14b": 14770,
		"qwen3-1.7b": 1721, "qwen3-4b": 4022, "qwen3-8b": 8191, "deepseek-r1-distill-qwen-1.5b": 1777,
		"llama3.1-8b": 8030, "llama3.1-70b": 70554, "smollm2-1.7b": 1711, "open-llama-3b": 3426,
		"mistral-7b-v0.3": 7248, "ministral-3-3b": 3429, "yi-1.5-9b": 8829, "baichuan-7b": 7001, "baichuan2-7b": 7506,
		"granite-3b-code": 3482, "granite-3.1-8b": 8171, "chatglm3-6b": 6244, "bitnet-3b": 3324, "jais-6.7b": 6791,
		"smollm2-360m": 361.8,
		"gemma2-9b":    9242, "gemma3-4b": 3880, "gemma-4-e4b": 7463, "gemma-4-26b-a4b": 25233, "phi-3-mini": 3821, "phi-3.5-mini": 3821,
		"smollm3-3b": 3075, "lfm2-350m": 354.5, "lfm2-700m": 742.5, "lfm2-1.2b": 1170, "lfm2.5-1.2b": 1170, "lfm2-2.6b": 2570,
		"minicpm4-0.5b": 434, "internlm2-1.8b": 1889, "mistral-7b": 7242, "olmo2-1b": 1485,
		"olmoe": 6919, "qwen3-30b-a3b": 30532, "qwen3.6-35b-a3b": 34660, "gpt-oss-20b": 20915, "gpt-oss-120b": 116829,
		"granite-3.1-1b-a400m": 1335, "granite-3.1-3b-a800m": 3299,
		"mobilellm-pro": 1084, "mobilellm-r1-140m": 140.3, "mobilellm-r1-360m": 359.4, "mobilellm-r1-950m": 949.7,
	}
	// The text parts of these are published by the sizes of their files alone,
	// which hold their values in about so many parameters.
	inFiles := map[string]float64{
		"qwen3.5-0.8b": 755, "qwen3.5-2b": 1887, "gemma-4-e2b": 4660, "gemma3n-e2b": 4460,
		"qwen3.5-4b": 0, "qwen3.5-9b": 0, // nobody says
	}
	for _, name := range Presets() {
		s, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		got := float64(s.StoredParams()) / 1e6
		if want, ok := inFiles[name]; ok {
			if want != 0 && (got < want*0.985 || got > want*1.015) {
				t.Errorf("%s: %.1f M stored parameters, its files have %.0f M", name, got, want)
			}
			continue
		}
		if want := published[name]; got < want*0.997 || got > want*1.003 {
			t.Errorf("%s: %.1f M stored parameters, published are %.1f M", name, got, want)
		}
		if s.Source == "" {
			t.Errorf("%s: no source", name)
		}
	}
	if known := len(published) + len(inFiles); len(Presets()) != known {
		t.Errorf("%d presets, %d published counts", len(Presets()), known)
	}
}

func TestMobileLLMParametersFollowThePapersFormula(t *testing.T) {
	s, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	l, d, f, kv := int64(30), int64(576), int64(1536), int64(3*64)
	norms := l*2*d + d
	if want := l*(2*d*d+2*d*kv+3*d*f) + 32000*d + norms; s.Params() != want {
		t.Errorf("Params() = %d, want %d", s.Params(), want)
	}
}

func TestSharedLayersCountOnceAsStored(t *testing.T) {
	shared, err := Preset("mobilellm-ls-125m")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	deep, err := plain.With(Overrides{Layers: 60})
	if err != nil {
		t.Fatal(err)
	}
	if shared.StoredParams() != plain.Params() {
		t.Errorf("stored: shared %d, plain %d", shared.StoredParams(), plain.Params())
	}
	if shared.Params() != deep.Params() || shared.Unshared().StoredParams() != deep.StoredParams() {
		t.Errorf("executed: shared %d, 60 layers %d", shared.Params(), deep.Params())
	}
}

func TestScheduleOrders(t *testing.T) {
	for _, c := range []struct {
		sharing Sharing
		repeat  int
		want    []int
	}{
		{NoSharing, 1, []int{0, 1, 2}},
		{Immediate, 2, []int{0, 0, 1, 1, 2, 2}},
		{Repeat, 2, []int{0, 1, 2, 0, 1, 2}},
		{Reverse, 2, []int{0, 1, 2, 2, 1, 0}},
		{Reverse, 3, []int{0, 1, 2, 2, 1, 0, 0, 1, 2}},
	} {
		s := Shape{Layers: 3, Sharing: c.sharing, Repeat: c.repeat}
		if got := s.Schedule(); !slices.Equal(got, c.want) {
			t.Errorf("%s × %d: %v, want %v", c.sharing, c.repeat, got, c.want)
		}
	}
}

func TestUnknownPresetNamesTheNearest(t *testing.T) {
	_, err := Preset("mobillm-125m")
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "nearest: mobilellm-125m") {
		t.Errorf("got %v", err)
	}
}

func TestOverridesKeepTheFamily(t *testing.T) {
	base, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	qwen, err := Preset("qwen3-0.6b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                     string
		base                     Shape
		o                        Overrides
		heads, kv, headDim, ffn  int
		sharing                  Sharing
		executed, stored, repeat int
	}{
		{"narrower", base, Overrides{Dim: 512}, 8, 2, 64, 1376, NoSharing, 30, 30, 1},
		{"third", base, Overrides{Dim: 384}, 6, 2, 64, 1024, NoSharing, 30, 30, 1},
		{"own FFN", base, Overrides{Dim: 384, FFN: 1000}, 6, 2, 64, 1000, NoSharing, 30, 30, 1},
		{"heads alone split the width", base, Overrides{Heads: 12}, 12, 4, 48, 1536, NoSharing, 30, 30, 1},
		{"heads and width", base, Overrides{Dim: 512, Heads: 4}, 4, 1, 128, 1376, NoSharing, 30, 30, 1},
		{"kv heads", base, Overrides{KVHeads: 9}, 9, 9, 64, 1536, NoSharing, 30, 30, 1},
		{"sharing runs twice", base, Overrides{Sharing: Reverse}, 9, 3, 64, 1536, Reverse, 60, 30, 2},
		{"repeat is immediate", base, Overrides{Repeat: 3}, 9, 3, 64, 1536, Immediate, 90, 30, 3},
		{"head dimension of its own", qwen, Overrides{Dim: 512}, 8, 4, 128, 1536, NoSharing, 28, 28, 1},
	} {
		s, err := c.base.With(c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if s.Heads != c.heads || s.KVHeads != c.kv || s.HeadDim != c.headDim || s.FFN != c.ffn {
			t.Errorf("%s: heads %d, kv %d, head_dim %d, ffn %d", c.name, s.Heads, s.KVHeads, s.HeadDim, s.FFN)
		}
		if s.Sharing != c.sharing || s.Executed() != c.executed || s.Layers != c.stored || s.Repeat != c.repeat {
			t.Errorf("%s: %s %d × %d = %d", c.name, s.Sharing, s.Layers, s.Repeat, s.Executed())
		}
		if want := c.base.Name + "+" + c.o.String(); s.Name != want {
			t.Errorf("%s: name %q, want %q", c.name, s.Name, want)
		}
	}
}

func TestOverridesOfNoSharingRunEachBlockOnce(t *testing.T) {
	s, err := Preset("mobilellm-ls-125m")
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.With(Overrides{Sharing: NoSharing})
	if err != nil || s.Executed() != 30 {
		t.Errorf("executed %d, error %v", s.Executed(), err)
	}
}

func TestImpossibleOverridesAreTheUsersMistake(t *testing.T) {
	base, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Overrides{
		"multiple of 64":                     {Dim: 500},
		"kv_heads":                           {KVHeads: 4},
		"layers: -1":                         {Layers: -1},
		"kv_heads: -3":                       {KVHeads: -3},
		"heads: 1000000000000 is not within": {Heads: 1e12}, // at once, and not after a search for its divisors
		"dim: 640000000000000 is not within": {Dim: 640e12},
		"vocab: 99999999":                    {Vocab: 99999999},
		"sharing":                            {Sharing: "sideways"},
		"repeat":                             {Sharing: NoSharing, Repeat: 2},
		"layers: 99999":                      {Layers: 99999},
	} {
		if _, err := base.With(o); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to mention %q", o, err, want)
		}
	}
}

func TestShapeFileRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.yaml")
	write(t, path, "name: small\nlayers: 2\ndim: 64\nffn: 160\nheads: 4\nvocab: 512\n")
	s, err := LoadShape(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Shape{Name: "small", Architecture: "llama", Layers: 2, Sharing: NoSharing, Repeat: 1, Dim: 64, FFN: 160,
		Heads: 4, KVHeads: 4, HeadDim: 16, Vocab: 512, NormEps: 1e-5, RoPEBase: 10000, RoPEStyle: Halves, Context: 2048, Norms: NormsBefore, Activation: SiLU}
	if want = want.Resolved(); !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestShapeFileFaultsComeAllAtOnceWithTheirLines(t *testing.T) {
	const good = "name: x\nlayers: 2\ndim: 64\nffn: 160\nheads: 4\nvocab: 512\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"empty", "layers"}},
		{"list", "- 1\n", []string{"line 1"}},
		{"two documents", good + "---\n" + good, []string{"more than one"}},
		{"unknown keys", good + "layer: 3\nkvheads: 2\n", []string{`line 7: unknown field "layer"; nearest: layers`, `line 8: unknown field "kvheads"; nearest: kv_heads`}},
		{"unknown scaling key", good + "rope_scaling: {type: linear, factr: 2}\n", []string{"line 7", "nearest: factor"}},
		{"twice", good + "dim: 128\n", []string{"line 7", "dim", "already"}},
		{"wrong types", "name: x\nlayers: two\ndim: 64\nffn: 1.5\nheads: 4\nvocab: 5\n", []string{"line 2", "`two`", "line 4"}},
		{"null", "name: x\nlayers:\ndim: 64\n", []string{"line 2: layers"}},
		{"missing", "name: x\nlayers: 2\n", []string{"dim: missing", "ffn: missing", "heads: missing", "vocab: missing"}},
		{"bad values", "name: x\nlayers: -2\ndim: 64\nffn: 160\nheads: 4\nvocab: 512\nkv_heads: 3\nnorm_eps: .nan\nsharing: some\n",
			[]string{"line 2: layers", "line 7: kv_heads", "line 8: norm_eps", "line 9: sharing"}},
		{"odd heads", "name: x\nlayers: 2\ndim: 12\nffn: 160\nheads: 4\nvocab: 512\n", []string{"head_dim: 3 is odd"}},
		{"bad scaling", good + "rope_scaling:\n  type: llama3\n  factor: 0.5\n", []string{"factor 0.5", "low_freq_factor", "original_context"}},
		{"huge", "name: x\nlayers: 10000\ndim: 1000000\nffn: 1000000\nheads: 4\nvocab: 512\n", []string{"parameters"}},
		{"types and values", "name: x\nlayers: two\ndim: -64\nffn: 160\nheads: 4\n", []string{"line 2: str `two`", "line 3: dim: -64", "vocab: missing"}},
		{"sharing alone", good + "sharing: immediate\n", []string{"line 7: sharing", "repeat"}},
		{"name of a path", "name: ../x\nlayers: 2\ndim: 64\nffn: 160\nheads: 4\nvocab: 512\n", []string{"line 1: name", "slashes"}},
		{"syntax", "name: [\n", []string{"line"}},
	} {
		path := filepath.Join(t.TempDir(), "shape.yaml")
		write(t, path, c.text)
		_, err := LoadShape(path)
		if !fault.IsUser(err) {
			t.Errorf("%s: %v is no user's error", c.name, err)
			continue
		}
		for _, want := range append(c.want, path) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", c.name, err, want)
			}
		}
	}
}

func TestAShapeFileThatCannotBeReadIsTheUsersMistake(t *testing.T) {
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "none.yaml"): "none.yaml: no such file; give a shape file",
		t.TempDir():                             "cannot be read",
	} {
		if _, err := LoadShape(path); !fault.IsUser(err) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a user's mistake with %q", err, want)
		}
	}
}

func TestScheduleRunsEachBlockRepeatTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Shape{
			Layers:  rapid.IntRange(1, 40).Draw(t, "layers"),
			Repeat:  rapid.IntRange(1, 4).Draw(t, "repeat"),
			Sharing: rapid.SampledFrom([]Sharing{NoSharing, Immediate, Repeat, Reverse}).Draw(t, "sharing"),
		}
		runs := make([]int, s.Layers)
		for _, block := range s.Schedule() {
			runs[block]++
		}
		for block, n := range runs {
			if n != s.Runs() {
				t.Fatalf("block %d runs %d times, want %d", block, n, s.Runs())
			}
		}
	})
}

func FuzzParseShape(f *testing.F) {
	f.Add([]byte("name: x\nlayers: 2\ndim: 64\nffn: 160\nheads: 4\nvocab: 512\n"))
	f.Add([]byte("rope_scaling: {type: llama3, factor: 1e300}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseShape("fuzz", data)
		if err == nil && (s.Validate() != nil || s.Params() <= 0) {
			t.Errorf("accepted %+v", s)
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAShapeThatIsNoneTakesNoOverrides(t *testing.T) {
	if _, err := (Shape{Name: "void"}).With(Overrides{Dim: 64}); !fault.IsUser(err) || !strings.Contains(err.Error(), "dim: missing") {
		t.Errorf("got %v", err)
	}
}

func TestAnOverriddenVocabularyCountsInTheEmbeddings(t *testing.T) {
	base, err := Preset("llama2-7b") // not tied: an embedding and an output matrix
	if err != nil {
		t.Fatal(err)
	}
	s, err := base.With(Overrides{Vocab: base.Vocab + 1000})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.StoredParams()-base.StoredParams(), int64(2*1000*base.Dim); got != want {
		t.Errorf("1000 tokens more are %d parameters more, want %d", got, want)
	}
}

func TestBiasesAndHeadNormsAreParameters(t *testing.T) {
	plain := Shape{Layers: 3, Dim: 64, FFN: 160, Heads: 4, KVHeads: 2, Vocab: 100}
	biased, normed := plain, plain
	biased.QKVBias, normed.QKNorm = true, true
	if got := biased.Params() - plain.Params(); got != 3*(64+32+32) {
		t.Errorf("biases are %d parameters, want %d", got, 3*(64+32+32))
	}
	if got := normed.Params() - plain.Params(); got != 3*2*16 {
		t.Errorf("head norms are %d parameters, want %d", got, 3*2*16)
	}
}

// Each number of a shape has a limit, and is refused by name beyond it.
func TestLimits(t *testing.T) {
	good := Shape{Layers: 3, Dim: 64, FFN: 160, Heads: 4, Vocab: 100}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Shape, int){
		"layers":   func(s *Shape, sign int) { s.Layers = sign * (maxLayers + 1) },
		"dim":      func(s *Shape, sign int) { s.Dim = sign * (maxWidth + 4) },
		"ffn":      func(s *Shape, sign int) { s.FFN = sign * (maxWidth + 1) },
		"heads":    func(s *Shape, sign int) { s.Heads = sign * (maxWidth + 1) },
		"kv_heads": func(s *Shape, sign int) { s.KVHeads = sign * (maxWidth + 1) },
		"vocab":    func(s *Shape, sign int) { s.Vocab = sign * (maxVocab + 1) },
		"repeat":   func(s *Shape, sign int) { s.Sharing, s.Repeat = Immediate, sign*(maxRepeat+1) },
		"context":  func(s *Shape, sign int) { s.Context = sign * (maxContext + 1) },
	} {
		for _, sign := range []int{1, -1} {
			s := good
			change(&s, sign)
			if err := s.Validate(); err == nil || !strings.Contains(err.Error(), field+": ") {
				t.Errorf("%s: got %v", field, err)
			}
		}
	}
	for field, o := range map[string]Overrides{
		"layers": {Layers: maxLayers + 1}, "dim": {Dim: maxWidth + 1}, "ffn": {FFN: maxWidth + 1}, "heads": {Heads: maxWidth + 1},
		"kv_heads": {KVHeads: maxWidth + 1}, "vocab": {Vocab: maxVocab + 1}, "repeat": {Repeat: maxRepeat + 1},
	} {
		if err := o.checkLimits(); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("override of %s: got %v", field, err)
		}
	}
}
