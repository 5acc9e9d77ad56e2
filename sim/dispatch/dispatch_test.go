package dispatch

import (
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

func TestAFusedOperatorCostsNoLaunch(t *testing.T) {
	m := Of(devices.Runtime{
		Dispatch: devices.Quantity[units.Picoseconds]{Value: 5 * units.Microsecond},
		Fused:    []string{"add", "rope"},
	}, devices.Unit{})
	for op, want := range map[string]units.Picoseconds{"attn_q": 5 * units.Microsecond, "add": 0, "rope": 0} {
		if got := m.Cost(op); got != want {
			t.Errorf("%s costs %d ps, want %d", op, got, want)
		}
	}
}
