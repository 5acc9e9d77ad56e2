package devices

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/spelling"
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

// suggest ends a message about an unknown word: the nearest names, or all of
// them where none is near.
func suggest(word string, names []string) string {
	if near := spelling.Nearest(word, names, 3); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(names) == 0 {
		return "none is known"
	}
	return "known are " + strings.Join(names, ", ")
}
