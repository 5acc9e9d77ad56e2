package kernels

// SwiGLU gates the feed-forward network's hidden values (Shazeer, 2020):
//
//	dst = gate / (1 + exp(-gate)) · up
//
// SIMD kernels compute the exponential with a relative error below 2^-21.
func (c *Compute) SwiGLU(dst *Vectors, gate, up []float32) {
	if len(gate) < dst.N*dst.Dim || len(up) < dst.N*dst.Dim {
		panicf("SwiGLU of %d × %d: %d gates, %d values", dst.N, dst.Dim, len(gate), len(up))
	}
	c.swiglu = swigluTask{c: c, dst: dst, gate: gate, up: up, f: c.k.swiglu}
	c.pool.run(&c.swiglu, rowParts(dst.N))
}

type swigluTask struct {
	c        *Compute
	dst      *Vectors
	gate, up []float32
	f        func(dst, gate, up []float32)
}

func (t *swigluTask) run(worker, part int) {
	dim := t.dst.Dim
	s := &t.c.scratch[worker]
	s.floats = grow(s.floats, dim)
	from, to := rowRange(part, t.dst.N)
	for i := from; i < to; i++ {
		row := t.dst.row(i, s.floats)
		t.f(row, t.gate[i*dim:(i+1)*dim], t.up[i*dim:(i+1)*dim])
		t.dst.encode(i, row, t.c.k)
	}
}

// Add adds y to x, element by element.
func (c *Compute) Add(x, y []float32) {
	if len(x) != len(y) {
		panicf("sum of %d and %d values", len(x), len(y))
	}
	c.k.add(x, y)
}

// AddBias adds bias to each of n vectors of len(bias) values.
func (c *Compute) AddBias(x, bias []float32, n int) {
	if len(x) < n*len(bias) {
		panicf("bias of %d values on %d vectors in %d", len(bias), n, len(x))
	}
	for i := range n {
		c.k.add(x[i*len(bias):(i+1)*len(bias)], bias)
	}
}
