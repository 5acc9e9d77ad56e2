package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/memsim/memsim/traces/tracetest"
)

// However long a trace is, what reads it needs the same memory: ten times the
// events may take a little more, for what is kept of each step, and far from ten
// times as much.
func TestMemoryDoesNotGrowWithATrace(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	inFolder(t)
	const short, long = "short.parquet", "long.parquet"
	for path, events := range map[string]int{short: 40_000, long: 400_000} {
		if err := tracetest.Write(path, tracetest.Decoding{Steps: events / tracetest.EventsPerStep}); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range map[string][]string{
		"inspect":           {"inspect"},
		"replay":            {"replay", "--device", "pixel8pro"},
		"replay to files":   {"replay", "--device", "pixel8pro", "--out", "out"},
		"export ramulator2": {"export", "--to", "ramulator2", "--out", os.DevNull},
		"export dramsim3":   {"export", "--to", "dramsim3", "--out", os.DevNull},
		"export chrome":     {"export", "--to", "chrome", "--out", os.DevNull},
		"export csv":        {"export", "--to", "csv", "--out", os.DevNull},
		"probe sram":        {"probe", "sram"},
	} {
		t.Run(name, func(t *testing.T) {
			small, large := peakMemory(t, append(args, short)...), peakMemory(t, append(args, long)...)
			if limit := small + 32<<20; large > limit {
				t.Errorf("a trace takes %d MiB, one of a tenth of the events %d MiB", large>>20, small>>20)
			}
		})
	}
}

// peakMemory runs the program and returns the most memory that it had.
func peakMemory(t *testing.T, args ...string) int64 {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}
