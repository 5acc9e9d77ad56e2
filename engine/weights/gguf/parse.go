package gguf

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Limits that lie far above any published model. A file beyond them is refused
// before its tables are walked.
const (
	maxFields    = 1 << 16
	maxTensors   = 1 << 16
	maxKey       = 1<<16 - 1 // by the format's documentation
	maxName      = 64        // ggml's GGML_MAX_NAME
	maxAlignment = 1 << 20
)

// DefaultAlignment is the alignment of data where the file states none.
const DefaultAlignment = 32

const magic = "GGUF"

// File is a parsed GGUF file: a view of the bytes that were parsed.
type File struct {
	Name      string // for errors
	Version   uint32
	Alignment int
	Fields    []Field  // in file order
	Tensors   []Tensor // in address order
	DataStart uint64   // of the data section, from the start of the file

	data  []byte
	index map[string]int // of Fields

	parts  []*File  // of a joined file
	starts []uint64 // of parts
	size   int64
}

// Parse reads the tables of a GGUF file held in data, which must stay valid and
// unchanged while the File is used; name stands for the file in errors. An
// error is the user's: it says what in the file is wrong.
func Parse(name string, data []byte) (*File, error) {
	f := &File{Name: name, data: data}
	if err := f.parse(); err != nil {
		return nil, fault.Userf("%s: %w", name, err)
	}
	return f, nil
}

// Data returns the bytes of a tensor of f.
func (f *File) Data(t Tensor) []byte {
	offset := t.Offset
	if len(f.parts) > 0 {
		f, offset = f.part(offset)
	}
	return f.data[offset:][:t.Bytes:t.Bytes]
}

// Size returns the size of the file, of all parts of a joined one.
func (f *File) Size() int64 {
	if len(f.parts) > 0 {
		return f.size
	}
	return int64(len(f.data))
}

func (f *File) parse() error {
	c := &cursor{data: f.data}
	if err := f.parsePreamble(c); err != nil {
		return err
	}
	tensors, err := c.count("tensor count", maxTensors, 32)
	if err != nil {
		return err
	}
	fields, err := c.count("field count", maxFields, 13)
	if err != nil {
		return err
	}
	if err := f.parseFields(c, fields); err != nil {
		return err
	}
	if f.Alignment, err = f.alignment(); err != nil {
		return err
	}
	if err := f.parseTensors(c, tensors); err != nil {
		return err
	}
	return f.place(uint64(c.at))
}

func (f *File) parsePreamble(c *cursor) error {
	if len(f.data) < len(magic) || string(f.data[:len(magic)]) != magic {
		return fmt.Errorf("not a GGUF file: it does not begin with %q; give a .gguf file, or a folder with config.json and safetensors", magic)
	}
	c.at = len(magic)
	version, err := c.uint32("version")
	if err != nil {
		return err
	}
	f.Version = version
	switch {
	case version == 2 || version == 3:
		return nil
	case version&0xffff == 0 && version != 0:
		return fmt.Errorf("version: the file is big-endian; convert it to little-endian with llama.cpp's gguf-py")
	}
	return fmt.Errorf("version: %d is not 2 or 3; convert the model again with a current llama.cpp", version)
}

func (f *File) parseFields(c *cursor, n int) error {
	f.Fields = make([]Field, 0, n)
	f.index = make(map[string]int, n)
	for i := range n {
		key, err := c.text(fmt.Sprintf("key of field %d", i), maxKey)
		if err != nil {
			return err
		}
		if _, twice := f.index[key]; twice {
			return fmt.Errorf("field %.80q: occurs twice; the file is damaged", key)
		}
		field, err := c.field(key)
		if err != nil {
			return err
		}
		f.index[key] = len(f.Fields)
		f.Fields = append(f.Fields, field)
	}
	return nil
}

func (f *File) alignment() (int, error) {
	const key = "general.alignment"
	if !f.Has(key) {
		return DefaultAlignment, nil
	}
	n, err := f.Int(key)
	if err != nil {
		return 0, err
	}
	if n < 8 || n > maxAlignment || n&(n-1) != 0 {
		return 0, fmt.Errorf("field %q: %d is not a power of two from 8 to %d", key, n, maxAlignment)
	}
	return n, nil
}

