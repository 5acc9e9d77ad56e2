package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// cursor reads a byte slice front to back. Each method names what it reads, so
// that an error can say what the file broke off in.
type cursor struct {
	data []byte
	at   int
}

func (c *cursor) left() int { return len(c.data) - c.at }

func (c *cursor) take(what string, n int) ([]byte, error) {
	if n > c.left() {
		return nil, fmt.Errorf("%s: needs %d bytes at byte %d, but the file ends at byte %d; it is truncated or damaged, fetch it again",
			what, n, c.at, len(c.data))
	}
	b := c.data[c.at:][:n:n]
	c.at += n
	return b, nil
}

func (c *cursor) uint32(what string) (uint32, error) {
	b, err := c.take(what, 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) uint64(what string) (uint64, error) {
	b, err := c.take(what, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads a number of things that take at least size bytes each, and at
// most limit of which are believed.
func (c *cursor) count(what string, limit, size int) (int, error) {
	n, err := c.uint64(what)
	if err != nil {
		return 0, err
	}
	if n > uint64(limit) {
		return 0, fmt.Errorf("%s: %d is above the limit of %d; the file is damaged", what, n, limit)
	}
	if int(n) > c.left()/size {
		return 0, fmt.Errorf("%s: %d do not fit in the %d bytes that follow; the file is truncated or damaged, fetch it again", what, n, c.left())
	}
	return int(n), nil
}

// span reads a length and returns that many bytes.
func (c *cursor) span(what string, limit uint64) ([]byte, error) {
	n, err := c.uint64(what)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%s: %d bytes long, more than %d; the file is damaged", what, n, limit)
	}
	if n > uint64(c.left()) {
		return nil, fmt.Errorf("%s: %d bytes long, but the file has only %d more; it is truncated or damaged, fetch it again", what, n, c.left())
	}
	return c.take(what, int(n))
}

func (c *cursor) text(what string, limit uint64) (string, error) {
	b, err := c.span(what, limit)
	if err != nil {
		return "", err
	}
	if len(b) == 0 {
		return "", fmt.Errorf("%s: empty; the file is damaged", what)
	}
	return string(b), nil
}

// field reads a value's type and its value.
func (c *cursor) field(key string) (Field, error) {
	what := fmt.Sprintf("field %.80q", key)
	kind, err := c.uint32(what)
	if err != nil {
		return Field{}, err
	}
	f := Field{Key: key, Kind: Kind(kind)}
	start := c.at
	if f.Kind == Array {
		f.Elem, f.Len, err = c.array(what)
	} else {
		err = c.skip(what, f.Kind)
	}
	if err != nil {
		return Field{}, err
	}
	f.raw = c.data[start:c.at:c.at]
	return f, nil
}

// array reads an array's element type and length, and skips its elements.
func (c *cursor) array(what string) (Kind, int, error) {
	elem, err := c.uint32(what)
	if err != nil {
		return 0, 0, err
	}
	kind := Kind(elem)
	if kind == Array {
		return 0, 0, fmt.Errorf("%s: an array of arrays, which GGUF readers do not take; write the file again without it", what)
	}
	size := kind.width()
	if kind == String {
		size = 8
	}
	if size == 0 {
		return 0, 0, fmt.Errorf("%s: elements of unknown %v; the file is damaged or newer than this reader", what, kind)
	}
	n, err := c.count(what, math.MaxInt32, size)
	if err != nil {
		return 0, 0, err
	}
	if kind != String {
		_, err := c.take(what, n*size)
		return kind, n, err
	}
	for range n {
		if _, err := c.span(what, math.MaxInt32); err != nil {
			return 0, 0, err
		}
	}
	return kind, n, nil
}

func (c *cursor) skip(what string, kind Kind) error {
	if kind == String {
		_, err := c.span(what, math.MaxInt32)
		return err
	}
	width := kind.width()
	if width == 0 {
		return fmt.Errorf("%s: unknown %v; the file is damaged or newer than this reader", what, kind)
	}
	_, err := c.take(what, width)
	return err
}
