package quant

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryHalfSurvivesARoundTrip(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		if v := FromF16(h); v == v && ToF16(v) != h {
			t.Fatalf("%#04x is %g and becomes %#04x", h, v, ToF16(v))
		}
		if v := FromBF16(h); v == v && ToBF16(v) != h {
			t.Fatalf("bfloat16 %#04x is %g and becomes %#04x", h, v, ToBF16(v))
		}
	}
}

func TestNaNStaysNaN(t *testing.T) {
	for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0xffc12345, 0x7fffffff} {
		v := math.Float32frombits(bits)
		if got := FromF16(ToF16(v)); got == got {
			t.Errorf("NaN %#x becomes float16 %g", bits, got)
		}
		if got := FromBF16(ToBF16(v)); got == got {
			t.Errorf("NaN %#x becomes bfloat16 %g", bits, got)
		}
	}
}

// IEEE 754 defines rounding to nearest, ties to even: no neighbour is nearer,
// and of two equally near the even one is taken.
func TestRoundsToNearestEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		if v != v {
			return
		}
		checkNearest(t, "float16", v, ToF16(v), FromF16, 65504)
		checkNearest(t, "bfloat16", v, ToBF16(v), FromBF16, math.Float32frombits(0x7f7f0000))
	})
}

func TestRoundsTiesToEven(t *testing.T) {
	for v, want := range map[float32]uint16{
		1 + 0x1p-11:   0x3c00, // halfway between 1 and the next: 1 is even
		1 + 3*0x1p-11: 0x3c02,
		0x1p-25:       0, // half the smallest subnormal
		0x1.8p-24:     2, // halfway between the first two
		65519.99:      0x7bff,
		65520:         0x7c00, // halfway beyond the largest: infinity
		-65520:        0xfc00,
	} {
		if got := ToF16(v); got != want {
			t.Errorf("%g becomes %#04x, want %#04x", v, got, want)
		}
	}
}

// checkNearest holds a conversion h of v against its neighbours. Beyond the
// largest finite value, infinity stands for the value one step further.
func checkNearest(t *rapid.T, format string, v float32, h uint16, value func(uint16) float32, largest float32) {
	if h&0x8000 != uint16(math.Float32bits(v)>>16)&0x8000 {
		t.Fatalf("%s: %g changes its sign", format, v)
	}
	finite := func(h uint16) float64 {
		if x := float64(value(h)); !math.IsInf(x, 0) {
			return math.Abs(x)
		}
		step := float64(largest) - float64(value(h&0x7fff-2))
		return float64(largest) + step
	}
	magnitude := math.Abs(float64(v))
	distance := math.Abs(finite(h) - magnitude)
	if math.IsInf(float64(value(h)), 0) && magnitude >= finite(h) {
		return
	}
	for _, neighbour := range []uint16{h - 1, h + 1} {
		if (neighbour^h)&0x8000 != 0 || value(neighbour) != value(neighbour) {
			continue // beyond zero or infinity
		}
		other := math.Abs(finite(neighbour) - magnitude)
		if other < distance || other == distance && h&1 == 1 {
			t.Fatalf("%s: %g becomes %g, but %g is nearer or even", format, v, value(h), value(neighbour))
		}
	}
}
