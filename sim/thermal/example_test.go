package thermal_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/thermal"
	"github.com/memsim/memsim/units"
)

// How long a phone keeps its speed, and what is left of it then.
func ExampleModel_Warm() {
	phone, err := devices.Load("iphone13", []string{
		"thermal.sustained_power=3W", "thermal.burst=300J", "thermal.floor=50%", "system_power=1W",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := thermal.Of(phone)
	for _, watts := range []float64{2.5, 4, 8} {
		share, after := m.Warm(units.Watts(watts))
		fmt.Printf("%.1f W: %.0f %% of the speed after %.0f s\n", watts, 100*share, after)
	}
	// Output:
	// 2.5 W: 100 % of the speed after 0 s
	// 4.0 W: 67 % of the speed after 300 s
	// 8.0 W: 50 % of the speed after 60 s
}
