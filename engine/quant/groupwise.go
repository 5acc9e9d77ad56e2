package quant

import (
	"fmt"
	"slices"
)

// The groupwise formats are those of runtimes other than llama.cpp, by their
// sizes: codes of 2 to 8 bits without padding, and
//
//	wB        a float32 scale for each row (TFLite's and XNNPACK's per-channel
//	          weights, w8a8 and w4a16 of NPUs)
//	wB_gN     a float16 scale for each N values (MLC's q4f16_1, ExecuTorch's 8da4w)
//	wB_gN_zp  and a float16 offset (MLX, GPTQ, AWQ)
//
// for B in groupBits and N in groupValues: "w8", "w4_g32", "w4_g64_zp".
var (
	groupBits   = []int{8, 6, 5, 4, 3, 2}
	groupValues = []int{256, 128, 64, 32}
)

// groupwise is one of these formats.
type groupwise struct {
	bits   int
	group  int // 0: a row
	offset bool
}

func (g groupwise) name() Type {
	name := fmt.Sprintf("w%d", g.bits)
	if g.group > 0 {
		name += fmt.Sprintf("_g%d", g.group)
	}
	if g.offset {
		name += "_zp"
	}
	return Type(name)
}

// layout returns the geometry: of formats with a scale a row, the fewest values
// that fill whole bytes are a block.
func (g groupwise) layout() Layout {
	const scale, rowScale = 2, 4
	switch {
	case g.group == 0:
		block := 8
		for block%2 == 0 && block/2*g.bits%8 == 0 {
			block /= 2
		}
		return Layout{Block: block, Bytes: block * g.bits / 8, Row: rowScale}
	case g.offset:
		return Layout{Block: g.group, Bytes: g.group*g.bits/8 + 2*scale}
	}
	return Layout{Block: g.group, Bytes: g.group*g.bits/8 + scale}
}

// allGroupwise lists the groupwise formats, finest first.
func allGroupwise() (all []groupwise) {
	for _, bits := range groupBits {
		all = append(all, groupwise{bits: bits})
		for _, group := range slices.Backward(groupValues) {
			all = append(all, groupwise{bits, group, true}, groupwise{bits, group, false})
		}
	}
	return all
}

// Groupwise returns the names of the groupwise formats, by bits.
func Groupwise() []Type {
	var names []Type
	for _, g := range allGroupwise() {
		names = append(names, g.name())
	}
	return names
}

func withGroupwise(layouts map[Type]Layout) map[Type]Layout {
	for _, g := range allGroupwise() {
		layouts[g.name()] = g.layout()
	}
	return layouts
}

// Narrower returns the format with the widest smaller
// group whose blocks divide a row of cols values, the one with a scale a row if
// none does; ok is false for a format that is not groupwise.
func (t Type) Narrower(cols int) (narrower Type, ok bool) {
	for _, g := range allGroupwise() {
		if g.name() != t {
			continue
		}
		for _, n := range groupValues {
			if n < g.group && cols%n == 0 {
				g.group = n
				return g.name(), true
			}
		}
		g.group, g.offset = 0, false
		return g.name(), true
	}
	return t, false
}
