// Package safetensors reads and writes the tensor container of Hugging Face.
//
// The mental model: eight bytes that give the length of a header, the header,
// which is a JSON object from tensor names to type, extents and range of bytes,
// and then the data, in which every byte belongs to exactly one tensor.
//
//	length | {"name": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}, ...} | data
//
// Files are not trusted: each number is held against the bytes that are there,
// names must be unique, and ranges must fill the data without overlap or hole,
// as the format demands.
//
// The format is documented at huggingface.co/docs/safetensors.
//
// # Caveats
//
// A File holds the values' bytes as stored; it converts nothing. Types beyond
// F32, F16 and BF16 are parsed, and left to the caller to refuse.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Limits on what is believed before it is read. The format itself limits the
// header to 100 MB; the largest published models stay below 1 MB a file.
const (
	maxHeader  = 100_000_000
	maxTensors = 1 << 16
	maxDims    = 8
)

const headerLength = 8 // bytes of the header's length

// widths are the bytes of a value of each type of the format.
var widths = map[string]uint64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// Tensor is one tensor of a file.
type Tensor struct {
	Name   string
	DType  string // "F32", "F16", "BF16", ...
	Shape  []int
	Offset int64  // of Data, from the start of the file
	Data   []byte // row-major, little-endian
}

// File is a parsed file: a view of the bytes that were parsed.
type File struct {
	Tensors  []Tensor // in the order of their data
	Metadata map[string]string
}

// Parse reads a file held in data, which must stay valid and unchanged while
// the File is used; name stands for the file in errors. An error is the user's:
// it says what in the file is wrong.
func Parse(name string, data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fault.Userf("%s: %w", name, err)
	}
	return f, nil
}

// entry is a tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []uint64 `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

func parse(data []byte) (*File, error) {
	if len(data) < headerLength {
		return nil, fmt.Errorf("header length: the file has only %d bytes; it is truncated, fetch it again", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	rest := data[headerLength:]
	switch {
	case n > maxHeader:
		return nil, fmt.Errorf("header length: %d is above the format's limit of %d; this is no safetensors file, or it is damaged", n, maxHeader)
	case n > uint64(len(rest)):
		return nil, fmt.Errorf("header: %d bytes long, but the file has only %d more; it is truncated or damaged, fetch it again", n, len(rest))
	}
	f := &File{}
	ends, err := f.parseHeader(rest[:n], rest[n:])
	if err != nil {
		return nil, err
	}
	return f, f.checkCover(ends, uint64(len(rest))-n)
}

// span is a tensor's range of bytes in the data.
type span struct{ begin, end uint64 }

// parseHeader reads the header's entries one by one, so that one that is wrong
// stops it, and returns the tensors' ranges.
func (f *File) parseHeader(header, data []byte) (map[string]span, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("header: not a JSON object; the file is damaged")
	}
	spans := map[string]span{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("header: %w; the file is damaged", err)
		}
		name, _ := token.(string)
		if name == "__metadata__" {
			if err := d.Decode(&f.Metadata); err != nil {
				return nil, fmt.Errorf("header: __metadata__: %w; the file is damaged", err)
			}
			continue
		}
		if _, twice := spans[name]; twice {
			return nil, fmt.Errorf("tensor %.80q: occurs twice; the file is damaged", name)
		}
		if len(spans) == maxTensors {
			return nil, fmt.Errorf("header: more than %d tensors; the file is damaged", maxTensors)
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("tensor %.80q: %w; the file is damaged", name, err)
		}
		t, err := e.tensor(name, data)
		if err != nil {
			return nil, fmt.Errorf("tensor %.80q: %w", name, err)
		}
		spans[name] = span{e.Offsets[0], e.Offsets[1]}
		t.Offset += headerLength + int64(len(header))
		f.Tensors = append(f.Tensors, t)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("header: %w; the file is damaged", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("header: more than one JSON object; the file is damaged")
	}
	return spans, nil
}

// tensor checks an entry against itself and against the data.
func (e entry) tensor(name string, data []byte) (Tensor, error) {
	width, ok := widths[e.DType]
	if !ok {
		return Tensor{}, fmt.Errorf("dtype %.40q is unknown; the file is damaged or newer than this reader", e.DType)
	}
	if len(e.Shape) > maxDims {
		return Tensor{}, fmt.Errorf("%d dimensions, more than %d; the file is damaged", len(e.Shape), maxDims)
	}
	t := Tensor{Name: name, DType: e.DType, Shape: make([]int, len(e.Shape))}
	size := width
	for i, extent := range e.Shape {
		if extent > math.MaxInt64 || extent != 0 && size > math.MaxInt64/extent {
			return Tensor{}, fmt.Errorf("shape %v overflows a size; the file is damaged", e.Shape)
		}
		t.Shape[i] = int(extent)
		size *= extent
	}
	if len(e.Offsets) != 2 {
		return Tensor{}, fmt.Errorf("data_offsets has %d numbers, not 2; the file is damaged", len(e.Offsets))
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	switch {
	case begin > end || end > uint64(len(data)):
		return Tensor{}, fmt.Errorf("data_offsets %v lie outside the file's %d bytes of data; it is truncated or damaged, fetch it again", e.Offsets, len(data))
	case end-begin != size:
		return Tensor{}, fmt.Errorf("data_offsets %v span %d bytes, but %s values of shape %v take %d; the file is damaged", e.Offsets, end-begin, e.DType, e.Shape, size)
	}
	t.Data = data[begin:end:end]
	t.Offset = int64(begin) // in the data; parseHeader adds what precedes it
	return t, nil
}

// checkCover sorts the tensors by their place and checks that their ranges fill
// the data.
func (f *File) checkCover(spans map[string]span, size uint64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		x, y := spans[a.Name], spans[b.Name]
		return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end))
	})
	at := uint64(0)
	for _, t := range f.Tensors {
		switch s := spans[t.Name]; {
		case s.begin < at:
			return fmt.Errorf("tensor %.80q: begins at data byte %d, within the tensor before it; the file is damaged", t.Name, s.begin)
		case s.begin > at:
			return fmt.Errorf("tensor %.80q: begins at data byte %d, but the tensor before it ends at %d; the file is damaged", t.Name, s.begin, at)
		default:
			at = s.end
		}
	}
	if at != size {
		return fmt.Errorf("data: %d bytes follow the last tensor; the file is damaged", size-at)
	}
	return nil
}
