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
	part, device, block, span, pattern string
	depth, commands                    int
	hot, mapped, slow                  bool
}

func (a *app) probeFlashCommand() *cobra.Command {
	var p probingFlash
	cmd := &cobra.Command{
		Use:   "flash --part PART | --device DEVICE",
		Short: "Read from a flash part as fio reads from a disk",
		Long: `Read from a flash part as fio reads from a disk, with as many reads in flight as
--depth says. With --device, the part is the one of the device and its processor is
busy with each read (flash.host), as it is for threads that read from files.`,
		Example: `  memsim probe flash --part ufs-4.0 --block 4KiB --pattern rand --depth 1
  memsim probe flash --device pixel8pro --block 1MiB --pattern rand --depth 4`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.probeFlash(&p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.part, "part", "", "flash `part`: a shipped one or the path of a YAML file")
	f.StringVarP(&p.device, "device", "d", "", "`device` whose part and whose processor read: a shipped profile or the path of a YAML file")
	f.BoolVar(&p.hot, "hot", false, "as fast as the part is in a hot phone")
	f.BoolVar(&p.mapped, "mapped", false, "through the page cache into mapped memory, not past it (with --device)")
	f.BoolVar(&p.slow, "slow-core", false, "issued from a little core (with --device)")
	f.StringVar(&p.block, "block", "512KiB", "`size` of a read")
	f.StringVar(&p.span, "span", "4GiB", "`size` of the file that is read from")
	addChoice(cmd, &p.pattern, "pattern", string(flash.Sequential), "`order` of addresses: seq or rand", string(flash.Sequential), string(flash.Random))
	f.IntVar(&p.depth, "depth", 1, "reads in flight")
	f.IntVar(&p.commands, "commands", 0, "reads in all (0: enough for a steady figure)")
	completeWithFiles(cmd, "part", devices.FlashParts()...)
	completeWithFiles(cmd, "device", devices.Names()...)
	return cmd
}

func (a *app) probeFlash(p *probingFlash) error {
	config, host, err := p.storage()
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
	r, err := flash.Probe(config, flash.Load{Block: block, Pattern: flash.Pattern(p.pattern), Depth: p.depth, Span: span, Commands: p.commands, Seed: a.common.seed, Host: host})
	if err != nil {
		return err
	}
	g := grid{columns: columns("reads>", "bytes>", "GB/s>", "IOPS>", "mean us>", "p99 us>", "energy nJ>", "pJ/bit>")}
	g.add(strconv.Itoa(r.Commands), count(int64(r.Bytes)), fixed(r.GBps, 3), fixed(r.IOPS, 0), fixed(r.MeanUS, 1), fixed(r.P99US, 1), fixed(r.EnergyNJ, 0), fixed(r.PJPerBit, 1))
	return a.print(r, g)
}

// storage returns the part that is read from, and what a read costs the processor.
func (p *probingFlash) storage() (config flash.Config, host flash.Host, err error) {
	if p.part == "" && p.device == "" || p.part != "" && p.device != "" {
		return config, host, fault.Userf("name either the part with --part (%s) or a device with --device", list(devices.FlashParts()))
	}
	var part *devices.FlashPart
	if p.device != "" {
		d, err := devices.Load(p.device, nil)
		if err != nil {
			return config, host, err
		}
		if p.slow && d.Flash.Host == nil {
			return config, host, fault.Userf("--slow-core: %s says nothing of what reads cost its processor; give it flash.host", d.Name)
		}
		part, host = d.Flash.Spec, flash.HostOf(d.Flash, p.mapped)
		if p.slow {
			host = host.On(float64(d.Flash.Host.SlowCore.Value))
		}
	} else if p.mapped || p.slow {
		return config, host, fault.Userf("--mapped and --slow-core are of a processor; name it with --device")
	} else if part, err = devices.LoadFlashPart(p.part); err != nil {
		return config, host, err
	}
	if config, err = flash.ConfigOf(part); err == nil && p.hot {
		config, err = config.Hot()
	}
	return config, host, err
}

// parseSize reads a size such as 4KiB or 512 MB.
func parseSize(flag, text string) (units.Bytes, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return 0, fault.Userf("--%s %q is no size; write a number and a unit, such as 4KiB", flag, text)
	}
	return units.Bytes(n), nil
}
