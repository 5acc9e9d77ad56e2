package weights

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/memsim/memsim/engine/tokenizer"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/fault"
)

// Vocabulary is what a tokenizer is made from: the table of a GGUF file, or the
// Hugging Face folder that holds one.
type Vocabulary struct {
	Table  tokenizer.Vocabulary
	Folder string // if set, Table is empty
}

// Tokenizer builds the tokenizer.
func (v *Vocabulary) Tokenizer() (*tokenizer.Tokenizer, error) {
	if v.Folder != "" {
		return tokenizer.FromFolder(v.Folder)
	}
	return tokenizer.New(v.Table)
}

// table returns the tokenizer in GGUF's terms.
func (v *Vocabulary) table() (tokenizer.Vocabulary, error) {
	if v.Folder == "" {
		return v.Table, nil
	}
	table, err := tokenizer.TableFromFolder(v.Folder)
	if err != nil {
		return table, fault.Userf("tokenizer of %s cannot be written as GGUF: %w", v.Folder, err)
	}
	return table, nil
}

// padded returns v with n tokens: models often have more than their tokenizer.
func padded(v tokenizer.Vocabulary, n int) tokenizer.Vocabulary {
	if len(v.Kinds) == 0 {
		v.Kinds = slices.Repeat([]tokenizer.Kind{tokenizer.Normal}, len(v.Tokens))
	}
	v.Tokens, v.Kinds, v.Scores = slices.Clone(v.Tokens), slices.Clone(v.Kinds), slices.Clone(v.Scores)
	for id := len(v.Tokens); id < n; id++ {
		v.Tokens = append(v.Tokens, fmt.Sprintf("[PAD%d]", id))
		v.Kinds = append(v.Kinds, tokenizer.Unused)
		if len(v.Scores) > 0 {
			v.Scores = append(v.Scores, -float32(n))
		}
	}
	return v
}

// readVocabulary returns the tokenizer's table of a GGUF file, nil if it has
// none.
func readVocabulary(f *gguf.File) (*Vocabulary, error) {
	if !f.Has("tokenizer.ggml.tokens") {
		return nil, nil
	}
	r := reader{file: f}
	v := tokenizer.Vocabulary{
		Family: tokenizer.Family(r.text("tokenizer.ggml.model", "")),
		Pre:    r.text("tokenizer.ggml.pre", ""),
		Tokens: optional(&r, "tokenizer.ggml.tokens", f.Texts),
		Scores: optional(&r, "tokenizer.ggml.scores", f.Floats),
		Merges: optional(&r, "tokenizer.ggml.merges", f.Texts),
		BOS:    r.id("tokenizer.ggml.bos_token_id"),
		EOS:    r.id("tokenizer.ggml.eos_token_id"),
		UNK:    r.id("tokenizer.ggml.unknown_token_id"),
		AddBOS: r.flag("tokenizer.ggml.add_bos_token"),
		Prefix: r.flag("tokenizer.ggml.add_space_prefix"),
	}
	for _, kind := range optional(&r, "tokenizer.ggml.token_type", f.Ints) {
		v.Kinds = append(v.Kinds, tokenizer.Kind(kind))
	}
	if r.err != nil {
		return nil, fault.Userf("%s: %w", f.Name, r.err)
	}
	return &Vocabulary{Table: v}, nil
}

