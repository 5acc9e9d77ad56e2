package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Write writes a file of the tensors in their order. Data is taken from data
// when it is written, so that a model need not be in memory as a whole; the
// Data of the tensors themselves is not used.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string, data func(t Tensor) ([]byte, error)) error {
	header, err := appendHeader(nil, tensors, metadata)
	if err != nil {
		return err
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	if _, err := w.Write(append(length, header...)); err != nil {
		return err
	}
	for _, t := range tensors {
		b, err := data(t)
		if err != nil {
			return err
		}
		if uint64(len(b)) != t.size() {
			return fmt.Errorf("tensor %q: has %d bytes of data, its shape needs %d", t.Name, len(b), t.size())
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// size returns the bytes of the tensor's values.
func (t Tensor) size() uint64 {
	n := widths[t.DType]
	for _, extent := range t.Shape {
		n *= uint64(extent)
	}
	return n
}

// appendHeader writes the entries in the order of their data, which
// encoding/json would sort by name, and pads with spaces so that the data is
// aligned to eight bytes.
func appendHeader(dst []byte, tensors []Tensor, metadata map[string]string) ([]byte, error) {
	dst = append(dst, '{')
	add := func(key string, value any) error {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		dst = append(append(append(dst, k...), ':'), v...)
		return nil
	}
	if len(metadata) > 0 {
		if err := add("__metadata__", metadata); err != nil {
			return nil, err
		}
	}
	at := uint64(0)
	for _, t := range tensors {
		e := entry{t.DType, make([]uint64, len(t.Shape)), []uint64{at, at + t.size()}}
		for i, extent := range t.Shape {
			e.Shape[i] = uint64(extent)
		}
		if err := add(t.Name, e); err != nil {
			return nil, err
		}
		at += t.size()
	}
	dst = append(dst, '}')
	for len(dst)%headerLength != 0 {
		dst = append(dst, ' ')
	}
	return dst, nil
}
