// Package spelling finds the names that a misspelt one was perhaps meant to be,
// for errors that list them.
package spelling

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestSlip is the length of the longest word that is compared: the time that
// takes grows with its square, and what is longer is no slip.
const longestSlip = 100

// Nearest returns up to n of names that look like word, the likeliest first:
// those that hold it, and those that a third of its letters (one at least) turn
// into it, whatever their case. Names that are much less alike than the best one
// are left out.
func Nearest(word string, names []string, n int) []string {
	if len(word) > longestSlip {
		return nil
	}
	limit := max(1, (len(word)+1)/3)
	near := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return distance(word, name) > limit })
	slices.SortFunc(near, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(word, a), distance(word, b)),
			cmp.Compare(levenshtein.ComputeDistance(word, a), levenshtein.ComputeDistance(word, b)), cmp.Compare(a, b))
	})
	near = slices.Compact(near)
	for i := range near {
		if i == n || 2*distance(word, near[i]) > 3*distance(word, near[0]) {
			return near[:i]
		}
	}
	return near
}

// distance is the number of letters that tell word from name; 1 if name holds
// it, as one that was begun and not ended.
func distance(word, name string) int {
	word, name = strings.ToLower(word), strings.ToLower(name)
	if len(word) > 1 && word != name && strings.Contains(name, word) {
		return 1
	}
	return levenshtein.ComputeDistance(word, name)
}
