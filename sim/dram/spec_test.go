package dram

import (
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

func TestClockIsExact(t *testing.T) {
	for _, c := range []struct {
		rate     units.Hertz
		perClock int64
		want     Clock
	}{
		{6400e6, 8, Clock{1250, 1}},
		{8533.333e6, 8, Clock{1875, 2}}, // 937.5 ps
		{9600e6, 8, Clock{2500, 3}},     // 833 1/3 ps
		{4266.667e6, 2, Clock{1875, 4}}, // 468.75 ps
		{4800e6, 2, Clock{1250, 3}},     // 416 2/3 ps
	} {
		got, err := clockAt(c.rate, c.perClock)
		if err != nil || got != c.want {
			t.Errorf("%g T/s: clock of %v ps, want %v, error %v", float64(c.rate), got, c.want, err)
		}
	}
}

func TestClockRoundsUp(t *testing.T) {
	c := Clock{1875, 2} // 937.5 ps
	for ps, clocks := range map[units.Picoseconds]int64{0: 0, 1: 1, 937: 1, 938: 2, 1875: 2, 1876: 3} {
		if got := c.After(ps); got != clocks {
			t.Errorf("%d clocks have begun after %d ps, want %d", got, ps, clocks)
		}
	}
	for _, c := range []Clock{{1875, 2}, {2500, 3}, {1250, 1}} {
		for n := range int64(100) {
			if at := c.Time(n); c.Edge(at) != n || c.Edge(at+1) != n+1 {
				t.Errorf("%v: clock %d begins at %d ps, where clock %d is, and %d a picosecond later", c, n, at, c.Edge(at), c.Edge(at+1))
			}
		}
	}
	for clocks, ps := range map[int64]units.Picoseconds{0: 0, 1: 938, 2: 1875, 1 << 40: 1030792151040000} {
		if got := c.Time(clocks); got != ps {
			t.Errorf("clock %d begins at %d ps, want %d", clocks, got, ps)
		}
	}
}

// TestSpecFaults names all that is wrong with a part, and what would be right.
func TestSpecFaults(t *testing.T) {
	part := *parts[slices.IndexFunc(parts, func(p *devices.DRAMPart) bool { return p.Name == "lpddr5-6400" })]
	part.Timing = part.Timing[1:]
	part.BanksPerGroup.Value = 3
	part.Clock.Value = 900
	_, err := SpecOf(devices.DRAM{
		Part: part.Name, Spec: &part, Channels: count(3), Ranks: count(1),
		Mapping: "RoCo", PagePolicy: "ajar", Refresh: "sometimes",
	})
	if !fault.IsUser(err) {
		t.Fatalf("%v is not a user's mistake", err)
	}
	for _, want := range []string{
		"channels is 3", "banks_per_group is 3", "clock is 900 ps", "timing lacks", "ajar", "sometimes", "add ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%s", want, err)
		}
	}
}

func TestSpecNeedsAPart(t *testing.T) {
	if _, err := SpecOf(devices.DRAM{Part: "lpddr9"}); !fault.IsUser(err) {
		t.Errorf("error %v", err)
	}
}

func TestNamesOfCommandsAndLevels(t *testing.T) {
	if got := ACT1.String() + " " + REFpb.String() + " " + LevelBankGroup.String(); got != "ACT1 REFpb bank group" {
		t.Error(got)
	}
}