// vocabularyFields returns a tokenizer's table for a GGUF file.
func vocabularyFields(v tokenizer.Vocabulary) []gguf.Value {
	bytesOf := func(texts []string) (n int64) {
		for _, t := range texts {
			n += int64(len(t))
		}
		return n
	}
	all := []gguf.Value{
		gguf.TextValue("tokenizer.ggml.model", string(v.Family)),
		gguf.TextsValue("tokenizer.ggml.tokens", len(v.Tokens), bytesOf(v.Tokens), func(i int) string { return v.Tokens[i] }),
	}
	if v.Pre != "" {
		all = append(all, gguf.TextValue("tokenizer.ggml.pre", v.Pre))
	}
	if len(v.Scores) > 0 {
		all = append(all, gguf.FloatsValue("tokenizer.ggml.scores", len(v.Scores), func(i int) float32 { return v.Scores[i] }))
	}
	if len(v.Kinds) > 0 {
		all = append(all, gguf.IntsValue("tokenizer.ggml.token_type", len(v.Kinds), func(i int) int32 { return int32(v.Kinds[i]) }))
	}
	if len(v.Merges) > 0 {
		all = append(all, gguf.TextsValue("tokenizer.ggml.merges", len(v.Merges), bytesOf(v.Merges), func(i int) string { return v.Merges[i] }))
	}
	for _, special := range []struct {
		key string
		id  int32
	}{{"bos", v.BOS}, {"eos", v.EOS}, {"unknown", v.UNK}} {
		if special.id != tokenizer.None {
			all = append(all, gguf.Uint32Value("tokenizer.ggml."+special.key+"_token_id", int(special.id)))
		}
	}
	if v.AddBOS != nil {
		all = append(all, gguf.BoolValue("tokenizer.ggml.add_bos_token", *v.AddBOS))
	}
	if v.Prefix != nil {
		all = append(all, gguf.BoolValue("tokenizer.ggml.add_space_prefix", *v.Prefix))
	}
	return all
}

// The made-up vocabulary of synthetic weights is SentencePiece's smallest: the
// three special tokens, a token for each byte, the space, and fillers that no
// text turns into, since there are no tokens between a byte and a filler to
// merge through.
const (
	firstByte   = 3
	space       = firstByte + 256
	firstFiller = space + 1

	spaceText = "▁"
)

// syntheticVocabulary returns the table of a made-up vocabulary.
func syntheticVocabulary(n int) *Vocabulary {
	v := tokenizer.Vocabulary{Family: tokenizer.SPM, BOS: 1, EOS: 2, UNK: 0}
	v.Tokens = make([]string, n)
	v.Scores = make([]float32, n)
	v.Kinds = make([]tokenizer.Kind, n)
	for id := range n {
		v.Tokens[id], v.Scores[id], v.Kinds[id] = syntheticToken(id), syntheticScore(id), syntheticKind(id)
	}
	return &Vocabulary{Table: v}
}

// syntheticFields returns the same for a GGUF file.
func syntheticFields(n int) []gguf.Value {
	return []gguf.Value{
		gguf.TextValue("tokenizer.ggml.model", string(tokenizer.SPM)),
		gguf.TextsValue("tokenizer.ggml.tokens", n, syntheticTextBytes(n), syntheticToken),
		gguf.FloatsValue("tokenizer.ggml.scores", n, syntheticScore),
		gguf.IntsValue("tokenizer.ggml.token_type", n, func(id int) int32 { return int32(syntheticKind(id)) }),
		gguf.Uint32Value("tokenizer.ggml.bos_token_id", 1),
		gguf.Uint32Value("tokenizer.ggml.eos_token_id", 2),
		gguf.Uint32Value("tokenizer.ggml.unknown_token_id", 0),
	}
}

// syntheticFits reports whether n tokens hold the made-up vocabulary.
func syntheticFits(n int) bool { return n >= firstFiller }

func syntheticToken(id int) string {
	switch {
	case id == 0:
		return "<unk>"
	case id == 1:
		return "<s>"
	case id == 2:
		return "</s>"
	case id == space:
		return spaceText
	case id < space:
		return fmt.Sprintf("<0x%02X>", id-firstByte)
	}
	return "[" + strconv.Itoa(id) + "]"
}

func syntheticScore(id int) float32 { return -float32(id) }

func syntheticKind(id int) tokenizer.Kind {
	switch {
	case id == 0:
		return tokenizer.Unknown
	case id < firstByte:
		return tokenizer.Control
	case id < space:
		return tokenizer.Byte
	}
	return tokenizer.Normal
}

// syntheticTextBytes returns the bytes of the texts of n tokens without making
// them.
func syntheticTextBytes(n int) int64 {
	total := int64(len("<unk>") + len("<s>") + len("</s>") + 256*len("<0x00>") + len(spaceText))
	total += 2 * int64(n-firstFiller)
	digits, from := int64(3), firstFiller
	for bound := 1000; from < n; bound *= 10 {
		upto := min(n, bound)
		total += digits * int64(upto-from)
		digits, from = digits+1, upto
	}
	return total
}
