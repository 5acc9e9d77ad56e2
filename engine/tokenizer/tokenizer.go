// Package tokenizer turns text into token ids and back, for the two families of
// vocabularies that Llama-like models use.
//
// The mental model: text is cut at special tokens, what lies between is
// normalised, split into words, and each word is merged, pair of neighbouring
// symbols by pair, best pair first, until no pair is in the vocabulary.
//
//	text ──special──▶ parts ──normalise, split──▶ words ──merge──▶ ids
//
// The families differ in three places only. SentencePiece (SPM: Llama 2,
// TinyLlama, MobileLLM) writes a space as "▁", does not split into words,
// starts from characters, ranks pairs by the score of the token that they make,
// and falls back to the tokens <0x00> to <0xFF>. Byte-level BPE (GPT-2, Llama 3,
// Qwen, SmolLM) writes bytes as printable characters, splits words by a regular
// expression, and ranks pairs by their place in a list of merges.
//
// A Vocabulary is the raw table, as GGUF metadata has it; FromFolder reads one
// from tokenizer.json or tokenizer.model of a Hugging Face folder.
//
// # Caveats
//
// Unigram and WordPiece models are refused. Chat templates are not applied. The
// strip flags of added tokens are not honoured, nor are SentencePiece's
// character-rewriting rules (Llama 2 has none).
package tokenizer

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// Family is the algorithm of a vocabulary, under its GGUF name.
type Family string

// The families of vocabularies.
const (
	SPM Family = "llama" // SentencePiece BPE: tokens with scores
	BPE Family = "gpt2"  // byte-level BPE: tokens with a list of merges
)

// Kind is the type of a token, numbered as in SentencePiece and GGUF.
type Kind int32

// The kinds of token.
const (
	Normal      Kind = 1
	Unknown     Kind = 2
	Control     Kind = 3
	UserDefined Kind = 4
	Unused      Kind = 5
	Byte        Kind = 6
)

// None stands for a special token that a vocabulary does not have.
const None int32 = -1

// Vocabulary is the raw table of a tokenizer.
type Vocabulary struct {
	Family Family
	Pre    string    // BPE: name of the word splitter, such as llama-bpe; empty is llama.cpp's default
	Tokens []string  // by id
	Scores []float32 // SPM: by id
	Kinds  []Kind    // by id; empty means that all are Normal
	Merges []string  // BPE: "left right", best first
	BOS    int32     // begins a text, or None
	EOS    int32     // ends a text, or None
	UNK    int32     // stands for what cannot be encoded, or None
	AddBOS *bool     // nil is the family's habit: yes for SPM and Llama 3
	Prefix *bool     // SPM: put a space before the text; nil is yes
}

// Tokenizer encodes and decodes. It is immutable and safe for use by many
// goroutines at once.
type Tokenizer struct {
	tokens    []string
	kinds     []Kind
	ids       map[string]int32
	special   map[byte][]int32 // by first byte, longest first
	normalise func(string) string
	split     []splitter
	bytes     byteCodec
	rank      ranker
	whole     bool // a word that is a token is not split further
	prefix    bool // the first space of decoded text was added by normalise
	bos       int32
	eos       int32
	unk       int32
	addBOS    bool
}

// New checks v and builds a Tokenizer from it. A table that is damaged or not
// understood is the user's error.
func New(v Vocabulary) (*Tokenizer, error) {
	t, err := newTokenizer(v)
	if err != nil {
		return nil, fault.User(err)
	}
	switch v.Family {
	case SPM:
		err = t.useScores(v)
	case BPE:
		err = t.useMerges(v)
	default:
		err = fmt.Errorf("tokenizer model %q is not supported: it must be %q (SentencePiece) or %q (byte-level BPE)", v.Family, SPM, BPE)
	}
	if err != nil {
		return nil, fault.User(err)
	}
	return t, nil
}

// newTokenizer fills in what the families share.
func newTokenizer(v Vocabulary) (*Tokenizer, error) {
	n := int32(len(v.Tokens))
	switch {
	case n == 0:
		return nil, errors.New("tokenizer has no tokens")
	case len(v.Kinds) != 0 && len(v.Kinds) != len(v.Tokens):
		return nil, fmt.Errorf("tokenizer has %d tokens but %d token types", n, len(v.Kinds))
	}
	for _, s := range []struct {
		name string
		id   int32
	}{{"bos", v.BOS}, {"eos", v.EOS}, {"unknown", v.UNK}} {
		if s.id < None || s.id >= n {
			return nil, fmt.Errorf("tokenizer's %s token id %d is not in its vocabulary of %d", s.name, s.id, n)
		}
	}
	t := &Tokenizer{
		tokens:    v.Tokens,
		kinds:     v.Kinds,
		ids:       make(map[string]int32, n),
		normalise: func(s string) string { return s },
		bos:       v.BOS,
		eos:       v.EOS,
		unk:       v.UNK,
	}
	for id := n - 1; id >= 0; id-- { // of equal tokens the first counts
		t.ids[t.tokens[id]] = id
	}
	t.indexSpecial()
	return t, nil
}

