// Package filelock locks files and folders against other processes, by the locks of
// flock(2): the system gives them up with their process, however that ends, and
// nothing is left.
//
// # Caveats
//
// Locks are advice: only who asks for one is kept out. Where there is no flock, as on
// Windows, and on file systems without it for those who read, such as NFS for folders,
// locking is an error that is not ErrHeld.
package filelock

import (
	"errors"
	"os"
)

// ErrHeld says that another process, or another file of this one, has a lock.
var ErrHeld = errors.New("locked by somebody else")

// Exclusive locks f for its only owner until f is closed. It does not wait.
func Exclusive(f *os.File) error { return lock(f, true) }

// Shared locks f against exclusive owners until f is closed. It does not wait.
func Shared(f *os.File) error { return lock(f, false) }

// Holder returns the number of a process that has f locked, 0 if the system does not
// tell.
func Holder(f *os.File) (pid int) { return holder(f) }
