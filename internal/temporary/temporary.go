// Package temporary makes files and folders that are under way, beside the place
// where they will stand, and takes away those whose maker was killed before it
// could finish.
//
// A maker holds a lock on what it made for as long as it lives: the system gives
// it up with the process, however that ends. So whoever makes the next one for the
// same place tries the locks of those that it finds there, and what it can lock is
// nobody's.
//
// # Caveats
//
// Leftovers stay where there is nothing to lock with: on Windows, on NFS and on
// other file systems without flock(2) for those who read. Only what was made on a
// host of this name is looked at, since the file system of a network may keep
// locks that other hosts do not see.
package temporary

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// errTaken says that somebody took a new file for a leftover before it was locked.
var errTaken = errors.New("taken away")

// Beside makes a file in the folder of target, with the permissions of a file that
// a program makes for its user (os.CreateTemp makes a private one), and removes
// what is left of earlier ones for target. The caller removes it, or renames it to
// target, before closing it where the system allows that, else right after.
func Beside(target string) (*os.File, error) {
	dir, base := filepath.Split(target)
	removeLeftovers(dir, base, fs.FileMode.IsRegular)
	return create(dir, base, func(name string) (*os.File, error) {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, err
		}
		if err := claim(f); err != nil {
			f.Close()
			os.Remove(name)
			return nil, err
		}
		return f, nil
	})
}

// Folder is a folder under way.
type Folder struct {
	Path string
	held *os.File // nil where a folder cannot be locked
}

// Inside makes a folder in dir, whose name begins with a dot and base, and removes
// what is left of earlier ones. The caller calls Remove in the end.
func Inside(dir, base string) (*Folder, error) {
	removeLeftovers(dir, base, fs.FileMode.IsDir)
	return create(dir, base, func(name string) (*Folder, error) {
		if err := os.Mkdir(name, 0o700); err != nil {
			return nil, err
		}
		held, err := claimFolder(name)
		if err != nil {
			os.Remove(name)
			return nil, err
		}
		return &Folder{name, held}, nil
	})
}

// Remove removes the folder with all that is in it.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.Path)
	f.held.Close() // nothing was written to it
	return err
}

// create tries names until one is free.
func create[T any](dir, base string, try func(name string) (*T, error)) (*T, error) {
	for tries := 0; ; tries++ {
		name := filepath.Join(dir, beginning(base)+strconv.FormatUint(rand.Uint64(), 36)+ending)
		made, err := try(name)
		if again := errors.Is(err, fs.ErrExist) || errors.Is(err, errTaken); !again || tries == 100 {
			return made, err
		}
	}
}

const ending = ".tmp"

// beginning begins the names of all that this host makes for base.
func beginning(base string) string {
	host, _ := os.Hostname() // without a name, it is one with all hosts that have none
	h := fnv.New32a()
	h.Write([]byte(host))
	return fmt.Sprintf(".%s.%s.", base, strconv.FormatUint(uint64(h.Sum32()), 36))
}

// removeLeftovers removes what dead makers left in dir for base, of a type. What
// cannot be removed stays: it is in nobody's way.
func removeLeftovers(dir, base string, ofType func(fs.FileMode) bool) {
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return
	}
	ours := beginning(base)
	for _, e := range entries {
		if ofType(e.Type()) && strings.HasPrefix(e.Name(), ours) && strings.HasSuffix(e.Name(), ending) {
			removeLeftover(filepath.Join(dir, e.Name()))
		}
	}
}
