// Package atomicfile writes a file whole or not at all: data goes to a
// temporary file beside the target, which replaces it only when complete. An
// interrupted or failed run leaves the earlier file as it was.
//
// A target that is no file but a device or a pipe, such as /dev/null or
// /dev/stdout, is written to as it is, and never replaced. A symbolic link stays
// one: the file that it points to is replaced.
//
// # Caveats
//
// A target keeps its permissions, and not its owner or its other hard links,
// which keep the old data. Nothing is locked: of two writers the last to commit
// wins.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// File is a file under way. It ends with Commit or with Abort; what follows the
// first of them does nothing, so that `defer f.Abort()` is right.
type File struct {
	*os.File
	target string // "" if the file is the target itself
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
	temp, err := createBeside(path)
	if err != nil {
		return nil, err
	}
	f := &File{File: temp, target: path}
	if exists && info.Mode().IsRegular() {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			f.Abort()
			return nil, err
		}
	}
	return f, nil
}

// createBeside makes a temporary file in the folder of path, with the
// permissions of a file that a program makes for its user (os.CreateTemp makes a
// private one).
func createBeside(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for tries := 0; ; tries++ {
		name := dir + "." + base + "." + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || tries == 100 {
			return f, err
		}
	}
}

// Commit flushes the file to storage and puts it in the place of its target.
// On an error the temporary file is removed and the target is as it was.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	if f.target == "" {
		f.done = true
		return f.Close()
	}
	if err := f.Sync(); err != nil {
		f.Abort()
		return err
	}
	f.done = true
	err := f.Close()
	if err == nil {
		err = os.Rename(f.Name(), f.target)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Abort removes the temporary file, unless Commit has been called.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	f.Close()
	if f.target != "" {
		os.Remove(f.Name())
	}
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
