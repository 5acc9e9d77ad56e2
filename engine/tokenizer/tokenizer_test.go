package tokenizer

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sentencepiece "github.com/eliben/go-sentencepiece"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// tinySPM is a SentencePiece vocabulary with all bytes and a few words.
func tinySPM() Vocabulary {
	v := Vocabulary{Family: SPM, BOS: 1, EOS: 2, UNK: 0}
	add := func(text string, score float32, kind Kind) {
		v.Tokens = append(v.Tokens, text)
		v.Scores = append(v.Scores, score)
		v.Kinds = append(v.Kinds, kind)
	}
	add("<unk>", 0, Unknown)
	add("<s>", 0, Control)
	add("</s>", 0, Control)
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 0, Byte)
	}
	for i, text := range []string{"▁t", "he", "▁the", "in", "▁c", "at", "▁cat", "é", "▁chainstitches"} {
		add(text, -float32(i), Normal)
	}
	for i, c := range "▁etainohcrs" {
		add(string(c), -100-float32(i), Normal)
	}
	return v
}

// tinyBPE is a byte-level vocabulary with all bytes and a few merges.
func tinyBPE(pre string) Vocabulary {
	v := Vocabulary{Family: BPE, Pre: pre, BOS: None, EOS: 0, UNK: None}
	v.Tokens = []string{"<|endoftext|>"}
	v.Kinds = []Kind{Control}
	for _, r := range byteToRune {
		v.Tokens = append(v.Tokens, string(r))
	}
	v.Merges = []string{"h e", "t he", "Ġ the", "1 2", "12 3"}
	for _, m := range v.Merges {
		v.Tokens = append(v.Tokens, strings.Replace(m, " ", "", 1))
	}
	for len(v.Kinds) < len(v.Tokens) {
		v.Kinds = append(v.Kinds, Normal)
	}
	return v
}

