package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// smallSweep are the arguments of a sweep of small models: 24 points, of which
// some are invalid.
var smallSweep = []string{"sweep", "--device", "iphone13", "--model", "small.yaml", "--tokens", "1", "--prompt-tokens", "1",
	"--layers", "1:4", "--dim", "64,70", "--quant", "f16,q8_0,q4_0", "--pareto", "latency_ms_per_token,+params"}

func sweepFiles(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{sweepCSV, sweepParquet, sweepHTML} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

func wantSameFiles(t *testing.T, folder string, want map[string][]byte) {
	t.Helper()
	for name, data := range sweepFiles(t, folder) {
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s of %s differs from that of an undisturbed sweep", name, folder)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "rows")); err == nil {
		t.Errorf("rows are left in %s", folder)
	}
}

// asProgram makes the test binary be memsim, for tests that kill it or let others
// start it.
const asProgram = "RUN_AS_MEMSIM"

// What kills the program that runs as a child of a test (on Linux).
const (
	killedAtBytes = "RUN_KILLED_AT_BYTES" // it dies as it writes a file beyond so many bytes
	killedTask    = "RUN_KILLED_TASK"     // only this one of a Slurm array dies, if set
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program returns the path of memsim, for this test.
func program(t *testing.T) string {
	t.Helper()
	t.Setenv(asProgram, "1")
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func runProgram(t *testing.T, path string, args ...string) {
	t.Helper()
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// sweepOfOneMachine sweeps into a folder and returns the mean length of a row.
func sweepOfOneMachine(t *testing.T, path string, args []string, folder string) (rowBytes int) {
	t.Helper()
	runProgram(t, path, append(slices.Clone(args), "--out", folder, "--shard", "1/1")...)
	rows, err := os.ReadFile(filepath.Join(folder, "rows", "00000-of-00001.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	runProgram(t, path, "sweep", "merge", folder)
	return len(rows) / bytes.Count(rows, []byte("\n"))
}

func TestShardsJoinToTheSweepOfOneMachine(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, append(smallSweep, "--out", "one")...)
	want := sweepFiles(t, "one")
	if r := memsim(t, "sweep", "merge", "three"); r.code != exitMistake {
		t.Errorf("merging nothing: exit code %d: %s", r.code, r.err)
	}
	for _, shard := range []string{"2/3", "3/3"} {
		mustMemsim(t, append(smallSweep, "--out", "three", "--shard", shard)...)
	}
	if r := memsim(t, "sweep", "merge", "three"); r.code != exitFailure || !strings.Contains(r.err, "8 of 24 points are missing, of the shards 1:") {
		t.Errorf("merging two of three: exit code %d: %s", r.code, r.err)
	}
	status := decode[statusReply](t, mustMemsim(t, "sweep", "status", "three", "--format", "json"))
	if status.Done != 16 || !slices.Equal(status.Missing, []int{1}) || len(status.Shards) != 3 {
		t.Errorf("%+v", status)
	}
	if r := memsimEnv(t, []string{"SLURM_ARRAY_TASK_ID=1"}, append(smallSweep, "--out", "three", "--shard", "/3")...); r.code != exitDone {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	mustMemsim(t, "sweep", "merge", "three")
	wantSameFiles(t, "three", want)
}

func TestAnInterruptedSweepGoesOnWhereItWas(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, append(smallSweep, "--out", "one")...)
	// A worker that was interrupted leaves a file of rows, the last one torn.
	mustMemsim(t, append(smallSweep, "--out", "two", "--shard", "0/2")...)
	sealed, err := os.ReadFile("two/rows/00000-of-00002.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("two/rows/00000-of-00002.jsonl"); err != nil {
		t.Fatal(err)
	}
	writeText(t, "two/rows/00000-of-00002.123.part", string(sealed[:len(sealed)-9]))
	for _, args := range [][]string{{}, {"--resume", "--seed", "2"}, {"--resume", "--layers", "1:5"}, {"--resume", "--shard", "0/7"}} {
		if r := memsim(t, append(append(slices.Clone(smallSweep), "--out", "two"), args...)...); r.code != exitMistake {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	const anew = "no rows to go on with"
	if r := mustMemsim(t, append(smallSweep, "--out", "two", "--resume")...); strings.Contains(r.err, anew) {
		t.Errorf("it says: %s", r.err)
	}
	wantSameFiles(t, "two", sweepFiles(t, "one"))
	// What is finished has no rows any more: the same begins anew, and says so.
	if r := memsim(t, append(slices.Clone(smallSweep), "--out", "two", "--resume", "--seed", "2")...); r.code != exitMistake || !strings.Contains(r.err, "for another sweep") {
		t.Errorf("another sweep: exit code %d: %s", r.code, r.err)
	}
	if r := mustMemsim(t, append(smallSweep, "--out", "two", "--resume")...); !strings.Contains(r.err, anew) {
		t.Errorf("it says: %s", r.err)
	}
	wantSameFiles(t, "two", sweepFiles(t, "one"))
}

// Interrupted (Ctrl-C), a sweep says how to go on, and does.
func TestASweepInterruptedMidwayGoesOn(t *testing.T) {
	inFolder(t)
	smallShape(t)
	args := append(slices.Clone(smallSweep), "--layers", "1:8")
	mustMemsim(t, append(args, "--out", "one")...)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
			if info, err := filepath.Glob("two/rows/*.part"); err == nil && len(info) > 0 {
				if s, err := os.Stat(info[0]); err == nil && s.Size() > 0 {
					return
				}
			}
		}
	}()
	r := memsimContext(t, ctx, nil, append(args, "--out", "two", "--threads", "1")...)
	cancel()
	if r.code != exitInterrupted || !strings.Contains(r.err, "--resume goes on from there") {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	mustMemsim(t, append(args, "--out", "two", "--resume")...)
	wantSameFiles(t, "two", sweepFiles(t, "one"))
}

func TestShardsThatAreNoneAreRefused(t *testing.T) {
	inFolder(t)
	smallShape(t)
	for _, shard := range []string{"3", "4/3", "-1/3", "a/b", "/3", "0/0"} {
		if r := memsim(t, append(smallSweep, "--shard", shard)...); r.code != exitMistake {
			t.Errorf("--shard %s: exit code %d: %s", shard, r.code, r.err)
		}
	}
}

func TestSlurmDryRunPrintsTheScript(t *testing.T) {
	inFolder(t)
	smallShape(t)
	writeText(t, "space.yaml", `model: small.yaml
device: iphone13
axes: {layers: 1:10, quant: [f16, q8_0]}
slurm: {chunk: 7, partition: big, options: [--account=me]}
`)
	r := mustMemsim(t, "sweep", "space.yaml", "--slurm", "--dry-run", "--time", "0:30:00", "--memory", "1G", "--out", "o")
	for _, want := range []string{"#!/bin/sh\n", "#SBATCH --array=0-2\n", "#SBATCH --partition=big\n", "#SBATCH --time=0:30:00\n", "#SBATCH --mem=1G\n", "#SBATCH --account=me\n", " --shard /3 "} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if _, err := os.Stat("o"); err == nil {
		t.Error("a dry run leaves a folder")
	}
}

func TestASpecFileIsASweepAndFlagsOverrideIt(t *testing.T) {
	inFolder(t)
	smallShape(t)
	writeText(t, "space.yaml", `model: small.yaml
device: iphone13
tokens: 1
prompt_tokens: 1
axes:
  device: [iphone13, pixel8pro]
  layers: 1:3
  sram.slc.capacity: [8 MiB, 16 MiB]
where: latency_ms_per_token > 0
`)
	r := mustMemsim(t, "sweep", "space.yaml", "--layers", "2", "--format", "json")
	var reply struct {
		sweepReply
		Results []map[string]any `json:"results"`
	}
	if err := json.Unmarshal([]byte(r.out), &reply); err != nil {
		t.Fatal(err)
	}
	if reply.Device != "iphone13,pixel8pro" || reply.Points != 4 || len(reply.Results) != 4 {
		t.Fatalf("%s", r.out)
	}
	row := reply.Results[3]
	if row["device"] != "pixel8pro" || row["layers"] != 2.0 || row["sram.slc.capacity"] != "16 MiB" || row["latency_ms_per_token"].(float64) <= 0 || row["layers_stored"] != 2.0 {
		t.Errorf("the last row is %v", row)
	}
	writeText(t, "bad.yaml", "axis: {}\ntokens: x\n")
	if r := memsim(t, "sweep", "bad.yaml"); r.code != exitMistake || !strings.Contains(r.err, "bad.yaml:1: axis is not") || !strings.Contains(r.err, "bad.yaml:2: x is not") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSweepKeepsWhatMeetsItsConditionAndFindsTheFront(t *testing.T) {
	inFolder(t)
	smallShape(t)
	args := []string{"--device", "iphone13", "--model", "small.yaml", "--layers", "1:4", "--dim", "64,70"}
	reply, all := sweepRowsOf(t, args...)
	if reply.Invalid != 4 || reply.Excluded != 0 {
		t.Errorf("%+v", reply)
	}
	middle := all[1]["latency_ms_per_token"] // of layers 2, dim 64
	reply, rows := sweepRowsOf(t, append(args, "--where", "latency_ms_per_token <= "+middle, "--pareto", "latency_ms_per_token,layers")...)
	valid := 0
	for _, row := range rows {
		if row["invalid"] != "" {
			continue
		}
		valid++
		if v := number(t, row["latency_ms_per_token"]); v > number(t, middle) {
			t.Errorf("a row has %v ms a token", v)
		}
		if row["pareto"] != "true" { // each layer more costs time
			t.Errorf("layers %s are not on the front", row["layers"])
		}
	}
	if valid != 2 || reply.Excluded != 2 || reply.Invalid != 4 || reply.Front != 2 {
		t.Errorf("%d rows, %+v", valid, reply)
	}
	for _, wrong := range [][]string{{"--where", "latency < 3"}, {"--where", "dim"}, {"--pareto", "params"}, {"--pareto", "params,x"}, {"--axis", "x"}, {"--axis", "dram.chan=2"}} {
		if r := memsim(t, append(append([]string{"sweep"}, args...), wrong...)...); r.code != exitMistake {
			t.Errorf("%v: exit code %d: %s", wrong, r.code, r.err)
		}
	}
}
