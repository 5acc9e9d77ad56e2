package study_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/graphs"
)

const graphData = "../traces/graphs/testdata/"

// tinyModel writes synthetic weights of a shape of the graphs.
func tinyModel(t *testing.T, name string) string {
	t.Helper()
	src, err := weights.Open(graphData+name+".yaml", weights.Options{Quant: "f16", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	path := filepath.Join(t.TempDir(), name+".gguf")
	if err := weights.WriteGGUF(path, src); err != nil {
		t.Fatal(err)
	}
	return path
}

func unzipped(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// imported returns the trace of a graph, and the model's file.
func imported(t *testing.T, name, log string) (*traces.Trace, string) {
	t.Helper()
	path := tinyModel(t, name)
	m, err := study.ImportedModel(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	g, err := graphs.ReadLog(log, bytes.NewReader(unzipped(t, graphData+log)))
	if err != nil {
		t.Fatal(err)
	}
	trace := &traces.Trace{}
	if trace.Head, _, err = graphs.Write(context.Background(), g, m, trace, graphs.Options{Generator: "test", Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return trace, path
}

// tensorBytes sums what a phase reads of each weight.
func tensorBytes(t *traces.Trace, phase traces.Phase) map[string]int64 {
	sums := map[string]int64{}
	for i := range t.Events {
		if e := &t.Events[i]; e.Phase == phase && e.Kind == traces.Weight {
			sums[e.Tensor] += e.Bytes
		}
	}
	return sums
}

// TestImportedGraphsReadTheWeightsThatOurEngineReads holds the graphs that
// llama.cpp launched for six architectures to our engine's trace of the same
// model, tensor by tensor, and replays them on a phone.
func TestImportedGraphsReadTheWeightsThatOurEngineReads(t *testing.T) {
	for _, name := range []string{"gemma2", "phi3", "olmo2", "qwen3moe", "lfm2", "gpt-oss"} {
		t.Run(name, func(t *testing.T) {
			theirs, path := imported(t, name, name+".graph.txt.gz")
			src, err := weights.Open(path, weights.Options{ShapeOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			ours := &traces.Trace{}
			if _, err := engine.Record(context.Background(), src, ours, engine.Recording{Options: engine.Options{ShapeOnly: true}, Prompt: 24, Tokens: 1, Seed: 1}); err != nil {
				t.Fatal(err)
			}
			got, want := tensorBytes(theirs, traces.Decode), tensorBytes(ours, traces.Decode)
			for tensor, bytes := range want {
				if got[tensor] != bytes {
					t.Errorf("%s: %d bytes in llama.cpp's graph, %d in our engine's trace", tensor, got[tensor], bytes)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d weights in llama.cpp's graph, %d in our engine's trace", len(got), len(want))
			}
			sameOperators(t, theirs, ours)
			replayed(t, theirs)
		})
	}
}

// sameOperators holds the multiply-accumulates of products with weights to ours,
// by the operator's name: those of attention differ, since llama.cpp computes all
// the positions that its cache has room for in steps of 256.
func sameOperators(t *testing.T, theirs, ours *traces.Trace) {
	t.Helper()
	sum := func(trace *traces.Trace) map[string]int64 {
		out := map[string]int64{}
		for i := range trace.Events {
			if e := &trace.Events[i]; e.Phase == traces.Decode {
				out[e.Op] += e.MACs
			}
		}
		return out
	}
	got, want := sum(theirs), sum(ours)
	for op, macs := range want {
		if op != "attention" && got[op] != macs {
			t.Errorf("%s: %d multiply-accumulates in llama.cpp's graph, %d in our engine's trace", op, got[op], macs)
		}
	}
}

// replayed simulates a trace on a phone.
func replayed(t *testing.T, trace *traces.Trace) {
	t.Helper()
	machine, err := study.Hardware{Device: "pixel8pro"}.Machine()
	if err != nil {
		t.Fatal(err)
	}
	r, err := machine.Replay(context.Background(), trace, func(*sim.Row) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r.Tokens != 1 || r.LatencyMS <= 0 || r.PrefillMS <= 0 || r.LoadMS <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestALogsPromptNamesTheRowsOfTheEmbedding(t *testing.T) {
	trace, _ := imported(t, "qwen3moe", "qwen3moe.log.gz")
	if trace.Head.PromptTokens != 24 || trace.Head.Tokens != 0 {
		t.Errorf("%d tokens of prompt, %d decoded", trace.Head.PromptTokens, trace.Head.Tokens)
	}
	rows := map[uint64]bool{}
	for i := range trace.Events {
		if e := &trace.Events[i]; e.Op == "embed" && e.Kind == traces.Weight {
			rows[e.Addr] = true
		}
	}
	if len(rows) != 21 { // of the 24 ids that the log lists three stand twice
		t.Errorf("%d rows of the embedding", len(rows))
	}
}

// TestALogImportsAsTheGraphThatItPrints holds the log, which leaves out the formats
// of operands and all operands after the second, to the same graph in full.
func TestALogImportsAsTheGraphThatItPrints(t *testing.T) {
	log, _ := imported(t, "qwen3moe", "qwen3moe.log.gz")
	full, _ := imported(t, "qwen3moe", "qwen3moe.graph.txt.gz")
	by := func(trace *traces.Trace) map[string]int64 {
		sums := map[string]int64{}
		for i := range trace.Events {
			if e := &trace.Events[i]; e.Phase == traces.Prefill && e.Op != "embed" && e.Kind != traces.Activation {
				sums[e.Tensor+" "+string(e.Access)] += e.Bytes
			}
		}
		return sums
	}
	got, want := by(log), by(full)
	for key, bytes := range want {
		if got[key] != bytes {
			t.Errorf("%s: %d bytes from the log, %d from the graph", key, got[key], bytes)
		}
	}
}

func TestAGraphOfAnotherModelIsRefused(t *testing.T) {
	g, err := graphs.ReadLog("olmo2.txt", bytes.NewReader(unzipped(t, graphData+"olmo2.graph.txt.gz")))
	if err != nil {
		t.Fatal(err)
	}
	m, err := study.ImportedModel(context.Background(), tinyModel(t, "phi3"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = graphs.Write(context.Background(), g, m, &traces.Trace{}, graphs.Options{})
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "olmo2.txt:") || !strings.Contains(err.Error(), "phi3.gguf") {
		t.Errorf("%v", err)
	}
}
