package devices_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
)

// A shipped device, with half of its DRAM channels.
func ExampleLoad() {
	d, err := devices.Load("iphone15", []string{"dram.channels=2", "dram.capacity=3 GiB"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Title)
	fmt.Printf("%.1f GB/s, channels %s (%s)\n", float64(d.PeakBandwidth())/1e9, d.DRAM.Channels, d.DRAM.Channels.Kind)
	// Output:
	// Apple iPhone 15
	// 25.6 GB/s, channels 2 (override)
}

// Faults are named together, each with its place and the way out.
func ExampleLoad_faults() {
	_, err := devices.Load("iphone15", []string{"dram.chanels=2", "sram.slc.capacity=24", "units.gpu.bandwidth=1.2"})
	fmt.Println(err)
	// Output:
	// --set dram.chanels=2: dram.chanels is not a field of the profile; did you mean dram.channels?
	// --set sram.slc.capacity=24: sram.slc.capacity: 24 has no unit; write a number and one of B, KB, KiB, MB, MiB, GB, GiB
	// --set units.gpu.bandwidth=1.2: units.gpu.bandwidth: 1.2 is not believable; it lies between 0.01 and 1
}

// Every number says where it comes from.
func ExampleDevice_Numbers() {
	d, err := devices.Load("iphone13", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range d.Numbers() {
		switch row.Path {
		case "battery", "dram.channels":
			fmt.Printf("%s = %s, %s: %s\n", row.Path, row.Value, row.Kind, row.Source)
		}
	}
	// Output:
	// battery = 12.41 Wh, spec: Wikipedia, iPhone 13: memory and battery
	// dram.channels = 4, spec: Wikipedia, Apple silicon: cores, clocks, caches, GPU and memory of the A and M series
}
