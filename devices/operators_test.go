package devices

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// The names that a runtime's fused operators may have are those of the engine's
// forward passes: of every preset, of every architecture that the engine is tested
// with, and of a model with all that a shape of Llama's can ask for.
func TestOperatorsAreThoseOfTheEngine(t *testing.T) {
	refs, err := filepath.Glob("../engine/testdata/architectures/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, ref := range append(refs, model.Presets()...) {
		src, err := weights.Open(ref, weights.Options{ShapeOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		trace(t, src, all)
	}
	src, err := weights.Synthetic(model.Shape{
		Name: "all", Layers: 1, Dim: 64, FFN: 64, Heads: 2, Vocab: 64,
		QKVBias: true, QKNorm: true, OutputBias: true, FFNBias: true, LogitBias: true,
	}, weights.Options{ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	trace(t, src, all)
	for name := range all {
		if !slices.Contains(operators, name) {
			t.Errorf("the engine runs %q, which profiles do not know", name)
		}
	}
	for _, name := range operators {
		if !all[name] {
			t.Errorf("profiles know %q, which the engine does not run", name)
		}
	}
}

// trace adds the names of the operators of a token to all.
func trace(t *testing.T, src weights.Source, all map[string]bool) {
	t.Helper()
	defer src.Close()
	var events traces.Trace
	if _, err := engine.Record(context.Background(), src, &events, engine.Recording{Options: engine.Options{ShapeOnly: true}, Tokens: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range events.Events {
		if e := &events.Events[i]; e.Phase != traces.Load {
			all[e.Op] = true
		}
	}
}
