package devices

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/memsim/memsim/fault"
)

// A problem is one thing that is wrong with a profile.
type problem struct {
	file string // the file, or the override that brought it in
	line int    // 0 if there is no line to name
	path string // dotted path of the field
	text string // what is wrong, and after a semicolon what to do
}

func (p problem) String() string {
	where := p.file
	if p.line > 0 {
		where = fmt.Sprintf("%s:%d", p.file, p.line)
	}
	if p.path == "" {
		return where + ": " + p.text
	}
	return where + ": " + p.path + ": " + p.text
}

// asError joins problems, a line each in the order of the files, into one error
// for the user; nil if there are none.
func asError(problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return fault.User(errors.New(strings.Join(slices.Compact(lines), "\n")))
}

// nearest returns up to n of names that look like word, the likeliest first.
func nearest(word string, names []string, n int) []string {
	type scored struct {
		name     string
		distance int
	}
	var near []scored
	for _, name := range names {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(name))
		if d <= max(2, len(word)/3) || strings.HasPrefix(name, word) && word != "" {
			near = append(near, scored{name, d})
		}
	}
	slices.SortFunc(near, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, s := range near[:min(n, len(near))] {
		out = append(out, s.name)
	}
	return out
}

// suggest ends a message about an unknown word: the nearest names, or all of
// them where none is near.
func suggest(word string, names []string) string {
	if near := nearest(word, names, 3); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return "known are " + strings.Join(names, ", ")
}
