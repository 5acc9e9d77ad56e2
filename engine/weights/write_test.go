package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/tokenizer"
)

// A trace of synthetic weights and a trace of the file made of them must have
// the same addresses.
func TestAWrittenGGUFIsItsSource(t *testing.T) {
	dir := t.TempDir()
	for i := range drawn {
		shape := shapes().Example(i)
		format := storedSchemes()[i%len(storedSchemes())]
		s := must(Synthetic(shape, Options{Quant: format}))(t)
		defer s.Close()
		path := filepath.Join(dir, "drawn.gguf")
		if err := WriteGGUF(path, s); err != nil {
			t.Fatal(err)
		}
		read := must(Open(path, Options{}))(t)
		defer read.Close()
		sameTensors(t, read, s)
		if got, want := read.Shape(), s.Shape(); !sameShape(got, want) {
			t.Fatalf("shape is\n%+v, was\n%+v", got, want)
		}
		if read.Quant() != format {
			t.Errorf("%s became %s", format, read.Quant())
		}
		was, is := must(s.Vocabulary())(t), must(read.Vocabulary())(t)
		if shape.Vocab >= firstFiller && fmt.Sprint(was.Table) != fmt.Sprint(is.Table) {
			t.Fatalf("the vocabulary differs")
		}
	}
}

// sameShape compares shapes without what a file does not hold.
func sameShape(a, b model.Shape) bool {
	a.Source, b.Source = "", ""
	return reflect.DeepEqual(a, b)
}

// writeFolder makes a Hugging Face folder of a shape.
func writeFolder(t testing.TB, shape model.Shape, format string) string {
	t.Helper()
	s := must(Synthetic(shape, Options{Quant: format, Seed: 5}))(t)
	defer s.Close()
	dir := filepath.Join(t.TempDir(), shape.Name)
	if err := WriteSafetensors(dir, s); err != nil {
		t.Fatal(err)
	}
	return dir
}

// GGUF to safetensors and back: Q and K are reordered twice, and all bytes are
// as before.
func TestThroughAFolderAndBack(t *testing.T) {
	root := t.TempDir()
	for i := range drawn {
		shape := shapes().Example(i)
		format := []string{"f32", "f16", "bf16"}[i%3]
		s := must(Synthetic(shape, Options{Quant: format}))(t)
		defer s.Close()
		dir := filepath.Join(root, "drawn")
		if err := WriteSafetensors(dir, s); err != nil {
			t.Fatal(err)
		}
		folder := must(Open(dir, Options{}))(t)
		defer folder.Close()
		want := s.Shape()
		want.RoPEStyle = model.Halves
		if !sameShape(folder.Shape(), want) {
			t.Fatalf("shape is\n%+v, was\n%+v", folder.Shape(), want)
		}
		if folder.Quant() != format || folder.Synthetic() {
			t.Fatalf("quant %s, synthetic %v", folder.Quant(), folder.Synthetic())
		}
		path := filepath.Join(root, "back.gguf")
		if err := WriteGGUF(path, folder); err != nil {
			t.Fatal(err)
		}
		back := must(Open(path, Options{}))(t)
		defer back.Close()
		for _, want := range s.Tensors() {
			got, ok := back.Tensor(want.Name)
			if !ok || got.Type != want.Type || !bytes.Equal(got.Data, want.Data) {
				t.Fatalf("%s: differs after the round trip", want.Name)
			}
		}
	}
}

// Hugging Face's files turn x[i] with x[i+d/2], GGUF's llama files x[2i] with
// x[2i+1]: row 1 of a head of 4 in GGUF is row 2 of it in Hugging Face's order.
func TestOrderOfQAndK(t *testing.T) {
	shape := model.Shape{Name: "order", Layers: 1, Dim: 8, FFN: 8, Heads: 2, HeadDim: 4, Vocab: 3, Tied: true}.Resolved()
	s := synthetic(t, shape, Options{Quant: "f32"})
	dir := t.TempDir()
	if err := WriteSafetensors(dir, s); err != nil {
		t.Fatal(err)
	}
	folder := open(t, dir, Options{})
	for _, name := range []string{"blk.0.attn_q.weight", "blk.0.attn_k.weight"} {
		ours, theirs := decoded(t, s, name), decoded(t, folder, name)
		for head := range 2 {
			for gguf, huggingFace := range []int{0, 2, 1, 3} {
				a, b := ours[(4*head+gguf)*8:][:8], theirs[(4*head+huggingFace)*8:][:8]
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Errorf("%s: row %d of head %d in GGUF is not row %d of Hugging Face's", name, gguf, head, huggingFace)
				}
			}
		}
	}
	if a, b := decoded(t, s, "blk.0.attn_v.weight"), decoded(t, folder, "blk.0.attn_v.weight"); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("attn_v was reordered")
	}
}

// MobileLLM's own form: its class, layer_sharing with the stored count of
// layers, share_embedding.
func TestSharedBlocksAreMobileLLM(t *testing.T) {
	shape := tiny()
	shape.Sharing, shape.Repeat = model.Immediate, 2
	dir := writeFolder(t, shape, "f16")
	var c map[string]any
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(dir, "config.json")))(t), &c); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"architectures": []any{"MobileLLMForCausalLM"}, "layer_sharing": true, "share_embedding": true, "num_hidden_layers": 2.,
	} {
		if fmt.Sprint(c[key]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", key, c[key], want)
		}
	}
	got := open(t, dir, Options{}).Shape()
	if got.Layers != 2 || got.Executed() != 4 || got.Sharing != model.Immediate {
		t.Errorf("%d stored, %d executed, %s", got.Layers, got.Executed(), got.Sharing)
	}
}

