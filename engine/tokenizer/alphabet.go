package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// byteCodec is the alphabet in which a vocabulary writes text.
type byteCodec interface {
	spell(text string) string                    // text in the vocabulary's alphabet
	fallback(char string) (ids []int32, ok bool) // tokens of the bytes of a character that is no token
	bytes(dst []byte, token string) []byte       // appends the text that a token stands for
}

// mark is how SentencePiece writes a space: LOWER ONE EIGHTH BLOCK.
const mark = "▁"

// spaceToMark writes spaces as marks, one more in front if prefix is set.
func spaceToMark(text string, prefix bool) string {
	if prefix {
		text = " " + text
	}
	return strings.ReplaceAll(text, " ", mark)
}

// markCodec is SentencePiece's alphabet: characters, with marks for spaces, and
// the tokens <0x00> to <0xFF> for bytes.
type markCodec struct {
	byteIDs [256]int32
	all     bool // every byte has a token
}

func newMarkCodec(ids map[string]int32) *markCodec {
	c := &markCodec{all: true}
	for b := range c.byteIDs {
		id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
		c.byteIDs[b] = id
		c.all = c.all && ok
	}
	return c
}

func (c *markCodec) spell(text string) string { return text }

func (c *markCodec) fallback(char string) ([]int32, bool) {
	if !c.all {
		return nil, false
	}
	ids := make([]int32, len(char))
	for i := range len(char) {
		ids[i] = c.byteIDs[char[i]]
	}
	return ids, true
}

func (c *markCodec) bytes(dst []byte, token string) []byte {
	if b, ok := byteToken(token); ok && c.all {
		return append(dst, b)
	}
	return append(dst, strings.ReplaceAll(token, mark, " ")...)
}

// byteToken reads a token of the form <0xNN>.
func byteToken(token string) (byte, bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	high, okHigh := hexDigit(token[3])
	low, okLow := hexDigit(token[4])
	return high<<4 | low, okHigh && okLow
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// byteLevel is GPT-2's alphabet: each byte is one printable character, itself
// where it is printable in Latin-1, else the next one from U+0100 on.
type byteLevel struct{}

var (
	byteToRune [256]rune
	runeToByte = map[rune]byte{}
)

func init() {
	next := rune(0x100)
	for b := range rune(256) {
		printable := '!' <= b && b <= '~' || '¡' <= b && b <= '¬' || '®' <= b && b <= 'ÿ'
		r := b
		if !printable {
			r = next
			next++
		}
		byteToRune[b] = r
		runeToByte[r] = byte(b)
	}
}

func (byteLevel) spell(text string) string {
	out := make([]byte, 0, 2*len(text))
	for i := range len(text) {
		out = utf8.AppendRune(out, byteToRune[text[i]])
	}
	return string(out)
}

func (byteLevel) fallback(string) ([]int32, bool) { return nil, false }

// bytes copies characters that are not of the alphabet: added tokens are plain
// text.
func (byteLevel) bytes(dst []byte, token string) []byte {
	for _, r := range token {
		if b, ok := runeToByte[r]; ok {
			dst = append(dst, b)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
