package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

// writeJSON writes a tokenizer.json to a new folder.
func writeJSON(t *testing.T, document string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// byteLevelJSON is a byte-level BPE tokenizer.json with a word splitter.
func byteLevelJSON(t *testing.T, pattern string) string {
	t.Helper()
	vocab := map[string]int{}
	for _, r := range byteToRune {
		vocab[string(r)] = len(vocab)
	}
	for _, merged := range []string{"th", "the", "Ġt", "Ġthe"} {
		vocab[merged] = len(vocab)
	}
	data, err := json.Marshal(map[string]any{
		"added_tokens": []any{map[string]any{"id": len(vocab), "content": "<|begin|>", "special": true}},
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "behavior": "Isolated", "pattern": map[string]any{"Regex": pattern}},
			map[string]any{"type": "ByteLevel", "use_regex": false},
		}},
		"post_processor": map[string]any{"type": "TemplateProcessing", "single": []any{
			map[string]any{"SpecialToken": map[string]any{"id": "<|begin|>"}},
		}},
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{"t h", "th e", "Ġ t", "Ġ the"}, "ignore_merges": pattern == llama3Pattern},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const markJSON = `{"added_tokens":[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<s>","special":true}],
"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}}]},
"model":{"type":"BPE","byte_fallback":true,"unk_token":"<unk>","vocab":{"<unk>":0,"<s>":1,"<0xC3>":2,"<0xBC>":3,"▁":4,"t":5,"h":6,"e":7,"th":8,"he":9,"▁the":10,"the":11,"▁t":12},
"merges":["h e","t h","▁ t","t he","th e","▁ the","▁t he"]}}`

// A tokenizer made from the table encodes as the one made from the folder.
func TestTableOfAFolderEncodesAsTheFolder(t *testing.T) {
	for name, document := range map[string]string{
		"llama3": byteLevelJSON(t, llama3Pattern), "qwen2": byteLevelJSON(t, qwen2Pattern), "sentencepiece": markJSON,
	} {
		dir := writeJSON(t, document)
		want, err := FromFolder(dir)
		if err != nil {
			t.Fatal(name, err)
		}
		table, err := TableFromFolder(dir)
		if err != nil {
			t.Fatal(name, err)
		}
		got := mustNew(t, table)
		for _, text := range []string{"the", "the the 12345", "thhe ü t", "", " the"} {
			a, errA := want.Encode(text)
			b, errB := got.Encode(text)
			if errA != nil && errB != nil {
				continue
			}
			if !slices.Equal(a, b) || errA != nil || errB != nil {
				t.Errorf("%s: %q is %v (%v), from the table %v (%v)", name, text, a, errA, b, errB)
			}
		}
	}
}

func TestTablesOfRealVocabulariesEncodeAsTheFolders(t *testing.T) {
	for _, name := range []string{"llama2", "llama3"} {
		t.Run(name, func(t *testing.T) {
			table, err := TableFromFolder(realVocabulary(t, name))
			if err != nil {
				t.Fatal(err)
			}
			tok := mustNew(t, table)
			for _, c := range readGolden(t, name) {
				checkGolden(t, tok, c)
			}
		})
	}
}

func TestTableOfATokenizerModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.model"), asModel(tinySPM(), 2), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := TableFromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := tinySPM(); !slices.Equal(table.Tokens, want.Tokens) || !slices.Equal(table.Scores, want.Scores) {
		t.Errorf("table is %+v, want %+v", table, want)
	}
}

// What is wrong with a folder is the user's mistake, and named with its file.
func TestFoldersWithoutATable(t *testing.T) {
	if _, err := TableFromFolder(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	file := func(name, content string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, dir := range map[string]string{
		"has no tokenizer.json or tokenizer.model": t.TempDir(),
		"has no name in GGUF":                      writeJSON(t, byteLevelJSON(t, `\p{L}+`)),
		"tokenizer.json: unexpected end":           writeJSON(t, "{"),
		"tokenizer.model: not a SentencePiece":     file("tokenizer.model", "\xff"),
		"tokenizer_config.json: ":                  file("tokenizer_config.json", "["),
	} {
		_, err := TableFromFolder(dir)
		faulttest.Refused(t, err, dir, want)
		if want != "has no name in GGUF" {
			_, err = FromFolder(dir)
			faulttest.Refused(t, err, dir, want)
		}
	}
}
