//go:build linux || darwin

package temporary

import (
	"errors"
	"os"
	"syscall"

	"github.com/memsim/memsim/internal/filelock"
)

// claim locks a new file until it is closed. Where there are no locks the file
// stays without one, and nobody else gets one either.
func claim(f *os.File) error {
	if err := filelock.Exclusive(f); errors.Is(err, filelock.ErrHeld) {
		return errTaken
	}
	// Whoever had the lock just before may have removed the file.
	was, err := f.Stat()
	if err != nil {
		return err
	}
	if is, err := os.Lstat(f.Name()); err != nil || !os.SameFile(was, is) {
		return errTaken
	}
	return nil
}

// claimFolder locks a new folder until what it returns is closed.
func claimFolder(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, errTaken
	}
	if err := claim(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// removeLeftover removes a file or a folder that nobody has locked.
func removeLeftover(name string) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if filelock.Exclusive(f) == nil {
		os.RemoveAll(name)
	}
}
