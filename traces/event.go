// Package traces defines the record of what an inference engine moved: the
// event schema, a Parquet file format that other tools read, and inspection of
// a trace.
//
// The mental model: the engine executes operators one after another (a matrix
// product, a normalisation, attention). Each operator has operands: the
// weights, the KV-cache rows and the activations that its kernel reads or
// writes. One Event is one operand of one operator. Events of an operator are
// consecutive and share Seq; what belongs to the operator and not to an operand
// (multiply-accumulates, host time) stands on its first event, and is zero on
// the others, so that a sum over a column is right.
//
//	engine ──Event──▶ Sink ──▶ file.parquet ──▶ Source ──▶ simulator, inspect, export
//
// Addresses are those of the run: weights at their offsets in the model file,
// the KV cache and the activations in arenas of their own behind it, all in one
// flat address space described by Header.Arenas.
//
// # Caveats
//
// Scratch memory that a kernel allocates for itself and that no other operator
// sees (a quantized copy of a row in registers, a score vector on the stack) is
// not an operand and is not traced.
package traces

import "fmt"

// SchemaVersion is the version of Event and Header that this package writes. It
// reads oldestSchema and later ones too; another version is refused.
const (
	SchemaVersion = 2
	oldestSchema  = 1 // without the column expert
)

// Phase says at which stage of a request an operator ran.
type Phase string

// The phases of a request, in their order.
const (
	Load    Phase = "load"    // weights come from storage
	Prefill Phase = "prefill" // the prompt is processed, many tokens an operator
	Decode  Phase = "decode"  // one token an operator
)

// Kind says what an operand is.
type Kind string

// The kinds of operand.
const (
	Weight     Kind = "weight"
	KV         Kind = "kv"
	Activation Kind = "activation"
)

// Access says whether an operand is read or written.
type Access string

// The two directions of access.
const (
	Read  Access = "read"
	Write Access = "write"
)

// Bounds of an event: far above what a model can ask of one operator, and low
// enough that sums over a trace stay within their types and that a damaged file
// cannot keep a replay busy for hours.
const (
	MaxBytes    = 64 << 30              // of an operand
	MaxAddr     = 1 << 46               // end of the address space
	MaxMACs     = 1_000_000_000_000_000 // of an operator
	MaxOperands = 1 << 16               // of an operator, which a reader holds in memory
)

// Event is one operand of one operator execution: a row of a trace file. Its
// strings come from small sets (they are dictionary-encoded in the file), so
// that an event holds no memory of its own.
type Event struct {
	Seq    int64  // operator number, rising; equal on all operands of an operator
	Phase  Phase  //
	Token  int32  // 0-based position of the (first) token processed; -1 in load
	Op     string // operator, such as "attn_q" or "ffn_down"
	Layer  int32  // layer as executed, -1 outside the blocks
	Block  int32  // block as stored, -1 outside; several layers share one with layer sharing
	Tensor string // tensor, such as "blk.3.attn_q.weight"
	Kind   Kind   //
	Access Access //
	Addr   uint64 // first byte, in the address space of Header.Arenas
	Bytes  int64  // bytes the kernel touched from Addr on
	DType  string // storage format: "f32", "f16", "q8_0", ...
	MACs   int64  // multiply-accumulates of the operator, on its first event
	HostNS int64  // time the operator took where it was captured, on its first event
	Expert int32  // expert whose weights these are, -1 if they are of none
}

// Validate reports the first rule of the schema that e breaks.
func (e *Event) Validate() error {
	switch e.Phase {
	case Load, Prefill, Decode:
	default:
		return fmt.Errorf("phase %q is not load, prefill or decode", e.Phase)
	}
	switch e.Kind {
	case Weight, KV, Activation:
	default:
		return fmt.Errorf("kind %q is not weight, kv or activation", e.Kind)
	}
	if e.Access != Read && e.Access != Write {
		return fmt.Errorf("access %q is not read or write", e.Access)
	}
	switch {
	case e.Seq < 0:
		return fmt.Errorf("seq %d is negative", e.Seq)
	case e.Op == "":
		return fmt.Errorf("op is empty")
	case e.Tensor == "":
		return fmt.Errorf("tensor is empty")
	case e.Bytes < 0:
		return fmt.Errorf("bytes %d is negative", e.Bytes)
	case e.Bytes > MaxBytes:
		return fmt.Errorf("bytes %d is more than an operand can have (%d)", e.Bytes, int64(MaxBytes))
	case e.Addr > MaxAddr-uint64(e.Bytes):
		return fmt.Errorf("addr %d with bytes %d ends beyond the address space of 64 TiB", e.Addr, e.Bytes)
	case e.MACs < 0:
		return fmt.Errorf("macs %d is negative", e.MACs)
	case e.MACs > MaxMACs:
		return fmt.Errorf("macs %d is more than an operator can have (%d)", e.MACs, int64(MaxMACs))
	case e.HostNS < 0:
		return fmt.Errorf("host_ns %d is negative", e.HostNS)
	case e.Layer < -1 || e.Block < -1 || e.Token < -1 || e.Expert < -1:
		return fmt.Errorf("layer %d, block %d, token %d, expert %d: none may be under -1", e.Layer, e.Block, e.Token, e.Expert)
	}
	return nil
}

// Arena is a named range of the trace's address space.
type Arena struct {
	Name  string `json:"name"` // "weights", "kv", "activations"
	Kind  Kind   `json:"kind"`
	Addr  uint64 `json:"addr"`
	Bytes int64  `json:"bytes"`
}

