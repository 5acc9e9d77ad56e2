package kernels

import "unsafe"

// matvecFunc multiplies rows of a matrix with one vector.
type matvecFunc func(a *matvecArgs)

// matvecRows is the number of rows that a matvecFunc needs at least: it
// multiplies that many side by side.
const matvecRows = 4

// matvecArgs is what a matvecFunc gets. The assembly knows the offsets; it
// changes dst and w, and keeps its own state in the last fields.
type matvecArgs struct {
	dst      *float32       // one result a row
	w        *byte          // first row
	rows     int            // at least matvecRows
	rowBytes int            //
	n        int            // values of a row for float formats, blocks of 32 otherwise
	x        unsafe.Pointer // float32 or int8 values
	scale    *float32       // of each block of x
	sum      *int32         // of each block of x

	halves        *uint16 // room for the raw scales of matvecRows rows
	halvesStride  int     // bytes
	factors       *float32
	factorsStride int // bytes

	next, last, lastDst uintptr

	ahead int // bytes between what is multiplied and what is fetched into the cache
}

// prefetchBytes is how far ahead weights are fetched, at least.
const prefetchBytes = 4096

// matvecScratch is the memory that matvecArgs points to.
type matvecScratch struct {
	args    matvecArgs
	scale   []float32
	sum     []int32
	halves  []uint16
	factors []float32
}

// prepare makes room for rows of the given number of blocks.
func (s *matvecScratch) prepare(blocks int) {
	stride := (blocks+15)&^15 + 16
	s.halves = grow(s.halves, 2*matvecRows*stride)
	s.factors = grow(s.factors, 2*matvecRows*stride)
	s.args.halves, s.args.halvesStride = &s.halves[0], 4*stride
	s.args.factors, s.args.factorsStride = &s.factors[0], 8*stride
}

// matvecs multiplies rows from to to-1 with all vectors, as many rows at a time
// as stay in the nearest cache.
func (t *matmulTask) matvecs(f matvecFunc, s *matvecScratch, from, to int) {
	step := to - from
	if t.x.N > 1 {
		step = 8 * matvecRows
	}
	for next := from; from < to; from = next {
		next = from + step
		if to-next < matvecRows {
			next = to
		}
		for i := range t.x.N {
			t.matvec(f, s, from, next, i)
		}
	}
}

// pad copies scales and sums to where a multiple of eight may be read.
func (s *matvecScratch) pad(scale []float32, sum []int32) ([]float32, []int32) {
	n := (len(scale) + 7) &^ 7
	s.scale, s.sum = grow(s.scale, n), grow(s.sum, n)
	clear(s.scale[copy(s.scale, scale):])
	clear(s.sum[copy(s.sum, sum):])
	return s.scale, s.sum
}

// matvec multiplies rows from to to-1 with vector i, by a SIMD kernel.
func (t *matmulTask) matvec(f matvecFunc, s *matvecScratch, from, to, i int) {
	a := &s.args
	if t.x.Encoding.Quantized() {
		q, scale, sum := t.x.int8(i)
		s.prepare(len(scale))
		if t.c.k.padded {
			scale, sum = s.pad(scale, sum)
		}
		a.n, a.x, a.scale, a.sum = len(q)/Block, unsafe.Pointer(&q[0]), &scale[0], &sum[0]
	} else {
		a.n, a.x = t.m.Cols, unsafe.Pointer(&t.x.f32(i)[0])
	}
	a.dst = &t.dst[i*t.m.Rows+from]
	a.w = &t.m.Data[from*t.rowBytes]
	a.rows, a.rowBytes = to-from, t.rowBytes
	group := matvecRows * t.rowBytes
	a.ahead = group + (prefetchBytes+group-1)/group*group
	f(a)
}
