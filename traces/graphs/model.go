package graphs

import "github.com/memsim/memsim/traces"

// Model is what a graph's weights are looked up in: the head of the file that the
// engine ran.
type Model struct {
	Path  string // for errors
	Name  string
	Quant string // format of most weights
	Shape traces.Shape
	Size  int64 // of the file
	// Tensors of the file, in its order.
	Tensors []Tensor
}

// Tensor is a weight in the model's file.
type Tensor struct {
	Name   string
	Type   string // storage format
	Cols   int64  // values that are contiguous
	Rows   int64  // of all its matrices
	Offset uint64 // of the first byte, from the start of the file
	Bytes  int64
}

// Layer returns the block that a weight's name says, outside if none.
func (t *Tensor) layer() int32 { return blockOf(t.Name) }

// modelBytes returns the bytes of all tensors.
func (m *Model) modelBytes() (sum int64) {
	for i := range m.Tensors {
		sum += m.Tensors[i].Bytes
	}
	return sum
}

// loads returns the events of reading every tensor from storage, as the first of
// a trace.
func (m *Model) loads() []traces.Event {
	events := make([]traces.Event, len(m.Tensors))
	for i := range m.Tensors {
		t := &m.Tensors[i]
		events[i] = traces.Event{
			Seq: int64(i), Phase: traces.Load, Token: -1, Op: "load", Layer: outside, Block: t.layer(), Tensor: t.Name,
			Kind: traces.Weight, Access: traces.Read, Addr: t.Offset, Bytes: t.Bytes, DType: t.Type, Expert: -1,
		}
	}
	return events
}

// header returns the head of a trace of a graph, which the caller completes.
func (m *Model) header(generator string, seed uint64, arenas []traces.Arena) traces.Header {
	return traces.Header{
		Schema: traces.SchemaVersion, Generator: generator, Model: m.Name, Quant: m.Quant, Sharing: "none", Repeat: 1,
		Seed: seed, Shape: m.Shape, ModelBytes: m.modelBytes(), Arenas: arenas,
	}
}