func (f *File) parseTensors(c *cursor, n int) error {
	f.Tensors = make([]Tensor, 0, n)
	seen := make(map[string]bool, n)
	for i := range n {
		name, err := c.text(fmt.Sprintf("name of tensor %d", i), maxName)
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("tensor %q: occurs twice; the file is damaged", name)
		}
		seen[name] = true
		t, err := c.tensor(name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

// place turns the offsets of the table, relative to the data section, into
// offsets in the file, and checks that the data lies within the file and that
// no two tensors share a byte.
func (f *File) place(end uint64) error {
	align := uint64(f.Alignment)
	f.DataStart = (end + align - 1) / align * align
	size := uint64(len(f.data))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Offset%align != 0 {
			return fmt.Errorf("tensor %q: offset %d is not a multiple of the alignment %d; the file is damaged", t.Name, t.Offset, align)
		}
		start := f.DataStart + t.Offset
		if start < f.DataStart || start > size || uint64(t.Bytes) > size-start {
			return fmt.Errorf("tensor %q: its %d bytes at data offset %d end past the file's %d bytes; the file is truncated or damaged, fetch it again",
				t.Name, t.Bytes, t.Offset, size)
		}
		t.Offset = start
	}
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := 1; i < len(f.Tensors); i++ {
		a, b := f.Tensors[i-1], f.Tensors[i]
		if a.Offset+uint64(a.Bytes) > b.Offset {
			return fmt.Errorf("tensor %q: begins at byte %d, within tensor %q; the file is damaged", b.Name, b.Offset, a.Name)
		}
	}
	return nil
}

// tensor reads a row of the tensor table. Offset is still relative to the data
// section.
func (c *cursor) tensor(name string) (Tensor, error) {
	dims, err := c.uint32("dimensions")
	if err != nil {
		return Tensor{}, err
	}
	if dims < 1 || dims > 4 {
		return Tensor{}, fmt.Errorf("%d dimensions, not 1 to 4; the file is damaged", dims)
	}
	extents := [4]uint64{1, 1, 1, 1}
	for i := range dims {
		if extents[i], err = c.uint64("dimensions"); err != nil {
			return Tensor{}, err
		}
	}
	number, err := c.uint32("type")
	if err != nil {
		return Tensor{}, err
	}
	offset, err := c.uint64("offset")
	if err != nil {
		return Tensor{}, err
	}
	t := Tensor{Name: name, Dims: int(dims), Offset: offset}
	if err := t.setType(number); err != nil {
		return Tensor{}, err
	}
	return t, t.setExtents(extents)
}

func (t *Tensor) setType(number uint32) error {
	known, ok := tensorTypes[number]
	if ok {
		t.Type = known
		return nil
	}
	if removed, ok := removedTypes[number]; ok {
		return fmt.Errorf("stored as %s; fetch a newer file of the model, or make one with llama-quantize", removed)
	}
	return fmt.Errorf("stored as unknown type %d; the file is damaged or newer than this reader", number)
}

// setExtents sets the shape and the size. All dimensions after the first count
// as rows.
func (t *Tensor) setExtents(extents [4]uint64) error {
	values := uint64(1)
	for _, n := range extents {
		if n == 0 || n > math.MaxInt64/values {
			return fmt.Errorf("extents %v make no size; the file is damaged", extents)
		}
		values *= n
	}
	layout, _ := t.Type.Layout()
	if extents[0]%uint64(layout.Block) != 0 {
		return fmt.Errorf("%d columns are no whole number of %s blocks of %d; the file is damaged", extents[0], t.Type, layout.Block)
	}
	blocks := values / uint64(layout.Block)
	if blocks > math.MaxInt64/uint64(layout.Bytes) {
		return fmt.Errorf("extents %v overflow a size; the file is damaged", extents)
	}
	t.Cols, t.Rows = int(extents[0]), int(values/extents[0])
	if t.Dims > 2 {
		t.Stack = int(extents[2] * extents[3])
	}
	t.Bytes = int64(blocks) * int64(layout.Bytes)
	return nil
}
