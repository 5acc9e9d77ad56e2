package profiles

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/memsim/memsim/sim"
)

// Number formats v with the three significant digits that a simulated figure
// deserves, without an exponent: 0.00125, 15.6, 125, 3.20 M. A whole number below
// 100,000 keeps all of its digits; large counts get an SI prefix.
func Number(v float64) string { return number(v, 3) }

// Exact formats v with one digit more, for what is counted and not simulated.
func Exact(v float64) string { return number(v, 4) }

func number(v float64, digits int) string {
	limit := func(scale float64) float64 { return scale * (1 - 0.5*math.Pow(10, -float64(digits))) }
	switch abs := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "-"
	case abs >= limit(1e9):
		return significant(v/1e9, digits) + " G"
	case abs >= limit(1e6):
		return significant(v/1e6, digits) + " M"
	case abs >= 99_999.5:
		return significant(v/1e3, digits) + " k"
	}
	return significant(v, digits)
}

// Count writes a large number in words: 1.80 million.
func Count(v float64) string {
	for _, w := range []struct {
		scale float64
		word  string
	}{{1e9, "billion"}, {1e6, "million"}} {
		if math.Abs(v) >= 0.9995*w.scale {
			return significant(v/w.scale, 3) + " " + w.word
		}
	}
	return significant(math.Round(v), 5)
}

// significant formats v with so many significant digits; a whole number stays one.
func significant(v float64, digits int) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e5 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	decimals := digits
	if v != 0 {
		decimals = digits - 1 - int(math.Floor(math.Log10(math.Abs(v))))
	}
	text := strconv.FormatFloat(v, 'f', min(max(decimals, 0), 9), 64)
	return text
}

// numberFormat is how the values of one line are written, so that their decimal
// points stand below each other.
type numberFormat struct {
	scale    float64
	prefix   string
	decimals int
}

// formatFor chooses the format in which the first model's value has three
// significant digits, four of what is counted and not simulated, and the largest no
// more than six before and behind its point.
func formatFor(f Figure, results []sim.Result) numberFormat {
	largest, first, whole := 0.0, 0.0, true
	for i := range results {
		v := math.Abs(f.Shown(&results[i]))
		largest = max(largest, v)
		whole = whole && v == math.Trunc(v)
		if first == 0 {
			first = v
		}
	}
	format := numberFormat{scale: 1}
	prefixed := f.Unit == "tokens" // other units have theirs
	switch {
	case prefixed && largest >= 999_950:
		format = numberFormat{scale: 1e-6, prefix: "M "}
	case prefixed && largest >= 99_995:
		format = numberFormat{scale: 1e-3, prefix: "k "}
	case whole && f.Unit == "":
		return format
	case f.Unit == "%":
		return numberFormat{scale: 1, decimals: 1}
	}
	digits := 3
	if f.Group == ModelGroup {
		digits = 4
	}
	if first > 0 {
		format.decimals = min(decimals(first*format.scale, digits), decimals(largest*format.scale, 6), 5)
	}
	return format
}

// decimals is how many a number above zero needs to show so many digits.
func decimals(v float64, digits int) int {
	return max(digits-1-int(math.Floor(math.Log10(v))), 0)
}

func (n numberFormat) text(v float64) string {
	return strconv.FormatFloat(v*n.scale, 'f', n.decimals, 64)
}

// Ratio formats v as a multiple of base, such as "1.86×"; "" where there is
// nothing to compare with.
func Ratio(v, base float64) string {
	if base == 0 || math.IsNaN(v) || math.IsNaN(base) {
		return ""
	}
	r := v / base
	if r >= 9999.5 {
		return ">9999×" // no wider than its column, and no comparison either
	}
	if r >= 9.995 {
		return significant(r, 4) + "×"
	}
	return strconv.FormatFloat(r, 'f', 2, 64) + "×"
}

// Clean replaces control and formatting runes, which could steer a terminal or
// reorder a line: names come from model files.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return '\uFFFD'
		}
		return r
	}, s)
}
