//go:build !linux

package hostbench

import (
	"fmt"
	"runtime"
)

// pin fails: the system has no call for it that memsim uses.
func pin([]int) (undo func(), err error) {
	return nil, fmt.Errorf("threads are not bound to cores on %s", runtime.GOOS)
}

// allowed returns nil: any core.
func allowed() []int { return nil }
