package main

import (
	"context"
	"maps"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

// everyCommand has a run of each command that computes anything, by the name of
// what is run.
func everyCommand() map[string][]string {
	return map[string][]string{
		"main job":          {"--device", "iphone13", "--model", "small.yaml", "--tokens", "2", "--timeline"},
		"main job, no host": {"--device", "iphone13", "--model", "small.yaml", "--tokens", "2", "--shape-only"},
		"run":               {"run", "--model", "m.gguf", "--prompt", "hello", "--tokens", "3"},
		"run --compare":     {"run", "--model", "m", "--quant", "q8_0", "--compare", "f32", "--prompt-ids", "1,2,3"},
		"bench":             {"bench", "--model", "small.yaml", "--pp", "2", "--tg", "2", "--repeat", "1"},
		"models":            {"models"},
		"models show":       {"models", "show", "m"},
		"models make":       {"models", "make", "small.yaml", "--out", "n.gguf"},
		"trace":             {"trace", "--model", "m.gguf", "--tokens", "2", "--out", "u.parquet"},
		"inspect":           {"inspect", "t.parquet"},
		"replay":            {"replay", "t.parquet", "t.parquet", "--device", "iphone13", "--out", "out"},
		"export":            {"export", "t.parquet", "--to", "csv", "--out", "t.csv"},
		"sweep":             append(slices.Clone(smallSweep), "--out", "sweep"),
		"sweep --best":      append(slices.Clone(smallSweep[:len(smallSweep)-2]), "--best", "latency_ms_per_token", "--out", "best"),
		"devices":           {"devices"},
		"devices show":      {"devices", "show", "iphone13"},
		"devices check":     {"devices", "check", "iphone13"},
		"probe dram":        {"probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt"},
		"probe flash":       {"probe", "flash", "--part", "ufs-4.0"},
		"probe sram":        {"probe", "sram", "t.parquet"},
		"version":           {"version"},
	}
}

// Each command leaves no goroutine behind, when it is done and when it is
// interrupted, at whatever moment.
func TestNoCommandLeavesAGoroutine(t *testing.T) {
	inFolder(t)
	smallShape(t)
	writeText(t, "reads.txt", "LD 0\nST 64\n")
	mustMemsim(t, "models", "make", "small.yaml", "--vocab", "300", "--out", "m.gguf")
	mustMemsim(t, "models", "make", "small.yaml", "--quant", "f16", "--out", "m")
	mustMemsim(t, "trace", "--model", "small.yaml", "--tokens", "2", "--out", "t.parquet")
	commands := everyCommand()
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		t.Run(name, func(t *testing.T) {
			before := goroutines()
			mustMemsim(t, commands[name]...)
			wantGoroutines(t, before)
			for _, wait := range []time.Duration{0, 3 * time.Millisecond, 20 * time.Millisecond} {
				ctx, cancel := context.WithTimeout(context.Background(), wait)
				if r := memsimContext(t, ctx, nil, commands[name]...); strings.Contains(r.err, "panic") {
					t.Error(r.err)
				}
				cancel()
				wantGoroutines(t, before)
			}
		})
	}
}

// goroutines counts those that run, by where they were begun; what the runtime
// begins for itself once is not among them.
func goroutines() int {
	runtime.GC() // finalizers and cleanups have their goroutine from now on
	return runtime.NumGoroutine()
}

// wantGoroutines waits until no more goroutines run than did before: one that has
// been told to end may take a moment.
func wantGoroutines(t *testing.T, before int) {
	t.Helper()
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	var stacks strings.Builder
	pprof.Lookup("goroutine").WriteTo(&stacks, 1)
	t.Errorf("%d goroutines, there were %d before:\n%s", runtime.NumGoroutine(), before, stacks.String())
}
