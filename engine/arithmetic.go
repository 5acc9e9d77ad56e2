package engine

import (
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
)

// Kernels is the arithmetic that the engine needs, declared here so that a run
// can be made with real kernels (kernels.Compute), with none (shape-only), or
// with ones that count what they touch (tests). The methods are documented at
// kernels.Compute.
type Kernels interface {
	Embed(dst []float32, m kernels.Matrix, ids []int32)
	RMSNorm(dst *kernels.Vectors, x, weight []float32, eps float32)
	Encode(dst *kernels.Vectors, x []float32)
	MatMul(dst []float32, m kernels.Matrix, x *kernels.Vectors)
	AddBias(x, bias []float32, n int)
	HeadNorm(x, weight []float32, n, heads, headDim int, eps float32)
	RoPE(x []float32, n, heads, headDim, pos int, t *kernels.RoPETable)
	StoreKV(dst kernels.Cache, src []float32)
	Attention(dst *kernels.Vectors, q []float32, k, v kernels.Cache, a kernels.AttentionShape)
	ShortConv(dst *kernels.Vectors, bcx, taps, state []float32)
	SwiGLU(dst *kernels.Vectors, gate, up []float32)
	GeGLU(dst *kernels.Vectors, gate, up []float32)
	ClampedGLU(dst *kernels.Vectors, gate, up []float32)
	Route(ids []int32, weights, logits []float32, r kernels.RouteShape)
	MatMulExperts(dst []float32, m kernels.Matrix, rows int, x *kernels.Vectors, ids []int32, used int)
	AddExpertBias(x, bias []float32, ids []int32, width int)
	Combine(dst, x, weights []float32, used int)
	Add(x, y []float32)
	Scale(x []float32, factor float32)
	ScaleBy(x, factor []float32)
	Softcap(x []float32, limit float32)
	Transpose(dst, src []float32, parts, size int)
}

var _ Kernels = (*kernels.Compute)(nil)

// activation returns the kernel of the shape's activation.
func (p *program) activation() func(dst *kernels.Vectors, gate, up []float32) {
	switch p.shape.Activation {
	case model.GELU:
		return p.kernels.GeGLU
	case model.ClampedGLU:
		return p.kernels.ClampedGLU
	}
	return p.kernels.SwiGLU
}

// noKernels does no arithmetic and touches no memory: the kernels of a
// shape-only run.
type noKernels struct{}

func (noKernels) Embed([]float32, kernels.Matrix, []int32)                                     {}
func (noKernels) RMSNorm(*kernels.Vectors, []float32, []float32, float32)                      {}
func (noKernels) Encode(*kernels.Vectors, []float32)                                           {}
func (noKernels) MatMul([]float32, kernels.Matrix, *kernels.Vectors)                           {}
func (noKernels) AddBias([]float32, []float32, int)                                            {}
func (noKernels) HeadNorm([]float32, []float32, int, int, int, float32)                        {}
func (noKernels) RoPE([]float32, int, int, int, int, *kernels.RoPETable)                       {}
func (noKernels) StoreKV(kernels.Cache, []float32)                                             {}
func (noKernels) ShortConv(*kernels.Vectors, []float32, []float32, []float32)                  {}
func (noKernels) SwiGLU(*kernels.Vectors, []float32, []float32)                                {}
func (noKernels) GeGLU(*kernels.Vectors, []float32, []float32)                                 {}
func (noKernels) ClampedGLU(*kernels.Vectors, []float32, []float32)                            {}
func (noKernels) Route([]int32, []float32, []float32, kernels.RouteShape)                      {}
func (noKernels) MatMulExperts([]float32, kernels.Matrix, int, *kernels.Vectors, []int32, int) {}
func (noKernels) AddExpertBias([]float32, []float32, []int32, int)                             {}
func (noKernels) Combine([]float32, []float32, []float32, int)                                 {}
func (noKernels) Add([]float32, []float32)                                                     {}
func (noKernels) Scale([]float32, float32)                                                     {}
func (noKernels) ScaleBy([]float32, []float32)                                                 {}
func (noKernels) Softcap([]float32, float32)                                                   {}
func (noKernels) Transpose([]float32, []float32, int, int)                                     {}
func (noKernels) Attention(*kernels.Vectors, []float32, kernels.Cache, kernels.Cache, kernels.AttentionShape) {
}
