package hostbench_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/hostbench"
)

// A profile is made of microbenchmarks alone. What a format takes longer than the
// fastest one stands as extra operations of each weight.
func ExampleProfile() {
	profile, err := hostbench.Profile([]hostbench.Rates{{
		Threads: 2,
		Reads:   []hostbench.Read{{Bytes: 1 << 20, GBps: 60}, {Bytes: 64 << 20, GBps: 20}},
		Weights: map[quant.Type]float64{quant.F16: 6e9, quant.Q8_0: 12e9, quant.Q4_0: 10e9}, // a second
		Far: []hostbench.Far{ // fetched at 20 GB/s, half of what could overlap does
			{Type: quant.F16, Weights: 4.615e9, GBps: 20}, {Type: quant.Q8_0, Weights: 9.102e9, GBps: 20}, {Type: quant.Q4_0, Weights: 8.767e9, GBps: 20},
		},
		Cached:   7e9,
		Dispatch: 700 * time.Nanosecond,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, runtimes, _ := strings.Cut(string(profile), "runtimes:")
	for line := range strings.Lines(runtimes) {
		if strings.Contains(line, "kind: measured") && !strings.Contains(line, "_share") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// dispatch: {value: 700 ns, kind: measured, source: "hostbench: of an operator, beside its work"}
	// overlap: {value: 0.5000, kind: measured, source: "products with weights beyond all caches beside those within: off by 0.0 % on average"}
	// - {dtype: f16, compute: f16, dequant: {value: 1.0000, kind: measured, source: "6.0000 billion weights a second"}}
	// - {dtype: q8_0, compute: int8, dequant: {value: 0.0000, kind: measured, source: "12.0000 billion weights a second"}}
	// - {dtype: q4_0, compute: int8, dequant: {value: 0.2000, kind: measured, source: "10.0000 billion weights a second"}}
}
