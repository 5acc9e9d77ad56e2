// Package atomicfile writes a file whole or not at all: data goes to a
// temporary file beside the target, which replaces it only when complete. An
// interrupted or failed run leaves the earlier file as it was. On Linux nothing is
// left of a writer that was killed; elsewhere its temporary file stays until somebody
// writes the same target again.
//
// A target that is no file but a device or a pipe, such as /dev/null or
// /dev/stdout, is written to as it is, and never replaced. A symbolic link stays
// one: the file that it points to is replaced.
//
// # Caveats
//
// A target keeps its permissions, and not its owner or its other hard links,
// which keep the old data. The target is not locked: of two writers the last to
// commit wins. What killed writers left is not taken away everywhere: the package
// internal/temporary says where.
package atomicfile

import (
	"io"
	"os"
	"path/filepath"

	"github.com/memsim/memsim/internal/temporary"
)

// File is a file under way. It ends with Commit or with Abort; what follows the
// first of them does nothing, so that `defer f.Abort()` is right.
type File struct {
	*os.File
	temp   *temporary.File // nil if the file is the target itself
	target string
	done   bool
}

// Create starts a file that will stand at path. The folder must exist.
func Create(path string) (*File, error) {
	info, err := os.Stat(path)
	exists := err == nil
	if exists && !info.Mode().IsRegular() && !info.IsDir() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	temp, err := temporary.Beside(path)
	if err != nil {
		return nil, err
	}
	f := &File{File: temp.File, temp: temp, target: path}
	if exists && info.Mode().IsRegular() {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			f.Abort()
			return nil, err
		}
	}
	return f, nil
}

// Commit flushes the file to storage and puts it in the place of its target.
// On an error the temporary file is removed and the target is as it was.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	if f.temp == nil {
		f.done = true
		return f.Close()
	}
	if err := f.Sync(); err != nil {
		f.Abort()
		return err
	}
	f.done = true
	return f.temp.Place(f.target)
}

// Abort removes the temporary file, unless Commit has been called.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	if f.temp == nil {
		f.Close()
		return
	}
	f.temp.Remove()
}

// Write puts what write writes into a file at path, whole or not at all.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}
