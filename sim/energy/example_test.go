package energy_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/units"
)

// A token of 125 MB of weights, by MobileLLM's assumption of 12.5 pJ for each
// bit that moves.
func ExampleFlat() {
	assumption, err := devices.LoadEnergyAssumption("paper")
	if err != nil {
		fmt.Println(err)
		return
	}
	parts := energy.Flat(assumption.MemoryPath.Value).Charge(energy.Use{Moved: units.Bytes(125e6)})
	fmt.Printf("%.1f mJ, of which compute %.0f\n", parts.Total().Millijoules(), parts.Compute.Millijoules())
	// Output: 12.5 mJ, of which compute 0
}
