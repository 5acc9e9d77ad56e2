package flash

import (
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

func configOf(t testing.TB, part string) Config {
	t.Helper()
	p, err := devices.LoadFlashPart(part)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ConfigOf(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The shipped parts read as fast as they were measured to.
func TestPartsReadAsFastAsMeasured(t *testing.T) {
	tests := []struct {
		part    string
		block   units.Bytes
		pattern Pattern
		depths  []int
		gbps    float64
		within  float64
	}{
		{"ufs-4.0", 512 * units.KiB, Sequential, []int{1, 2, 8, 32}, 4.0, 0.1},
		{"ufs-4.0", 512 * units.KiB, Random, []int{1, 2, 8, 32}, 3.5, 0.1},
		{"ufs-4.0", 4 * units.KiB, Random, []int{1}, 0.45, 0.05},
		{"ufs-4.0", 4 * units.KiB, Random, []int{32}, 1.0, 0.1},
		{"ufs-3.1", 512 * units.KiB, Sequential, []int{1, 32}, 0.945, 0.04},
		{"ufs-3.1", 4 * units.KiB, Random, []int{1}, 0.05, 0.2},
		{"apple-nvme-a15", 512 * units.KiB, Sequential, []int{1, 32}, 0.93, 0.03},
		{"apple-nvme-a16", 512 * units.KiB, Sequential, []int{1, 32}, 1.53, 0.03},
	}
	for _, test := range tests {
		for _, depth := range test.depths {
			r, err := Probe(configOf(t, test.part), Load{Block: test.block, Pattern: test.pattern, Depth: depth})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%-15s %4d KiB %-4s depth %2d: %.3f GB/s %.0f IOPS mean %.1f p99 %.1f us", test.part, test.block/units.KiB, test.pattern, depth, r.GBps, r.IOPS, r.MeanUS, r.P99US)
			if r.GBps < test.gbps*(1-test.within) || r.GBps > test.gbps*(1+test.within) {
				t.Errorf("%s, %d KiB %s, depth %d: %.3f GB/s, measured %.3f", test.part, test.block/units.KiB, test.pattern, depth, r.GBps, test.gbps)
			}
		}
	}
}
