package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// A model whose architecture is not known moves what it moves under its own name:
// the same weights, the same rows of the cache, the same products.
func TestUnknownArchitectureMovesWhatItsTensorsSay(t *testing.T) {
	for _, model := range []string{"olmo2", "granitemoe", "qwen3moe", "minicpm"} {
		t.Run(model, func(t *testing.T) {
			known, size := decoded(t, asWritten(t, model, model))
			unknown, listed := decoded(t, asWritten(t, model, "x"+model[1:]))
			if listed != size {
				t.Errorf("its tensors have %d bytes, want %d", listed, size)
			}
			for _, what := range []moved{{kind: traces.Weight, access: traces.Read}, {kind: traces.KV, access: traces.Read}, {kind: traces.KV, access: traces.Write}} {
				if unknown[what] != known[what] {
					t.Errorf("a token's %s %s: %d bytes, want %d", what.kind, what.access, unknown[what], known[what])
				}
			}
			if macs := (moved{kind: "macs"}); unknown[macs] != known[macs] {
				t.Errorf("a token takes %d multiply-accumulates, want %d", unknown[macs], known[macs])
			}
		})
	}
}

// asWritten writes a model of the reference's shapes as a file that calls its
// architecture otherwise, by a name as long.
func asWritten(t *testing.T, shape, name string) string {
	t.Helper()
	src, err := weights.Open(filepath.Join("testdata", "architectures", shape+".yaml"), weights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := weights.WriteGGUF(path, src); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte(src.Shape().Architecture), []byte(name))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type moved struct {
	kind   traces.Kind
	access traces.Access
}

// decoded returns what the twentieth token of a file's model moves, shape-only, and
// the bytes of all its tensors.
func decoded(t *testing.T, path string) (map[moved]int64, int64) {
	t.Helper()
	src, err := weights.Open(path, weights.Options{ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	trace := &traces.Trace{}
	s := newSession(t, newEngine(t, src, Options{ShapeOnly: true}), SessionOptions{Sink: trace, Context: 32})
	if err := s.Hold(19); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decode(background, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	sums := map[moved]int64{}
	for _, e := range trace.Events {
		if e.Phase == traces.Decode {
			sums[moved{e.Kind, e.Access}] += e.Bytes
			sums[moved{kind: "macs"}] += e.MACs
		}
	}
	head := s.Header("test", 0)
	return sums, head.ModelBytes
}
