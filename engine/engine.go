package engine

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
)

// Options says how an Engine computes.
type Options struct {
	Threads   int     // that work on one operator; 0 is one for each processor
	ShapeOnly bool    // do no arithmetic, only record what would move
	Kernels   Kernels // instead of the engine's own; the caller closes them

	// Activations is what shares a scale where activations are quantized to
	// int8, which they are before products with block-quantized weights.
	// PerToken with Q8_0 weights, symmetric int8 in blocks of 32, is W8A8.
	Activations kernels.Granularity

	// KV is the format of the KV cache: one of kernels.CacheTypes, "" is F16. Block
	// formats need heads of a whole number of blocks.
	KV quant.Type
}

// Engine runs one model. It may be used from many goroutines; its sessions take
// turns, one forward pass at a time.
type Engine struct {
	source      weights.Source
	shape       model.Shape
	tensors     *modelTensors
	activations kernels.Granularity
	cacheFormat quant.Type
	shapeOnly   bool
	threads     int        // that work on an operator; 0 if shape-only
	mu          sync.Mutex // held for a forward pass: kernels serve one caller
	closed      bool
	kernels     Kernels
	compute     *kernels.Compute // nil if the kernels are not the engine's own
}

// New returns an engine for the model of src, which must stay open as long as
// the engine is used. A source without data, and an architecture whose
// arithmetic the engine does not know, need ShapeOnly. A source whose tensors
// do not fit its shape is the user's error, and so are scales per token for a
// model that quantizes no activations.
func New(src weights.Source, o Options) (*Engine, error) {
	shape := src.Shape().Resolved()
	if err := shape.Validate(); err != nil {
		return nil, fault.Userf("model %s: %w", src.Name(), err)
	}
	if !o.ShapeOnly && !shape.Executable() {
		return nil, fault.Userf("model %s: the engine cannot compute architecture %q; it can record its shape (shape-only)", src.Name(), shape.Architecture)
	}
	var tensors *modelTensors
	err := weights.Guard(func() (err error) {
		tensors, err = bind(src, shape)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !o.ShapeOnly && tensors.outer.of(model.TokenEmbd).Data == nil {
		return nil, fmt.Errorf("model %s was opened without its weights, which only a shape-only engine can do without", src.Name())
	}
	if o.Activations != kernels.PerBlock && !tensors.quantizeActivations() {
		return nil, fault.Userf("model %s: its %s weights take activations that are not quantized, so there is nothing to scale per token; give weights in a quantized format, such as q8_0", src.Name(), src.Quant())
	}
	format, err := cacheFormat(src.Name(), &shape, o.KV)
	if err != nil {
		return nil, err
	}
	e := &Engine{source: src, shape: shape, tensors: tensors, activations: o.Activations, cacheFormat: format, shapeOnly: o.ShapeOnly, kernels: o.Kernels, threads: o.Threads}
	e.chooseKernels()
	return e, nil
}

// cacheFormat returns the format of the KV cache of a shape. One that is unknown or
// does not fit its heads is the user's error.
func cacheFormat(name string, s *model.Shape, asked quant.Type) (quant.Type, error) {
	if asked == "" {
		asked = quant.F16
	}
	if !slices.Contains(kernels.CacheTypes(), asked) {
		return "", fault.Userf("a KV cache in %q: give f32, f16, q8_0 or q4_0", asked)
	}
	for block := range s.Layers {
		if l := s.Layer(block); l.Mixer == model.Attention && (asked.RowBytes(l.HeadDim) == 0 || l.ValueDim > 0 && asked.RowBytes(l.ValueDim) == 0) {
			layout, _ := asked.Layout()
			return "", fault.Userf("model %s: heads of %d values are no whole number of %s blocks of %d; give --kv-quant f16 or f32", name, l.HeadDim, asked, layout.Block)
		}
	}
	return asked, nil
}

func (e *Engine) chooseKernels() {
	switch {
	case e.shapeOnly:
		e.kernels, e.threads = noKernels{}, 0
	case e.kernels == nil:
		e.compute = kernels.New(e.threads)
		e.kernels, e.threads = e.compute, e.compute.Threads()
	}
}

// Shape returns the model's architecture, resolved.
func (e *Engine) Shape() model.Shape { return e.shape }

// lock waits for the kernels. The caller unlocks e.mu after its pass, unless
// there is an error.
func (e *Engine) lock() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return errors.New("the engine is closed")
	}
	return nil
}

// Close ends the engine's threads, after the pass that is running. The source
// stays open.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.compute != nil && !e.closed {
		e.compute.Close()
	}
	e.closed = true
	return nil
}
