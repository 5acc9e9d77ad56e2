package model

import (
	"math"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"pgregory.net/rapid"
)

func TestSolveFindsThePublishedShapeAgain(t *testing.T) {
	published, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	published = published.Resolved()
	for _, axis := range []string{"layers", "dim", "ffn"} {
		changed := published
		switch axis {
		case "layers":
			changed.Layers = 7
		case "dim":
			if changed, err = published.With(Overrides{Dim: 1280}); err != nil {
				t.Fatal(err)
			}
		case "ffn":
			changed.FFN = 320
		}
		got, err := changed.Solve(axis, published.StoredParams())
		if err != nil {
			t.Fatal(err)
		}
		if got.Layers != published.Layers || got.Dim != published.Dim || got.FFN != published.FFN || got.KVHeads != published.KVHeads {
			t.Errorf("solving for %s gives %d layers × %d, FFN %d, %d KV heads", axis, got.Layers, got.Dim, got.FFN, got.KVHeads)
		}
	}
}

// Every depth of the paper's figure on depth against width has a shape.
func TestSolveHoldsTheParametersOverDepths(t *testing.T) {
	base, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		layers := rapid.IntRange(4, 80).Draw(rt, "layers")
		params := int64(rapid.IntRange(60, 1500).Draw(rt, "millions")) * 1e6
		shape, err := base.With(Overrides{Layers: layers})
		if err != nil {
			rt.Fatal(err)
		}
		got, err := shape.Solve("dim", params)
		if err != nil {
			rt.Fatalf("%d layers, %d parameters: %v", layers, params, err)
		}
		if off := math.Abs(float64(got.StoredParams())/float64(params) - 1); off > 0.01 {
			rt.Fatalf("%d layers: %d parameters instead of %d", layers, got.StoredParams(), params)
		}
		if got.HeadDim != 64 || got.Heads*64 != got.Dim || got.Heads%got.KVHeads != 0 || got.FFN%32 != 0 {
			rt.Fatalf("%d layers: %d × %d heads for width %d, %d KV heads, FFN %d", layers, got.Heads, got.HeadDim, got.Dim, got.KVHeads, got.FFN)
		}
	})
}

func TestSolveSaysWhatCannotBe(t *testing.T) {
	base, err := Preset("mobilellm-125m")
	if err != nil {
		t.Fatal(err)
	}
	for axis, params := range map[string]int64{"width": 125e6, "layers": 1e6, "ffn": 1e6, "dim": 100} {
		if _, err := base.Solve(axis, params); err == nil || !fault.IsUser(err) {
			t.Errorf("solving %s for %d: error is %v", axis, params, err)
		}
	}
}
