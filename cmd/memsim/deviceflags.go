package main

import (
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/sim"
)

// deviceFlags name a device, what of it computes, and how energy is counted.
type deviceFlags struct {
	device  string
	unit    string
	runtime string
	energy  string
	warm    bool
	sets    []string
}

func (d *deviceFlags) add(cmd *cobra.Command, fallback string) {
	f := cmd.Flags()
	f.StringVarP(&d.device, "device", "d", fallback, "`device`: a shipped profile (see memsim devices) or the path of a YAML file")
	addChoice(cmd, &d.unit, "unit", "", "compute `unit`: cpu, gpu or npu (default: the device's own)", "cpu", "gpu", "npu")
	f.StringVar(&d.runtime, "runtime", "", "inference `program` whose costs are assumed, such as llama.cpp-cpu (default: the unit's own)")
	f.StringVar(&d.energy, "energy", deviceEnergy, "`figures` of energy: device, or paper (MobileLLM's 0.1 J per billion 8-bit weights)")
	f.BoolVar(&d.warm, "sustained", false, "also say how fast a warm device is, and when it slows down")
	f.StringArrayVar(&d.sets, "set", nil, "override a `field` of the profile, as dram.channels=2 (repeatable)")
	completeWithFiles(cmd, "device", devices.Names()...)
	complete(cmd, "runtime", completeRuntime)
	complete(cmd, "set", completeField)
	completeWith(cmd, "energy", append([]string{deviceEnergy}, devices.EnergyAssumptions()...)...)
}

// deviceEnergy is the value of --energy for the device's own figures.
const deviceEnergy = "device"

// needDevice refuses a command line without a device.
func needDevice(ref string) error {
	if ref == "" {
		return fault.Userf("name the device with --device: one of %s, or the path of a YAML file", list(devices.Names()))
	}
	return nil
}

// machine loads the device and sets it up for replay.
func (d *deviceFlags) machine() (*sim.Machine, error) {
	if err := needDevice(d.device); err != nil {
		return nil, err
	}
	device, err := devices.Load(d.device, d.sets)
	if err != nil {
		return nil, err
	}
	config := sim.Config{Device: device, Unit: d.unit, Runtime: d.runtime, Sustained: d.warm}
	if d.energy != deviceEnergy {
		if config.Energy, err = devices.LoadEnergyAssumption(d.energy); err != nil {
			return nil, err
		}
	}
	return sim.New(config)
}
