package main

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns up to n of names that name was perhaps meant to be, nearest
// first: those that it begins, or that are at most two edits, or a third of its
// length, away.
func nearest(name string, names []string, n int) []string {
	reach := max(2, len(name)/3)
	distance := func(candidate string) int {
		if strings.HasPrefix(candidate, name) {
			return 0
		}
		return levenshtein.ComputeDistance(name, candidate)
	}
	near := slices.DeleteFunc(slices.Clone(names), func(c string) bool { return distance(c) > reach })
	slices.SortStableFunc(near, func(a, b string) int { return distance(a) - distance(b) })
	return near[:min(n, len(near))]
}
