// Package results keeps the rows of a sweep in a folder while it runs, so that
// an interrupted sweep goes on where it was, and several machines work on one.
//
//	OUT/sweep.json                      what is swept, and into how many shards
//	OUT/rows/00003-of-00016.jsonl       a whole shard, put there at once
//	OUT/rows/00003-of-00016.X.part      rows of a worker, one a line, as they come
//
// The mental model: a row belongs to its point, and a point always has the same
// row. So it does not matter who evaluated a point, or how often; a set of files
// holds the rows of the points in them, and what is missing is what no file has.
// Each worker appends to a file of its own, a row at a time: whatever stops it,
// at most the rows that were not yet handed to Append are lost, and a line that
// was torn is dropped when the file is read. No file is ever written by two.
//
// Shards divide the points so that neighbours fall into different ones. Rows
// reads all files side by side in the order of the points; as each file is in
// that order, it holds one row of each.
//
// # Caveats
//
// A row is safe from the end of its process once Append returns, and from the
// end of the machine when its shard is sealed.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/filelock"
	"github.com/memsim/memsim/internal/inputfile"
)

// The files of a folder.
const (
	descriptionFile = "sweep.json"
	rowsFolder      = "rows"
	sealedSuffix    = ".jsonl"
	partSuffix      = ".part"
)

// Description is what a folder's rows are of. Rows of one description never mix
// with those of another.
type Description struct {
	Memsim string                `json:"memsim"` // version of the program
	Points int                   `json:"points"`
	Shards int                   `json:"shards"`
	Spec   []designspace.Setting `json:"spec"`
}

// Folder is the rows of a sweep on disk.
type Folder struct {
	path   string
	about  Description
	fresh  bool   // this process made it
	before []byte // description of the sweep that was finished here before, nil if none
	made   string // topmost folder that this process made, "" if none

	held *os.File // locked, nil where nothing is
}

// Mode is what Start does with what is in a folder already.
type Mode uint8

// The modes.
const (
	// New refuses rows, and starts over where a sweep is finished.
	New Mode = iota
	// Join goes on with rows of the same description, as one worker of several, and
	// starts over where a sweep is finished.
	Join
	// Resume goes on likewise, and refuses a finished sweep of another description.
	Resume
)

// Company says who else may be at a sweep in a folder.
type Company uint8

// The companies.
const (
	Alone  Company = iota // nobody: all missing points are this process's
	Beside                // whoever is there beside others, each at its shard
)

// Start prepares the folder at path for rows of a sweep, and holds it until Close
// against those who are no company. What is there and the mode refuses is a user's
// mistake, and so is a folder that somebody else holds.
func Start(path string, about Description, mode Mode, company Company) (*Folder, error) {
	f := &Folder{path: path, about: about, made: firstMissing(path)}
	err := os.MkdirAll(path, 0o777)
	if err != nil {
		err = fault.Userf("cannot write to %s: %w; name another place with --out", path, err)
	} else if err = f.hold(company); err == nil {
		err = f.start(mode)
	}
	if err != nil {
		f.removeMade()
		f.Close()
		return nil, err
	}
	return f, nil
}

// hold locks the folder, so that what a killed process had is free. Where there are no
// locks, nobody is kept out.
func (f *Folder) hold(company Company) error {
	folder, err := os.Open(f.path)
	if err != nil {
		return fault.Userf("cannot read %s: %w", f.path, err)
	}
	lock := filelock.Exclusive
	if company == Beside {
		lock = filelock.Shared
	}
	err = lock(folder)
	if err == nil {
		f.held = folder
		return nil
	}
	defer folder.Close()
	if !errors.Is(err, filelock.ErrHeld) {
		return nil
	}
	who := "another process"
	if pid := filelock.Holder(folder); pid > 0 {
		who = fmt.Sprintf("process %d", pid)
	}
	return fault.Userf("%s is at a sweep in %s; wait for its end or stop it, or name another place with --out", who, f.path)
}

// Close lets others have the folder.
func (f *Folder) Close() error {
	if f.held == nil {
		return nil
	}
	return f.held.Close()
}

// start takes up what is in the folder.
func (f *Folder) start(mode Mode) error {
	path, about := f.path, f.about
	before, err := readDescription(path)
	switch {
	case err != nil:
		return err
	case before == nil && f.hasRows():
		return fault.Userf("%s holds rows of an unknown sweep, %s is missing; remove them, or name another place with --out", f.rows(), descriptionFile)
	case before != nil && f.hasRows() && mode == New:
		return fault.Userf("%s holds rows of an unfinished sweep; --resume goes on with it, and removing %s gives it up", path, f.rows())
	case before != nil && f.hasRows():
		return f.mustEqual(*before)
	case before != nil && mode == Resume:
		if changes := before.changes(about); len(changes) > 0 {
			return fault.Userf("%s was for another sweep, of which no rows are left: %s; sweep into another folder with --out, or without --resume in its place", path, strings.Join(changes, "; "))
		}
	}
	f.fresh = true
	if before != nil {
		f.before, _ = inputfile.Read(filepath.Join(path, descriptionFile), maxDescriptionBytes)
	}
	if err := os.MkdirAll(f.rows(), 0o777); err != nil {
		return fault.Userf("cannot write to %s: %w; name another place with --out", path, err)
	}
	err = atomicfile.Write(filepath.Join(path, descriptionFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(about)
	})
	if err != nil {
		f.Abandon()
		return fmt.Errorf("cannot write to %s: %w", path, err)
	}
	return nil
}

