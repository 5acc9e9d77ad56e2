package tokenizer

import (
	"encoding/json"
	"slices"
)

// tableFromJSON reads a tokenizer.json as the table that a GGUF file holds.
func tableFromJSON(data []byte, c config) (Vocabulary, error) {
	t, err := fromJSON(data, c) // refuses what is not understood
	if err != nil {
		return Vocabulary{}, err
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return Vocabulary{}, err
	}
	v := Vocabulary{Tokens: t.tokens, Kinds: slices.Clone(t.kinds), BOS: t.bos, EOS: t.eos, UNK: t.unk, AddBOS: &t.addBOS}
	if _, ok := t.bytes.(byteLevel); !ok {
		v.useMergesAsScores(d)
		v.Prefix = &t.prefix
		return v, nil
	}
	v.Family = BPE
	if v.Pre, err = preName(d.PreTokenizer.patterns(), t.whole); err != nil {
		return Vocabulary{}, err
	}
	for _, m := range d.Model.Merges {
		v.Merges = append(v.Merges, m[0]+" "+m[1])
	}
	return v, nil
}

// useMergesAsScores makes v a SentencePiece table. Its merges stand in the order
// of the scores of the tokens that they make, so the place of the first merge
// that makes a token can stand for its score.
func (v *Vocabulary) useMergesAsScores(d document) {
	v.Family = SPM
	place := make(map[string]int, len(d.Model.Merges))
	for i, m := range d.Model.Merges {
		if _, known := place[m[0]+m[1]]; !known {
			place[m[0]+m[1]] = i
		}
	}
	v.Scores = make([]float32, len(v.Tokens))
	for id, text := range v.Tokens {
		i, made := place[text]
		if !made {
			i = len(d.Model.Merges) // no merge makes it: the last choice
		}
		v.Scores[id] = -float32(i)
		if _, ok := byteToken(text); ok {
			v.Kinds[id] = Byte
		}
	}
	if v.UNK != None {
		v.Kinds[v.UNK] = Unknown
	}
}

// patterns lists the regular expressions of a pre-tokenizer in their order.
func (c *component) patterns() []string {
	if c == nil {
		return nil
	}
	switch {
	case c.Type == "Split":
		return []string{c.Pattern.Regex}
	case c.Type == "Digits" && c.IndividualDigits:
		return []string{digitPattern}
	case c.Type == "Digits":
		return []string{digitPattern + "+"}
	case c.Type == "ByteLevel" && (c.UseRegex == nil || *c.UseRegex):
		return []string{gpt2Pattern}
	}
	var all []string
	for i := range c.PreTokenizers {
		all = append(all, c.PreTokenizers[i].patterns()...)
	}
	return all
}
