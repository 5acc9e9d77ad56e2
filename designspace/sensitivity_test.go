package designspace

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/sweep"
)

func TestSensitivityFindsWhatMovesAFigure(t *testing.T) {
	x := explorer(t, "pixel8pro")
	s := space(t, "layers=6", "dim=128", "vocab=512")
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
	// Dispatch time is the number of launches times the cost of one.
	first := effects[0]
	if !strings.HasSuffix(first.Path, ".dispatch") || math.Abs(first.Elasticity-1) > 1e-6 || first.AtLow >= first.Base || first.Base >= first.AtHigh {
		t.Errorf("the largest effect is %+v", first)
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
