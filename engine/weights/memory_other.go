//go:build !linux

package weights

// useHugePages does nothing: only Linux takes advice on page sizes.
func useHugePages([]byte) {}

// freeMemory knows nothing: other systems page out or refuse by themselves.
func freeMemory() (bytes int64, ok bool) { return 0, false }
