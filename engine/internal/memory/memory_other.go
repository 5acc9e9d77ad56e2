//go:build !linux

package memory

// UseHugePages does nothing: only Linux takes advice on page sizes.
func UseHugePages([]byte) {}

// Free knows nothing: other systems page out or refuse by themselves.
func Free() (bytes int64, ok bool) { return 0, false }
