package designspace

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

func explorer(t *testing.T, device string) *Explorer {
	t.Helper()
	d, err := devices.Load(device, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sim.New(sim.Config{Device: d})
	if err != nil {
		t.Fatal(err)
	}
	base, err := model.Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	return &Explorer{Machine: m, Base: base, Quant: "q8_0", PromptTokens: 1, Tokens: 1, Seed: 1}
}

func space(t *testing.T, axes ...string) sweep.Space {
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
	if err := x.Validate([]sweep.Axis{{Name: "colour"}}); !fault.IsUser(err) {
		t.Errorf("an unknown axis passes: %v", err)
	}
}
