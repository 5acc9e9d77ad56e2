package kernels

import "unsafe"

// panelKernels multiply many vectors at once. Some rows are first laid side by
// side in a panel: for each column (floats) or each four columns (codes) the
// values of all the panel's rows, one row a SIMD place.
type panelKernels struct {
	rows int // of a panel
	lane int // rows that an interleave function takes at once
	step int // the interleave functions take multiples of this many places

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
	// codesToFloat32 and 16 turn unpacked codes in groups of 32 and 16 into
	// floats, and int8ToFloat activations.
	codesToFloat32, codesToFloat16 codesToFloatFunc
	int8ToFloat                    func(dst *float32, q *int8, scale *float32, blocks int)
	// starts16 stores minus the bias of Q6_K times the sum of each of n
	// groups of 16 values.
	starts16 func(dst *int32, x *int8, n int)
}

type (
	interleaveFunc func(dst *uint32, src *byte, stride, n int)
	unpackFunc     func(code *uint8, scale, offset *float32, row *byte, blocks int)

	codesToFloatFunc func(dst *float32, code *uint8, scale, offset *float32, bias, groups int)
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
	code          []uint8 // rows before they are interleaved
	floats        []float32
	scale, offset []float32
	scales        []float32 // interleaved
	offsets       []float32
}

// gemmVectors is what the workers share: a batch of activations as panels take
// it.
type gemmVectors struct {
	floats     []float32
	scale, sum []float32 // one a group
	start      []int32
}

// gemmMin is the number of vectors from which a panel is worth its making.
const gemmMin = 4

// prepare computes what products with a quantized format need of the
// activations.
func (g *gemmVectors) prepare(p *panelKernels, f *format, x *Vectors) {
	groups := len(x.Scale) * Block / f.group
	switch {
	case p.gemmCodes32 == nil:
		g.floats = grow(g.floats, len(x.Q))
		p.int8ToFloat(&g.floats[0], &x.Q[0], &x.Scale[0], len(x.Scale))
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
		switch {
		case t.f.floats != nil:
			t.floatPanel(p, s, first)
			t.gemmFloat(p, s, t.x.F32, first)
		case p.gemmCodes32 == nil:
			t.decodedPanel(p, s, first)
			t.gemmFloat(p, s, t.c.vectors.floats, first)
		default:
			t.codePanel(p, s, first)
			t.gemmCodes(p, s, first)
		}
	}
}

// floatPanel interleaves rows of a float format.
func (t *matmulTask) floatPanel(p *panelKernels, s *gemmScratch, first int) {
	s.panel = grow(s.panel, t.m.Cols*p.rows)
	for r := 0; r < p.rows; r += p.lane {
		p.floats[t.f.id](&s.panel[r], &t.m.Data[(first+r)*t.rowBytes], t.rowBytes, t.m.Cols)
	}
}

// decodedPanel decodes rows of a quantized format and interleaves the values.
func (t *matmulTask) decodedPanel(p *panelKernels, s *gemmScratch, first int) {
	cols := t.m.Cols
	s.panel, s.floats = grow(s.panel, cols*p.rows), grow(s.floats, cols*p.lane)
	for r := 0; r < p.rows; r += p.lane {
		t.unpack(p, s, first+r)
		t.decode(p, s)
		p.interleave(&s.panel[r], bytes(&s.floats[0]), 4*cols, cols)
	}
}

// decode turns a lane of unpacked rows into floats.
func (t *matmulTask) decode(p *panelKernels, s *gemmScratch) {
	var offset *float32
	if t.f.offset {
		offset = &s.offset[0]
	}
	f := p.codesToFloat32
	if t.f.group == 16 {
		f = p.codesToFloat16
	}
	f(&s.floats[0], &s.code[0], &s.scale[0], offset, t.f.bias, len(s.scale))
}

// gemmFloat multiplies the panel at row first with vectors of floats.
func (t *matmulTask) gemmFloat(p *panelKernels, s *gemmScratch, x []float32, first int) {
	cols, a := t.m.Cols, &s.args
	a.panel, a.n, a.xStride = &s.panel[0], cols, 4*cols
	for i := 0; i < t.x.N; {
		k := kernelFor(p.gemmFloat, t.x.N-i)
		a.x, a.dst = unsafe.Pointer(&x[i*cols]), &t.dst[i*t.m.Rows+first]
		k.f(a)
		i += k.vectors
	}
}

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

// codePanel interleaves the codes of a quantized format, four columns a place,
// their scales and their offsets.
func (t *matmulTask) codePanel(p *panelKernels, s *gemmScratch, first int) {
	cols, groups := t.m.Cols, t.m.Cols/t.f.group
	s.panel = grow(s.panel, cols/4*p.rows)
	s.scales, s.offsets = grow(s.scales, groups*p.rows), grow(s.offsets, groups*p.rows)
	for r := 0; r < p.rows; r += p.lane {
		t.unpack(p, s, first+r)
		p.interleave(&s.panel[r], &s.code[0], cols, cols/4)
		p.interleave(bits(&s.scales[r]), bytes(&s.scale[0]), 4*groups, groups)
		if t.f.offset {
			p.interleave(bits(&s.offsets[r]), bytes(&s.offset[0]), 4*groups, groups)
		}
	}
}

// unpack unpacks a lane of rows.
func (t *matmulTask) unpack(p *panelKernels, s *gemmScratch, first int) {
	cols, groups := t.m.Cols, t.m.Cols/t.f.group
	s.code = grow(s.code, p.lane*cols)
	s.scale, s.offset = grow(s.scale, p.lane*groups), grow(s.offset, p.lane*groups)
	for i := range p.lane {
		row := &t.m.Data[(first+i)*t.rowBytes]
		p.unpack[t.f.id](&s.code[i*cols], &s.scale[i*groups], &s.offset[i*groups], row, cols/Block)
	}
}

func bits(f *float32) *uint32 { return (*uint32)(unsafe.Pointer(f)) }
func bytes(f *float32) *byte  { return (*byte)(unsafe.Pointer(f)) }
