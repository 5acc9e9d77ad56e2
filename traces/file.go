package traces

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"runtime"
	"slices"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/parquet-go/parquet-go"
)

// batchRows is how many rows are decoded at a time.
const batchRows = 4096

// File is a trace file opened for reading, as a Source.
type File struct {
	path    string
	file    *os.File // nil in tests that have bytes alone
	info    fs.FileInfo
	bytes   io.ReaderAt
	parquet *parquet.File
	header  Header
	columns []int // index in the file of each of columnNames, or absent
}

// columnNames lists the columns of the schema in the order of Event's fields.
var columnNames = []string{"seq", "phase", "token", "op", "layer", "block", "tensor",
	"kind", "access", "addr", "bytes", "dtype", "macs", "host_ns", "expert"}

// absent is the index of a column that a file need not have.
const absent = -1

// Open opens the trace file at path. A file that is no trace, is damaged, or is
// of another schema version is a user's mistake, and the error says which.
func Open(path string) (*File, error) {
	if path == "-" {
		return nil, fault.Userf("a trace is not read from standard input: a Parquet file is read from its end; write it to a file and name that")
	}
	file, err := inputfile.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.Userf("%s: no such file; capture a trace with `memsim trace --model M -o %s`", path, path)
		}
		return nil, fault.Userf("%s: cannot be read: %w", path, err)
	}
	f, err := openFile(path, file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func openFile(path string, file *os.File) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	f, err := parse(path, file, info.Size())
	if err != nil {
		return nil, err
	}
	f.file, f.info = file, info
	return f, nil
}

// parse reads the footer of a trace of size bytes.
func parse(path string, r io.ReaderAt, size int64) (f *File, err error) {
	defer recoverDamage(path, &err)
	f = &File{path: path, bytes: r}
	if err := checkFooter(r, size); err != nil {
		return nil, fault.Userf("%s: not a readable Parquet file (%v); is it a trace, and complete?", path, err)
	}
	f.parquet, err = parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fault.Userf("%s: not a readable Parquet file (%v); is it a trace, and complete?", path, err)
	}
	if err := f.readHeader(); err != nil {
		return nil, err
	}
	return f, f.findColumns()
}

// checkFooter holds the lengths that a footer states, its own first, against that
// of the file: the Parquet library takes memory for whatever is stated.
func checkFooter(r io.ReaderAt, size int64) error {
	const magic, tail = "PAR1", 8 // the length in 32 bits, and the magic again
	if size < int64(len(magic))+tail {
		return fmt.Errorf("%d bytes are too few", size)
	}
	var end [tail]byte
	if _, err := r.ReadAt(end[:], size-tail); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(end[4:]) != magic {
		return fmt.Errorf("it does not end in %s", magic)
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if length > size-int64(len(magic))-tail {
		return fmt.Errorf("a footer of %d bytes in a file of %d", length, size)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-tail-length); err != nil {
		return err
	}
	if _, err := thriftLength(footer); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	return nil
}

func (f *File) readHeader() error {
	text, ok := f.parquet.Lookup(metadataKey)
	if !ok {
		return fault.Userf("%s: Parquet metadata has no key %q; the file is not a memsim trace", f.path, metadataKey)
	}
	var version struct {
		Schema *int `json:"schema"`
	}
	err := json.Unmarshal([]byte(text), &version)
	if known := version.Schema == nil || *version.Schema >= oldestSchema && *version.Schema <= SchemaVersion; !known {
		return fault.Userf("%s: trace schema %d, this memsim reads schema %d to %d; capture the trace again with this version",
			f.path, *version.Schema, oldestSchema, SchemaVersion) // whatever a later schema sums up
	}
	if sum, ok := f.parquet.Lookup(checksumKey); ok && sum != checksum(text) {
		return fault.Userf("%s: damaged trace header: its checksum is %s, and %s says %q; capture or copy the trace again", f.path, checksum(text), checksumKey, sum)
	}
	if err != nil {
		return fault.Userf("%s: metadata key %q is not a trace header: %v", f.path, metadataKey, err)
	}
	if version.Schema == nil {
		return fault.Userf("%s: the header has no schema version; the file is not a memsim trace", f.path)
	}
	if err := json.Unmarshal([]byte(text), &f.header); err != nil {
		return fault.Userf("%s: damaged trace header: %v", f.path, err)
	}
	if err := f.header.Validate(); err != nil {
		return fault.Userf("%s: trace header: %v", f.path, err)
	}
	return nil
}

func (f *File) findColumns() error {
	var missing []string
	for _, name := range columnNames {
		leaf, ok := f.parquet.Schema().Lookup(name)
		switch {
		case ok:
		case name == "expert":
			f.columns = append(f.columns, absent)
			continue
		default:
			missing = append(missing, name)
			continue
		}
		f.columns = append(f.columns, leaf.ColumnIndex)
	}
	if missing != nil {
		return fault.Userf("%s: columns missing: %v", f.path, missing)
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Header returns the trace's header.
func (f *File) Header() Header { return f.header }

// Rows returns the number of events.
func (f *File) Rows() int64 { return f.parquet.NumRows() }

// changed reports as an error that the file has been written to since it was
// opened.
func (f *File) changed() error {
	if f.file == nil {
		return nil
	}
	now, err := f.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime()) {
		return fmt.Errorf("%s was written to while it was read, so that what was read is of neither version; run again", f.path)
	}
	return nil
}

// Ops yields the operators in order. A damaged file ends it with an error, and so
// does one that is written to meanwhile.
func (f *File) Ops() iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		var op Op
		for events, err := range f.batches() {
			if err != nil {
				yield(nil, cmp.Or(f.changed(), err))
				return
			}
			for i := range events {
				if len(op) > 0 && op[0].Seq != events[i].Seq {
					if !yield(op, nil) {
						return
					}
					op = op[:0]
				}
				if len(op) == MaxOperands {
					yield(nil, fault.Userf("%s: operator %d has more than %d operands; the file is damaged, or seq does not rise", f.path, op[0].Seq, MaxOperands))
					return
				}
				op = append(op, events[i])
			}
		}
		if len(op) > 0 && !yield(op, nil) {
			return
		}
		if err := f.changed(); err != nil {
			yield(nil, err)
		}
	}
}

