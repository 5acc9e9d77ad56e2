package profiles

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/memsim/memsim/sim"
)

// Number formats v with four significant digits, without an exponent: 0.00125,
// 15.61, 124.6, 3.204 M. Large counts get an SI prefix.
func Number(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "-"
	case abs >= 999_950_000:
		return significant(v/1e9) + " G"
	case abs >= 999_950:
		return significant(v/1e6) + " M"
	case abs >= 99_995:
		return significant(v/1e3) + " k"
	}
	return significant(v)
}

// significant formats v with four significant digits; a whole number stays one.
func significant(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e5 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	digits := 3
	if v != 0 {
		digits = 3 - int(math.Floor(math.Log10(math.Abs(v))))
	}
	return strconv.FormatFloat(v, 'f', min(max(digits, 0), 9), 64)
}

// numberFormat is how the values of one line are written, so that their decimal
// points stand below each other.
type numberFormat struct {
	scale    float64
	prefix   string
	decimals int
}

// formatFor chooses the format in which the largest value has four significant
// digits.
func formatFor(f Figure, results []sim.Result) numberFormat {
	largest, whole := 0.0, true
	for i := range results {
		v := math.Abs(f.Shown(&results[i]))
		largest = max(largest, v)
		whole = whole && v == math.Trunc(v)
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
	}
	if largest > 0 {
		format.decimals = min(max(3-int(math.Floor(math.Log10(largest*format.scale))), 0), 5)
	}
	return format
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
		return significant(r) + "×"
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
