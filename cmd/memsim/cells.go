package main

import (
	"strconv"
	"strings"
)

// list joins the items of a cell.
func list(items []string) string { return strings.Join(items, ", ") }

// fixed is a number with so many digits behind its point.
func fixed(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// count is a whole number.
func count(n int64) string { return strconv.FormatInt(n, 10) }

// yesNo is the first text if b is true, else the second.
func yesNo(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}
