package engine

import (
	"errors"
	"fmt"
	"slices"
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

// blockTensors are the weights of one stored block. Biases and head norms are
// nil where the architecture has none.
type blockTensors struct {
	attnNorm, q, k, v, output *tensor
	qBias, kBias, vBias       *tensor
	qNorm, kNorm              *tensor
	ffnNorm, gate, up, down   *tensor
}

// modelTensors are the weights of a model.
type modelTensors struct {
	embedding, outputNorm, output *tensor
	blocks                        []blockTensors
}

// quantizeActivations reports whether a matrix takes activations in int8.
func (m *modelTensors) quantizeActivations() bool {
	takesInt8 := func(t *tensor) bool { return kernels.Wants(t.Type).Quantized() }
	for i := range m.blocks {
		b := &m.blocks[i]
		if slices.ContainsFunc([]*tensor{b.q, b.k, b.v, b.output, b.gate, b.up, b.down}, takesInt8) {
			return true
		}
	}
	return takesInt8(m.output)
}

// bind finds the weights that a model of shape s needs, and checks the size of
// each. The error lists what is missing or of the wrong size.
func bind(src weights.Source, s model.Shape) (*modelTensors, error) {
	b := binder{source: src}
	m := &modelTensors{
		embedding:  b.matrix("token_embd.weight", s.Vocab, s.Dim),
		outputNorm: b.vector("output_norm.weight", s.Dim),
		blocks:     make([]blockTensors, s.Layers),
	}
	m.output = m.embedding
	if !s.Tied {
		m.output = b.matrix("output.weight", s.Vocab, s.Dim)
	}
	for i := range m.blocks {
		m.blocks[i] = b.block(i, s)
	}
	return m, b.err()
}

func (b *binder) block(i int, s model.Shape) blockTensors {
	name := func(part string) string { return fmt.Sprintf("blk.%d.%s", i, part) }
	q, kv := s.QDim(), s.KVDim()
	t := blockTensors{
		attnNorm: b.vector(name("attn_norm.weight"), s.Dim),
		q:        b.matrix(name("attn_q.weight"), q, s.Dim),
		k:        b.matrix(name("attn_k.weight"), kv, s.Dim),
		v:        b.matrix(name("attn_v.weight"), kv, s.Dim),
		output:   b.matrix(name("attn_output.weight"), s.Dim, q),
		ffnNorm:  b.vector(name("ffn_norm.weight"), s.Dim),
		gate:     b.matrix(name("ffn_gate.weight"), s.FFN, s.Dim),
		up:       b.matrix(name("ffn_up.weight"), s.FFN, s.Dim),
		down:     b.matrix(name("ffn_down.weight"), s.Dim, s.FFN),
	}
	if s.QKVBias {
		t.qBias = b.vector(name("attn_q.bias"), q)
		t.kBias = b.vector(name("attn_k.bias"), kv)
		t.vBias = b.vector(name("attn_v.bias"), kv)
	}
	if s.QKNorm {
		t.qNorm = b.vector(name("attn_q_norm.weight"), s.HeadDim)
		t.kNorm = b.vector(name("attn_k_norm.weight"), s.HeadDim)
	}
	return t
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

func (b *binder) matrix(name string, rows, cols int) *tensor {
	t, ok := b.source.Tensor(name)
	switch {
	case !ok:
		b.fail("tensor %s is missing", name)
	case t.Rows != rows || t.Cols != cols:
		b.fail("tensor %s has %d rows of %d, the shape asks for %d rows of %d", name, t.Rows, t.Cols, rows, cols)
	case t.Type.RowBytes(cols) == 0:
		b.fail("tensor %s: rows of %d values cannot be stored as %q", name, cols, t.Type)
	case t.Data != nil && len(t.Data) != rows*t.Type.RowBytes(cols):
		b.fail("tensor %s has %d bytes, %d rows of %d as %s take %d", name, len(t.Data), rows, cols, t.Type, rows*t.Type.RowBytes(cols))
	}
	return &tensor{Tensor: t}
}

// vector finds a norm's weights or a bias. Kernels read them as float32 where
// they lie, and every writer of model files stores them so.
func (b *binder) vector(name string, n int) *tensor {
	faults := len(b.faults) + b.more
	t := b.matrix(name, 1, n)
	if len(b.faults)+b.more > faults {
		return t
	}
	if t.Type != quant.F32 {
		b.fail("tensor %s is stored as %s; norms and biases must be f32", name, t.Type)
		return t
	}
	if t.Data != nil {
		t.values = float32s(t.Data)
	}
	return t
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
