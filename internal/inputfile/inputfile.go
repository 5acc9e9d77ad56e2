// Package inputfile opens the files that a user names. All that is read goes
// through it: a pipe would be waited for, a device be read without end, a file of
// another kind fill the memory.
package inputfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens the regular file at path for reading. Errors are *fs.PathErrors.
func Open(path string) (*os.File, error) {
	if _, err := regular(path, os.Stat); err != nil { // to open a pipe is to wait for its other end
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := regular(path, func(string) (fs.FileInfo, error) { return f.Stat() }); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns what the regular file at path holds, which may be most bytes. Errors
// are *fs.PathErrors.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is larger than %s, so it is some other file", size(most))}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// regular refuses what is no regular file, and says what it is.
func regular(path string, stat func(string) (fs.FileInfo, error)) (fs.FileInfo, error) {
	info, err := stat(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			at.Op = "open"
		}
		return nil, err
	}
	if info.Mode().IsRegular() {
		return info, nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is %s, not a regular file", kind(info.Mode()))}
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
