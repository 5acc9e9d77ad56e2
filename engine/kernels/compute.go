package kernels

import (
	"runtime"
)

// Compute runs kernels on a set of worker threads. It serves one caller at a
// time. Its methods allocate nothing once they have run with the same sizes.
type Compute struct {
	pool    *pool
	k       *kernelSet
	scratch []scratch // one a worker

	vectors   gemmVectors
	matmul    matmulTask
	norm      normTask
	rope      ropeTask
	attention attentionTask
	turned    []float32 // keys or values on their way into a cache
	encode    encodeTask
	swiglu    swigluTask
	experts   expertScratch
}

// scratch is memory of one worker, kept between calls.
type scratch struct {
	row    rowCodes
	matvec matvecScratch
	gemm   gemmScratch
	floats []float32
	scores []float32
	query  query

	attention attentionScratch

	_ [64]byte // no cache line is shared with the next worker
}

// New returns a Compute with the given number of threads, the caller's
// included; 0 or less means one per processor. Close it to end its workers.
func New(threads int) *Compute {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Compute{pool: newPool(threads), k: active, scratch: make([]scratch, threads)}
}

// Close ends the workers. The Compute must not be used afterwards.
func (c *Compute) Close() { c.pool.close() }

// Threads returns the number of threads that work, the caller's included.
func (c *Compute) Threads() int { return c.pool.threads }
