package kernels

import "unsafe"

// panelKernels multiply many vectors at once. Some rows are first laid side by
// side in a panel: for each column (floats) or each four columns (codes) the
// values of all the panel's rows, one row a SIMD place.
type panelKernels struct {
	rows int // of a panel
	lane int // rows that an interleave function takes at once

	// interleave lays n 32-bit places of each of lane rows into a panel.
	interleave interleaveFunc
	// floats does it for float formats, widening values to float32.
	floats [maxFormats]interleaveFunc
	// half does it for half precision; widen widens n values that lie side by
	// side.
	half  interleaveFunc
	widen func(dst *uint32, src *uint16, n int)
	// gemmFloat multiplies a panel of float32, the most vectors first.
	gemmFloat []gemmKernel

	// unpack unpacks rows of quantized formats into codes, scales, offsets.
	unpack [maxFormats]unpackFunc
	// gemmCodes multiplies panels of codes, for groups of 32 and of 16; nil
	// where float panels are used for quantized formats as well.
	gemmCodes32, gemmCodes16 []gemmKernel
	// starts16 stores minus the bias of Q6_K times the sum of each of n
	// groups of 16 values.
	starts16 func(dst *int32, x *int8, n int)
}

type (
	interleaveFunc func(dst *uint32, src *byte, stride, n int)
	unpackFunc     func(code *uint8, scale, offset *float32, row *byte, blocks int)
)

// gemmKernel multiplies a panel with a fixed number of vectors.
type gemmKernel struct {
	vectors int
	f       func(a *gemmArgs)
}

// gemmArgs is what a gemmKernel gets. The assembly knows the offsets.
type gemmArgs struct {
	dst       *float32
	dstStride int // bytes from a vector's results to the next's
	panel     *uint32
	scale     *float32 // codes: n × rows
	offset    *float32 // codes: n × rows, or nil
	x         unsafe.Pointer
	xStride   int // bytes

	// Codes: for each vector one value a group, stride bytes apart.
	xScale       *float32
	xStart       *int32   // sums begin with this: minus the codes' bias times the sum of x
	xSum         *float32 // scale times the sum of x
	xScaleStride int

	n    int    // float: columns; codes: groups
	mask uint64 // bit r: store row r
}

// gemmScratch is a worker's panel.
type gemmScratch struct {
	args          gemmArgs
	panel         []uint32
	code          []uint8 // one interleave's rows
	scale, offset []float32
	scales        []float32 // interleaved
	offsets       []float32
}

// gemmVectors is what the workers share: a batch of activations as panels take
// it.
type gemmVectors struct {
	scale, sum []float32 // one a group
	start      []int32
	floats     []float32
}

// gemmMin is the number of vectors from which a panel is worth its making.
const gemmMin = 4

// prepareCodes computes what products of codes need of the activations.
func (g *gemmVectors) prepareCodes(p *panelKernels, f *format, x *Vectors) {
	groups := len(x.Scale) * Block / f.group
	switch {
	case f.group == 16:
		g.scale, g.start = grow(g.scale, groups), grow(g.start, groups)
		for i, s := range x.Scale {
			g.scale[2*i], g.scale[2*i+1] = s, s
		}
		p.starts16(&g.start[0], &x.Q[0], groups)
	case f.offset:
		g.sum, g.start = grow(g.sum, groups), grow(g.start, groups)
		clear(g.start)
		for i, s := range x.Scale {
			g.sum[i] = s * float32(x.Sum[i])
		}
	default:
		g.start = grow(g.start, groups)
		for i, s := range x.Sum {
			g.start[i] = -int32(f.bias) * s
		}
	}
}

// gemm multiplies all vectors with rows from to to-1, a panel at a time. The
// last panel of a matrix begins early enough to be whole; rows that it shares
// with the one before it are not stored again.
func (t *matmulTask) gemm(s *gemmScratch, from, to int) {
	p := t.c.k.panel
	for r := from; r < to; r += p.rows {
		first := min(r, t.m.Rows-p.rows)
		count := min(p.rows, to-r)
		s.args.mask = (1<<count - 1) << (r - first)
		s.args.dstStride = 4 * t.m.Rows
		if t.f.floats != nil {
			t.gemmFloat(p, s, first)
		} else {
			t.gemmCodes(p, s, first)
		}
	}
}

