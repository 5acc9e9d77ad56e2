package traces

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// groupReader reads the columns of one row group side by side.
type groupReader struct {
	columns []*column
	ints    []int64
	texts   []string
}

func newGroupReader(group parquet.RowGroup, columns []int) *groupReader {
	r := &groupReader{ints: make([]int64, batchRows), texts: make([]string, batchRows)}
	chunks := group.ColumnChunks()
	for i, index := range columns {
		if index == absent {
			continue
		}
		r.columns = append(r.columns, &column{name: columnNames[i], pages: chunks[index].Pages()})
	}
	return r
}

func (r *groupReader) close() {
	for _, c := range r.columns {
		c.pages.Close()
	}
}

// read fills batch, column by column.
func (r *groupReader) read(batch []Event) error {
	ints, texts := r.ints[:len(batch)], r.texts[:len(batch)]
	for i := range batch {
		batch[i].Expert = -1 // where there is no column of experts
	}
	for _, c := range r.columns {
		var err error
		if set, ok := intFields[c.name]; ok {
			if err = c.readInts(ints); err == nil {
				err = setInts(batch, ints, set, narrow[c.name])
			}
		} else if err = c.readTexts(texts); err == nil {
			set := textFields[c.name]
			for i, v := range texts {
				set(&batch[i], v)
			}
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return nil
}

// setInts stores values in a field of the events, which has 32 bits if narrow.
func setInts(events []Event, values []int64, set func(*Event, int64), narrow bool) error {
	for i, v := range values {
		if narrow && v != int64(int32(v)) {
			return fmt.Errorf("holds %d, which is no number of 32 bits", v)
		}
		set(&events[i], v)
	}
	return nil
}

// narrow are the columns whose numbers have 32 bits.
var narrow = map[string]bool{"token": true, "layer": true, "block": true, "expert": true}

var intFields = map[string]func(*Event, int64){
	"seq":     func(e *Event, v int64) { e.Seq = v },
	"token":   func(e *Event, v int64) { e.Token = int32(v) },
	"layer":   func(e *Event, v int64) { e.Layer = int32(v) },
	"block":   func(e *Event, v int64) { e.Block = int32(v) },
	"addr":    func(e *Event, v int64) { e.Addr = uint64(v) },
	"bytes":   func(e *Event, v int64) { e.Bytes = v },
	"macs":    func(e *Event, v int64) { e.MACs = v },
	"host_ns": func(e *Event, v int64) { e.HostNS = v },
	"expert":  func(e *Event, v int64) { e.Expert = int32(v) },
}

var textFields = map[string]func(*Event, string){
	"phase":  func(e *Event, v string) { e.Phase = Phase(v) },
	"op":     func(e *Event, v string) { e.Op = v },
	"tensor": func(e *Event, v string) { e.Tensor = v },
	"kind":   func(e *Event, v string) { e.Kind = Kind(v) },
	"access": func(e *Event, v string) { e.Access = Access(v) },
	"dtype":  func(e *Event, v string) { e.DType = v },
}

// column reads one column chunk. It takes any physical type that holds the
// values, so that traces written by other programs are read too.
type column struct {
	name   string
	pages  parquet.Pages
	values parquet.ValueReader
	buffer [512]parquet.Value
	texts  map[string]string // one copy of each text seen
}

func (c *column) readInts(dst []int64) error {
	for len(dst) > 0 {
		values, err := c.next(len(dst))
		if err != nil {
			return err
		}
		for i, v := range values {
			switch v.Kind() {
			case parquet.Int64:
				dst[i] = v.Int64()
			case parquet.Int32:
				dst[i] = int64(v.Int32())
			default:
				return fmt.Errorf("holds %v, not an integer", describe(v))
			}
		}
		dst = dst[len(values):]
	}
	return nil
}

func (c *column) readTexts(dst []string) error {
	for len(dst) > 0 {
		values, err := c.next(len(dst))
		if err != nil {
			return err
		}
		for i, v := range values {
			if v.Kind() != parquet.ByteArray {
				return fmt.Errorf("holds %v, not text", describe(v))
			}
			dst[i] = c.intern(v.ByteArray())
		}
		dst = dst[len(values):]
	}
	return nil
}

func describe(v parquet.Value) string {
	if v.IsNull() {
		return "a null"
	}
	return v.Kind().String()
}

func (c *column) intern(text []byte) string {
	if s, ok := c.texts[string(text)]; ok {
		return s
	}
	if c.texts == nil {
		c.texts = map[string]string{}
	}
	s := string(text)
	c.texts[s] = s
	return s
}

// next returns between 1 and n values, valid until the next call.
func (c *column) next(n int) ([]parquet.Value, error) {
	for {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return nil, err
			}
			c.values = page.Values()
		}
		got, err := c.values.ReadValues(c.buffer[:min(n, len(c.buffer))])
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			c.values = nil
		}
		if got > 0 {
			return c.buffer[:got], nil
		}
	}
}
