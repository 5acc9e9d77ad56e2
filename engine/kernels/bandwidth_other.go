//go:build !amd64

package kernels

// read loads all words of b, a multiple of readStep.
func read(b []uint64) { readPortable(b) }
