package quant

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// golden is testdata/ggml.json: values and what ggml makes of them.
type golden struct {
	Values  []byte
	Formats map[Type]struct{ Encoded, Decoded []byte }
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/ggml.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func floats(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	F32.Decode(values, data)
	return values
}

func roundTrip(t Type, values []float32) []float32 {
	data := make([]byte, t.RowBytes(len(values)))
	t.Encode(data, values)
	out := make([]float32, len(values))
	t.Decode(out, data)
	return out
}

// encoded are the formats that values can be stored in.
func encoded() []Type {
	return slices.DeleteFunc(Types(), func(t Type) bool { return !t.Encodes() })
}

func TestEncodesAsGGMLDoes(t *testing.T) {
	g := readGolden(t)
	values := floats(g.Values)
	for format, want := range g.Formats {
		if !format.Encodes() {
			continue
		}
		got := make([]byte, format.RowBytes(len(values)))
		format.Encode(got, values)
		if !bytes.Equal(got, want.Encoded) {
			l, _ := format.Layout()
			for i := range len(got) / l.Bytes {
				if a, b := got[i*l.Bytes:][:l.Bytes], want.Encoded[i*l.Bytes:][:l.Bytes]; !bytes.Equal(a, b) {
					t.Errorf("%s: block %d is\n%x, ggml has\n%x", format, i, a, b)
					break
				}
			}
		}
	}
}

func TestDecodesToTheSameBitsAsGGML(t *testing.T) {
	g := readGolden(t)
	for format, want := range g.Formats {
		got := make([]float32, len(g.Values)/4)
		format.Decode(got, want.Encoded)
		for i, v := range floats(want.Decoded) {
			if math.Float32bits(got[i]) != math.Float32bits(v) {
				t.Errorf("%s: value %d is %g, ggml has %g", format, i, got[i], v)
				break
			}
		}
	}
}

// row draws a row as weights have them: noise of some
// scale around some mean.
func row(t *rapid.T, n int) []float32 {
	scale := rapid.Float32Range(1e-3, 100).Draw(t, "scale")
	mean := rapid.Float32Range(-2, 2).Draw(t, "mean")
	unit := rapid.SliceOfN(rapid.Float32Range(-1, 1), n, n).Draw(t, "unit")
	values := make([]float32, n)
	for i, u := range unit {
		values[i] = scale * (u + mean)
	}
	return values
}

// largestError returns the largest |a-b| of a row.
func largestError(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

// f16Error is the largest error of rounding v to float16: half of its last bit,
// or of the smallest number that there is.
func f16Error(v float64) float64 { return max(math.Abs(v)*0x1p-11, 0x1p-25) }

func TestErrorOfBlockFormatsIsWithinHalfAStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := row(t, 32)
		low, high := span(values)
		top := math.Abs(float64(peak(values)))
		width := float64(high) - float64(low)
		for format, bound := range map[Type]float64{
			F16:  f16Error(top),
			BF16: top * 0x1p-8,
			// Half a step, and what the scale's own rounding does to the outermost
			// code.
			Q8_0: top*0.5/127 + 127*f16Error(top/127),
			// A whole step: the value opposite to the largest would need one code
			// more than there is.
			Q4_0: top/8 + 8*f16Error(top/8),
			Q5_0: top/16 + 16*f16Error(top/16),
			// Half a step, and the rounding of scale and offset.
			Q4_1: width*0.5/15 + 15*f16Error(width/15) + f16Error(float64(low)),
			Q5_1: width*0.5/31 + 31*f16Error(width/31) + f16Error(float64(low)),
		} {
			if e := largestError(values, roundTrip(format, values)); e > bound*1.0001+1e-7 {
				t.Fatalf("%s: error %g is above %g", format, e, bound)
			}
		}
	})
}

func TestErrorOfSuperBlocksIsWithinAStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := row(t, super)
		low, high := span(values)
		width := max(float64(high), 0) - min(float64(low), 0)
		top := math.Abs(float64(peak(values)))
		for format, bound := range map[Type]float64{
			// A code step; half a step of the 6-bit scales and offsets, over all
			// codes; and the rounding of their units, over all codes.
			Q4_K: width/15 + width/63 + 15*63*f16Error(width/15/63) + 63*f16Error(width/63),
			Q5_K: width/31 + width/63 + 31*63*f16Error(width/31/63) + 63*f16Error(width/63),
			Q6_K: 1.5*top/32 + 32*128*f16Error(top/32/128),
		} {
			if e := largestError(values, roundTrip(format, values)); e > bound {
				t.Fatalf("%s: error %g is above %g", format, e, bound)
			}
		}
	})
}

// A model that is quantized twice must not drift.
func TestEncodingDecodedBlocksChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := row(t, 32)
		for _, format := range []Type{F32, F16, BF16, Q8_0, Q4_0, Q5_0} {
			once := roundTrip(format, values)
			if twice := roundTrip(format, once); largestError(once, twice) != 0 {
				t.Fatalf("%s: %v became %v", format, once, twice)
			}
		}
	})
}

func TestZerosStayZeros(t *testing.T) {
	for _, format := range encoded() {
		for i, v := range roundTrip(format, make([]float32, super)) {
			if v != 0 {
				t.Errorf("%s: zero %d became %g", format, i, v)
				break
			}
		}
	}
}

// Damaged weights may hold anything; codes are then arbitrary, and nothing
// panics.
func TestNonFiniteValuesDoNotPanic(t *testing.T) {
	strange := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, math.SmallestNonzeroFloat32, -1e30}
	values := make([]float32, super)
	for i := range values {
		values[i] = strange[i*7%len(strange)]
	}
	for _, format := range Types() {
		if format.Encodes() {
			roundTrip(format, values)
		}
		noise := bytes.Repeat([]byte{0xff, 0x7c, 0x00, 0xfc}, format.RowBytes(super)/4+1)[:format.RowBytes(super)]
		format.Decode(make([]float32, super), noise)
	}
}

func TestRowBytes(t *testing.T) {
	for _, c := range []struct {
		format Type
		cols   int
		want   int
	}{
		{F32, 3, 12}, {F16, 576, 1152}, {BF16, 1, 2}, {Q8_0, 576, 612}, {Q8_0, 33, 0}, {Q4_0, 64, 36}, {Q4_1, 64, 40},
		{Q5_0, 64, 44}, {Q5_1, 64, 48}, {Q4_K, 2048, 1152}, {Q4_K, 576, 0}, {Q5_K, 256, 176}, {Q6_K, 256, 210}, {Q2_K, 256, 84}, {"q9_k", 256, 0},
		{IQ2_XXS, 512, 132}, {IQ4_NL, 96, 54}, {MXFP4, 64, 34}, {TQ1_0, 256, 54},
		{"w8", 100, 104}, {"w4", 64, 36}, {"w4_g32", 64, 36}, {"w4_g128", 256, 132}, {"w4_g64_zp", 64, 36}, {"w3", 8, 7}, {"w3", 7, 0}, {"w6_g32", 32, 26}, {"w2_g64", 64, 18},
	} {
		if got := c.format.RowBytes(c.cols); got != c.want {
			t.Errorf("%s.RowBytes(%d) = %d, want %d", c.format, c.cols, got, c.want)
		}
	}
}