// gemmFloat multiplies the panel at row first of a float matrix.
func (t *matmulTask) gemmFloat(p *panelKernels, s *gemmScratch, first int) {
	cols := t.m.Cols
	s.panel = grow(s.panel, cols*p.rows)
	for r := 0; r < p.rows; r += p.lane {
		t.f.interleave(p)(&s.panel[r], &t.m.Data[(first+r)*t.rowBytes], t.rowBytes, cols)
	}
	a := &s.args
	a.panel, a.n = &s.panel[0], cols
	a.xStride = 4 * cols
	for i := 0; i < t.x.N; {
		k := kernelFor(p.gemmFloat, t.x.N-i)
		a.x = unsafe.Pointer(&t.x.F32[i*cols])
		a.dst = &t.dst[i*t.m.Rows+first]
		k.f(a)
		i += k.vectors
	}
}

// interleave returns the function that lays rows of a float format into
// panels.
func (f *format) interleave(p *panelKernels) interleaveFunc { return p.floats[f.id] }

// kernelFor returns the kernel for the most vectors up to n. There is one for
// a single vector.
func kernelFor(ks []gemmKernel, n int) gemmKernel {
	for _, k := range ks {
		if k.vectors <= n {
			return k
		}
	}
	panicf("no kernel for %d vectors", n)
	return gemmKernel{}
}

// gemmCodes multiplies the panel at row first of a quantized matrix.
func (t *matmulTask) gemmCodes(p *panelKernels, s *gemmScratch, first int) {
	cols, groups := t.m.Cols, t.m.Cols/t.f.group
	t.codePanel(p, s, first)
	a := &s.args
	a.panel, a.scale, a.offset, a.n = &s.panel[0], &s.scales[0], nil, groups
	kernels := p.gemmCodes32
	if t.f.group == 16 {
		kernels = p.gemmCodes16
	}
	v, scales := &t.c.vectors, t.x.Scale
	if t.f.group == 16 {
		scales = v.scale
	}
	if t.f.offset {
		a.offset = &s.offsets[0]
	}
	a.xStride, a.xScaleStride = cols, 4*groups
	for i := 0; i < t.x.N; {
		k := kernelFor(kernels, t.x.N-i)
		a.x = unsafe.Pointer(&t.x.Q[i*cols])
		a.xScale = &scales[i*groups]
		a.xStart = &v.start[i*groups]
		if t.f.offset {
			a.xSum = &v.sum[i*groups]
		}
		a.dst = &t.dst[i*t.m.Rows+first]
		k.f(a)
		i += k.vectors
	}
}

// codePanel unpacks the rows of a panel and interleaves their codes, four
// columns a place, their scales and their offsets.
func (t *matmulTask) codePanel(p *panelKernels, s *gemmScratch, first int) {
	cols, groups := t.m.Cols, t.m.Cols/t.f.group
	s.panel = grow(s.panel, cols/4*p.rows)
	s.scales, s.offsets = grow(s.scales, groups*p.rows), grow(s.offsets, groups*p.rows)
	s.code = grow(s.code, p.lane*cols)
	s.scale, s.offset = grow(s.scale, p.lane*groups), grow(s.offset, p.lane*groups)
	for r := 0; r < p.rows; r += p.lane {
		for i := range p.lane {
			row := &t.m.Data[(first+r+i)*t.rowBytes]
			p.unpack[t.f.id](&s.code[i*cols], &s.scale[i*groups], &s.offset[i*groups], row, cols/Block)
		}
		p.interleave(&s.panel[r], &s.code[0], cols, cols/4)
		p.interleave(bits(&s.scales[r]), bytes(&s.scale[0]), 4*groups, groups)
		if t.f.offset {
			p.interleave(bits(&s.offsets[r]), bytes(&s.offset[0]), 4*groups, groups)
		}
	}
}

func bits(f *float32) *uint32 { return (*uint32)(unsafe.Pointer(f)) }
func bytes(f *float32) *byte  { return (*byte)(unsafe.Pointer(f)) }
