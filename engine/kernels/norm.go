package kernels

import "math"

// RMSNorm normalises each of the dst.N vectors of x to a root mean square of
// 1, scales it by weight and stores it in dst (Zhang and Sennrich, 2019):
//
//	dst = x / √(mean(x²) + eps) · weight
func (c *Compute) RMSNorm(dst *Vectors, x, weight []float32, eps float32) {
	if len(x) < dst.N*dst.Dim || len(weight) < dst.Dim {
		panicf("norm of %d × %d: %d values, %d weights", dst.N, dst.Dim, len(x), len(weight))
	}
	c.norm = normTask{c: c, dst: dst, x: x, weight: weight, eps: eps}
	c.pool.run(&c.norm, dst.N)
}

type normTask struct {
	c         *Compute
	dst       *Vectors
	x, weight []float32
	eps       float32
}

func (t *normTask) run(worker, i int) {
	dim := t.dst.Dim
	s := &t.c.scratch[worker]
	s.floats = grow(s.floats, dim)
	row := t.dst.row(i, s.floats)
	rmsNorm(row, t.x[i*dim:(i+1)*dim], t.weight[:dim], t.eps)
	t.dst.encode(i, row, t.c.k)
}

func rmsNorm(dst, x, weight []float32, eps float32) {
	scale := 1 / float32(math.Sqrt(float64(dot(x, x)/float32(len(x))+eps)))
	for j, v := range x {
		dst[j] = v * scale * weight[j]
	}
}

// HeadNorm applies RMSNorm in place to each head of n vectors of heads ×
// headDim values (the QK norm of Qwen3).
func (c *Compute) HeadNorm(x, weight []float32, n, heads, headDim int, eps float32) {
	if len(x) < n*heads*headDim || len(weight) < headDim {
		panicf("norm of %d × %d heads of %d: %d values, %d weights", n, heads, headDim, len(x), len(weight))
	}
	for i := range n * heads {
		head := x[i*headDim : (i+1)*headDim]
		rmsNorm(head, head, weight[:headDim], eps)
	}
}
