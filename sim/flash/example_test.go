package flash_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/units"
)

// Loading the weights of a model of 125 M parameters at 8 bits.
func ExampleDevice_Read() {
	part, err := devices.LoadFlashPart("ufs-3.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := flash.ConfigOf(part)
	if err != nil {
		fmt.Println(err)
		return
	}
	device, err := flash.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	t := device.Read(0, []flash.Extent{{Addr: 0, Bytes: 132_800_000}})
	fmt.Printf("%.0f ms, %d commands, %.0f mJ\n", t.Done.Milliseconds(), t.Commands, t.Energy.Millijoules())
	// Output:
	// 140 ms, 1014 commands, 81 mJ
}

// Small random reads wait for each other; large ones in sequence do not.
func ExampleProbe() {
	part, err := devices.LoadFlashPart("ufs-4.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	config, err := flash.ConfigOf(part)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, load := range []flash.Load{
		{Block: 512 * units.KiB, Pattern: flash.Sequential, Depth: 1},
		{Block: 4 * units.KiB, Pattern: flash.Random, Depth: 1},
	} {
		r, err := flash.Probe(config, load)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-4s %3d KiB: %.2f GB/s\n", load.Pattern, load.Block/units.KiB, r.GBps)
	}
	// Output:
	// seq  512 KiB: 4.06 GB/s
	// rand   4 KiB: 0.45 GB/s
}
