//go:build amd64 || arm64

package kernels

// pause tells the processor that the program waits for another processor.
func pause()
