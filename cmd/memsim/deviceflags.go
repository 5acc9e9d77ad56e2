package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/study"
)

// deviceFlags name a device, what of it computes, and how energy is counted.
type deviceFlags struct{ study.Hardware }

func (d *deviceFlags) add(cmd *cobra.Command, fallback string) {
	f := cmd.Flags()
	f.StringVarP(&d.Device, "device", "d", fallback, "`device`: a shipped profile (see memsim devices) or the path of a YAML file")
	addChoice(cmd, &d.Unit, "unit", "", "compute `unit`: cpu, gpu or npu (default: the device's own)", "cpu", "gpu", "npu")
	f.StringVar(&d.Runtime, "runtime", "", "inference `program` whose costs are assumed, such as llama.cpp-cpu (default: the unit's own)")
	f.StringVar(&d.Energy, "energy", study.DeviceEnergy, "`figures` of energy: device, or paper (MobileLLM's 0.1 J per billion 8-bit weights)")
	f.BoolVar(&d.Warm, "sustained", false, "also say how fast a warm device is, and when it slows down")
	f.StringVar(&d.Experts.Cache, "expert-cache", "", "`size` of the cache into which a mixture's experts are read from flash, such as 4GB (0: none; default: weights are as all others)")
	addChoice(cmd, &d.Experts.Policy, "expert-policy", "", "which `expert` leaves a full cache: lru, lfu or pinned (default lru)", experts.Policies...)
	f.IntVar(&d.Experts.Lanes, "io-lanes", 0, fmt.Sprintf("`threads` that read experts (default %d)", study.DefaultLanes))
	f.BoolVar(&d.Experts.Overlap, "overlap", false, "read experts while those that are there are computed")
	f.StringArrayVar(&d.Sets, "set", nil, "override a `field` of the profile, as dram.channels=2 (repeatable)")
	completeWithFiles(cmd, "device", devices.Names()...)
	complete(cmd, "runtime", completeRuntime)
	complete(cmd, "set", completeField)
	completeWith(cmd, "energy", study.Energies()...)
}
