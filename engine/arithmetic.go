package engine

import "github.com/memsim/memsim/engine/kernels"

// Kernels is the arithmetic that the engine needs, declared here so that a run
// can be made with real kernels (kernels.Compute), with none (shape-only), or
// with ones that count what they touch (tests). The methods are documented at
// kernels.Compute.
type Kernels interface {
	Embed(dst []float32, m kernels.Matrix, ids []int32)
	RMSNorm(dst *kernels.Vectors, x, weight []float32, eps float32)
	MatMul(dst []float32, m kernels.Matrix, x *kernels.Vectors)
	AddBias(x, bias []float32, n int)
	HeadNorm(x, weight []float32, n, heads, headDim int, eps float32)
	RoPE(x []float32, n, heads, headDim, pos int, t *kernels.RoPETable)
	StoreKV(dst []uint16, src []float32)
	Attention(dst *kernels.Vectors, q []float32, k, v []uint16, a kernels.AttentionShape)
	SwiGLU(dst *kernels.Vectors, gate, up []float32)
	Add(x, y []float32)
}

var _ Kernels = (*kernels.Compute)(nil)

// noKernels does no arithmetic and touches no memory: the kernels of a
// shape-only run.
type noKernels struct{}

func (noKernels) Embed([]float32, kernels.Matrix, []int32)                {}
func (noKernels) RMSNorm(*kernels.Vectors, []float32, []float32, float32) {}
func (noKernels) MatMul([]float32, kernels.Matrix, *kernels.Vectors)      {}
func (noKernels) AddBias([]float32, []float32, int)                       {}
func (noKernels) HeadNorm([]float32, []float32, int, int, int, float32)   {}
func (noKernels) RoPE([]float32, int, int, int, int, *kernels.RoPETable)  {}
func (noKernels) StoreKV([]uint16, []float32)                             {}
func (noKernels) SwiGLU(*kernels.Vectors, []float32, []float32)           {}
func (noKernels) Add([]float32, []float32)                                {}
func (noKernels) Attention(*kernels.Vectors, []float32, []uint16, []uint16, kernels.AttentionShape) {
}
