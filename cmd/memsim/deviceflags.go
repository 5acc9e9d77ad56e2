package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/study"
)

// deviceFlags name a device, what of it computes, and how energy is counted.
type deviceFlags struct {
	study.Hardware
	samples int  // draws of what is uncertain
	whatIf  bool // ask what would make the first model faster
}

// addSamples adds the flags of commands whose figures have intervals.
func (d *deviceFlags) addSamples(cmd *cobra.Command) {
	cmd.Flags().IntVar(&d.samples, "samples", study.DefaultSamples, "`draws` of what is uncertain in the profile, for the 90 % interval of each figure (0: none)")
	cmd.Flags().BoolVar(&d.whatIf, "what-if", true, "replay the first model again with the memory twice as fast, launches halved and so on")
}

// draws are those that the flags ask for, the same for one seed.
func (a *app) draws(d *deviceFlags) (*posterior.Draws, error) {
	if d.samples < 0 || d.samples > study.MostSamples {
		return nil, fault.Userf("--samples %d: give 0, for no intervals, or up to %d draws", d.samples, study.MostSamples)
	}
	if d.samples == 0 {
		return nil, nil
	}
	p, err := posterior.Shipped()
	if err != nil {
		return nil, err
	}
	return p.Draw(d.samples, a.common.seed), nil
}

func (d *deviceFlags) add(cmd *cobra.Command, fallback string) {
	f := cmd.Flags()
	f.StringVarP(&d.Device, "device", "d", fallback, "`device`: a shipped profile (see memsim devices) or the path of a YAML file")
	addChoice(cmd, &d.Unit, "unit", "", "compute `unit`: cpu, gpu or npu (default: the device's own)", "cpu", "gpu", "npu")
	f.StringVar(&d.Runtime, "runtime", "", "inference `program` whose costs are assumed, such as llama.cpp-cpu (default: the unit's own)")
	f.StringVar(&d.Energy, "energy", study.DeviceEnergy, "energy `model`: device (from the profile) or paper (MobileLLM's 0.1 J per billion 8-bit weights)")
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
