package kernels

// kernelSet is the functions that exist once for each instruction set. All
// sets compute the same, up to the rounding of float32 sums.
type kernelSet struct {
	name string

	// quantize rounds row to int8 in blocks of Block; scale and sum get one
	// value a block.
	quantize func(q []int8, scale []float32, sum []int32, row []float32)
}

var portable = kernelSet{
	name:     "portable",
	quantize: quantizePortable,
}

// active is the set that New uses.
var active = &portable
