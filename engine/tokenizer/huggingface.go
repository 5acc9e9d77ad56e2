package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// document is a tokenizer.json.
type document struct {
	AddedTokens []struct {
		ID      int32
		Content string
		Special bool
	} `json:"added_tokens"`
	Normalizer    *component
	PreTokenizer  *component `json:"pre_tokenizer"`
	PostProcessor *component `json:"post_processor"`
	Model         struct {
		Type         string
		Unknown      tokenText `json:"unk_token"`
		ByteFallback bool      `json:"byte_fallback"`
		IgnoreMerges bool      `json:"ignore_merges"`
		Vocab        json.RawMessage
		Merges       []mergeText
	}
}

// component is one step of a tokenizer.json: the fields of all types that this
// package understands.
type component struct {
	Type             string
	Normalizers      []component
	PreTokenizers    []component `json:"pretokenizers"`
	Prepend          string
	Content          string
	Pattern          struct{ String, Regex string }
	Behavior         string
	IndividualDigits bool  `json:"individual_digits"`
	AddPrefixSpace   bool  `json:"add_prefix_space"`
	UseRegex         *bool `json:"use_regex"`
	Single           []struct {
		SpecialToken *struct{ ID string }
	}
	Processors []component
}

// mergeText is "left right", written as a string or as a pair.
type mergeText [2]string

func (m *mergeText) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*[2]string)(m)); err == nil {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	left, right, ok := strings.Cut(text, " ")
	if !ok {
		return fmt.Errorf("merge %q is not two tokens with a space between", text)
	}
	*m = mergeText{left, right}
	return nil
}

// fromJSON builds a Tokenizer from the contents of a tokenizer.json and what
// tokenizer_config.json adds to it.
func fromJSON(data []byte, c config) (*Tokenizer, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	if d.Model.Type != "BPE" {
		return nil, fmt.Errorf("model.type %q is not supported: it must be BPE", d.Model.Type)
	}
	tokens, kinds, err := d.tokens()
	if err != nil {
		return nil, err
	}
	t, err := newTokenizer(Vocabulary{Tokens: tokens, Kinds: kinds, BOS: None, EOS: None, UNK: None})
	if err != nil {
		return nil, err
	}
	t.whole = d.Model.IgnoreMerges
	t.useSpecialTokens(d, c)
	merges := make(mergeRanker, len(d.Model.Merges))
	for i, m := range d.Model.Merges {
		merges.add(t.ids, m[0], m[1], i)
	}
	t.rank = merges
	if err := t.useNormalizer(d.Normalizer); err != nil {
		return nil, err
	}
	if err := t.usePreTokenizer(d.PreTokenizer); err != nil {
		return nil, err
	}
	if t.bytes == nil {
		t.bytes = newMarkCodec(t.ids)
	}
	return t, nil
}

// tokens lists the vocabulary with its added tokens by id.
func (d *document) tokens() ([]string, []Kind, error) {
	var vocab map[string]int32
	if err := json.Unmarshal(d.Model.Vocab, &vocab); err != nil {
		return nil, nil, fmt.Errorf("model.vocab: %w", err)
	}
	n := int32(0)
	for _, id := range vocab {
		n = max(n, id+1)
	}
	for _, a := range d.AddedTokens {
		n = max(n, a.ID+1)
	}
	if limit := 4*(len(vocab)+len(d.AddedTokens)) + 1024; int(n) > limit {
		return nil, nil, fmt.Errorf("model.vocab: id %d is far beyond its %d tokens", n-1, len(vocab))
	}
	tokens, kinds := make([]string, n), make([]Kind, n)
	for id := range kinds {
		kinds[id] = Unused
	}
	for text, id := range vocab {
		if id < 0 {
			return nil, nil, fmt.Errorf("model.vocab: token %q has the negative id %d", text, id)
		}
		tokens[id], kinds[id] = text, Normal
	}
	for _, a := range d.AddedTokens {
		if a.ID < 0 {
			return nil, nil, fmt.Errorf("added_tokens: %q has the negative id %d", a.Content, a.ID)
		}
		tokens[a.ID], kinds[a.ID] = a.Content, UserDefined
		if a.Special {
			kinds[a.ID] = Control
		}
	}
	return tokens, kinds, nil
}

