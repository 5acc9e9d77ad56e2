//go:build !linux

package weights

// useHugePages does nothing: only Linux takes advice on page sizes.
func useHugePages([]byte) {}
