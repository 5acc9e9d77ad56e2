package quant

import "strings"

// Types returns the known formats, floats first, then by bits.
func Types() []Type {
	return []Type{F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1, Q5_0, Q4_K, Q4_1, Q4_0}
}

// ParseType returns the format with the given name, in either case; ok is false
// if there is none.
func ParseType(name string) (t Type, ok bool) {
	t = Type(strings.ToLower(name))
	_, ok = layouts[t]
	return t, ok
}

// Float reports whether t stores plain floats.
func (t Type) Float() bool { return t == F32 || t == F16 || t == BF16 }

// BitsPerValue returns the average storage of a value: 8.5 for Q8_0.
func (t Type) BitsPerValue() float64 {
	l, ok := layouts[t]
	if !ok {
		return 0
	}
	return float64(8*l.Bytes) / float64(l.Block)
}
