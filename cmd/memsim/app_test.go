package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reply is what a run of the program left.
type reply struct {
	code     int
	out, err string
}

// memsim runs the program as a function, in the test's folder and without a
// terminal.
func memsim(t *testing.T, args ...string) reply {
	t.Helper()
	return memsimEnv(t, nil, args...)
}

func memsimEnv(t *testing.T, environ []string, args ...string) reply {
	t.Helper()
	return memsimContext(t, context.Background(), environ, args...)
}

func memsimContext(t *testing.T, ctx context.Context, environ []string, args ...string) reply {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(ctx, args, Streams{In: strings.NewReader(""), Out: &out, Err: &err}, environ)
	return reply{code, out.String(), err.String()}
}

// mustMemsim runs the program and wants it to succeed.
func mustMemsim(t *testing.T, args ...string) reply {
	t.Helper()
	r := memsim(t, args...)
	if r.code != exitDone {
		t.Fatalf("memsim %s: exit code %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	return r
}

// inFolder makes a fresh folder the working folder.
func inFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
}

// writeText writes a file in the working folder.
func writeText(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// smallShape is a model that runs in no time.
func smallShape(t *testing.T) string {
	t.Helper()
	return writeText(t, "small.yaml", `name: small
architecture: llama
layers: 2
dim: 64
ffn: 160
heads: 4
kv_heads: 2
vocab: 256
tied_embedding: true
norm_eps: 1e-5
rope_base: 10000
context: 512
source: made up for tests
`)
}

// testdata is the folder of reference models, which tests find from any working
// folder.
var testdata = func() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "engine", "testdata"))
	if err != nil {
		panic(err)
	}
	return dir
}()

// reference returns the path of a reference model or of llama.cpp's answer.
func reference(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(testdata, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode reads JSON output.
func decode[T any](t *testing.T, r reply) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(r.out), &value); err != nil {
		t.Fatalf("output is not JSON: %v\n%s", err, r.out)
	}
	return value
}

// wantMistake checks that r is a user's mistake: exit code 2, nothing on stdout,
// and one line that holds all of texts.
func wantMistake(t *testing.T, r reply, texts ...string) {
	t.Helper()
	if r.code != exitMistake {
		t.Errorf("exit code %d, want %d: %s", r.code, exitMistake, r.err)
	}
	if r.out != "" {
		t.Errorf("stdout is %q, want nothing", r.out)
	}
	if !strings.HasPrefix(r.err, "memsim: ") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("error is %q, want one line that begins with memsim:", r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.err, text) {
			t.Errorf("error is %q, want it to say %q", r.err, text)
		}
	}
}

// wantEmpty checks that the working folder holds these files only.
func wantEmpty(t *testing.T, except ...string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		if !slices.Contains(except, e.Name()) {
			left = append(left, e.Name())
		}
	}
	if len(left) > 0 {
		t.Errorf("left in the working folder: %s", strings.Join(left, ", "))
	}
}

func TestWrongNamesGetTheNearestRightOnes(t *testing.T) {
	inFolder(t)
	for _, c := range []struct {
		args string
		want []string
	}{
		{"replya", []string{`unknown command "replya"`, "replay"}},
		{"models lst", []string{`unknown command "lst"`, "list"}},
		{"--devise pixel8pro", []string{"unknown flag: --devise", "--device"}},
		{"--device nosuch", []string{`"nosuch"`, "pixel8pro"}},
		{"--device pixel8", []string{"pixel8pro"}},
		{"--device iphone13 --unit tpu", []string{"--unit", "cpu, gpu, npu"}},
		{"--device iphone13 --format xml", []string{"--format", "table, md, json, csv"}},
		{"--device iphone13 --model mobilelm-125m", []string{"mobilellm-125m"}},
		{"--device iphone13 --quant q9", []string{"q9", "q8_0"}},
		{"--device iphone13 --sharing some", []string{"none, immediate, repeat, reverse"}},
		{"--device iphone13 --energy free", []string{"free", "paper"}},
		{"--device iphone13 --runtime mlxx", []string{"mlx"}},
		{"devices show pixel8", []string{"pixel8pro"}},
		{"version now", []string{"takes no argument"}},
		{"inspect", []string{"wants a trace file"}},
		{"replay", []string{"wants one trace file or more"}},
		{"", []string{"--device"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			wantMistake(t, memsim(t, strings.Fields(c.args)...), c.want...)
			wantEmpty(t)
		})
	}
}

