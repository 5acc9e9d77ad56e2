package designspace

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/sweep"
)

// fewRuntimes is a phone with a runtime a unit: each step of each number loads the
// phone again, with all runtimes that it has.
func fewRuntimes(t *testing.T) (path string) {
	t.Helper()
	phone, err := os.ReadFile("../devices/phones/pixel8pro.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "phone.yaml")
	if err := os.WriteFile(path, append(phone, "runtimes: [llama.cpp-cpu, mlc-gpu]\n"...), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSensitivityFindsWhatMovesAFigure(t *testing.T) {
	x := explorer(t, fewRuntimes(t))
	s := space(t, "layers=2", "dim=128", "vocab=512")
	figure, err := sweep.ParseFigure("latency_parts_ms.dispatch", s.Axes())
	if err != nil {
		t.Fatal(err)
	}
	effects, err := x.Sensitivity(context.Background(), s.Point(0), figure, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(effects) < 3 {
		t.Fatalf("%d effects", len(effects))
	}
	// Dispatch time is what each launch costs, times their number, and what each pass
	// does: their elasticities sum to one.
	sum := 0.0
	for _, e := range effects {
		for _, part := range []string{".launch", ".barrier.cycles", ".barrier.per_thread", ".barrier.per_cluster", ".token_overhead"} {
			if strings.HasSuffix(e.Path, part) {
				sum += e.Elasticity
			}
		}
	}
	if first := effects[0]; math.Abs(sum-1) > 1e-2 || first.AtLow >= first.Base || first.Base >= first.AtHigh {
		t.Errorf("elasticities sum to %g; the largest effect is %+v", sum, first)
	}
	for i, e := range effects[1:] {
		if e.Swing() > effects[i].Swing() {
			t.Errorf("%s stands behind %s", e.Path, effects[i].Path)
		}
		if strings.HasPrefix(e.Path, "units.gpu.") || strings.HasPrefix(e.Path, "units.npu.") {
			t.Errorf("%s counts on the CPU", e.Path)
		}
	}
}
