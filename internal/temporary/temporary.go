// Package temporary makes files and folders that are under way, beside the place
// where they will stand, and takes away those whose maker was killed before it
// could finish.
//
// On Linux a file under way has no name until it is placed, so that nothing is left
// of one whose maker is killed. Elsewhere, and for folders, it has a hidden name, and
// a maker holds a lock on what it made for as long as it lives: the system gives
// it up with the process, however that ends. So whoever makes the next one in the
// same folder tries the locks of those that it finds there, and what it can lock is
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
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// errTaken says that somebody took a new file for a leftover before it was locked.
var errTaken = errors.New("taken away")

// File is a file under way.
type File struct {
	*os.File
	named bool // it is in its folder, under a name of ours
}

// Beside makes a file in the folder of target, with the permissions of a file that
// a program makes for its user (os.CreateTemp makes a private one), and removes
// what dead makers left there. The caller ends it with Place or Remove.
func Beside(target string) (*File, error) {
	dir, base := filepath.Split(target)
	removeLeftovers(dir)
	if f := nameless(dir, newName(dir, base)); f != nil {
		return &File{File: f}, nil
	}
	return named(dir, base)
}

// named makes a file under a hidden name.
func named(dir, base string) (*File, error) {
	return create(dir, base, func(name string) (*File, error) {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, err
		}
		if err := claim(f); err != nil {
			f.Close()
			os.Remove(name)
			return nil, err
		}
		return keep(&File{f, true}), nil
	})
}

// Place puts the file in the place of target, which is in its folder, and closes
// it. It does so while the file is open, so that nobody takes it for what a killed
// maker left; Windows does not rename open files, and takes none away.
func (f *File) Place(target string) error {
	defer forget(f)
	if !f.named {
		if err := link(f.File); err != nil {
			f.Close()
			return err
		}
		f.named = true
	}
	if runtime.GOOS == "windows" {
		if err := f.Close(); err != nil {
			return err
		}
	} else {
		defer f.Close() // all is in storage already
	}
	err := os.Rename(f.Name(), target)
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Remove drops the file.
func (f *File) Remove() error {
	defer forget(f)
	err := f.Close()
	if f.named {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// Folder is a folder under way.
type Folder struct {
	Path string
	held *os.File // nil where a folder cannot be locked
}

// Inside makes a folder in dir, whose name begins with a dot and base, and removes
// what dead makers left there. The caller calls Remove in the end.
func Inside(dir, base string) (*Folder, error) {
	removeLeftovers(dir)
	return create(dir, base, func(name string) (*Folder, error) {
		if err := os.Mkdir(name, 0o700); err != nil {
			return nil, err
		}
		held, err := claimFolder(name)
		if err != nil {
			os.Remove(name)
			return nil, err
		}
		return keep(&Folder{name, held}), nil
	})
}

// Remove removes the folder with all that is in it.
func (f *Folder) Remove() error {
	defer forget(f)
	err := os.RemoveAll(f.Path)
	f.held.Close() // nothing was written to it
	return err
}

// create tries names until one is free.
func create[T any](dir, base string, try func(name string) (*T, error)) (*T, error) {
	for tries := 0; ; tries++ {
		made, err := try(newName(dir, base))
		if again := errors.Is(err, fs.ErrExist) || errors.Is(err, errTaken); !again || tries == 100 {
			return made, err
		}
	}
}

const ending = ".tmp"

// newName is a name that is free, almost surely.
func newName(dir, base string) string {
	return filepath.Join(dir, "."+base+"."+ofHost()+"."+strconv.FormatUint(rand.Uint64(), base36)+ending)
}

const base36 = 36

// ofHost stands in the names of all that this host makes.
func ofHost() string {
	host, _ := os.Hostname() // without a name, it is one with all hosts that have none
	h := fnv.New32a()
	h.Write([]byte(host))
	return strconv.FormatUint(uint64(h.Sum32()), base36)
}

// isOurs reports whether newName has made a name on this host.
func isOurs(name string) bool {
	words := strings.Split(name, ".")
	n := len(words)
	if n < 5 || words[0] != "" || "."+words[n-1] != ending || words[n-3] != ofHost() {
		return false
	}
	_, err := strconv.ParseUint(words[n-2], base36, 64)
	return err == nil
}

// removeLeftovers removes the files and folders that dead makers left in dir. What
// cannot be removed stays: it is in nobody's way.
func removeLeftovers(dir string) {
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return
	}
	for _, e := range entries {
		if (e.IsDir() || e.Type().IsRegular()) && isOurs(e.Name()) {
			removeLeftover(filepath.Join(dir, e.Name()))
		}
	}
}
