//go:build !linux

package temporary

import (
	"errors"
	"os"
)

func nameless(string, string) *os.File { return nil }

func link(*os.File) error { return errors.ErrUnsupported }
