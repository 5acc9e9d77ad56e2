package main

import (
	"errors"
	"io"
	"os"
)

// stdout is where a process prints its results.
func stdout() io.Writer {
	if stdoutClosed() {
		return closedWriter{}
	}
	return os.Stdout
}

// closedWriter takes nothing.
type closedWriter struct{}

func (closedWriter) Write([]byte) (int, error) {
	return 0, errors.New("standard output is closed")
}

// noting is a writer that notes its first failure, for those who print without a
// look at it.
type noting struct {
	io.Writer
	failed error
}

func (n *noting) Write(p []byte) (int, error) {
	written, err := n.Writer.Write(p)
	if n.failed == nil {
		n.failed = err
	}
	return written, err
}
