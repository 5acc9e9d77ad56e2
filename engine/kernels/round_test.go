package kernels

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/quant"
)

func TestToHalfIsAHalfAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		if got, want := toHalf(f), quant.FromF16(quant.ToF16(f)); got != want && f == f {
			t.Fatalf("toHalf(%g) = %g, want %g", f, got, want)
		}
	})
	for h := range uint32(1 << 16) { // around every half
		for _, d := range []uint32{0, 0xfff, 0x1000, 0x1001, 0x1fff} {
			f := math.Float32frombits(math.Float32bits(quant.FromF16(uint16(h))) + d)
			if got, want := toHalf(f), quant.FromF16(quant.ToF16(f)); got != want && f == f && want == want {
				t.Fatalf("toHalf(%g) = %g, want %g", f, got, want)
			}
		}
	}
}