func mustNew(t testing.TB, v Vocabulary) *Tokenizer {
	t.Helper()
	tok, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// pieces returns the texts of the tokens that text is encoded to.
func pieces(t testing.TB, tok *Tokenizer, text string) []string {
	t.Helper()
	ids, err := tok.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, id := range ids {
		texts = append(texts, tok.tokens[id])
	}
	return texts
}

func TestMergesTheBestPairFirst(t *testing.T) {
	tok := mustNew(t, tinySPM())
	for text, want := range map[string][]string{
		"":             {"<s>"},
		"the":          {"<s>", "▁the"},
		"the cat":      {"<s>", "▁the", "▁cat"},
		"thin":         {"<s>", "▁t", "h", "in"},
		"é":            {"<s>", "▁", "é"},
		"ü":            {"<s>", "▁", "<0xC3>", "<0xBC>"},
		"the</s>the":   {"<s>", "▁the", "</s>", "▁the"},
		"the  cat":     {"<s>", "▁the", "▁", "▁cat"},
		"the\xffcat\n": {"<s>", "▁the", "<0xFF>", "c", "at", "<0x0A>"},
	} {
		if got := pieces(t, tok, text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestByteLevelWordsDoNotMergeAcrossTheirBorder(t *testing.T) {
	for pre, want := range map[string][]string{
		"gpt-2":     {"the", "Ġthe", "Ġ", "123", "4"},
		"smollm":    {"the", "Ġthe", "Ġ", "1", "2", "3", "4"},
		"qwen2":     {"the", "Ġthe", "Ġ", "1", "2", "3", "4"},
		"llama-bpe": {"the", "Ġthe", "Ġ", "123", "4"},
	} {
		if got := pieces(t, mustNew(t, tinyBPE(pre)), "the the 1234"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pre, got, want)
		}
	}
}

func TestWordSplitters(t *testing.T) {
	for _, c := range []struct {
		pre, text string
		want      []string
	}{
		{"gpt-2", "it's  DON'T\n\n x", []string{"it", "'s", " ", " DON", "'", "T", "\n\n", " x"}},
		{"llama-bpe", "it's  DON'T\n\n x", []string{"it", "'s", " ", " DON", "'T", "\n\n", " x"}},
		{"llama-bpe", "a  \n  b", []string{"a", "  \n", " ", " b"}},
		{"llama-bpe", "x!!\n\ny", []string{"x", "!!\n\n", "y"}},
		{"llama-bpe", "a\u00a0\u00a0b  ", []string{"a", "\u00a0", "\u00a0b", "  "}},
		{"qwen2", "v123", []string{"v", "1", "2", "3"}},
		{"smollm", "v 123!", []string{"v", " ", "1", "2", "3", "!"}},
		{"", "it's 12345 !", []string{"it", "'", "s", " ", "123", "45", " ", "!"}},
		{"default", " +a$b", []string{" ", "+", "a", "$", "b"}},
		{"smaug-bpe", "DON'T 1234", []string{"DON", "'T", " ", "123", "4"}},
		{"falcon3", "DON'T 1234", []string{"DON", "'T", " ", "123", "4"}},
		{"megrez", "v12", []string{"v", "1", "2"}},
		{"exaone4", "it's 12", []string{"it", "'s", " 12"}},
		{"command-r", "it's 12", []string{"it", "'s", " ", "1", "2"}},
		{"tekken", "HelloWORLDs 12 a/", []string{"Hello", "WORLDs", " ", "1", "2", " a", "/"}},
		{"gpt-4o", "iPhone's 1234", []string{"i", "Phone's", " ", "123", "4"}},
		{"qwen35", "e\u0301a 1", []string{"e\u0301a", " ", "1"}},
		{"deepseek-v3", "価格is 1234", []string{"価格", "is", " ", "123", "4"}},
		{"falcon", "a`b 1234", []string{"a", "`", "b", " ", "123", "4"}},
	} {
		p, err := preTokenizer(c.pre)
		if err != nil {
			t.Fatal(err)
		}
		words := []string{c.text}
		for _, split := range p.splitters {
			var finer []string
			for _, w := range words {
				finer = split(finer, w)
			}
			words = finer
		}
		if !slices.Equal(words, c.want) {
			t.Errorf("%s splits %q into %q, want %q", c.pre, c.text, words, c.want)
		}
	}
}

func TestDecodingEncodedTextGivesItBack(t *testing.T) {
	tokenizers := []*Tokenizer{mustNew(t, tinySPM())}
	for _, pre := range []string{"gpt-2", "smollm", "qwen2", "llama-bpe"} {
		tokenizers = append(tokenizers, mustNew(t, tinyBPE(pre)))
	}
	special := []string{"<s>", "</s>", "<unk>", "<|endoftext|>", mark}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Filter(func(s string) bool {
			return !slices.ContainsFunc(special, func(x string) bool { return strings.Contains(s, x) })
		}).Draw(rt, "text")
		for _, tok := range tokenizers {
			ids, err := tok.Encode(text)
			if err != nil {
				rt.Fatal(err)
			}
			if got := tok.Decode(ids); got != text {
				rt.Fatalf("Decode(Encode(%q)) = %q", text, got)
			}
		}
	})
}

func TestStreamHoldsBackHalfACharacter(t *testing.T) {
	tok := mustNew(t, tinySPM())
	ids, err := tok.Encode("é🙂")
	if err != nil {
		t.Fatal(err)
	}
	s := tok.Stream()
	var parts []string
	for _, id := range ids {
		parts = append(parts, s.Next(id))
	}
	if want := []string{"", "", "é", "", "", "", "🙂"}; !slices.Equal(parts, want) {
		t.Errorf("parts %q, want %q", parts, want)
	}
	s.Next(ids[len(ids)-4])
	if got := s.End(); got != "\uFFFD" {
		t.Errorf("a text that ends in half a character ends in %q, want U+FFFD", got)
	}
}

func TestEnds(t *testing.T) {
	tok := mustNew(t, tinySPM())
	if !tok.Ends(2) || tok.Ends(1) || tok.Ends(260) || tok.Ends(None) || tok.Ends(1e6) {
		t.Error("only </s> ends a text of the tiny vocabulary")
	}
}

// asModel writes v as a tokenizer.model.
func asModel(v Vocabulary, modelType uint64) []byte {
	var out []byte
	message := func(number protowire.Number, body []byte) {
		out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), body)
	}
	for id, text := range v.Tokens {
		var piece []byte
		piece = protowire.AppendString(protowire.AppendTag(piece, pieceText, protowire.BytesType), text)
		piece = protowire.AppendFixed32(protowire.AppendTag(piece, pieceScore, protowire.Fixed32Type), math.Float32bits(v.Scores[id]))
		piece = protowire.AppendVarint(protowire.AppendTag(piece, pieceKind, protowire.VarintType), uint64(v.Kinds[id]))
		message(modelPieces, piece)
	}
	trainer := protowire.AppendVarint(protowire.AppendTag(nil, trainerModelType, protowire.VarintType), modelType)
	trainer = protowire.AppendVarint(protowire.AppendTag(trainer, 35, protowire.VarintType), 1) // byte_fallback
	message(modelTrainer, trainer)
	prefix := uint64(0)
	if v.Prefix == nil || *v.Prefix {
		prefix = 1
	}
	normalizer := protowire.AppendVarint(protowire.AppendTag(nil, normalizerDummyPrefix, protowire.VarintType), prefix)
	normalizer = protowire.AppendVarint(protowire.AppendTag(normalizer, 4, protowire.VarintType), 0) // remove_extra_whitespaces
	message(modelNormalizer, normalizer)
	return out
}

