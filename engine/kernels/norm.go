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
	c.pool.run(&c.norm, rowParts(dst.N))
}

// rowsPerPart is how many vectors of a batch make a part of a task that takes
// little time for each.
const rowsPerPart = 8

// rowParts returns the number of parts of n vectors.
func rowParts(n int) int { return (n + rowsPerPart - 1) / rowsPerPart }

// rowRange returns the vectors of a part of n.
func rowRange(part, n int) (from, to int) {
	return part * rowsPerPart, min((part+1)*rowsPerPart, n)
}

type normTask struct {
	c         *Compute
	dst       *Vectors
	x, weight []float32
	eps       float32
}

func (t *normTask) run(worker, part int) {
	dim := t.dst.Dim
	s := &t.c.scratch[worker]
	s.floats = grow(s.floats, dim)
	from, to := rowRange(part, t.dst.N)
	for i := from; i < to; i++ {
		row := t.dst.row(i, s.floats)
		t.c.k.rmsNorm(row, t.x[i*dim:(i+1)*dim], t.weight[:dim], t.eps)
		t.dst.encode(i, row, t.c.k)
	}
}

func (k *kernelSet) rmsNorm(dst, x, weight []float32, eps float32) {
	mean := k.dot(x, x) / float32(len(x))
	s := 1 / float32(math.Sqrt(float64(mean+eps)))
	if weight == nil {
		for i, v := range x {
			dst[i] = v * s
		}
		return
	}
	k.scale(dst, x, weight, s)
}

// HeadNorm applies RMSNorm in place to each head of n vectors of heads ×
// headDim values (the QK norm of Qwen3). Without weights it scales by 1.
func (c *Compute) HeadNorm(x, weight []float32, n, heads, headDim int, eps float32) {
	if len(x) < n*heads*headDim || weight != nil && len(weight) < headDim {
		panicf("norm of %d × %d heads of %d: %d values, %d weights", n, heads, headDim, len(x), len(weight))
	}
	for i := range n * heads {
		head := x[i*headDim : (i+1)*headDim]
		c.k.rmsNorm(head, head, weight, eps)
	}
}
