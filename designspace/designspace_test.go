package designspace

import (
	"context"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

func explorer(t testing.TB, device string) *Explorer {
	t.Helper()
	base, err := model.Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	return &Explorer{Machines: NewMachines(study.Hardware{Device: device}), Base: base, Quant: "q8_0", PromptTokens: 1, Tokens: 1, Seed: 1}
}

func space(t testing.TB, axes ...string) sweep.Space {
	t.Helper()
	var list []sweep.Axis
	for _, a := range axes {
		name, values, _ := strings.Cut(a, "=")
		axis, err := sweep.ParseAxis(name, values)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, axis)
	}
	s, err := sweep.NewSpace(list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPointIsTheModelThatItsAxesSay(t *testing.T) {
	x := explorer(t, "pixel8pro")
	r, err := x.Evaluate(context.Background(), space(t, "layers=4", "dim=128", "sharing=immediate", "quant=f16").Point(0))
	if err != nil {
		t.Fatal(err)
	}
	if r.LayersStored != 4 || r.LayersExecuted != 8 || r.Dim != 128 || r.Heads != 2 || r.Quant != "f16" || r.Sharing != "immediate" {
		t.Errorf("the result is of another model: %+v", r)
	}
	if r.LatencyMS <= 0 || r.DRAMBytesPerToken <= 0 {
		t.Errorf("the result is empty: %+v", r)
	}
}

func TestParametersAreHeldOverDepths(t *testing.T) {
	x := explorer(t, "pixel8pro")
	x.Params, x.Solve = 30e6, "dim"
	s := space(t, "layers=4,12,24")
	var dims []int
	for i := range s.Size() {
		r, err := x.Evaluate(context.Background(), s.Point(i))
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Abs(float64(r.StoredParams)/30e6 - 1); off > 0.01 {
			t.Errorf("%s has %d parameters", s.Point(i), r.StoredParams)
		}
		dims = append(dims, r.Dim)
	}
	if dims[0] <= dims[1] || dims[1] <= dims[2] {
		t.Errorf("deeper is not thinner: widths %v", dims)
	}
}

func TestAShapeThatCannotBeIsRefusedByName(t *testing.T) {
	x := explorer(t, "pixel8pro")
	for axes, want := range map[string]string{
		"dim=100":                "dim 100",
		"layers=0":               "--layers 0",
		"quant=q3":               "q3",
		"heads=7":                "",
		"sharing=none repeat=2":  "repeat 2",
		"sharing=sideways dim=2": "",
		"ffn-ratio=wide":         "--ffn-ratio wide",
		"context=0":              "--context 0",
		"dram.channels=1000":     "not believable",
		"device=nophone":         "nophone",
		"unit=tpu":               "tpu",
	} {
		_, err := x.Evaluate(context.Background(), space(t, strings.Fields(axes)...).Point(0))
		if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want a user's mistake with %q", axes, err, want)
		}
	}
}

func TestValidateFindsWhatNoPointCouldBeEvaluatedWith(t *testing.T) {
	for _, change := range []func(*Explorer){
		func(x *Explorer) { x.PromptTokens = 0 },
		func(x *Explorer) { x.Tokens = 0 },
		func(x *Explorer) { x.Params = -1 },
		func(x *Explorer) { x.Params = 1e6 },
		func(x *Explorer) { x.Solve = "dim" },
		func(x *Explorer) { x.Params, x.Solve = 1e6, "layers" },
	} {
		x := explorer(t, "pixel8pro")
		change(x)
		if err := x.Validate([]sweep.Axis{{Name: "layers", Values: []string{"1"}}}); !fault.IsUser(err) {
			t.Errorf("%+v passes: %v", x, err)
		}
	}
	x := explorer(t, "pixel8pro")
	for _, axis := range []sweep.Axis{
		{Name: "colour", Values: []string{"red"}},
		{Name: "dram.chanels", Values: []string{"1", "2"}},
		{Name: "device", Values: []string{"nophone"}},
	} {
		if err := x.Validate([]sweep.Axis{axis}); !fault.IsUser(err) {
			t.Errorf("axis %s passes: %v", axis.Name, err)
		}
	}
	if err := x.Validate([]sweep.Axis{{Name: "ffn", Values: []string{"64"}}, {Name: "ffn-ratio", Values: []string{"2"}}}); !fault.IsUser(err) {
		t.Errorf("two axes of one thing pass: %v", err)
	}
}

func TestHardwareIsAnAxisToo(t *testing.T) {
	x := explorer(t, "pixel8pro")
	evaluate := func(axes ...string) sim.Result {
		t.Helper()
		r, err := x.Evaluate(context.Background(), space(t, append(axes, "layers=2", "dim=128", "vocab=512")...).Point(0))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	base := evaluate()
	if r := evaluate("runtimes.llama.cpp-cpu.dispatch=1 ms"); r.LatencyPartsMS.Dispatch < 10*base.LatencyPartsMS.Dispatch {
		t.Errorf("dispatch is %v ms a token, %v without the axis", r.LatencyPartsMS.Dispatch, base.LatencyPartsMS.Dispatch)
	}
	if r := evaluate("device=iphone13", "unit=gpu"); r.DRAMBudgetBytes == base.DRAMBudgetBytes {
		t.Error("another phone has the same budget")
	}
	if r := evaluate("context=5"); r.PromptTokens != 5 {
		t.Errorf("the prompt has %d tokens", r.PromptTokens)
	}
	if r := evaluate("ffn-ratio=2"); r.FFN != 256 || r.Dim != 128 {
		t.Errorf("the feed-forward width is %d", r.FFN)
	}
}

func TestMachinesAreBuiltOnceAndForgotten(t *testing.T) {
	m := NewMachines(study.Hardware{Device: "pixel8pro"})
	s := space(t, "dram.latency=1:"+strconv.Itoa(mostMachines+1))
	for i := range s.Size() {
		s.Axes()[0].Values[i] += " ns"
	}
	first, err := m.For(s.Point(0))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.For(s.Point(0)); err != nil || again != first {
		t.Errorf("the same machine is built twice (%v)", err)
	}
	for i := range s.Size() {
		if _, err := m.For(s.Point(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.ready) != mostMachines {
		t.Errorf("%d machines are kept", len(m.ready))
	}
}

// What points share (machines, what the memory models have learned, buffers)
// changes nothing: a point of a sweep on many workers is the replay of its trace on
// a machine of its own, down to each row.
func TestAPointInASweepIsThePointAlone(t *testing.T) {
	x := explorer(t, "pixel8pro")
	x.Tokens = 2
	s := space(t, "dim=128", "sharing=none,immediate", "quant=q8_0,q4_0", "vocab=512", "layers=2,4,5")
	err := sweep.Run(context.Background(), s, s.All(), 4, x.Evaluate, func(r sweep.Row) error {
		want, err := alone(x, r.Point)
		if err == nil && !reflect.DeepEqual(r.Result, want) {
			t.Errorf("%s: %+v in a sweep, %+v alone", r.Point, r.Result, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// alone answers for a point on a machine that nothing else uses.
func alone(x *Explorer, p sweep.Point) (sim.Result, error) {
	ctx := context.Background()
	shape, quant, err := x.Shape(p)
	if err != nil {
		return sim.Result{}, err
	}
	src, err := weights.Synthetic(shape, weights.Options{Quant: quant, Seed: x.Seed, ShapeOnly: true})
	if err != nil {
		return sim.Result{}, err
	}
	defer src.Close()
	trace := &traces.Trace{}
	err = study.RecordShape(ctx, trace, src, study.Lengths{Prompt: x.PromptTokens, Tokens: x.Tokens}, x.Seed)
	if err != nil {
		return sim.Result{}, err
	}
	machine, err := at(x.Machines.base, p).Machine()
	if err != nil {
		return sim.Result{}, err
	}
	return machine.Replay(ctx, trace, func(*sim.Row) error { return nil })
}

// BenchmarkPoints is the speed of a sweep over depth, width, sharing and weight
// format, 8 decode tokens each, on one worker.
func BenchmarkPoints(b *testing.B) {
	x := explorer(b, "pixel8pro")
	x.PromptTokens, x.Tokens = 16, 8
	s := space(b, "dim=576,384,704,448,640,320,768,512,832,896", "sharing=none,immediate", "quant=q8_0,q4_0", "layers=4:52:2")
	for i := 0; b.Loop(); i++ {
		if _, err := x.Evaluate(context.Background(), s.Point(i%s.Size())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
}
