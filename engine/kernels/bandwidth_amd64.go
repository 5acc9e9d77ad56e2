package kernels

import "golang.org/x/sys/cpu"

// read loads all words of b, a multiple of readStep.
func read(b []uint64) {
	if cpu.X86.HasAVX2 {
		readAVX2(&b[0], len(b))
		return
	}
	readPortable(b)
}
