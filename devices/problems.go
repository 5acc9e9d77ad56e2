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
	distance := func(name string) int {
		if len(word) > 1 && strings.HasPrefix(name, word) {
			return 1 // begun and not ended
		}
		return levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(name))
	}
	if len(word) > 100 {
		return nil // a slip is shorter, and the distance takes the square of the length
	}
	near := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return distance(name) > max(1, (len(word)+1)/3)
	})
	slices.SortFunc(near, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(a), distance(b)), cmp.Compare(a, b))
	})
	near = slices.Compact(near)
	for i := range near {
		if i == n || 2*distance(near[i]) > 3*distance(near[0]) {
			return near[:i]
		}
	}
	return near
}

// suggest ends a message about an unknown word: the nearest names, or all of
// them where none is near.
func suggest(word string, names []string) string {
	if near := nearest(word, names, 3); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(names) == 0 {
		return "none is known"
	}
	return "known are " + strings.Join(names, ", ")
}
