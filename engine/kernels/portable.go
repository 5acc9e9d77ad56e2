package kernels

import "math"

// dot is the inner product of two vectors of equal length. Eight sums run side
// by side, as in a SIMD register.
func dot(a, b []float32) float32 {
	var s [8]float32
	b = b[:len(a)]
	i := 0
	for ; i+8 <= len(a); i += 8 {
		x, y := a[i:i+8:i+8], b[i:i+8:i+8]
		s[0] += x[0] * y[0]
		s[1] += x[1] * y[1]
		s[2] += x[2] * y[2]
		s[3] += x[3] * y[3]
		s[4] += x[4] * y[4]
		s[5] += x[5] * y[5]
		s[6] += x[6] * y[6]
		s[7] += x[7] * y[7]
	}
	for ; i < len(a); i++ {
		s[i%8] += a[i] * b[i]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// dotCodes is the inner product of an unpacked row with vector i of x. Within
// a group it is exact.
func dotCodes(f *format, r *rowCodes, x *Vectors, i int) float32 {
	q, scales, sums := x.int8(i)
	total := float32(0)
	perBlock := Block / f.group
	for g, scale := range r.scale {
		from := g * f.group
		a, b := r.code[from:from+f.group], q[from:from+f.group]
		sum := int32(0)
		for j, v := range a {
			sum += int32(v) * int32(b[j])
		}
		xs := scales[g/perBlock]
		total += scale * xs * float32(sum)
		if f.offset {
			total += r.offset[g] * xs * float32(sums[g])
		}
	}
	return total
}

// quantizePortable rounds each block of row to int8 with the scale that maps
// its largest magnitude to 127; halves go to even.
func quantizePortable(q []int8, scale []float32, sum []int32, row []float32) {
	for b := range scale {
		x := row[b*Block : (b+1)*Block]
		largest := float32(0)
		for _, v := range x {
			largest = max(largest, float32(math.Abs(float64(v))))
		}
		scale[b] = largest / 127
		inverse := float32(0)
		if largest > 0 {
			inverse = 127 / largest
		}
		total := int32(0)
		for j, v := range x {
			r := roundEven(v * inverse)
			q[b*Block+j] = int8(r)
			total += r
		}
		sum[b] = total
	}
}

// roundEven rounds |f| < 2^22 to the nearest integer, halves to even: adding
// 1.5 · 2^23 leaves no bits for a fraction.
func roundEven(f float32) int32 {
	const magic = 3 << 22
	return int32(float32(float32(f)+magic) - magic)
}
