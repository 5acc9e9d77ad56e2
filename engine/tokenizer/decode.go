package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decode returns the text of ids. Control tokens have none; bytes that are no
// UTF-8 become U+FFFD; ids outside the vocabulary are skipped.
func (t *Tokenizer) Decode(ids []int32) string {
	var text strings.Builder
	s := t.Stream()
	for _, id := range ids {
		text.WriteString(s.Next(id))
	}
	text.WriteString(s.End())
	return text.String()
}

// Stream decodes tokens as they are generated. It holds back the bytes of a
// character until it is whole, so that everything it returns is valid UTF-8 and
// the parts put together are what Decode returns.
type Stream struct {
	t       *Tokenizer
	pending []byte
	begun   bool // the space in front is behind us
}

// Stream starts a text.
func (t *Tokenizer) Stream() *Stream { return &Stream{t: t, begun: !t.prefix} }

// Continue makes s decode what follows a text, not a new one: a leading space
// is then part of it.
func (s *Stream) Continue() *Stream {
	s.begun = true
	return s
}

// Next returns the text that id completes, which may be empty.
func (s *Stream) Next(id int32) string {
	if id < 0 || int(id) >= len(s.t.tokens) {
		return ""
	}
	switch s.t.kind(id) {
	case Control, Unknown:
		return ""
	case UserDefined:
		s.pending = append(s.pending, s.t.tokens[id]...)
	default:
		s.pending = s.t.bytes.bytes(s.pending, s.t.tokens[id])
	}
	if !s.begun && len(s.pending) > 0 {
		s.begun = true
		if s.pending[0] == ' ' {
			s.pending = s.pending[1:]
		}
	}
	return s.flush(wholeRunes(s.pending))
}

// End returns what is held back, at the end of a text.
func (s *Stream) End() string { return s.flush(len(s.pending)) }

func (s *Stream) flush(n int) string {
	text := strings.ToValidUTF8(string(s.pending[:n]), "\uFFFD")
	s.pending = append(s.pending[:0], s.pending[n:]...)
	return text
}

// wholeRunes returns the length of b without a character that more bytes might
// still complete.
func wholeRunes(b []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if at := len(b) - back; utf8.RuneStart(b[at]) {
			if !utf8.FullRune(b[at:]) {
				return at
			}
			break
		}
	}
	return len(b)
}
