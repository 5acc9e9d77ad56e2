package profiles_test

import (
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

func tried() profiles.Comparison {
	return profiles.Comparison{Device: "phone", Results: []sim.Result{{Model: "m", LatencyMS: 8, Interval90: map[string][2]float64{"latency_ms_per_token": {6, 14}}}},
		WhatIf: []profiles.WhatIf{
			{Change: "twice the DRAM bandwidth", LatencyMS: 6, Ratio: 0.75, Interval90: &[2]float64{5, 9}, RatioInterval90: &[2]float64{0.7, 0.8}},
			{Change: "slc twice as large", LatencyMS: 8, Ratio: 1},
		}}
}

func TestTheVerdictNamesTheLeverThatHelpsMost(t *testing.T) {
	c := tried()
	if got, want := profiles.Lever(c), "Of what was tried, twice the DRAM bandwidth helps most: 6 ms (5–9), 25 % faster."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.WhatIf = c.WhatIf[1:]
	if got := profiles.Lever(c); got != "" {
		t.Errorf("%q, and nothing helps", got)
	}
}

func TestTheTerminalShowsChangesWithIntervalsWhereTheyFit(t *testing.T) {
	for width, want := range map[int]string{80: "6 ms (5–9)  0.75× (0.700–0.800×)", 44: "6 ms  0.75×"} {
		var out strings.Builder
		if err := profiles.WriteTable(&out, tried(), profiles.Terminal{Width: width}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "takes 8 ms (6–14)") {
			t.Errorf("at %d cells the table lacks %q:\n%s", width, want, out.String())
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if n := len([]rune(line)); n > width {
				t.Errorf("%d cells: %q has %d", width, line, n)
			}
			if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "ms") {
				t.Errorf("%d cells: a unit stands alone in %q", width, line)
			}
		}
	}
}
