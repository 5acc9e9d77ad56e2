package kernels

import (
	"math"
	"sync"

	"github.com/memsim/memsim/engine/quant"
)

// GeGLU gates the feed-forward network's hidden values (Shazeer, 2020) by the
// tanh form of gelu:
//
//	dst = g/2 · (1 + tanh(√(2/π)·(g + 0.044715 g³))) · up
//
// As in ggml, the gate and its gelu are rounded to half precision within ±10.
func (c *Compute) GeGLU(dst *Vectors, gate, up []float32) {
	c.gate(dst, gate, up, geglu)
}

// ClampedGLU is the gate of gpt-oss: with g at most 7 and up within ±7,
//
//	dst = g / (1 + exp(-1.702 g)) · (up + 1)
func (c *Compute) ClampedGLU(dst *Vectors, gate, up []float32) {
	c.gate(dst, gate, up, clampedGLU)
}

// gate applies a gate to the dst.N vectors.
func (c *Compute) gate(dst *Vectors, gate, up []float32, f func(dst, gate, up []float32)) {
	if len(gate) < dst.N*dst.Dim || len(up) < dst.N*dst.Dim {
		panicf("gate of %d × %d: %d gates, %d values", dst.N, dst.Dim, len(gate), len(up))
	}
	c.swiglu = swigluTask{c: c, dst: dst, gate: gate, up: up, f: f}
	c.pool.run(&c.swiglu, rowParts(dst.N))
}

func geglu(dst, gate, up []float32) {
	table := geluOfHalf()
	for i, g := range gate {
		switch {
		case g <= -10:
			dst[i] = 0
		case g >= 10:
			dst[i] = g * up[i]
		default:
			dst[i] = table[quant.ToF16(g)] * up[i]
		}
	}
}

// geluOfHalf holds gelu, in half precision, for each half-precision number.
var geluOfHalf = sync.OnceValue(func() *[1 << 16]float32 {
	table := new([1 << 16]float32)
	for i := range table {
		table[i] = toHalf(gelu(quant.FromF16(uint16(i))))
	}
	return table
})

func gelu(x float32) float32 {
	const rootTwoOverPi = 0.79788456080286535587989211986876
	v := float64(x)
	return float32(0.5 * v * (1 + math.Tanh(rootTwoOverPi*v*(1+0.044715*v*v))))
}

func clampedGLU(dst, gate, up []float32) {
	const alpha, limit = 1.702, 7
	for i, g := range gate {
		g = min(g, limit)
		u := max(-limit, min(limit, up[i]))
		dst[i] = g / (1 + float32(math.Exp(float64(-alpha*g)))) * (u + 1)
	}
}
