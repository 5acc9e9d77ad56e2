package tokenizer

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// splitter appends the words of text to words; together they are the text.
type splitter func(words []string, text string) []string

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
