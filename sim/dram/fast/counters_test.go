package fast

import (
	"math"
	"testing"

	"github.com/memsim/memsim/sim/dram"
)

func TestPackedCountersFitOrAreRefused(t *testing.T) {
	var all, back dram.Counters
	for i := range all {
		all[i] = math.MaxUint32 - int64(i)
	}
	p, ok := pack(all)
	if p.addTo(&back); !ok || back != all {
		t.Errorf("%v comes back as %v (%v)", all, back, ok)
	}
	for i := range all {
		long := all
		long[i] = math.MaxUint32 + 1
		if _, ok := pack(long); ok {
			t.Errorf("2^32 at place %d fits", i)
		}
	}
}
