package engine

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
)

// tensor is a stored weight as kernels take it.
type tensor struct {
	weights.Tensor
	values []float32 // of a vector; nil for a matrix, or if shape-only
}

func (t *tensor) matrix() kernels.Matrix {
	return kernels.Matrix{Type: t.Type, Rows: t.Rows, Cols: t.Cols, Data: t.Data}
}

// slice returns so many rows of t, the first at from; of a vector, values. A
// slice of no tensor is none.
func (t *tensor) slice(from, n int) *tensor {
	if t == nil {
		return nil
	}
	s := *t
	if t.Rows == 1 {
		s.Cols, s.Offset = n, t.Offset+4*uint64(from)
		if t.values != nil {
			s.values = t.values[from : from+n]
		}
		return &s
	}
	row := t.Type.RowBytes(t.Cols)
	s.Rows, s.Offset = n, t.Offset+uint64(from*row)
	if t.Data != nil {
		s.Data = t.Data[from*row : (from+n)*row]
	}
	return &s
}

// part names a tensor of a block, or of what lies outside the blocks.
type part struct {
	role model.Role
	bias bool
}

// parts are the weights of one stored block, or those outside the blocks.
type parts map[part]*tensor

// of returns the weight of a role, nil where the shape has none.
func (p parts) of(role model.Role) *tensor { return p[part{role: role}] }

// bias returns the bias of a role, nil where the shape has none.
func (p parts) bias(role model.Role) *tensor { return p[part{role, true}] }

// some returns the weights of those roles that the shape has.
func (p parts) some(roles ...model.Role) []*tensor {
	var found []*tensor
	for _, role := range roles {
		if t := p.of(role); t != nil {
			found = append(found, t)
		}
	}
	return found
}

// modelTensors are the weights of a model.
type modelTensors struct {
	outer  parts
	output *tensor // the embedding if tied
	blocks []parts

	listedOuter []*tensor   // of a model that is known by its table, in the file's order
	listed      [][]*tensor // of each stored block
}

// quantizeActivations reports whether a matrix takes activations in int8.
func (m *modelTensors) quantizeActivations() bool {
	takesInt8 := func(t *tensor) bool { return kernels.Wants(t.Type).Quantized() }
	for _, block := range m.blocks {
		for _, t := range block {
			if t.values == nil && takesInt8(t) {
				return true
			}
		}
	}
	return takesInt8(m.output)
}

// bind finds the weights that a model of shape s needs, and checks the size of
// each. The error lists what is missing or of the wrong size.
func bind(src weights.Source, s model.Shape) (*modelTensors, error) {
	b := binder{source: src}
	m := &modelTensors{outer: parts{}, blocks: make([]parts, s.Layers)}
	for i := range m.blocks {
		m.blocks[i] = parts{}
	}
	for t := range s.Tensors() {
		if t.Computed() {
			continue
		}
		in := m.outer
		if t.Block >= 0 {
			in = m.blocks[t.Block]
		}
		bound := b.tensor(t)
		in[part{t.Role, t.Bias}] = bound
		if t.IsListed() {
			m.list(t.Block, bound)
		}
	}
	m.output = m.outer.of(model.Output)
	if s.Tied || m.output == nil {
		m.output = m.outer.of(model.TokenEmbd)
	}
	return m, b.err()
}

// list keeps a tensor of a table at its place.
func (m *modelTensors) list(block int, t *tensor) {
	if block < 0 {
		m.listedOuter = append(m.listedOuter, t)
		return
	}
	for len(m.listed) <= block {
		m.listed = append(m.listed, nil)
	}
	m.listed[block] = append(m.listed[block], t)
}

// maxFaults is how many faults of a file are worth reading.
const maxFaults = 5

// binder looks tensors up and collects what is wrong with them.
type binder struct {
	source weights.Source
	faults []error
	more   int
}

func (b *binder) fail(format string, args ...any) {
	if len(b.faults) == maxFaults {
		b.more++
		return
	}
	b.faults = append(b.faults, fmt.Errorf(format, args...))
}

func (b *binder) err() error {
	if len(b.faults) == 0 {
		return nil
	}
	if b.more > 0 {
		b.faults = append(b.faults, fmt.Errorf("and %d more", b.more))
	}
	return fault.Userf("model %s does not fit its own shape: %w", b.source.Name(), errors.Join(b.faults...))
}

// tensor finds one that the shape calls for. Kernels read vectors as float32
// where they lie, and every writer of model files stores them so.
func (b *binder) tensor(want model.Tensor) *tensor {
	name := want.Name()
	t, ok := b.source.Tensor(name)
	switch {
	case !ok:
		b.fail("tensor %s is missing", name)
	case t.Rows != want.Rows || t.Cols != want.Cols:
		b.fail("tensor %s has %d rows of %d, the shape asks for %d rows of %d", name, t.Rows, t.Cols, want.Rows, want.Cols)
	case t.Type.RowBytes(t.Cols) == 0:
		b.fail("tensor %s: rows of %d values cannot be stored as %q", name, t.Cols, t.Type)
	case t.Data != nil && len(t.Data) != t.Rows*t.Type.RowBytes(t.Cols):
		b.fail("tensor %s has %d bytes, %d rows of %d as %s take %d", name, len(t.Data), t.Rows, t.Cols, t.Type, t.Rows*t.Type.RowBytes(t.Cols))
	case want.Float32() && t.Type != quant.F32 && !want.IsListed():
		b.fail("tensor %s is stored as %s; norms and biases must be f32", name, t.Type)
	case want.Float32() && t.Data != nil:
		return &tensor{Tensor: t, values: float32s(t.Data)}
	}
	return &tensor{Tensor: t}
}

// float32s views little-endian data as float32 values; it copies only if the
// data is not aligned, which no writer of GGUF does.
func float32s(data []byte) []float32 {
	if uintptr(unsafe.Pointer(&data[0]))%4 == 0 && littleEndian {
		return unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), len(data)/4)
	}
	values := make([]float32, len(data)/4)
	quant.F32.Decode(values, data)
	return values
}

var littleEndian = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()
