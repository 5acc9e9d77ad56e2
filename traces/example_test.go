package traces_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/memsim/memsim/traces"
)

// A program of one's own writes a trace, operand by operand, and memsim (or
// DuckDB, or pandas) reads it.
func Example() {
	dir, err := os.MkdirTemp("", "traces")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mine.parquet")

	w, err := traces.Create(path, traces.Header{Model: "mine", Tokens: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	op := traces.Event{Phase: traces.Decode, Op: "attn_q", Layer: 0, Block: 0}
	weight, output := op, op
	weight.Tensor, weight.Kind, weight.Access, weight.Bytes, weight.DType = "q.weight", traces.Weight, traces.Read, 64*64*2, "f16"
	weight.MACs = 64 * 64
	output.Tensor, output.Kind, output.Access, output.Addr, output.Bytes, output.DType = "q", traces.Activation, traces.Write, 1<<20, 64*4, "f32"
	if err := w.Emit([]traces.Event{weight, output}); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	f, err := traces.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	summary, err := traces.Summarize(f)
	if err != nil {
		log.Fatal(err)
	}
	total := summary.Phases[0].Total
	fmt.Printf("%s: %d bytes of weights, %d written, %d MACs\n", summary.Header.Model, total.WeightBytes, total.WrittenBytes, total.MACs)
	// Output: mine: 8192 bytes of weights, 256 written, 4096 MACs
}
