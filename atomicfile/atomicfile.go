// Package atomicfile writes a file whole or not at all: data goes to a
// temporary file beside the target, which replaces it only when complete. An
// interrupted or failed run leaves the earlier file as it was.
package atomicfile

import (
	"io"
	"os"
	"path/filepath"
)

// File is a file under way. It ends with Commit or with Abort; what follows the
// first of them does nothing, so that `defer f.Abort()` is right.
type File struct {
	*os.File
	target string
	done   bool
}

// Create starts a file that will stand at path. The folder must exist.
func Create(path string) (*File, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &File{File: temp, target: path}, nil
}

// Commit flushes the file to storage and puts it in the place of its target.
// On an error the temporary file is removed and the target is as it was.
func (f *File) Commit() error {
	if f.done {
		return nil
	}
	err := f.Chmod(0o644)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Abort()
		return err
	}
	f.done = true
	if err = f.Close(); err == nil {
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
	os.Remove(f.Name())
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