// batches yields the events in slices that are reused, each event checked.
func (f *File) batches() iter.Seq2[[]Event, error] {
	return func(yield func([]Event, error) bool) {
		events := make([]Event, batchRows)
		rows := rowChecker{path: f.path, arenas: f.header.Arenas}
		for i := range f.parquet.RowGroups() {
			if !f.readGroup(i, events, &rows, yield) {
				return
			}
		}
	}
}

// readGroup yields the events of a row group, and reports whether those of the
// next one are wanted.
func (f *File) readGroup(group int, events []Event, rows *rowChecker, yield func([]Event, error) bool) bool {
	reader, err := f.openGroup(group)
	if err != nil {
		yield(nil, err)
		return false
	}
	defer reader.close()
	for left := f.parquet.RowGroups()[group].NumRows(); left > 0; {
		batch := events[:min(left, batchRows)]
		err := f.readBatch(reader, batch)
		if err == nil {
			err = rows.check(batch)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		if !yield(batch, nil) {
			return false
		}
		left -= int64(len(batch))
	}
	return true
}

// rowChecker holds the rows of a file to the schema, one after another.
type rowChecker struct {
	path   string
	arenas []Arena
	row    int64 // of the next event
	seq    int64 // of the last one
}

func (c *rowChecker) check(events []Event) error {
	for i := range events {
		e := &events[i]
		err := e.Validate()
		if err == nil && e.Seq < c.seq {
			err = fmt.Errorf("seq %d follows %d", e.Seq, c.seq)
		}
		if err == nil && !inArena(c.arenas, e) {
			err = fmt.Errorf("%s: %d bytes at %d lie in no arena of kind %s that the header names; the file is damaged, or its arenas are wrong", e.Tensor, e.Bytes, e.Addr, e.Kind)
		}
		if err != nil {
			return fault.Userf("%s: row %d: %w", c.path, c.row, err)
		}
		c.seq = e.Seq
		c.row++
	}
	return nil
}

func (f *File) openGroup(group int) (r *groupReader, err error) {
	defer recoverDamage(f.path, &err)
	chunks := f.parquet.Metadata().RowGroups[group].Columns
	for i, index := range f.columns {
		if index == absent {
			continue
		}
		if err := checkPages(f.bytes, f.parquet.Size(), &chunks[index].MetaData); err != nil {
			return nil, fault.Userf("%s: damaged trace: row group %d, column %s: %v", f.path, group, columnNames[i], err)
		}
	}
	return newGroupReader(f.parquet.RowGroups()[group], f.columns), nil
}

func (f *File) readBatch(r *groupReader, batch []Event) (err error) {
	defer recoverDamage(f.path, &err)
	if err := r.read(batch); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fault.Userf("%s: damaged trace: %v", f.path, err)
	}
	return nil
}

// recoverDamage turns a panic of the Parquet library on a malformed file into
// an error. What it says of slices and indexes would help nobody.
func recoverDamage(path string, err *error) {
	switch p := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fault.Userf("%s: damaged trace: its pages are not as its footer says", path)
	default:
		*err = fault.Userf("%s: damaged trace: %v", path, p)
	}
}

// ReadAll reads the whole of src into memory.
func ReadAll(src Source) (*Trace, error) {
	t := &Trace{Head: src.Header()}
	for op, err := range src.Ops() {
		if err != nil {
			return nil, err
		}
		t.Events = append(t.Events, op...)
	}
	t.Events = slices.Clip(t.Events)
	return t, nil
}
