package temporary

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/memsim/memsim/internal/filelock"
)

// nameless makes a file without a name in dir, which goes with its maker however
// that ends; nil where the file system has no such files.
func nameless(dir, name string) *os.File {
	if dir == "" {
		dir = "."
	}
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o666)
	if err != nil {
		return nil
	}
	if unix.Access(procPath(fd), unix.F_OK) != nil { // it could not be named later
		unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}

// link gives a nameless file its name, locked lest somebody take it for what a
// killed maker left.
func link(f *os.File) error {
	_ = filelock.Exclusive(f) // where there are no locks, nobody looks
	err := unix.Linkat(unix.AT_FDCWD, procPath(int(f.Fd())), unix.AT_FDCWD, f.Name(), unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &os.PathError{Op: "link", Path: f.Name(), Err: err}
	}
	return nil
}

func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }
