package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/temporary"
)

// outputFolder is a folder that gets its files all at once: they are written
// beside their final place and moved there by Commit. It is made, and so found
// to be writable, before any work is done.
type outputFolder struct {
	path    string
	staging *temporary.Folder // nil before there is one
	made    string            // topmost folder that did not exist before, "" if all did
	done    bool

	committed []string // names of the files moved
}

// stagingName is in the name of the folder in which files are written, behind a dot.
const stagingName = "memsim"

// newOutputFolder prepares path. The caller defers Discard and calls Commit at
// its end.
func newOutputFolder(path string) (*outputFolder, error) {
	o := &outputFolder{path: path, made: firstMissing(path)}
	if err := os.MkdirAll(path, 0o777); err != nil {
		o.Discard()
		return nil, unwritable(path, err)
	}
	staging, err := temporary.Inside(path, stagingName)
	if err != nil {
		o.Discard()
		return nil, unwritable(path, err)
	}
	o.staging = staging
	return o, nil
}

// firstMissing returns the topmost folder on the way to path that does not
// exist, "" if path does.
func firstMissing(path string) string {
	missing := ""
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) || p == filepath.Dir(p) {
			return missing
		}
		missing = p
	}
}

func unwritable(path string, err error) error {
	var reason error = err
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		reason = e.Err
	}
	if errors.Is(reason, syscall.ENOSPC) {
		return fmt.Errorf("cannot write to %s: %w", path, reason)
	}
	return fault.Userf("cannot write to %s: %w; name another place with --out", path, reason)
}

// File returns the path at which a file of the folder is written until Commit.
func (o *outputFolder) File(name string) string { return filepath.Join(o.staging.Path, name) }

// Write writes a whole file of the folder.
func (o *outputFolder) Write(name string, write func(*os.File) error) error {
	f, err := os.Create(o.File(name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// Files returns the names of the files that Commit moves into the folder.
func (o *outputFolder) Files() ([]string, error) {
	entries, err := os.ReadDir(o.staging.Path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Commit moves the files into the folder, in place of older ones of their name.
func (o *outputFolder) Commit() error {
	var err error
	if o.committed, err = o.Files(); err != nil {
		return err
	}
	for _, name := range o.committed {
		if err := os.Rename(o.File(name), filepath.Join(o.path, name)); err != nil {
			return unwritable(o.path, err)
		}
	}
	o.done = true
	return o.staging.Remove()
}

// Forget removes, after Commit, those of the named files that it has not
// replaced: what an earlier run wrote would else stand beside this one's as if it
// belonged to it. Names that are paths are left alone.
func (o *outputFolder) Forget(names []string) error {
	for _, name := range names {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || slices.Contains(o.committed, name) {
			continue
		}
		path := filepath.Join(o.path, name)
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("a file of an earlier run: %w", err)
		}
	}
	return nil
}

// Discard removes what was not committed, and the folders made for it. After
// Commit it does nothing.
func (o *outputFolder) Discard() {
	if o.done {
		return
	}
	if o.staging != nil {
		o.staging.Remove()
	}
	if o.made == "" {
		return
	}
	// Only empty folders go: somebody else may have put a file there meanwhile.
	for p := filepath.Clean(o.path); os.Remove(p) == nil && p != o.made; {
		p = filepath.Dir(p)
	}
}

// diskFull says of an error that there is no room for a file, in which place that
// is, and why. The file itself has a name of ours, which tells nobody anything.
func diskFull(err error) (place string, reason error, full bool) {
	var at *fs.PathError
	if !errors.As(err, &at) || at.Path == os.Stdout.Name() {
		return "", nil, false
	}
	if !errors.Is(at.Err, syscall.ENOSPC) && !errors.Is(at.Err, syscall.EDQUOT) && !errors.Is(at.Err, syscall.EFBIG) {
		return "", nil, false
	}
	place = at.Path
	if strings.HasSuffix(place, ".tmp") {
		place = filepath.Dir(place)
	}
	if before, _, staged := strings.Cut(place, string(filepath.Separator)+"."+stagingName+"."); staged {
		place = before
	}
	if place == "." || strings.HasPrefix(place, "."+stagingName+".") {
		place = "the working folder"
	}
	return place, at.Err, true
}

// outputFile checks that a file can be written at path, before any work is done,
// and leaves nothing behind.
func outputFile(path string) error {
	if path == "" {
		return fault.Userf("name the file to write with --out (-o)")
	}
	switch info, err := os.Stat(path); {
	case err != nil:
	case info.IsDir():
		return fault.Userf("cannot write to %s: it is a folder; name a file with --out", path)
	case !info.Mode().IsRegular():
		return nil // a device or a pipe is written to as it is
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return unwritable(path, err)
	}
	f.Abort()
	return nil
}
