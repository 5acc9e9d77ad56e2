// Package tracetest makes traces as long as a test wants, without an engine and
// without holding them in memory.
package tracetest

import (
	"iter"
	"strconv"

	"github.com/memsim/memsim/traces"
)

// layers and the operators of each make a decode step of a small model.
const layers = 32

var operators = []string{"attn_norm", "attn_q", "attn_k", "attn_v", "rope", "attention", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "swiglu", "ffn_down"}

// perOperator is the number of operands: a weight (or the KV cache), what goes in
// and what comes out.
const perOperator = 3

// EventsPerStep is the number of events of a decode step.
var EventsPerStep = layers * len(operators) * perOperator

// Decoding is the trace of so many decode steps of a small model: regular, as
// an engine's are, and small in bytes, so that simulating it is cheap.
type Decoding struct{ Steps int }

var _ traces.Source = Decoding{}

const (
	weightBytes     = 2048
	kvAddr          = 1 << 24
	activationAddr  = 1 << 25
	activationBytes = 64
)

// Header returns a header that fits the events.
func (d Decoding) Header() traces.Header {
	weights := int64(layers * len(operators) * weightBytes)
	return traces.Header{
		Schema: traces.SchemaVersion, Generator: "tracetest", Model: "long", Quant: "f16", Sharing: "none", Repeat: 1, PromptTokens: 1, Tokens: d.Steps, Threads: 1,
		Shape: traces.Shape{Architecture: "llama", LayersExecuted: layers, LayersStored: layers, Dim: 32, FFN: 64, Heads: 2, KVHeads: 2, HeadDim: 16, Vocab: 256,
			Params: weights / 2, StoredParams: weights / 2},
		ModelBytes: weights,
		Arenas: []traces.Arena{
			{Name: "weights", Kind: traces.Weight, Addr: 0, Bytes: weights},
			{Name: "kv", Kind: traces.KV, Addr: kvAddr, Bytes: 1 << 20},
			{Name: "activations", Kind: traces.Activation, Addr: activationAddr, Bytes: 1 << 12},
		},
		HostDecodeNS: int64(d.Steps) * 1e6,
	}
}

// Ops yields the operators, each in the same memory.
func (d Decoding) Ops() iter.Seq2[traces.Op, error] {
	return func(yield func(traces.Op, error) bool) {
		step := decodeStep()
		seq := int64(0)
		for token := range d.Steps {
			for _, op := range step {
				for i := range op {
					op[i].Seq, op[i].Token = seq, int32(token+1)
				}
				op[0].HostNS = 1000 + int64(token%7)
				seq++
				if !yield(op, nil) {
					return
				}
			}
		}
	}
}

func decodeStep() []traces.Op {
	var step []traces.Op
	for layer := range int32(layers) {
		for i, name := range operators {
			base := traces.Event{Phase: traces.Decode, Op: name, Layer: layer, Block: layer, DType: "f16"}
			first, in, out := base, base, base
			first.Tensor, first.Kind, first.Access = "blk."+strconv.Itoa(int(layer))+"."+name+".weight", traces.Weight, traces.Read
			first.Addr, first.Bytes, first.MACs = uint64(int(layer)*len(operators)+i)*weightBytes, weightBytes, weightBytes/2
			if name == "attention" {
				first.Tensor, first.Kind, first.Addr = "kv."+strconv.Itoa(int(layer)), traces.KV, kvAddr+uint64(layer)*weightBytes
			}
			in.Tensor, in.Kind, in.Access, in.Addr, in.Bytes, in.DType = "x", traces.Activation, traces.Read, activationAddr, activationBytes, "f32"
			out.Tensor, out.Kind, out.Access, out.Addr, out.Bytes, out.DType = name, traces.Activation, traces.Write, activationAddr+activationBytes, activationBytes, "f32"
			step = append(step, traces.Op{first, in, out})
		}
	}
	return step
}

// Write writes src as a trace file at path.
func Write(path string, src traces.Source) error {
	w, err := traces.Create(path, src.Header())
	if err != nil {
		return err
	}
	defer w.Abort()
	for op, err := range src.Ops() {
		if err != nil {
			return err
		}
		if err := w.Emit(op); err != nil {
			return err
		}
	}
	return w.Close()
}