func TestAgreesWithAnIndependentSentencePiece(t *testing.T) {
	v := tinySPM()
	no := false
	v.Prefix, v.AddBOS = &no, &no // eliben/go-sentencepiece adds neither
	ours := mustNew(t, v)
	theirs, err := sentencepiece.NewProcessor(bytes.NewReader(asModel(v, bpeModel)))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("the cat in rosé ü🙂\n"))).Draw(rt, "text")
		got, err := ours.Encode(text)
		if err != nil {
			rt.Fatal(err)
		}
		var want []int32
		for _, token := range theirs.Encode(text) {
			want = append(want, int32(token.ID))
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("Encode(%q) = %v, eliben/go-sentencepiece says %v", text, got, want)
		}
	})
}

func TestReadsATokenizerModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.model"), asModel(tinySPM(), bpeModel), 0o666); err != nil {
		t.Fatal(err)
	}
	tok, err := FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pieces(t, tok, "the cat"), []string{"<s>", "▁the", "▁cat"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRefusals(t *testing.T) {
	unigram := asModel(tinySPM(), 1)
	noBytes := Vocabulary{Family: SPM, Tokens: []string{"a"}, Scores: []float32{0}, BOS: None, EOS: None, UNK: None}
	for name, c := range map[string]struct {
		err  func() error
		want string
	}{
		"no tokens":     {func() error { _, err := New(Vocabulary{Family: SPM}); return err }, "no tokens"},
		"family":        {func() error { v := tinySPM(); v.Family = "t5"; _, err := New(v); return err }, `"t5" is not supported`},
		"scores":        {func() error { v := tinySPM(); v.Scores = nil; _, err := New(v); return err }, "but 0 scores"},
		"kinds":         {func() error { v := tinySPM(); v.Kinds = v.Kinds[:1]; _, err := New(v); return err }, "but 1 token types"},
		"bos":           {func() error { v := tinySPM(); v.BOS = 1e6; _, err := New(v); return err }, "bos token id 1000000"},
		"merge":         {func() error { v := tinyBPE("qwen2"); v.Merges[0] = "he"; _, err := New(v); return err }, "merge 0"},
		"pre-tokenizer": {func() error { _, err := New(tinyBPE("bert")); return err }, "llama-bpe, minicpm5, qwen2"},
		"unigram":       {func() error { _, err := parseSentencePiece(unigram); return err }, "must be BPE"},
		"cut protobuf":  {func() error { _, err := parseSentencePiece(unigram[:17]); return err }, "not a SentencePiece model"},
		"not JSON":      {func() error { _, err := fromJSON([]byte("{"), config{}); return err }, "JSON"},
		"WordPiece":     {func() error { _, err := fromJSON([]byte(`{"model":{"type":"WordPiece"}}`), config{}); return err }, "must be BPE"},
		"distant id": {func() error {
			_, err := fromJSON([]byte(`{"model":{"type":"BPE","vocab":{"a":99999999}}}`), config{})
			return err
		}, "far beyond"},
		"negative id": {func() error {
			_, err := fromJSON([]byte(`{"model":{"type":"BPE","vocab":{"a":-4}}}`), config{})
			return err
		}, "negative"},
		"normalizer": {func() error {
			_, err := fromJSON([]byte(`{"normalizer":{"type":"Lowercase"},"model":{"type":"BPE","vocab":{"a":0}}}`), config{})
			return err
		}, `"Lowercase" is not supported`},
		"unknown letter": {func() error { _, err := mustNew(t, noBytes).Encode("b"); return err }, "no token for"},
	} {
		err := c.err()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	for _, v := range []Vocabulary{{Family: SPM}, tinyBPE("bert")} {
		if _, err := New(v); !fault.IsUser(err) {
			t.Errorf("not marked as the user's mistake: %v", err)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":2,"content":"<s>","special":true}],"normalizer":{"type":"Prepend","prepend":"▁"},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\s+(?!\\S)|\\s+"},"behavior":"Isolated"},"model":{"type":"BPE","unk_token":"a","vocab":{"a":0,"b":1},"merges":["a b",["a","b"]]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 8<<20, 1<<11, len(data), func() { use(fromJSON(data, config{})) })
	})
}

// A file's own word on BOS goes before the habit of its word splitter.
func TestWhetherATextBeginsWithBOS(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		pre  string
		own  *bool
		bos  int32
		want bool
	}{
		{"llama-bpe", nil, 0, true},
		{"llama-bpe", &no, 0, false},
		{"llama-bpe", nil, None, false},
		{"llama-bpe", &yes, None, false},
		{"qwen2", nil, 0, false},
		{"qwen2", &yes, 0, true},
	} {
		v := tinyBPE(c.pre)
		v.BOS, v.AddBOS = c.bos, c.own
		ids, err := mustNew(t, v).Encode("the")
		if err != nil {
			t.Fatal(err)
		}
		if got := ids[0] == 0; got != c.want {
			t.Errorf("%s, bos %d: text begins with BOS: %v, want %v", c.pre, c.bos, got, c.want)
		}
	}
}
