package devices

import (
	"context"
	"slices"
	"testing"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// The names that a runtime's fused operators may have are those of a forward
// pass, of a model with all that a shape can ask for.
func TestOperatorsAreThoseOfTheEngine(t *testing.T) {
	shape := model.Shape{Name: "all", Layers: 1, Dim: 64, FFN: 64, Heads: 2, Vocab: 64, QKVBias: true, QKNorm: true}
	source, err := weights.Synthetic(shape, weights.Options{ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(source, engine.Options{ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var trace traces.Trace
	s, err := e.NewSession(engine.SessionOptions{Sink: &trace})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Replay(context.Background(), []int32{1}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, event := range trace.Events {
		if event.Phase != traces.Load && !slices.Contains(names, event.Op) {
			names = append(names, event.Op)
		}
	}
	if !slices.Equal(names, operators) {
		t.Errorf("profiles know %q, the engine runs %q", operators, names)
	}
}