// Open returns the rows that are in the folder at path.
func Open(path string) (*Folder, error) {
	about, err := readDescription(path)
	if err != nil {
		return nil, err
	}
	f := &Folder{path: path}
	if about == nil || !f.hasRows() {
		return nil, fault.Userf("%s holds no rows of a sweep; name the --out folder of one that is under way", path)
	}
	f.about = *about
	return f, nil
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

// maxDescriptionBytes is far above any description: the values of its axes.
const maxDescriptionBytes = 64 << 20

// readDescription returns the description in the folder at path, nil if there is
// none.
func readDescription(path string) (*Description, error) {
	name := filepath.Join(path, descriptionFile)
	data, err := inputfile.Read(name, maxDescriptionBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Userf("cannot read %s: %w", name, err)
	}
	var d Description
	if err := json.Unmarshal(data, &d); err != nil || d.Points < 1 || d.Shards < 1 {
		return nil, fault.Userf("%s is not the description of a sweep (%v); remove it, or name another place with --out", name, err)
	}
	return &d, nil
}

// mustEqual refuses rows of another sweep, and says in what it differs. A process
// that wants all shards takes them as they were divided.
func (f *Folder) mustEqual(before Description) error {
	changes := before.changes(f.about)
	if f.about.Shards != before.Shards && f.about.Shards != 1 {
		changes = append(changes, fmt.Sprintf("it was divided into %d shards, not %d", before.Shards, f.about.Shards))
	}
	if len(changes) > 0 {
		return fault.Userf("%s holds rows of another sweep: %s; sweep into another folder with --out", f.path, strings.Join(changes, "; "))
	}
	f.about.Shards = before.Shards
	return nil
}

// changes says in what a later description differs, but for the number of shards.
func (d *Description) changes(later Description) (changes []string) {
	differ := func(name, was, is string) {
		if was != is {
			changes = append(changes, fmt.Sprintf("%s was %q and is %q", name, was, is))
		}
	}
	differ("memsim", d.Memsim, later.Memsim)
	value := func(list []designspace.Setting, name string) string {
		i := slices.IndexFunc(list, func(s designspace.Setting) bool { return s.Name == name })
		if i < 0 {
			return ""
		}
		return list[i].Value
	}
	for _, s := range d.Spec {
		differ(s.Name, s.Value, value(later.Spec, s.Name))
	}
	for _, s := range later.Spec {
		if value(d.Spec, s.Name) == "" {
			differ(s.Name, "", s.Value)
		}
	}
	if len(changes) == 0 && !slices.Equal(d.Spec, later.Spec) {
		changes = append(changes, "the axes stand in another order")
	}
	return changes
}

// About returns what the rows are of.
func (f *Folder) About() Description { return f.about }

// Fresh reports whether the folder had no rows before.
func (f *Folder) Fresh() bool { return f.fresh }

func (f *Folder) rows() string { return filepath.Join(f.path, rowsFolder) }

func (f *Folder) hasRows() bool {
	_, err := os.Stat(f.rows())
	return err == nil
}

// Remove removes the rows; what has been made of them stays. If this process
// made the folder and nothing else is in it, it goes too.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.rows())
	if entries, readErr := os.ReadDir(f.path); f.fresh && readErr == nil && len(entries) == 1 && entries[0].Name() == descriptionFile {
		os.Remove(filepath.Join(f.path, descriptionFile))
	}
	f.removeMade()
	return err
}

// removeMade removes the folders that this process made, if they are empty.
func (f *Folder) removeMade() {
	if f.made == "" {
		return
	}
	for p := filepath.Clean(f.path); os.Remove(p) == nil && p != f.made; {
		p = filepath.Dir(p)
	}
}

// Abandon is Remove for a sweep without an answer: what stands in the folder is that
// of the sweep before, if any, and is described as such again.
func (f *Folder) Abandon() error {
	if f.before != nil {
		err := atomicfile.Write(filepath.Join(f.path, descriptionFile), func(w io.Writer) error {
			_, err := w.Write(f.before)
			return err
		})
		if err != nil {
			return err
		}
	}
	return f.Remove()
}

// Shard returns the shard of a point: neighbours are in different ones, and so
// are points a whole round of shards apart, lest a shard gets one value of an
// axis only.
func Shard(point, shards int) int { return (point + point/shards) % shards }

// shardName begins the names of a shard's files.
func (f *Folder) shardName(shard int) string {
	return fmt.Sprintf("%05d-of-%05d", shard, f.about.Shards)
}

// files returns the paths of all files with rows, sealed ones first.
func (f *Folder) files() ([]string, error) {
	entries, err := os.ReadDir(f.rows())
	if err != nil {
		return nil, fault.Userf("cannot read the rows of a sweep: %w", err)
	}
	var sealed, parts []string
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case sealedSuffix:
			sealed = append(sealed, filepath.Join(f.rows(), e.Name()))
		case partSuffix:
			parts = append(parts, filepath.Join(f.rows(), e.Name()))
		}
	}
	return append(sealed, parts...), nil
}
