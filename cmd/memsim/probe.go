package main

import (
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/units"
)

func (a *app) probeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Try one part of the memory system by itself: dram, flash or sram",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fault.Userf("name the part to probe: dram, flash or sram; see memsim probe --help")
		},
	}
	cmd.AddCommand(a.probeDRAMCommand(), a.probeFlashCommand(), a.probeSRAMCommand())
	return cmd
}

// probingFlash is the probe flash command.
type probingFlash struct {
	part, block, span, pattern string
	depth, commands            int
}

func (a *app) probeFlashCommand() *cobra.Command {
	var p probingFlash
	cmd := &cobra.Command{
		Use:     "flash --part PART",
		Short:   "Read from a flash part as fio reads from a disk",
		Example: `  memsim probe flash --part ufs-4.0 --block 4KiB --pattern rand --depth 1`,
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return a.probeFlash(&p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.part, "part", "", "flash `part`: a shipped one or the path of a YAML file")
	f.StringVar(&p.block, "block", "512KiB", "`size` of a read")
	f.StringVar(&p.span, "span", "4GiB", "`size` of the file that is read from")
	addChoice(cmd, &p.pattern, "pattern", string(flash.Sequential), "`order` of addresses: seq or rand", string(flash.Sequential), string(flash.Random))
	f.IntVar(&p.depth, "depth", 1, "reads in flight")
	f.IntVar(&p.commands, "commands", 0, "reads in all (0: enough for a steady figure)")
	completeWithFiles(cmd, "part", devices.FlashParts()...)
	return cmd
}

func (a *app) probeFlash(p *probingFlash) error {
	if p.part == "" {
		return fault.Userf("name the part with --part: %s", list(devices.FlashParts()))
	}
	part, err := devices.LoadFlashPart(p.part)
	if err != nil {
		return err
	}
	config, err := flash.ConfigOf(part)
	if err != nil {
		return err
	}
	block, err := parseSize("block", p.block)
	if err != nil {
		return err
	}
	span, err := parseSize("span", p.span)
	if err != nil {
		return err
	}
	r, err := flash.Probe(config, flash.Load{Block: block, Pattern: flash.Pattern(p.pattern), Depth: p.depth, Span: span, Commands: p.commands, Seed: a.common.seed})
	if err != nil {
		return err
	}
	g := grid{columns: columns("reads>", "bytes>", "GB/s>", "IOPS>", "mean us>", "p99 us>", "energy nJ>", "pJ/bit>")}
	g.add(strconv.Itoa(r.Commands), count(int64(r.Bytes)), fixed(r.GBps, 3), fixed(r.IOPS, 0), fixed(r.MeanUS, 1), fixed(r.P99US, 1), fixed(r.EnergyNJ, 0), fixed(r.PJPerBit, 1))
	return a.print(r, g)
}

// parseSize reads a size such as 4KiB or 512 MB.
func parseSize(flag, text string) (units.Bytes, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return 0, fault.Userf("--%s %q is no size; write a number and a unit, such as 4KiB", flag, text)
	}
	return units.Bytes(n), nil
}
