package kernels

import "math"

// SwiGLU gates the feed-forward network's hidden values (Shazeer, 2020):
//
//	dst = gate / (1 + exp(-gate)) · up
func (c *Compute) SwiGLU(dst *Vectors, gate, up []float32) {
	if len(gate) < dst.N*dst.Dim || len(up) < dst.N*dst.Dim {
		panicf("SwiGLU of %d × %d: %d gates, %d values", dst.N, dst.Dim, len(gate), len(up))
	}
	c.swiglu = swigluTask{c: c, dst: dst, gate: gate, up: up}
	c.pool.run(&c.swiglu, dst.N)
}

type swigluTask struct {
	c        *Compute
	dst      *Vectors
	gate, up []float32
}

func (t *swigluTask) run(worker, i int) {
	dim := t.dst.Dim
	s := &t.c.scratch[worker]
	s.floats = grow(s.floats, dim)
	row := t.dst.row(i, s.floats)
	gate, up := t.gate[i*dim:(i+1)*dim], t.up[i*dim:(i+1)*dim]
	for j, g := range gate {
		row[j] = g / (1 + float32(math.Exp(float64(-g)))) * up[j]
	}
	t.dst.encode(i, row, t.c.k)
}

// Add adds y to x, element by element.
func (c *Compute) Add(x, y []float32) {
	if len(x) != len(y) {
		panicf("sum of %d and %d values", len(x), len(y))
	}
	for i, v := range y {
		x[i] += v
	}
}

// AddBias adds bias to each of n vectors of len(bias) values.
func (c *Compute) AddBias(x, bias []float32, n int) {
	if len(x) < n*len(bias) {
		panicf("bias of %d values on %d vectors in %d", len(bias), n, len(x))
	}
	for i := range n {
		c.Add(x[i*len(bias):(i+1)*len(bias)], bias)
	}
}
