package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/traces"
)

// quickJob is a main job that takes no time.
var quickJob = []string{"--device", "iphone13", "--model", "small.yaml", "--prompt-tokens", "4", "--tokens", "3"}

func TestMainJobWritesAllItPromises(t *testing.T) {
	inFolder(t)
	smallShape(t)
	r := mustMemsim(t, quickJob...)
	for _, want := range []string{"small", "ms", "mJ", "seeded noise"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the table lacks %q:\n%s", want, r.out)
		}
	}
	if strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "memsim-out") {
		t.Errorf("stderr is %q, want one closing line", r.err)
	}
	for _, name := range []string{reportFile, resultsFile, profileFile, runFile, "1-small.yaml.parquet"} {
		if _, err := os.Stat(filepath.Join(defaultOut, name)); err != nil {
			t.Error(err)
		}
	}
	entries, err := os.ReadDir(defaultOut)
	if err != nil || len(entries) != 5 {
		t.Errorf("%s holds %v, want five files (%v)", defaultOut, entries, err)
	}
}

func TestMainJobFormats(t *testing.T) {
	inFolder(t)
	smallShape(t)
	c := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--format", "json")...))
	if c.Memsim != version || c.Device != "iphone13" || c.Unit == "" || len(c.Results) != 1 {
		t.Fatalf("%+v", c)
	}
	if r := c.Results[0]; r.Model != "small" || r.Quant != "q8_0" || r.PromptTokens != 4 || r.Tokens != 3 || r.LatencyMS <= 0 || r.EnergyMJPerToken <= 0 || r.LoadMS <= 0 {
		t.Errorf("%+v", r)
	}
	for format, want := range map[string]string{"csv": "model,quant,sharing,params", "md": "| model |"} {
		if r := mustMemsim(t, append(quickJob, "--format", format)...); !strings.Contains(r.out, want) {
			t.Errorf("%s lacks %q:\n%s", format, want, r.out)
		}
	}
	if r := mustMemsim(t, append(quickJob, "--quiet")...); r.err != "" {
		t.Errorf("--quiet says %q", r.err)
	}
}

