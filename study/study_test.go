package study_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// small is a model whose recording takes no time.
var small = study.Model{Ref: "mobilellm-125m", Overrides: model.Overrides{Layers: 3, Vocab: 1000}}

func ask(t *testing.T, q study.Question) []profiles.Comparison {
	t.Helper()
	answers, err := study.Ask(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// A machine has one comparison, a model one result in it; what is computed beside
// changes no prediction.
func TestAskAnswersForEachModelOnEachMachine(t *testing.T) {
	deeper := small
	deeper.Overrides.Layers = 6
	q := study.Question{
		Models: []study.Model{small, deeper}, Lengths: study.Lengths{Prompt: 4, Tokens: 2}, Seed: 1,
		Machines: []study.Hardware{{Device: "pixel8pro"}, {Device: "iphone13", Energy: "paper"}},
	}
	answers := ask(t, q)
	if len(answers) != 2 || answers[0].Device != "pixel8pro" || answers[1].Device != "iphone13" || answers[1].Energy != "paper" {
		t.Fatalf("the machines are %+v", answers)
	}
	for _, c := range answers {
		if len(c.Results) != 2 || c.Results[0].LayersExecuted != 3 || c.Results[1].LayersExecuted != 6 {
			t.Errorf("%s: the models are %+v", c.Device, c.Results)
		}
		if c.Results[1].LatencyMS <= c.Results[0].LatencyMS {
			t.Errorf("%s: twice the layers take %g ms, after %g", c.Device, c.Results[1].LatencyMS, c.Results[0].LatencyMS)
		}
		if len(c.Notes) == 0 || !strings.Contains(c.Notes[0], "synthetic") {
			t.Errorf("%s: the notes are %q", c.Device, c.Notes)
		}
	}
	q.Compute = true
	for i, c := range ask(t, q) {
		if got, want := c.Results[0].LatencyMS, answers[i].Results[0].LatencyMS; got != want {
			t.Errorf("%s: %g ms computed, %g from shapes", c.Device, got, want)
		}
		if c.Results[0].HostTokensPerS <= 0 {
			t.Errorf("%s: the engine's own speed is missing", c.Device)
		}
	}
}

func TestAskRefuses(t *testing.T) {
	good := study.Question{Models: []study.Model{small}, Machines: []study.Hardware{{Device: "pixel8pro"}}, Lengths: study.Lengths{Prompt: 1, Tokens: 1}}
	for want, change := range map[string]func(*study.Question){
		"name a model":         func(q *study.Question) { q.Models = nil },
		"name the device":      func(q *study.Question) { q.Machines = nil },
		"--prompt-tokens 0":    func(q *study.Question) { q.Prompt = 0 },
		"--tokens -1":          func(q *study.Question) { q.Tokens = -1 },
		"pixel":                func(q *study.Question) { q.Machines = []study.Hardware{{Device: "pixle8pro"}} },
		"mobilellm-125m":       func(q *study.Question) { q.Models = []study.Model{{Ref: "mobilelm-125m"}} },
		"energy":               func(q *study.Question) { q.Machines[0].Energy = "magic" },
		"llama.cpp-cpu":        func(q *study.Question) { q.Machines[0].Runtime = "llama" },
		"dram.channels":        func(q *study.Question) { q.Machines[0].Sets = []string{"dram.channel=2"} },
		"context of 100000001": func(q *study.Question) { q.Prompt = 1e8 },
	} {
		q := good
		q.Machines = []study.Hardware{good.Machines[0]}
		change(&q)
		if _, err := study.Ask(context.Background(), q); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted a user's mistake with %q, got %v", want, err)
		}
	}
}

// What is recorded to a file is what is recorded to memory, and nothing is left of
// a recording that is interrupted.
func TestRecordingToAFile(t *testing.T) {
	r := study.Recording{Model: small, Lengths: study.Lengths{Prompt: 3, Tokens: 2}, Seed: 1, ShapeOnly: true, Generator: "test"}
	trace, err := r.Trace(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "t.parquet")
	if err := r.WriteFile(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	f, err := traces.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Rows() != int64(len(trace.Events)) || f.Header().Generator != "test" || f.Header().Tokens != 2 {
		t.Errorf("%d events in the file, %d in memory; header %+v", f.Rows(), len(trace.Events), f.Header())
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Step = func(string) { cancel() }
	if err := r.WriteFile(ctx, filepath.Join(dir, "u.parquet")); err == nil {
		t.Error("an interrupted recording has no error")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("an interrupted recording left %v", entries)
	}
}

// The note of a calibrated number is there for a cache whose name holds a dot.
func TestNotesOfACacheWithADotInItsName(t *testing.T) {
	d, err := devices.Load("pixel8pro", nil)
	if err != nil {
		t.Fatal(err)
	}
	unit, err := d.Unit("")
	if err != nil {
		t.Fatal(err)
	}
	const name = "system.cache.1"
	last := &unit.Caches[len(unit.Caches)-1]
	cache, err := d.Cache(*last)
	if err != nil {
		t.Fatal(err)
	}
	*last, cache.Name, cache.Bandwidth.Kind = name, name, devices.Calibrated
	m, err := sim.New(sim.Config{Device: d})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(study.Compare(m).Notes, "\n"); !strings.Contains(notes, "sram.system.cache.1.bandwidth = ") {
		t.Errorf("the cache's calibrated bandwidth is missing in the notes:\n%s", notes)
	}
}
