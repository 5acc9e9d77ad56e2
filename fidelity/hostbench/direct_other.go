//go:build !linux

package hostbench

import (
	"errors"
	"os"
)

// openDirect fails: reads go through the page cache.
func openDirect(string) (*os.File, error) { return nil, errors.ErrUnsupported }
