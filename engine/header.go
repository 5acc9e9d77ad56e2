package engine

import (
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// Header returns the header of the session's trace, as of now. Generator names
// the program and its version; seed is the one that synthetic weights and tokens
// came from.
func (s *Session) Header(generator string, seed uint64) traces.Header {
	e := s.engine
	shape := &e.shape
	return traces.Header{
		Schema:    traces.SchemaVersion,
		Generator: generator,
		Model:     e.source.Name(),
		Quant:     e.source.Quant(),
		Sharing:   string(shape.Sharing),
		Repeat:    shape.Runs(),
		Synthetic: e.source.Synthetic(),
		ShapeOnly: e.shapeOnly,
		Seed:      seed,
		Shape: traces.Shape{
			Architecture:   shape.Architecture,
			LayersExecuted: shape.Executed(),
			LayersStored:   shape.Layers,
			Dim:            shape.Dim,
			FFN:            shape.FFN,
			Heads:          max(1, shape.Heads),
			KVHeads:        max(1, shape.KVHeads),
			HeadDim:        max(1, shape.HeadDim),
			Vocab:          shape.Vocab,
			TiedEmbedding:  shape.Tied,
			Params:         shape.Params(),
			StoredParams:   shape.StoredParams(),
			Undescribed:    undescribed(shape),
		},
		ModelBytes:   e.modelBytes(),
		PromptTokens: s.timing.PromptTokens,
		Tokens:       s.timing.Tokens,
		Threads:      e.threads,
		Arenas: []traces.Arena{
			{Name: "weights", Kind: traces.Weight, Addr: 0, Bytes: e.source.Size()},
			s.program.kv,
			s.program.acts.region.arena,
		},
		HostPrefillNS: s.timing.Prefill.Nanoseconds(),
		HostDecodeNS:  s.timing.Decode.Nanoseconds(),
	}
}

// undescribed reports whether the architecture of a shape is not known.
func undescribed(s *model.Shape) bool {
	_, known := model.ArchitectureOf(s.Architecture)
	return !known
}

// modelBytes returns the bytes of all tensors, without what a file holds beside
// them.
func (e *Engine) modelBytes() int64 {
	var sum int64
	for _, t := range e.source.Tensors() {
		sum += t.Bytes()
	}
	return sum
}
