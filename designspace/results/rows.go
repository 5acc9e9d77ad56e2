package results

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// record is a row as a line of a file.
type record struct {
	Point   int         `json:"point"`
	Invalid string      `json:"invalid,omitempty"`
	Result  *sim.Result `json:"result,omitempty"`
}

// Writer appends rows to files of its own.
type Writer struct {
	folder *Folder
	shard  int
	file   *os.File
	last   int // point of the file's last row, -1 of none
}

// Writer starts a file for rows of a shard. It ends with Close.
func (f *Folder) Writer(shard int) (*Writer, error) {
	w := &Writer{folder: f, shard: shard}
	return w, w.begin()
}

// begin starts a file.
func (w *Writer) begin() error {
	file, err := os.CreateTemp(w.folder.rows(), w.folder.shardName(w.shard)+".*"+partSuffix)
	if err != nil {
		return fmt.Errorf("cannot write to %s: %w", w.folder.rows(), err)
	}
	w.file, w.last = file, -1
	return nil
}

// Append writes a row. Each file is in the order of its points; a row that would
// break it begins another one.
func (w *Writer) Append(r *sweep.Row) error {
	if r.Index <= w.last {
		if err := errors.Join(w.Close(), w.begin()); err != nil {
			return err
		}
	}
	line := record{Point: r.Index}
	if r.Invalid != nil {
		line.Invalid = r.Invalid.Error()
	} else {
		line.Result = &r.Result
	}
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("point %d (%s): %w", r.Index, r.Point, err)
	}
	if _, err := w.file.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("cannot keep a row: %w", err)
	}
	w.last = r.Index
	return nil
}

// Close ends the file; an empty one is removed.
func (w *Writer) Close() error {
	err := w.file.Close()
	if w.last < 0 {
		err = errors.Join(err, os.Remove(w.file.Name()))
	}
	return err
}

// Seal puts all rows of a shard into one file, and removes those that they came
// from. All its points must have rows.
func (f *Folder) Seal(shard int) error {
	files, err := f.files()
	if err != nil {
		return err
	}
	target := filepath.Join(f.rows(), f.shardName(shard)+sealedSuffix)
	err = atomicfile.Write(target, func(w io.Writer) error {
		buffered := bufio.NewWriter(w)
		for line, err := range f.lines(files) {
			if err != nil {
				return err
			}
			if Shard(line.point, f.about.Shards) != shard {
				continue
			}
			buffered.Write(line.text)
		}
		return buffered.Flush()
	})
	if err != nil {
		return fmt.Errorf("cannot seal shard %d: %w", shard, err)
	}
	for _, path := range files {
		if strings.HasPrefix(filepath.Base(path), f.shardName(shard)) && strings.HasSuffix(path, partSuffix) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// Done says of which points there are rows.
func (f *Folder) Done() (Set, error) {
	done := newSet(f.about.Points)
	files, err := f.files()
	if err != nil {
		return done, err
	}
	for line, err := range f.lines(files) {
		if err != nil {
			return done, err
		}
		done.add(line.point)
	}
	return done, nil
}

// Rows yields the rows of the folder in the order of their points.
func (f *Folder) Rows(s sweep.Space) iter.Seq2[sweep.Row, error] {
	return func(yield func(sweep.Row, error) bool) {
		files, err := f.files()
		if err != nil {
			yield(sweep.Row{}, err)
			return
		}
		for line, err := range f.lines(files) {
			if err != nil {
				yield(sweep.Row{}, err)
				return
			}
			row, err := line.row(s)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// line is a row as it stands in a file.
type line struct {
	point int
	text  []byte // with its end
}

func (l line) row(s sweep.Space) (sweep.Row, error) {
	var r record
	if err := json.Unmarshal(l.text, &r); err != nil {
		return sweep.Row{}, err
	}
	row := sweep.Row{Index: r.Point, Point: s.Point(r.Point)}
	if r.Result != nil {
		row.Result = *r.Result
	} else {
		row.Invalid = fault.Userf("%s", r.Invalid)
	}
	return row, nil
}

// lines yields the rows of files merged in the order of points, each once.
func (f *Folder) lines(files []string) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		var heads readers
		defer func() { heads.close() }()
		for _, path := range files {
			r, err := f.open(path)
			if err != nil {
				yield(line{}, err)
				return
			}
			if r != nil {
				heads = append(heads, r)
			}
		}
		heap.Init(&heads)
		last := -1
		for len(heads) > 0 {
			first := heads[0]
			if l := first.head; l.point != last {
				last = l.point
				if !yield(l, nil) {
					return
				}
			}
			more, err := first.next()
			switch {
			case err != nil:
				yield(line{}, err)
				return
			case more:
				heap.Fix(&heads, 0)
			default:
				first.file.Close()
				heap.Pop(&heads)
			}
		}
	}
}

// reader reads one file.
type reader struct {
	path   string
	points int
	file   *os.File
	lines  *bufio.Reader
	head   line
}

// open returns a reader at the first row of a file, nil if there is none: the
// file is empty, or another worker has sealed its rows just now.
func (f *Folder) open(path string) (*reader, error) {
	file, err := inputfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &reader{path: path, points: f.about.Points, file: file, lines: bufio.NewReader(file), head: line{point: -1}}
	more, err := r.next()
	if err != nil || !more {
		file.Close()
		return nil, err
	}
	return r, nil
}

// next reads a row. A torn line at the end of a file is none.
func (r *reader) next() (more bool, err error) {
	text, err := r.lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return false, nil // without an end it was not written whole
	}
	if err != nil {
		return false, err
	}
	var at struct {
		Point *int `json:"point"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&at); err != nil || at.Point == nil || *at.Point <= r.head.point || *at.Point >= r.points {
		return false, fmt.Errorf("%s is damaged behind point %d; remove the file and --resume", r.path, r.head.point)
	}
	r.head = line{*at.Point, text}
	return true, nil
}

// readers is a heap by the next point.
type readers []*reader

func (r readers) Len() int           { return len(r) }
func (r readers) Less(i, j int) bool { return r[i].head.point < r[j].head.point }
func (r readers) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *readers) Push(x any)        { *r = append(*r, x.(*reader)) }
func (r *readers) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

func (r readers) close() {
	for _, x := range r {
		x.file.Close()
	}
}
