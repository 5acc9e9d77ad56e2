package weights

import (
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
)

func TestASchemeWithAnOutputOfItsOwn(t *testing.T) {
	shape, err := model.Preset("llama3.2-1b") // tied
	if err != nil {
		t.Fatal(err)
	}
	src, err := Synthetic(shape, Options{Quant: "q4_0/q8_0", ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for name, want := range map[string]quant.Type{"token_embd.weight": quant.Q8_0, "blk.0.attn_q.weight": quant.Q4_0, "blk.0.attn_v.weight": quant.Q4_0} {
		if got, ok := src.Tensor(name); !ok || got.Type != want {
			t.Errorf("%s is %v, want %v", name, got.Type, want)
		}
	}
	for _, bad := range []string{"q4_0/", "/q8_0", "q4_0/q8_0/x", "q4_0/q8_0/f16", "none/q8_0"} {
		if _, err := ParseScheme(bad); !fault.IsUser(err) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
