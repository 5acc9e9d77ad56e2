package kernels

import "github.com/memsim/memsim/engine/quant"

// kernelSet is the functions that exist once for each instruction set. All
// sets compute the same, up to the rounding of float32 sums.
type kernelSet struct {
	name string

	// matvec multiplies rows of a matrix with one vector, by format; nil
	// where the set has no kernel.
	matvec [maxFormats]matvecFunc

	// panel multiplies several vectors at once; nil where the set has no
	// kernels for it.
	panel *panelKernels

	// quantize rounds row to int8 in blocks of Block; scale and sum get one
	// value a block.
	quantize func(q []int8, scale []float32, sum []int32, row []float32)
}

// maxFormats is more than there are formats.
const maxFormats = 16

var portable = kernelSet{
	name:     "portable",
	quantize: quantizePortable,
}

// setMatvec sets the kernel of a format.
func (s *kernelSet) setMatvec(t quant.Type, f matvecFunc) { s.matvec[formatOf(t).id] = f }
