//go:build !amd64 && !arm64

package kernels

// nativeSets returns no SIMD kernels: there are none for this processor.
func nativeSets() []*kernelSet { return nil }
