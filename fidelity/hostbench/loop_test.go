package hostbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/fidelity/validation"
)

func TestLoopPredictsWhatItRan(t *testing.T) {
	shapes := []model.Overrides{{Layers: 2, Dim: 64, FFN: 128, Heads: 1, KVHeads: 1, Vocab: 256}}
	steps := 0
	l, err := Run(context.Background(), Options{Shapes: shapes, Teams: Teams(1), Rounds: 1, Tokens: 4, Prompt: 2, Seed: 1, Step: func(string) { steps++ }})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Outcomes) != len(schemes) || steps != 1+len(schemes) {
		t.Fatalf("%d outcomes, %d steps", len(l.Outcomes), steps)
	}
	for _, o := range l.Outcomes {
		if o.Measured <= 0 || o.Predicted <= 0 || o.Fitted {
			t.Errorf("%+v", o)
		}
	}
}

func TestLoopIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, Options{Shapes: []model.Overrides{}, Teams: Teams(1), Rounds: 1})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// sample are rates that no machine has.
func sample(threads int) Rates {
	r := Rates{Threads: threads, Weights: map[quant.Type]float64{quant.F16: 4e9, quant.Q8_0: 8e9, quant.Q4_0: 5e9}, Cached: 6e9, Dispatch: 700 * time.Nanosecond}
	for _, n := range workingSets {
		r.Reads = append(r.Reads, Read{n, 20})
	}
	return r
}

func TestProfileIsADevice(t *testing.T) {
	text, err := Profile([]Rates{sample(1), sample(2)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "host.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := devices.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Runtime("memsim-2t", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Dispatch.Value.Nanoseconds(); got != 700 {
		t.Errorf("dispatch is %g ns", got)
	}
	for _, a := range r.Arithmetic {
		want := map[string]float64{"f32": 0, "f16": 1, "q8_0": 0, "q4_0": 0.6}[a.DType]
		if float64(a.Dequant.Value) != want {
			t.Errorf("%s takes %g more operations, want %g", a.DType, float64(a.Dequant.Value), want)
		}
	}
}

func TestWaysGiveAPowerOfTwoOfSets(t *testing.T) {
	for _, kib := range []int64{512, 1 << 10, 2 << 10, 4 << 10, 12 << 10, 30 << 10, 32 << 10, 36 << 10, 480 << 10} {
		w := waysOf(kib << 10)
		if w == 0 {
			continue
		}
		if sets := kib << 10 / 64 / w; sets&(sets-1) != 0 {
			t.Errorf("%d KiB in %d ways are %d sets", kib, w, sets)
		}
	}
	if waysOf(480<<20) == 0 || waysOf(2<<20) == 0 {
		t.Error("common sizes have no ways")
	}
}

func TestCachesOfAnUnknownSystem(t *testing.T) {
	caches := cachesOf(topology.Read(fstest.MapFS{}, 2))
	if len(caches) != 2 || caches[0].Bytes != 2<<20 || caches[1].Bytes != 32<<20 || caches[0].Kind != "estimated" {
		t.Errorf("%+v", caches)
	}
}

func TestOrderCountsPairsThatAreApart(t *testing.T) {
	at := func(measured, predicted float64) validation.Outcome {
		return validation.Outcome{Point: validation.Point{Runtime: "r", Quant: "q"}, Measured: measured, Predicted: predicted}
	}
	right, pairs := order([]validation.Outcome{at(1, 1), at(2, 2), at(2.01, 1.9), at(3, 1.5)})
	if right != 3 || pairs != 5 {
		t.Errorf("%d of %d, want 3 of 5", right, pairs)
	}
}

func TestBusy(t *testing.T) {
	for _, test := range []struct {
		loads   string
		perCore float64
		busy    bool
	}{{"0.40 0.30 0.20 1/99 7", 0.2, false}, {"9.00 1.00 1.00 9/99 7", 4.5, true}, {"", 0, false}} {
		if perCore, busy := busyBy(test.loads, 2); perCore != test.perCore || busy != test.busy {
			t.Errorf("%q: %g, %v", test.loads, perCore, busy)
		}
	}
}