func TestOnlyFloatsBecomeSafetensors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	err := WriteSafetensors(dir, synthetic(t, tiny(), Options{Quant: "q8_0"}))
	userError(t, err, "q8_0 has no form in safetensors", "--quant f32, f16 or bf16")
	if _, err := os.Stat(dir); err == nil {
		t.Error("an empty folder was left behind")
	}
}

func TestNothingHalfWrittenIsLeft(t *testing.T) {
	dir := t.TempDir()
	shapeOnly := synthetic(t, tiny(), Options{ShapeOnly: true})
	if err := WriteGGUF(filepath.Join(dir, "m.gguf"), shapeOnly); err == nil {
		t.Error("a model without data was written")
	}
	if entries := must(os.ReadDir(dir))(t); len(entries) != 0 {
		t.Errorf("%s was left behind", entries[0].Name())
	}
	s := synthetic(t, tiny(), Options{})
	userError(t, WriteGGUF(dir, s), "cannot write", "no regular file")
	err := WriteGGUF(filepath.Join(dir, "no", "such", "m.gguf"), s)
	userError(t, err, "cannot write", "m.gguf", "no such file")
}

func TestArchitecturesThatCannotBeWritten(t *testing.T) {
	shape := tiny()
	shape.Architecture = "unheard-of"
	s := synthetic(t, shape, Options{Quant: "f16"})
	dir := t.TempDir()
	userError(t, WriteGGUF(filepath.Join(dir, "m.gguf"), s), `architecture "unheard-of"`)
	userError(t, WriteSafetensors(dir, s), `architecture "unheard-of"`)
}

// other is a Source of another package.
type other struct {
	Source
	vocabulary *Vocabulary
}

func (o other) Vocabulary() (*Vocabulary, error) { return o.vocabulary, nil }

func TestAnySourceWithAVocabularyIsWritten(t *testing.T) {
	yes, no := true, false
	v := &Vocabulary{Table: tokenizer.Vocabulary{
		Family: tokenizer.BPE, Pre: "llama-bpe", Tokens: make([]string, 300), Merges: []string{"a b", "ab c"},
		Kinds: make([]tokenizer.Kind, 300), Scores: make([]float32, 300), BOS: 1, EOS: tokenizer.None, UNK: tokenizer.None, AddBOS: &yes, Prefix: &no,
	}}
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := WriteGGUF(path, other{synthetic(t, tiny(), Options{Quant: "f16"}), v}); err != nil {
		t.Fatal(err)
	}
	got := must(open(t, path, Options{}).Vocabulary())(t)
	if a, b := mustJSON(t, got.Table), mustJSON(t, v.Table); a != b {
		t.Errorf("the vocabulary is\n%s, was\n%s", a, b)
	}
}

// Folders often have a few more embeddings than tokens.
func TestTheTokenizerOfAFolderIsWritten(t *testing.T) {
	dir := writeFolder(t, tiny(), "f16")
	writeTo(t, filepath.Join(dir, "tokenizer.json"), []byte(`{"normalizer":{"type":"Prepend","prepend":"▁"},
		"model":{"type":"BPE","byte_fallback":true,"vocab":{"▁":0,"a":1,"b":2,"ab":3},"merges":["a b"]}}`))
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := WriteGGUF(path, open(t, dir, Options{})); err != nil {
		t.Fatal(err)
	}
	v := must(open(t, path, Options{}).Vocabulary())(t)
	if n := len(v.Table.Tokens); n != 300 || v.Table.Tokens[3] != "ab" || v.Table.Tokens[299] != "[PAD299]" {
		t.Errorf("%d tokens, %q and %q", n, v.Table.Tokens[3], v.Table.Tokens[n-1])
	}
	tok := must(v.Tokenizer())(t)
	if got := fmt.Sprint(must(tok.Encode("ab"))(t)); got != "[0 3]" {
		t.Errorf("%q is %s", "ab", got)
	}

	writeTo(t, filepath.Join(dir, "tokenizer.json"), []byte(`{"model":{"type":"WordPiece"}}`))
	userError(t, WriteGGUF(path, open(t, dir, Options{})), dir, "cannot be written as GGUF", "WordPiece")
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	return string(must(json.Marshal(v))(t))
}

func TestQuantizingAFolder(t *testing.T) {
	dir := writeFolder(t, tiny(), "f32")
	exact := open(t, dir, Options{})
	for _, format := range []string{"f16", "q8_0", "q4_k_m"} {
		s := open(t, dir, Options{Quant: format})
		for _, tensor := range s.Tensors() {
			want := make([]byte, tensor.Bytes())
			tensor.Type.Encode(want, decoded(t, exact, tensor.Name))
			if !bytes.Equal(tensor.Data, want) {
				t.Errorf("%s: %s is not the encoding of its f32 values", format, tensor.Name)
			}
		}
	}
	if e, _ := exact.Tensor("output_norm.weight"); e.Type != quant.F32 {
		t.Errorf("norms are %s", e.Type)
	}
}
