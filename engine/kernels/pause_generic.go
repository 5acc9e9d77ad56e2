package kernels

// pause passes a moment without touching memory.
//
//go:noinline
func pause() {
	for range 32 {
	}
}