// useScores makes t a SentencePiece tokenizer.
func (t *Tokenizer) useScores(v Vocabulary) error {
	if len(v.Scores) != len(v.Tokens) {
		return fmt.Errorf("tokenizer has %d tokens but %d scores", len(v.Tokens), len(v.Scores))
	}
	t.prefix = v.Prefix == nil || *v.Prefix
	t.addBOS = v.BOS != None && (v.AddBOS == nil || *v.AddBOS)
	t.normalise = func(s string) string { return spaceToMark(s, t.prefix) }
	t.bytes = newMarkCodec(t.ids)
	t.rank = scoreRanker{t, v.Scores}
	return nil
}

// useMerges makes t a byte-level BPE tokenizer.
func (t *Tokenizer) useMerges(v Vocabulary) error {
	pre, err := preTokenizer(v.Pre)
	if err != nil {
		return err
	}
	t.split = pre.splitters
	t.whole = pre.whole
	t.addBOS = v.BOS != None && (v.AddBOS == nil && pre.bos || v.AddBOS != nil && *v.AddBOS)
	t.bytes = byteLevel{}
	t.rank, err = newMergeRanker(t.ids, v.Merges)
	return err
}

// Size returns the number of tokens.
func (t *Tokenizer) Size() int { return len(t.tokens) }

// BOS returns the token that begins a text, or None.
func (t *Tokenizer) BOS() int32 { return t.bos }

// EOS returns the token that ends a text, or None.
func (t *Tokenizer) EOS() int32 { return t.eos }

// endings are the texts of tokens that end a turn although the vocabulary names
// another as its EOS.
var endings = map[string]bool{
	"<|eot_id|>": true, "<|end_of_text|>": true, "<|endoftext|>": true, "<|im_end|>": true, "</s>": true, "<end_of_turn>": true,
}

// Ends reports whether generation stops at id.
func (t *Tokenizer) Ends(id int32) bool {
	return id == t.eos && id != None || t.isSpecial(id) && endings[t.tokens[id]]
}

func (t *Tokenizer) kind(id int32) Kind {
	if len(t.kinds) == 0 {
		return Normal
	}
	return t.kinds[id]
}

func (t *Tokenizer) isSpecial(id int32) bool {
	if id < 0 || int(id) >= len(t.tokens) {
		return false
	}
	switch t.kind(id) {
	case Control, UserDefined, Unknown:
		return true
	}
	return false
}

func (t *Tokenizer) indexSpecial() {
	t.special = map[byte][]int32{}
	for id, text := range t.tokens {
		if text != "" && t.isSpecial(int32(id)) {
			t.special[text[0]] = append(t.special[text[0]], int32(id))
		}
	}
	for _, ids := range t.special {
		sort.SliceStable(ids, func(i, j int) bool { return len(t.tokens[ids[i]]) > len(t.tokens[ids[j]]) })
	}
}

// Encode returns the ids of text, with BOS in front where the vocabulary wants
// it. Special tokens are recognised by their text. An error means that the
// vocabulary has no token for a byte of the text, and no unknown token.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	var ids []int32
	if t.addBOS {
		ids = append(ids, t.bos)
	}
	for text != "" {
		at, id := t.nextSpecial(text)
		var err error
		if ids, err = t.encodePlain(ids, text[:at]); err != nil {
			return nil, err
		}
		if id == None {
			break
		}
		ids = append(ids, id)
		text = text[at+len(t.tokens[id]):]
	}
	return ids, nil
}

// nextSpecial finds the leftmost, then longest, special token in text; without
// one it returns the text's end and None.
func (t *Tokenizer) nextSpecial(text string) (at int, id int32) {
	for i := 0; i < len(text); i++ {
		for _, id := range t.special[text[i]] {
			if strings.HasPrefix(text[i:], t.tokens[id]) {
				return i, id
			}
		}
	}
	return len(text), None
}

// encodePlain appends the ids of a text without special tokens.
func (t *Tokenizer) encodePlain(ids []int32, text string) ([]int32, error) {
	if text == "" {
		return ids, nil
	}
	words := []string{t.normalise(text)}
	for _, split := range t.split {
		var finer []string
		for _, w := range words {
			finer = split(finer, w)
		}
		words = finer
	}
	for _, w := range words {
		var err error
		if ids, err = t.encodeWord(ids, t.bytes.spell(w)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// encodeWord appends the ids of one word, spelled in the vocabulary's alphabet.
func (t *Tokenizer) encodeWord(ids []int32, word string) ([]int32, error) {
	if id, ok := t.ids[word]; ok && t.whole {
		return append(ids, id), nil
	}
	for _, s := range merge(word, t.ids, t.rank) {
		if s.id != None {
			ids = append(ids, s.id)
			continue
		}
		var err error
		if ids, err = t.encodeBytes(ids, word[s.start:s.end]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// encodeBytes spells a character that is no token by its bytes.
func (t *Tokenizer) encodeBytes(ids []int32, char string) ([]int32, error) {
	if tokens, ok := t.bytes.fallback(char); ok {
		return append(ids, tokens...), nil
	}
	if t.unk == None {
		return nil, fmt.Errorf("the vocabulary has no token for %q, and none for unknown text", char)
	}
	return append(ids, t.unk), nil
}

// mergeable reports whether text may become token id by merging: the text of a
// byte or control token is a name, not what it stands for.
func (t *Tokenizer) mergeable(id int32) bool {
	switch t.kind(id) {
	case Byte, Control, Unknown:
		return false
	}
	return true
}
