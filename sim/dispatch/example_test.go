package dispatch_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/dispatch"
	"github.com/memsim/memsim/units"
)

// What launching the operators of one layer costs, and what a runtime saves that
// compiles some of them into the launch before.
func Example() {
	layer := []string{"attn_norm", "attn_q", "attn_k", "attn_v", "rope", "kv_store", "attention", "attn_output", "add",
		"ffn_norm", "ffn_gate", "ffn_up", "swiglu", "ffn_down", "add"}
	r := devices.Runtime{Name: "made up"}
	r.Dispatch.Value = 100 * units.Microsecond
	for _, fused := range [][]string{nil, {"attn_k", "attn_v", "kv_store", "add", "ffn_up"}} {
		r.Fused = fused
		m := dispatch.Of(r, devices.Unit{})
		var cost units.Picoseconds
		for _, op := range layer {
			cost += m.Cost(op)
		}
		fmt.Printf("%d operators, %d kinds fused: %.1f ms a layer\n", len(layer), len(fused), cost.Milliseconds())
	}
	// Output:
	// 15 operators, 0 kinds fused: 1.5 ms a layer
	// 15 operators, 5 kinds fused: 0.9 ms a layer
}