// inArena reports whether an operand lies in one of the arenas of its kind. Kinds
// without an arena lie anywhere.
func inArena(arenas []Arena, e *Event) bool {
	known := false
	for i := range arenas {
		a := &arenas[i]
		if a.Kind != e.Kind {
			continue
		}
		if e.Addr >= a.Addr && e.Addr+uint64(e.Bytes) <= a.Addr+uint64(a.Bytes) {
			return true
		}
		known = true
	}
	return !known
}

// Shape is what a reader of a trace needs to know of the model's architecture.
type Shape struct {
	Architecture   string `json:"architecture"`    // "llama", "qwen2", ...
	LayersExecuted int    `json:"layers_executed"` // layers that run for a token
	LayersStored   int    `json:"layers_stored"`   // blocks with weights of their own
	Dim            int    `json:"dim"`
	FFN            int    `json:"ffn"`
	Heads          int    `json:"heads"`
	KVHeads        int    `json:"kv_heads"`
	HeadDim        int    `json:"head_dim"`
	Vocab          int    `json:"vocab"`
	TiedEmbedding  bool   `json:"tied_embedding"`
	Params         int64  `json:"params"`                // as executed: a block counts each time it runs
	StoredParams   int64  `json:"stored_params"`         // as stored
	Undescribed    bool   `json:"undescribed,omitempty"` // the architecture is not known: layers are those that tensors or sizes make
}

// validate reports the first figure that contradicts the others: a shape says all of
// what every model has, or nothing.
func (s *Shape) validate() error {
	figures := []struct {
		key   string
		value int
	}{{"layers_executed", s.LayersExecuted}, {"layers_stored", s.LayersStored}, {"dim", s.Dim}, {"heads", s.Heads},
		{"kv_heads", s.KVHeads}, {"head_dim", s.HeadDim}, {"vocab", s.Vocab}}
	given := ""
	for _, f := range figures {
		if f.value < 0 {
			return fmt.Errorf("shape: %s %d is negative", f.key, f.value)
		}
		if f.value > 0 && given == "" {
			given = f.key
		}
	}
	for _, f := range figures {
		if f.value == 0 && given != "" {
			return fmt.Errorf("shape: %s is missing or 0, although there is %s", f.key, given)
		}
	}
	if s.Heads > 0 && s.Heads%s.KVHeads != 0 {
		return fmt.Errorf("shape: %d heads cannot share %d kv_heads", s.Heads, s.KVHeads)
	}
	if s.FFN < 0 || s.Params < 0 || s.StoredParams < 0 {
		return fmt.Errorf("shape: ffn %d, params %d, stored_params %d: none may be negative", s.FFN, s.Params, s.StoredParams)
	}
	return nil
}

// Header describes a trace: what ran, and how its addresses are laid out. It is
// the JSON under the Parquet metadata key "memsim".
type Header struct {
	Schema       int     `json:"schema"`    // SchemaVersion
	Generator    string  `json:"generator"` // "memsim 0.1.0"
	Model        string  `json:"model"`     // display name of the model
	Quant        string  `json:"quant"`     // weight format of the matrices
	Sharing      string  `json:"sharing"`   // none, immediate, repeat, reverse
	Repeat       int     `json:"repeat"`    // times that each stored block runs
	Synthetic    bool    `json:"synthetic"` // weights are seeded noise, only the shape is real
	ShapeOnly    bool    `json:"shape_only"`
	Seed         uint64  `json:"seed"`
	Shape        Shape   `json:"shape"`
	ModelBytes   int64   `json:"model_bytes"` // weights as stored, all of them
	PromptTokens int     `json:"prompt_tokens"`
	Tokens       int     `json:"tokens"` // decode steps
	Threads      int     `json:"threads"`
	Arenas       []Arena `json:"arenas"`
	// HostDecodeNS is the wall time of all decode steps where the trace was
	// captured, 0 for a shape-only run.
	HostDecodeNS int64 `json:"host_decode_ns"`
	// HostPrefillNS is the same for the prompt.
	HostPrefillNS int64 `json:"host_prefill_ns"`
}

// Validate reports the first figure of the header that no run can have.
func (h *Header) Validate() error {
	if h.PromptTokens < 0 || h.Tokens < 0 || h.ModelBytes < 0 {
		return fmt.Errorf("prompt_tokens %d, tokens %d, model_bytes %d: none may be negative", h.PromptTokens, h.Tokens, h.ModelBytes)
	}
	if h.HostDecodeNS < 0 || h.HostPrefillNS < 0 {
		return fmt.Errorf("host_decode_ns %d, host_prefill_ns %d: neither may be negative", h.HostDecodeNS, h.HostPrefillNS)
	}
	if err := h.Shape.validate(); err != nil {
		return err
	}
	for _, a := range h.Arenas {
		switch a.Kind {
		case Weight, KV, Activation:
		default:
			return fmt.Errorf("arena %q: kind %q is not weight, kv or activation", a.Name, a.Kind)
		}
		if a.Bytes < 0 || a.Addr > MaxAddr || uint64(a.Bytes) > MaxAddr-a.Addr {
			return fmt.Errorf("arena %q: %d bytes from %d on are not within the address space of 64 TiB", a.Name, a.Bytes, a.Addr)
		}
	}
	return nil
}