func TestSameCommandAndSeedGiveTheSameBytes(t *testing.T) {
	inFolder(t)
	smallShape(t)
	once := func(seed string) string {
		out := mustMemsim(t, append(quickJob, "--format", "json", "--seed", seed)...).out
		return regexp.MustCompile(`\s*"host_tokens_per_s": [^\n]*`).ReplaceAllString(out, "")
	}
	first := once("7")
	if second := once("7"); second != first {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
}

func TestShapeOnlyGivesTheSameAnswer(t *testing.T) {
	inFolder(t)
	smallShape(t)
	full := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--format", "json")...))
	shape := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--format", "json", "--shape-only")...))
	full.Results[0].HostTokensPerS = 0
	a, _ := json.Marshal(full)
	b, _ := json.Marshal(shape)
	if string(a) != string(b) {
		t.Errorf("with weights:\n%s\nshape only:\n%s", a, b)
	}
}

func TestMainJobComparesThePapersThreeModels(t *testing.T) {
	inFolder(t)
	c := decode[profiles.Comparison](t, mustMemsim(t, "--device", "iphone13", "--shape-only", "--tokens", "1", "--prompt-tokens", "1", "--format", "json"))
	if len(c.Results) != 3 {
		t.Fatalf("%d results, want 3", len(c.Results))
	}
	shared, unshared := c.Results[1], c.Results[2]
	if shared.LayersExecuted != 60 || shared.LayersStored != 30 || unshared.LayersExecuted != 60 || unshared.LayersStored != 60 {
		t.Errorf("layers executed/stored: %d/%d, %d/%d", shared.LayersExecuted, shared.LayersStored, unshared.LayersExecuted, unshared.LayersStored)
	}
	if shared.StoredParams != c.Results[0].StoredParams || unshared.StoredParams <= shared.StoredParams {
		t.Errorf("stored parameters: %d, %d, %d", c.Results[0].StoredParams, shared.StoredParams, unshared.StoredParams)
	}
}

func TestOverridesOfTheMainJobKeepItsQuestion(t *testing.T) {
	inFolder(t)
	r := mustMemsim(t, "--device", "iphone13", "--shape-only", "--tokens", "1", "--prompt-tokens", "1", "--layers", "4", "--format", "json", "-v")
	c := decode[profiles.Comparison](t, r)
	if len(c.Results) != 3 {
		t.Fatalf("%d results, want 3", len(c.Results))
	}
	for i, want := range [][2]int{{4, 4}, {8, 4}, {8, 8}} {
		if got := c.Results[i]; got.LayersExecuted != want[0] || got.LayersStored != want[1] {
			t.Errorf("%s has %d layers of %d blocks, want %d of %d", got.Model, got.LayersExecuted, got.LayersStored, want[0], want[1])
		}
	}
	if strings.Count(r.err, "invariants hold") != 3 {
		t.Errorf("-v says %q, want that the invariants of three ledgers hold", r.err)
	}
}

func TestProfileHoldsAllModels(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, append(quickJob, "--model", "small.yaml", "--layers", "3")...)
	f, err := os.Open(filepath.Join(defaultOut, profileFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, s := range p.SampleType {
		types = append(types, s.Type)
	}
	for _, want := range []string{"time", "dram_bytes", "sram_bytes", "energy"} {
		if !slices.Contains(types, want) {
			t.Errorf("sample types %v lack %s", types, want)
		}
	}
}

func TestTraceInspectReplay(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "-o", "t.parquet", "--prompt-tokens", "4", "--tokens", "3")
	s := decode[summaryReply](t, mustMemsim(t, "inspect", "t.parquet", "--format", "json"))
	if s.Header.Model != "small" || s.Header.PromptTokens != 4 || s.Header.Tokens != 3 || len(s.Phases) != 3 {
		t.Errorf("%+v", s.Header)
	}
	for _, p := range s.Phases {
		byOp, byTensor := int64(0), int64(0)
		for _, g := range p.ByOp {
			byOp += g.ReadBytes
		}
		for _, g := range p.ByTensor {
			byTensor += g.ReadBytes
		}
		if byOp != p.Total.ReadBytes || byTensor != p.Total.ReadBytes {
			t.Errorf("%s reads %d bytes, by operator %d, by tensor %d", p.Phase, p.Total.ReadBytes, byOp, byTensor)
		}
	}
	for _, by := range groupings {
		if r := mustMemsim(t, "inspect", "t.parquet", "--by", by, "--phase", "prefill"); !strings.Contains(r.out, "prefill by "+by+", per pass") || !strings.Contains(r.out, "share") || !strings.Contains(r.out, "weights MB") {
			t.Errorf("by %s:\n%s", by, r.out)
		}
	}
	replayed := decode[profiles.Comparison](t, mustMemsim(t, "replay", "t.parquet", "--device", "iphone13", "--format", "json"))
	wantEmpty(t, "small.yaml", "t.parquet")
	job := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--format", "json")...))
	replayed.Results[0].HostTokensPerS, job.Results[0].HostTokensPerS = 0, 0
	if len(replayed.WhatIf) != 3 || len(job.WhatIf) != 5 {
		t.Fatalf("what if: %+v replayed, %+v in the main job", replayed.WhatIf, job.WhatIf)
	}
	job.WhatIf = job.WhatIf[:3] // a trace cannot change its model
	a, _ := json.Marshal(replayed)
	b, _ := json.Marshal(job)
	if string(a) != string(b) {
		t.Errorf("replayed from a file:\n%s\nin the main job:\n%s", a, b)
	}
	mustMemsim(t, "replay", "t.parquet", "t.parquet", "--device", "iphone13", "--out", "r", "--timeline")
	for _, name := range []string{reportFile, profileFile, "1-small.timeline.json", "2-small.timeline.json"} {
		if _, err := os.Stat(filepath.Join("r", name)); err != nil {
			t.Error(err)
		}
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	inFolder(t)
	smallShape(t)
	gguf, err := os.ReadFile(reference(t, "tiny-f16.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 3, 100, 10_000, len(gguf) - 1} {
		writeText(t, "cut.gguf", string(gguf[:n]))
		for _, args := range []string{"run --model cut.gguf --prompt-ids 1", "models show cut.gguf", "--device iphone13 --model cut.gguf", "trace --model cut.gguf -o t.parquet"} {
			wantMistake(t, memsim(t, strings.Fields(args)...), "cut.gguf")
		}
	}
	mustMemsim(t, "trace", "--model", "small.yaml", "-o", "good.parquet", "--tokens", "1")
	trace, err := os.ReadFile("good.parquet")
	if err != nil {
		t.Fatal(err)
	}
	later := strings.Replace(string(trace), `"schema":2,`, `"schema":9,`, 1)
	if later == string(trace) {
		t.Fatal("the trace's header does not state its schema as expected")
	}
	writeText(t, "later.parquet", later)
	writeText(t, "cut.parquet", string(trace[:len(trace)/2]))
	for _, command := range []string{"inspect", "replay --device iphone13"} {
		wantMistake(t, memsim(t, append(strings.Fields(command), "later.parquet")...), "later.parquet", "schema 9")
		wantMistake(t, memsim(t, append(strings.Fields(command), "cut.parquet")...), "cut.parquet")
		wantMistake(t, memsim(t, append(strings.Fields(command), "small.yaml")...), "small.yaml")
		wantMistake(t, memsim(t, append(strings.Fields(command), "missing.parquet")...), "missing.parquet")
	}
	wantEmpty(t, "small.yaml", "cut.gguf", "good.parquet", "later.parquet", "cut.parquet")
}

func TestUnwritableOutputIsRefusedBeforeAnyWork(t *testing.T) {
	inFolder(t)
	smallShape(t)
	writeText(t, "file", "")
	for _, args := range [][]string{
		append(quickJob, "--out", "file"),
		append(quickJob, "--out", "file/below"),
		{"trace", "--model", "nosuch", "-o", "file/t.parquet"},
		{"trace", "--model", "nosuch", "-o", "missing/t.parquet"},
		{"trace", "--model", "nosuch", "-o", "."},
		{"models", "make", "nosuch", "-o", "missing/m.gguf"},
	} {
		r := memsim(t, args...)
		wantMistake(t, r, "cannot write to", "--out")
	}
	wantEmpty(t, "small.yaml", "file")
}

// An interrupt halfway: the run is cancelled as soon as it has begun to write.
func TestInterruptLeavesNothing(t *testing.T) {
	for name, args := range map[string][]string{
		"main job": {"--device", "iphone13", "--model", "small.yaml", "--tokens", "400", "--layers", "40", "--out", "deep/out"},
		"trace":    {"trace", "--model", "small.yaml", "--tokens", "400", "--layers", "1000", "-o", "t.parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			smallShape(t)
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				// A trace under way has no name where the system can keep it so.
				for began := time.Now(); ctx.Err() == nil && !writing(".") && (name != "trace" || time.Since(began) < 200*time.Millisecond); {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			r := memsimContext(t, ctx, nil, args...)
			cancel()
			if r.code != exitInterrupted || r.out != "" || !strings.Contains(r.err, "interrupted") || strings.Count(r.err, "\n") != 1 {
				t.Errorf("exit code %d, stdout %q, stderr %q", r.code, r.out, r.err)
			}
			wantEmpty(t, "small.yaml")
		})
	}
}

// writing reports whether a trace has been begun under dir.
func writing(dir string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		if strings.Contains(filepath.Base(path), ".parquet") {
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}

func TestOlderFilesStayUntilNewOnesAreWhole(t *testing.T) {
	inFolder(t)
	smallShape(t)
	if err := os.Mkdir("out", 0o777); err != nil {
		t.Fatal(err)
	}
	writeText(t, "out/mine.txt", "mine")
	writeText(t, "out/results.json", "old")
	wantMistake(t, memsim(t, append(quickJob, "--out", "out", "--model", "nosuch")...))
	if data, _ := os.ReadFile("out/results.json"); string(data) != "old" {
		t.Errorf("a failed run changed results.json to %q", data)
	}
	mustMemsim(t, append(quickJob, "--out", "out")...)
	if data, _ := os.ReadFile("out/results.json"); string(data) == "old" {
		t.Error("results.json was not replaced")
	}
	if data, _ := os.ReadFile("out/mine.txt"); string(data) != "mine" {
		t.Error("a file that is not memsim's was touched")
	}
}

// What an earlier run wrote does not stand beside what this one writes, unless it
// is somebody else's.
func TestFilesOfAnEarlierRunGo(t *testing.T) {
	inFolder(t)
	smallShape(t)
	job := []string{"--device", "iphone13", "--shape-only", "--out", "out"}
	mustMemsim(t, append(job, "--model", "small.yaml", "--model", "smollm-135m", "--timeline")...)
	writeText(t, "out/mine.parquet", "mine")
	writeText(t, "beside", "not in the folder")
	for _, name := range []string{"2-smollm-135m.parquet", "1-small.timeline.json", "2-smollm-135m.timeline.json"} {
		if _, err := os.Stat(filepath.Join("out", name)); err != nil {
			t.Fatal(err)
		}
	}
	mustMemsim(t, append(job, "--model", "small.yaml")...)
	entries, err := os.ReadDir("out")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"1-small.yaml.parquet", "mine.parquet", profileFile, reportFile, resultsFile, runFile}; !slices.Equal(names, want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
	writeText(t, "out/"+runFile, `{"files":["../beside","mine.parquet/..","", "."]}`)
	mustMemsim(t, append(job, "--model", "small.yaml")...)
	if _, err := os.Stat("beside"); err != nil {
		t.Errorf("a file outside of the folder is gone: %v", err)
	}
}

func TestVerboseSaysWhatIsBeingDone(t *testing.T) {
	inFolder(t)
	smallShape(t)
	r := mustMemsim(t, "-v", "--device", "iphone13", "--model", "small.yaml", "--tokens", "3")
	for _, want := range []string{"small.yaml: weights\n", "small.yaml: decoding\n", "replaying\n"} {
		if strings.Count(r.err, want) != 1 {
			t.Errorf("%q is not said once:\n%s", want, r.err)
		}
	}
	if r := mustMemsim(t, "--device", "iphone13", "--model", "small.yaml"); strings.Contains(r.err, "weights") {
		t.Errorf("without -v: %s", r.err)
	}
}

func TestTraceOfAPromptIsOfThatPrompt(t *testing.T) {
	inFolder(t)
	mustMemsim(t, "trace", "--model", reference(t, "tiny-f16.gguf"), "-o", "t.parquet", "--prompt-ids", "1,5,9", "--tokens", "2")
	f, err := traces.Open("t.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if h := f.Header(); h.PromptTokens != 3 || h.Tokens != 2 || h.Synthetic {
		t.Errorf("%+v", h)
	}
}
