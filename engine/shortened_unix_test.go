//go:build unix

package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// A file that shrinks under a running engine would end any program that has it
// mapped; here it is an error, whichever thread comes upon it.
func TestAFileThatIsShortenedWhileItRunsIsAnError(t *testing.T) {
	shape := model.Shape{Name: "tiny", Layers: 3, Dim: 256, FFN: 512, Heads: 4, KVHeads: 2, Vocab: 300, Context: 64}
	for _, format := range []string{"f16", "q8_0", "q4_0"} {
		for _, threads := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%s, %d threads", format, threads), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "tiny.gguf")
				writeModel(t, path, shape, format)
				src, err := weights.Open(path, weights.Options{})
				if err != nil {
					t.Fatal(err)
				}
				e, err := New(src, Options{Threads: threads})
				if err != nil {
					t.Fatal(err)
				}
				s, err := e.NewSession(SessionOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Prefill(context.Background(), []int32{1, 2, 3}); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(path, 64<<10); err != nil {
					t.Fatal(err)
				}
				for range 3 { // the engine goes on to work, and to fail
					if _, err := s.Decode(context.Background(), 4); err == nil || !strings.Contains(err.Error(), path+": the file was shortened") {
						t.Fatalf("decode: %v, want an error that names the file", err)
					}
				}
				if err := s.Score(context.Background(), []int32{5, 6}, func(int, []float32) error { return nil }); err == nil {
					t.Error("a text is scored without weights")
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
				if err := src.Close(); err == nil || !strings.Contains(err.Error(), "written to while it was in use") {
					t.Errorf("close: %v, want an error", err)
				}
			})
		}
	}
}

func writeModel(t *testing.T, path string, shape model.Shape, format string) {
	t.Helper()
	src, err := weights.Synthetic(shape, weights.Options{Quant: format, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := weights.WriteGGUF(path, src); err != nil {
		t.Fatal(err)
	}
}
