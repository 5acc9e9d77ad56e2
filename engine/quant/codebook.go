package quant

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

//go:embed codebooks.txt
var codebooksText string

// codebook is the entries of one IQ format, side by side: a code names some
// values at once.
type codebook struct {
	width  int // values of an entry
	values []int8
}

// entry returns the values that a code names.
func (b *codebook) entry(code int) []int8 { return b.values[code*b.width:][:b.width] }

// The codebooks by format; both formats of one bit share theirs.
var (
	codebooks = parseCodebooks(codebooksText)

	codesIQ1    = codebooks["iq1"]
	codesIQ2XXS = codebooks["iq2_xxs"]
	codesIQ2XS  = codebooks["iq2_xs"]
	codesIQ2S   = codebooks["iq2_s"]
	codesIQ3XXS = codebooks["iq3_xxs"]
	codesIQ3S   = codebooks["iq3_s"]
)

// parseCodebooks reads codebooks.txt, which is part of the program: a fault of
// its is a programmer's.
func parseCodebooks(text string) map[string]*codebook {
	books := map[string]*codebook{}
	var book *codebook
	var magnitudes []int8
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case fields[0] == "codebook":
			book, magnitudes = &codebook{}, nil
			books[fields[1]] = book
			for _, f := range fields[2:] {
				n, err := strconv.ParseInt(f, 10, 8)
				if err != nil {
					panic(fmt.Sprintf("quant: codebook %s: %v", fields[1], err))
				}
				magnitudes = append(magnitudes, int8(n))
			}
		default:
			for _, entry := range fields {
				book.width = len(entry)
				for _, digit := range []byte(entry) {
					book.values = append(book.values, magnitudes[digit-'0'])
				}
			}
		}
	}
	return books
}

// signsOf returns the signs of eight values: a set bit is a minus. The code has
// those of seven; the eighth makes the number of minuses even.
func signsOf(code uint32) uint8 {
	code &= 127
	return uint8(code | uint32(bits.OnesCount32(code)&1)<<7)
}

// signed writes values with the signs of the low bits of minuses.
func signed(dst, values []int8, minuses uint8) {
	for i, v := range values {
		if minuses>>i&1 != 0 {
			v = -v
		}
		dst[i] = v
	}
}
