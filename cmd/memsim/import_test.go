package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/traces"
)

// graphFile puts a graph of llama.cpp and the model that it is of into the test's
// folder.
func graphFile(t *testing.T, name string) {
	t.Helper()
	folder := filepath.Join(testdata, "..", "..", "traces", "graphs", "testdata")
	z, err := os.Open(filepath.Join(folder, name+".graph.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	r, err := gzip.NewReader(z)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("graph.log", text, 0o600); err != nil {
		t.Fatal(err)
	}
	mustMemsim(t, "models", "make", filepath.Join(folder, name+".yaml"), "--quant", "f16", "-o", "model.gguf")
}

func TestImportedTracesAreTracesToAllCommands(t *testing.T) {
	inFolder(t)
	graphFile(t, "olmo2")
	mustMemsim(t, "import", "graph.log", "--from", "llama-eval-callback", "--model", "model.gguf", "-o", "t.parquet")
	s := decode[summaryReply](t, mustMemsim(t, "inspect", "t.parquet", "--format", "json"))
	if s.Header.Shape.Architecture != "olmo2" || s.Header.PromptTokens != 24 || s.Header.Tokens != 1 || len(s.Phases) != 3 {
		t.Errorf("%+v", s.Header)
	}
	mustMemsim(t, "replay", "t.parquet", "--device", "pixel8pro")
	mustMemsim(t, "export", "t.parquet", "--to", "csv", "-o", "t.csv")
	before, err := os.ReadFile("t.parquet")
	if err != nil {
		t.Fatal(err)
	}
	mustMemsim(t, "import", "graph.log", "--from", "llama-eval-callback", "--model", "model.gguf", "-o", "t.parquet")
	if after, err := os.ReadFile("t.parquet"); err != nil || string(after) != string(before) {
		t.Error("a second import has other bytes")
	}
}

func TestTimesOfATableAreHostTimes(t *testing.T) {
	inFolder(t)
	if err := os.WriteFile("p.csv", []byte("operator,shape,type,time\nlinear,1x64;192x64;1x192,f32,12.5us\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustMemsim(t, "import", "p.csv", "--from", "csv", "-o", "t.parquet")
	s := decode[summaryReply](t, mustMemsim(t, "inspect", "t.parquet", "--format", "json"))
	if p := s.Phases[len(s.Phases)-1]; p.Phase != traces.Decode || p.Total.HostNS != 12500 || p.Total.MACs != 64*192 {
		t.Errorf("%+v", p)
	}
	mustMemsim(t, "replay", "t.parquet", "--device", "pixel8pro")
}

func TestImportMistakes(t *testing.T) {
	inFolder(t)
	graphFile(t, "olmo2")
	if err := os.WriteFile("cut.log", []byte("common_debug_cb_eval: embd = (f32) GET_ROWS(token_embd.weight{64, 288, 1, 1}, inp_tokens{2, 1, 1, 1}}) = {64, 2, 1, 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"import graph.log --model model.gguf -o x":                                        "--from",
		"import graph.log --from vcd -o x":                                                "llama-eval-callback",
		"import graph.log --from llama-eval-callback -o x":                                "--model",
		"import graph.log --from llama-eval-callback --model model.gguf":                  "--out",
		"import cut.log --from llama-eval-callback --model model.gguf -o x":               "cut.log:1",
		"import none.log --from llama-eval-callback --model model.gguf -o x":              "none.log",
		"import graph.log --from llama-eval-callback --model none.gguf -o x":              "none.gguf",
		"import graph.log --from llama-eval-callback --model graph.log -o x":              "graph.log",
		"import model.gguf --from llama-eval-callback --model model.gguf -o x":            "model.gguf",
		"import graph.log --from csv -o x":                                                "graph.log:1",
		"import graph.log --from llama-eval-callback --model model.gguf -o missing/t.par": "cannot write",
	} {
		wantMistake(t, memsim(t, strings.Fields(args)...), want)
	}
	wantEmpty(t, "cut.log", "graph.log", "model.gguf")
}