// useSpecialTokens finds BOS, EOS and the unknown token.
func (t *Tokenizer) useSpecialTokens(d document, c config) {
	t.bos, t.eos, t.unk = t.idOf(string(c.BOS)), t.idOf(string(c.EOS)), t.idOf(string(d.Model.Unknown))
	if first := d.PostProcessor.begins(); first != "" {
		t.bos = t.idOf(first)
		t.addBOS = t.bos != None
	}
	if c.AddBOS != nil {
		t.addBOS = *c.AddBOS && t.bos != None
	}
}

func (t *Tokenizer) idOf(text string) int32 {
	if id, ok := t.ids[text]; ok && text != "" {
		return id
	}
	return None
}

// begins returns the special token that a post-processor puts in front.
func (c *component) begins() string {
	if c == nil {
		return ""
	}
	for i := range c.Processors {
		if first := c.Processors[i].begins(); first != "" {
			return first
		}
	}
	if len(c.Single) > 0 && c.Single[0].SpecialToken != nil {
		return c.Single[0].SpecialToken.ID
	}
	return ""
}

// useNormalizer appends the steps of a normalizer.
func (t *Tokenizer) useNormalizer(c *component) error {
	if c == nil {
		return nil
	}
	var step func(string) string
	switch c.Type {
	case "Sequence":
		for i := range c.Normalizers {
			if err := t.useNormalizer(&c.Normalizers[i]); err != nil {
				return err
			}
		}
		return nil
	case "NFC":
		step = norm.NFC.String
	case "Prepend":
		t.prefix = t.prefix || c.Prepend == mark
		step = func(s string) string { return c.Prepend + s }
	case "Replace":
		if c.Pattern.String == "" {
			return errors.New("normalizer Replace needs a pattern that is a plain string")
		}
		step = func(s string) string { return strings.ReplaceAll(s, c.Pattern.String, c.Content) }
	default:
		return fmt.Errorf("normalizer %q is not supported: it must be one of NFC, Prepend, Replace, Sequence", c.Type)
	}
	before := t.normalise
	t.normalise = func(s string) string { return step(before(s)) }
	return nil
}

// usePreTokenizer appends the splitters of a pre-tokenizer.
func (t *Tokenizer) usePreTokenizer(c *component) error {
	if c == nil {
		return nil
	}
	pattern := ""
	switch c.Type {
	case "Sequence":
		for i := range c.PreTokenizers {
			if err := t.usePreTokenizer(&c.PreTokenizers[i]); err != nil {
				return err
			}
		}
		return nil
	case "Split":
		if c.Behavior != "Isolated" || c.Pattern.Regex == "" {
			return errors.New("pre_tokenizer Split needs a regular expression and the behavior Isolated")
		}
		pattern = c.Pattern.Regex
	case "Digits":
		pattern = digitPattern
		if !c.IndividualDigits {
			pattern += "+"
		}
	case "ByteLevel":
		t.bytes = byteLevel{}
		if c.AddPrefixSpace {
			return errors.New("pre_tokenizer ByteLevel with add_prefix_space is not supported")
		}
		if c.UseRegex == nil || *c.UseRegex {
			pattern = gpt2Pattern
		}
	default:
		return fmt.Errorf("pre_tokenizer %q is not supported: it must be one of ByteLevel, Digits, Sequence, Split", c.Type)
	}
	if pattern == "" {
		return nil
	}
	s, err := compile(pattern)
	if err != nil {
		return err
	}
	t.split = append(t.split, s)
	return nil
}
