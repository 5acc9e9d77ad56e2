package kernels

import "github.com/memsim/memsim/engine/quant"

// kernelSet is the functions that exist once for each instruction set. All
// sets compute the same, up to the rounding of float32 sums and of the
// exponential function.
type kernelSet struct {
	name string

	// matvec multiplies rows of a matrix with one vector, by format; nil
	// where the set has no kernel.
	matvec [maxFormats]matvecFunc
	// padded says that those for quantized formats read the scales and sums
	// of activations up to a multiple of eight.
	padded bool

	// panel multiplies several vectors at once; nil where the set has no
	// kernels for it.
	panel *panelKernels

	// dot is the inner product of two vectors of equal length.
	dot func(x, y []float32) float32
	// add adds y to x.
	add func(x, y []float32)
	// scale stores x · weight · s.
	scale func(dst, x, weight []float32, s float32)
	// maximum is the largest of at least one value.
	maximum func(x []float32) float32
	// exp replaces each value by exp((x - shift) · factor) and returns their
	// sum.
	exp func(x []float32, shift, factor float32) float32
	// swiglu stores silu(gate) · up.
	swiglu func(dst, gate, up []float32)
	// quantize rounds row to int8 in blocks of Block; scale and sum get one
	// value a block.
	quantize func(q []int8, scale []float32, sum []int32, row []float32)
	// quantizeWide does so with one scale for each wideBlock values, which it
	// stores for each Block of them.
	quantizeWide func(q []int8, scale []float32, sum []int32, row []float32)
	// storeHalf rounds to half precision.
	storeHalf func(dst []uint16, src []float32)
	// scaleRound replaces x by s·x, rounded to half precision.
	scaleRound func(x []float32, s float32)
	// rotate turns a head by the angles of one position.
	rotateInterleaved, rotateHalves func(head, cos, sin []float32)

	// scores stores the inner product of q with the keys of len(scores)
	// positions, stride values apart.
	scores func(scores, q []float32, k []uint16, stride int)
	// mix stores the sum of the values of len(p) positions, stride values
	// apart, weighted by p.
	mix func(out, p []float32, v []uint16, stride int)
}

// maxFormats is more than there are formats.
const maxFormats = 32

// setMatvec sets the kernel of a format.
func (s *kernelSet) setMatvec(t quant.Type, f matvecFunc) { s.matvec[formatOf(t).id] = f }

var portable = kernelSet{
	name:              "portable",
	dot:               dot,
	add:               add,
	scale:             scale,
	maximum:           maximum,
	exp:               exp,
	swiglu:            swiglu,
	quantize:          quantize,
	quantizeWide:      quantizeWide,
	storeHalf:         storeHalf,
	scaleRound:        scaleRound,
	rotateInterleaved: rotateInterleaved,
	rotateHalves:      rotateHalves,
	scores:            scores,
	mix:               mix,
}
