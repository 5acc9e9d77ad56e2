package sweep

import (
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
	"github.com/memsim/memsim/sim"
)

// FuzzParseCondition looks for conditions that panic, that take memory beyond
// their size, or that do not end.
func FuzzParseCondition(f *testing.F) {
	for _, text := range []string{
		`latency_ms_per_token < 20 && fits_dram_budget`, `sharing in ["none", "immediate"]`, `model contains "125" ? layers > 3 : true`,
		`layers ** 99999 > -dim % 0`, `max(layers, 3, 1e9) matches "a+"`, `count(1..1000, count(1..1000, true)) > 3`,
	} {
		f.Add(text)
	}
	row := row(f, 3, sim.Result{LatencyMS: 12})
	f.Fuzz(func(t *testing.T, text string) {
		faulttest.Bounded(t, 16<<20, 1<<14, len(text), func() {
			c, err := ParseCondition(text, shapes)
			if err != nil {
				if !fault.IsUser(err) {
					t.Fatalf("%v is not the user's mistake", err)
				}
				return
			}
			if _, err := c.True(row); err != nil && !fault.IsUser(err) {
				t.Fatalf("%v is not the user's mistake", err)
			}
		})
	})
}

// FuzzParseAxis looks for axes that panic or have no value.
func FuzzParseAxis(f *testing.F) {
	for _, text := range []string{"8,16,32", "8:60:4", "none, immediate", "1:99999999999", "3:1", "-9223372036854775808:9223372036854775807", "0.5:2:0.25", "4 MiB"} {
		f.Add("layers", text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		faulttest.Bounded(t, 64<<20, 1<<10, len(text), func() {
			a, err := ParseAxis(name, text)
			if err != nil {
				if !fault.IsUser(err) {
					t.Fatalf("%v is not the user's mistake", err)
				}
				return
			}
			if len(a.Values) == 0 {
				t.Fatalf("axis %q of %q has no values", name, text)
			}
			a.Numeric()
		})
	})
}
