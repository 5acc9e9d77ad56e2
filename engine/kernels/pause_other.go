//go:build !amd64 && !arm64

package kernels

// pause passes a moment.
//
//go:noinline
func pause() {}
