package kernels

import (
	"math"

	"github.com/memsim/memsim/engine/quant"
)

// dot is the inner product of two vectors of equal length. Eight sums run side
// by side, as in a SIMD register.
func dot(x, y []float32) float32 {
	var s [8]float32
	y = y[:len(x)]
	i := 0
	for ; i+8 <= len(x); i += 8 {
		a, b := x[i:i+8:i+8], y[i:i+8:i+8]
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
		s[4] += a[4] * b[4]
		s[5] += a[5] * b[5]
		s[6] += a[6] * b[6]
		s[7] += a[7] * b[7]
	}
	for ; i < len(x); i++ {
		s[i%8] += x[i] * y[i]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// dotCodes is the inner product of an unpacked row with vector i of x. Within
// a group it is exact.
func dotCodes(f *format, r *rowCodes, x *Vectors, i int) float32 {
	q, scales, sums := x.int8(i)
	total := float64(0)
	perBlock := Block / f.group
	for g, scale := range r.scale {
		from := g * f.group
		a, b := r.code[from:from+f.group], q[from:from+f.group]
		sum := int32(0)
		for j, v := range a {
			sum += int32(v) * int32(b[j])
		}
		xs := scales[g/perBlock]
		total += float64(scale) * float64(xs) * float64(sum)
		if f.offset {
			total += float64(r.offset[g]) * float64(xs) * float64(sumOf(f, sums, b, g))
		}
	}
	return float32(total)
}

// sumOf returns the sum of a group of activations: stored, if the group is a
// block of them.
func sumOf(f *format, sums []int32, group []int8, g int) int32 {
	if f.group == Block {
		return sums[g]
	}
	sum := int32(0)
	for _, v := range group {
		sum += int32(v)
	}
	return sum
}

func add(x, y []float32) {
	for i, v := range y {
		x[i] += v
	}
}

func scale(dst, x, weight []float32, s float32) {
	for i, v := range x {
		dst[i] = v * s * weight[i]
	}
}

func maximum(x []float32) float32 {
	m := x[0]
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func exp(x []float32, shift, factor float32) float32 {
	sum := float32(0)
	for i, v := range x {
		x[i] = float32(math.Exp(float64((v - shift) * factor)))
		sum += x[i]
	}
	return sum
}

func swiglu(dst, gate, up []float32) {
	for i, g := range gate {
		dst[i] = g / (1 + float32(math.Exp(float64(-g)))) * up[i]
	}
}

// quantize rounds each block of row to int8 with the scale that maps its
// largest magnitude to 127; halves go to even.
func quantize(q []int8, scale []float32, sum []int32, row []float32) {
	for b := range scale {
		x := row[b*Block : (b+1)*Block]
		largest := magnitude(x)
		scale[b] = largest / 127
		inverse := float32(0)
		if largest > 0 {
			inverse = 127 / largest
		}
		sum[b] = roundTo(q[b*Block:(b+1)*Block], x, inverse)
	}
}

// quantizeWide rounds as quantize does, with a scale for each wideBlock values.
func quantizeWide(q []int8, scale []float32, sum []int32, row []float32) {
	for start := 0; start < len(row); start += wideBlock {
		common, inverse := float32(0), float32(0)
		if largest := magnitude(row[start : start+wideBlock]); largest > 0 {
			inverse = 127 / largest
			common = 1 / inverse // not largest/127: ggml's rounding
		}
		for from := start; from < start+wideBlock; from += Block {
			scale[from/Block] = common
			sum[from/Block] = roundTo(q[from:from+Block], row[from:from+Block], inverse)
		}
	}
}

// magnitude is the largest absolute value of x.
func magnitude(x []float32) float32 {
	largest := float32(0)
	for _, v := range x {
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	return largest
}

// roundTo stores x times inverse in q, rounded, and returns the sum of q.
func roundTo(q []int8, x []float32, inverse float32) int32 {
	total := int32(0)
	for j, v := range x {
		r := roundEven(v * inverse)
		q[j] = int8(r)
		total += r
	}
	return total
}

// roundEven rounds |f| < 2^22 to the nearest integer, halves to even: adding
// 1.5 · 2^23 leaves no bits for a fraction.
func roundEven(f float32) int32 {
	const magic = 3 << 22
	return int32(float32(float32(f)+magic) - magic)
}

func storeHalf(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = quant.ToF16(v)
	}
}

// Cosines and sines are laid out as the values that they multiply: see
// RoPETable.

func rotateInterleaved(head, cos, sin []float32) {
	for j := 0; j < len(head); j += 2 {
		x, y := head[j], head[j+1]
		head[j], head[j+1] = x*cos[j]+y*sin[j], y*cos[j+1]+x*sin[j+1]
	}
}

func rotateHalves(head, cos, sin []float32) {
	n := len(head) / 2
	for j := range n {
		x, y := head[j], head[j+n]
		head[j], head[j+n] = x*cos[j]+y*sin[j], y*cos[j+n]+x*sin[j+n]
	}
}

func scores(scores, q []float32, k []uint16, stride int) {
	for p := range scores {
		sum := float32(0)
		for j, v := range k[p*stride:][:len(q)] {
			sum += q[j] * quant.FromF16(v)
		}
		scores[p] = sum
	}
}

func mix(out, p []float32, v []uint16, stride int) {
	clear(out)
	for i, w := range p {
		for j, x := range v[i*stride:][:len(out)] {
			out[j] += w * quant.FromF16(x)
		}
	}
}

// scaleRound replaces x by s·x, rounded to half precision.
func scaleRound(x []float32, s float32) {
	for i, v := range x {
		x[i] = toHalf(v * s)
	}
}