func TestBadNumbersAreMistakes(t *testing.T) {
	inFolder(t)
	for _, args := range []string{
		"--device iphone13 --tokens -1",
		"--device iphone13 --prompt-tokens 0",
		"--device iphone13 --threads -2",
		"--device iphone13 --threads 1000000000",
		"--device iphone13 --shape-only --tokens 1000000000",
		"--device iphone13 --shape-only --layers 1000000000",
		"--device iphone13 --shape-only --vocab 9000000000000000000",
		"--device iphone13 --layers many",
		"--device iphone13 --layers -3",
		"--device iphone13 --set dram.channels=0",
		"bench --model mobilellm-125m --repetitions 0",
		"bench --model mobilellm-125m --threads 0",
		"bench --model mobilellm-125m --pp 0 --tg 0",
		"bench",
		"run",
		"run --model mobilellm-125m",
		"run --model mobilellm-125m --prompt-ids 1,x",
		"run --model mobilellm-125m --prompt-ids 1 --logprobs some --format json",
		"run --model mobilellm-125m --prompt-ids 1 --logprobs 4",
		"run --model mobilellm-125m --prompt-ids 1 --temperature -1",
		"run --model mobilellm-125m --prompt-ids 1 --format csv",
		"run --model mobilellm-125m --prompt-ids 1 --prompt x",
		"trace --model mobilellm-125m",
		"trace -o t.parquet",
		"models make mobilellm-125m",
		"models show",
	} {
		t.Run(args, func(t *testing.T) {
			wantMistake(t, memsim(t, strings.Fields(args)...))
			wantEmpty(t)
		})
	}
}

func TestAKernelSetThatIsNotThereIsAMistake(t *testing.T) {
	inFolder(t)
	t.Setenv("MEMSIM_KERNELS", "mmx")
	wantMistake(t, memsim(t, "version"), "MEMSIM_KERNELS", "mmx", "portable")
}

func TestHelpGoesToStdout(t *testing.T) {
	inFolder(t)
	r := mustMemsim(t, "--help")
	for _, want := range []string{"--device", "replay", "bench", "pixel8pro"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("help does not mention %s", want)
		}
	}
	if r.err != "" {
		t.Errorf("stderr has %q", r.err)
	}
}

func TestOverridesAreAboveZero(t *testing.T) {
	inFolder(t)
	for _, flag := range []string{"--layers", "--dim", "--ffn", "--heads", "--kv-heads", "--vocab", "--repeat"} {
		if r := memsim(t, "--device", "iphone13", flag, "0"); r.code != exitMistake || !strings.Contains(r.err, flag) {
			t.Errorf("%s 0: exit code %d: %s", flag, r.code, r.err)
		}
	}
}

func TestATimelineNeedsAFolder(t *testing.T) {
	inFolder(t)
	if r := memsim(t, "replay", "--device", "iphone13", "--timeline", "t.parquet"); r.code != exitMistake || !strings.Contains(r.err, "--out") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// A program reads CSV: its columns are the JSON keys, its numbers are bare.
func TestCSVOfPlainRowsHasTheJSONKeys(t *testing.T) {
	inFolder(t)
	r := mustMemsim(t, "probe", "flash", "--part", "ufs-4.0", "--commands", "4", "--format", "csv")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "commands,bytes,seconds,gbps,") || !strings.HasPrefix(lines[1], "4,") {
		t.Errorf("CSV is\n%s", r.out)
	}
}
