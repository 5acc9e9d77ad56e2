package thermal

import (
	"math"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

func phone(sustained, system units.Watts) *devices.Device {
	d := &devices.Device{Thermal: &devices.Thermal{}}
	d.Thermal.SustainedPower.Value = sustained
	d.Thermal.Burst.Value = 300
	d.Thermal.Floor.Value = 0.5
	d.SystemPower.Value = system
	return d
}

func TestWarm(t *testing.T) {
	for _, test := range []struct {
		name         string
		device       *devices.Device
		power        units.Watts
		share, after float64
	}{
		{"below what it sheds", phone(4, 1), 3.9, 1, 0},
		{"just what it sheds", phone(4, 1), 4, 1, 0},
		{"a third too much", phone(4, 1), 5, 0.75, 300},
		{"no lower than the floor", phone(4, 1), 21, 0.5, 300.0 / 17},
		{"the system alone is too much", phone(1, 2), 3, 0.5, 150},
		{"on mains and cooled", &devices.Device{}, 100, 1, 0},
	} {
		share, after := Of(test.device).Warm(test.power)
		if math.Abs(share-test.share) > 1e-12 || math.Abs(after-test.after) > 1e-9 {
			t.Errorf("%s: share %g after %g s, want %g after %g s", test.name, share, after, test.share, test.after)
		}
	}
}

// At the warm speed the device draws what it sheds.
func TestWarmPowerIsSustained(t *testing.T) {
	m := Of(phone(4, 1))
	for _, power := range []units.Watts{4.5, 5, 6} {
		share, _ := m.Warm(power)
		if warm := 1 + share*(float64(power)-1); math.Abs(warm-4) > 1e-12 {
			t.Errorf("cold %g W, warm %g W", float64(power), warm)
		}
	}
}
