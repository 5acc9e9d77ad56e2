package traces

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The types of Thrift's compact protocol, in which Parquet writes its footer and
// the headers of pages.
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftInt16
	thriftInt32
	thriftInt64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// maxThriftDepth bounds the nesting of structures; Parquet has no more than ten.
const maxThriftDepth = 32

// thriftLength returns how many bytes the structure at the start of data takes,
// after holding the lengths of texts and lists in it against what data has: the
// Parquet library takes memory for whatever they state.
func thriftLength(data []byte) (int, error) {
	s := thriftSkimmer{rest: data}
	if err := s.structure(0); err != nil {
		return 0, err
	}
	return len(data) - len(s.rest), nil
}

type thriftSkimmer struct{ rest []byte }

var errThriftEnds = errors.New("it breaks off")

func (s *thriftSkimmer) skip(n uint64) error {
	if n > uint64(len(s.rest)) {
		return errThriftEnds
	}
	s.rest = s.rest[n:]
	return nil
}

func (s *thriftSkimmer) byte() (byte, error) {
	if len(s.rest) == 0 {
		return 0, errThriftEnds
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b, nil
}

func (s *thriftSkimmer) varint() (uint64, error) {
	v, n := binary.Uvarint(s.rest)
	if n <= 0 {
		return 0, errThriftEnds
	}
	s.rest = s.rest[n:]
	return v, nil
}

// count reads the number of elements of a list, of which each takes a byte at
// least.
func (s *thriftSkimmer) count() (uint64, error) {
	n, err := s.varint()
	if err == nil && n > uint64(len(s.rest)) {
		return 0, fmt.Errorf("a list of %d elements in %d bytes", n, len(s.rest))
	}
	return n, err
}

func (s *thriftSkimmer) structure(depth int) error {
	if depth > maxThriftDepth {
		return fmt.Errorf("nested deeper than %d", maxThriftDepth)
	}
	for {
		head, err := s.byte()
		if err != nil || head == thriftStop {
			return err
		}
		if head>>4 == 0 { // the field's number is not a small step from the last
			if _, err := s.varint(); err != nil {
				return err
			}
		}
		if t := head & 15; t != thriftTrue && t != thriftFalse { // these are their own values
			if err := s.value(t, depth); err != nil {
				return err
			}
		}
	}
}

func (s *thriftSkimmer) value(t byte, depth int) error {
	switch t {
	case thriftTrue, thriftFalse, thriftByte:
		return s.skip(1)
	case thriftInt16, thriftInt32, thriftInt64:
		_, err := s.varint()
		return err
	case thriftDouble:
		return s.skip(8)
	case thriftBinary:
		n, err := s.varint()
		if err != nil {
			return err
		}
		return s.skip(n)
	case thriftList, thriftSet:
		return s.list(depth)
	case thriftMap:
		return s.pairs(depth)
	case thriftStruct:
		return s.structure(depth + 1)
	}
	return fmt.Errorf("a value of unknown type %d", t)
}

func (s *thriftSkimmer) list(depth int) error {
	head, err := s.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = s.count(); err != nil {
			return err
		}
	}
	for range n {
		if err := s.value(head&15, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *thriftSkimmer) pairs(depth int) error {
	n, err := s.count()
	if err != nil || n == 0 {
		return err
	}
	types, err := s.byte()
	if err != nil {
		return err
	}
	for range n {
		if err := errors.Join(s.value(types>>4, depth+1), s.value(types&15, depth+1)); err != nil {
			return err
		}
	}
	return nil
}
