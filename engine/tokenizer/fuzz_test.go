package tokenizer

import (
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

const probeText = "a b <s> \xff ▁Ġ 12"

// FuzzNew looks for tables, such as GGUF metadata holds, that panic.
func FuzzNew(f *testing.F) {
	f.Add("llama", "", "<unk>\n<s>\n</s>\n<0x0A>\n▁\na\nb\n▁a", "", "\x02\x03\x03\x06\x01\x01\x01\x01", int32(1), int32(2), int32(0))
	f.Add("gpt2", "llama-bpe", "a\nb\nĠ\nĠa\nab", "Ġ a\na b", "", int32(-1), int32(4), int32(-1))
	f.Fuzz(func(t *testing.T, family, pre, tokens, merges, kinds string, bos, eos, unk int32) {
		v := Vocabulary{Family: Family(family), Pre: pre, Tokens: strings.Split(tokens, "\n"), BOS: bos, EOS: eos, UNK: unk}
		for _, k := range []byte(kinds) {
			v.Kinds = append(v.Kinds, Kind(int8(k)))
			v.Scores = append(v.Scores, -float32(k))
		}
		if merges != "" {
			v.Merges = strings.Split(merges, "\n")
		}
		faulttest.Bounded(t, 4<<20, 1<<10, len(tokens)+len(merges)+len(kinds), func() { use(New(v)) })
	})
}

// FuzzParseSentencePiece looks for tokenizer.model files that panic or take
// memory beyond their size.
func FuzzParseSentencePiece(f *testing.F) {
	f.Add([]byte("\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02\x0a\x08\x0a\x01a\x15\x00\x00\x80\xbf"))
	f.Add([]byte("\x0a\x08\x0a\x01a\x15\x00\x00\x80\xbf\x12\x02\x18\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<10, len(data), func() {
			if v, err := parseSentencePiece(data); err == nil {
				use(New(v))
			}
		})
	})
}

// FuzzFromFolder looks for pairs of tokenizer.json and tokenizer_config.json that
// panic, and for tables of them that do.
func FuzzFromFolder(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":2,"content":"<s>","special":true}],"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}}`),
		[]byte(`{"add_bos_token":true,"bos_token":{"content":"<s>"},"eos_token":"a"}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, config []byte) {
		for name, data := range map[string][]byte{"tokenizer.json": text, "tokenizer_config.json": config} {
			if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		faulttest.Bounded(t, 16<<20, 1<<12, len(text)+len(config), func() {
			use(FromFolder(dir))
			if v, err := TableFromFolder(dir); err == nil {
				use(New(v))
			}
		})
	})
}

// use encodes and decodes with a tokenizer, if there is one.
func use(tok *Tokenizer, err error) {
	if err != nil {
		return
	}
	if ids, err := tok.Encode(probeText); err == nil {
		tok.Decode(ids)
	}
}
