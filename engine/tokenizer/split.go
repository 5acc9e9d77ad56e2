package tokenizer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// splitter appends the words of text to words; together they are the text.
type splitter func(words []string, text string) []string

// The regular expressions by which tokenizers split text, as published: GPT-2
// (openai/gpt-2 encoder.py), Llama 3 and Qwen 2 (their tokenizer.json).
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	digitPattern  = `\p{N}`
)

// pre is a way of splitting, and the habits that come with it.
type pre struct {
	patterns  []string // applied one after the other
	whole     bool     // a word that is a token is not split further
	bos       bool     // texts begin with BOS unless the file says otherwise
	splitters []splitter
}

// pres are the splitters by their GGUF names (tokenizer.ggml.pre).
var pres = map[string]pre{
	"llama-bpe": {patterns: []string{llama3Pattern}, whole: true, bos: true},
	"qwen2":     {patterns: []string{qwen2Pattern}},
	"gpt-2":     {patterns: []string{gpt2Pattern}},
	"smollm":    {patterns: []string{digitPattern, gpt2Pattern}},
}

// aliases are other names that GGUF files use for the same splitter.
var aliases = map[string]string{
	"": "gpt-2", "default": "gpt-2", "llama3": "llama-bpe", "llama-v3": "llama-bpe", "deepseek-r1-qwen": "qwen2",
}

func preTokenizer(name string) (pre, error) {
	if alias, ok := aliases[name]; ok {
		name = alias
	}
	p, ok := pres[name]
	if !ok {
		known := make([]string, 0, len(pres))
		for n := range pres {
			known = append(known, n)
		}
		slices.Sort(known)
		return pre{}, fmt.Errorf("pre-tokenizer %q is not known: it must be one of %s", name, strings.Join(known, ", "))
	}
	for _, pattern := range p.patterns {
		s, err := compile(pattern)
		if err != nil {
			return pre{}, err
		}
		p.splitters = append(p.splitters, s)
	}
	return p, nil
}

// whitespace is Unicode's White_Space, which Go's \s is not.
const whitespace = `\t-\r\x{20}\x{85}\p{Z}`

// trailingSpace is the one construct of these patterns that Go's regexp lacks:
// "white space, but leave the last of it to the word that follows". It stands at
// the end, so that it can be matched as a group and shortened afterwards.
const trailingSpace = `\s+(?!\S)|\s+`

// compile turns a published pattern into a splitter: what it matches is a word,
// and so is what lies between matches.
func compile(pattern string) (splitter, error) {
	head, yields := strings.CutSuffix(pattern, trailingSpace)
	if yields {
		head += `(\s+)`
	}
	re, err := regexp.Compile(classSpace(head))
	if err != nil {
		return nil, fmt.Errorf("pre-tokenizer pattern %q is not supported: %w", pattern, err)
	}
	return func(words []string, text string) []string { return splitBy(re, yields, words, text) }, nil
}

// classSpace widens \s and \S to Unicode, inside a character class and outside.
func classSpace(pattern string) string {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			switch next := pattern[i]; {
			case next == 's' && inClass:
				out.WriteString(whitespace)
			case next == 's':
				out.WriteString("[" + whitespace + "]")
			case next == 'S' && !inClass:
				out.WriteString("[^" + whitespace + "]")
			default:
				out.WriteByte('\\')
				out.WriteByte(next)
			}
		default:
			inClass = c == '[' || inClass && c != ']'
			out.WriteByte(c)
		}
	}
	return out.String()
}

// splitBy splits text at what re matches. If yields is set, a match of the last
// group is white space that leaves its last character to a word behind it.
func splitBy(re *regexp.Regexp, yields bool, words []string, text string) []string {
	for text != "" {
		at := re.FindStringSubmatchIndex(text)
		if at == nil || at[1] == 0 {
			return append(words, text)
		}
		start, end := at[0], at[1]
		if yields && at[len(at)-2] >= 0 && end < len(text) {
			if _, last := utf8.DecodeLastRuneInString(text[start:end]); end-last > start {
				end -= last
			}
		}
		if start > 0 {
			words = append(words, text[:start])
		}
		words = append(words, text[start:end])
		text = text[end:]
	}
	return words
}
