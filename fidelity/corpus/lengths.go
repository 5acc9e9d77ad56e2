package corpus

import (
	"strconv"
	"strings"
)

// length reads a source's words on lengths into the fields of a record that it
// leaves empty. It reports whether the words are known.
func (t *tables) length(r *Record) bool {
	text := strings.TrimSpace(r.Length)
	if text == "" {
		return true
	}
	for _, f := range t.forms {
		groups := f.pattern.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		into := [4]*int{&r.Prompt, &r.Context, &r.Tokens, &r.Window}
		for i, column := range []string{"prompt", "context", "tokens", "window"} {
			n, ok := expand(f.fields[i], groups)
			if ok && !r.stated[column] {
				*into[i] = n
				r.state(column)
			}
		}
		return true
	}
	return false
}

func (r *Record) state(column string) {
	if r.stated == nil {
		r.stated = map[string]bool{}
	}
	r.stated[column] = true
}

// expand reads one field of a form: a number, the group that it names, or the
// middle of two of them.
func expand(field string, groups []string) (int, bool) {
	if low, high, ok := strings.Cut(field, "~"); ok {
		a, okA := expand(low, groups)
		b, okB := expand(high, groups)
		return (a + b + 1) / 2, okA && okB
	}
	if n, ok := strings.CutPrefix(field, "$"); ok {
		i, err := strconv.Atoi(n)
		if err != nil || i >= len(groups) {
			return 0, false
		}
		field = groups[i]
	}
	thousands := 1
	if short, ok := strings.CutSuffix(field, "k"); ok {
		field, thousands = short, 1000
	}
	n, err := strconv.Atoi(field)
	return n * thousands, err == nil && n < 1<<31/thousands
}

// longest is the longest prompt or context that is believed.
const longest = 1 << 24

// setLengths puts the lengths of a record into its row, and assumes what the
// record does not state.
func (t *tables) setLengths(row *Row, r Record) {
	if !t.length(&r) {
		row.exclude("length", "lengths are written in an unknown way: "+r.Length)
		return
	}
	row.Window = r.Window
	if max(r.Prompt, r.Context, r.Tokens, r.Window) > longest {
		row.exclude("length", "no model reads so many tokens")
		return
	}
	assumed := t.assumed(row.Runtime)
	if row.Phase() == prefill {
		row.Prompt = r.Prompt
		if !r.stated["prompt"] {
			row.Prompt = r.Context
		}
		if row.Prompt == 0 {
			row.Prompt = assumed.prompt
			row.Assumed = append(row.Assumed, "prompt")
		}
		return
	}
	row.Context, row.Tokens = r.Context, r.Tokens
	if !r.stated["context"] {
		row.Context = assumed.context
		row.Assumed = append(row.Assumed, "context")
		if !r.stated["tokens"] {
			row.Tokens = assumed.tokens
			row.Assumed = append(row.Assumed, "tokens")
		}
	}
}

func (t *tables) assumed(runtime string) assumedLength {
	for _, l := range t.lengths {
		if l.runtime == runtime || l.runtime == "" {
			return l
		}
	}
	return assumedLength{prompt: 128, context: 64}
}
