package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/interrupt"
	"github.com/memsim/memsim/sim/dram"
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

// probingDRAM is the probe dram command.
type probingDRAM struct {
	part, trace, mapping, refresh, policy string
	commandLevel                          bool
}

func (a *app) probeDRAMCommand() *cobra.Command {
	var p probingDRAM
	cmd := &cobra.Command{
		Use:   "dram --part PART --trace FILE",
		Short: "Replay a raw load/store trace on one channel of a DRAM part",
		Long: `Replay a raw trace on one channel, one rank, of a DRAM part. The trace has
Ramulator's load/store form, a line each: LD ADDRESS or ST ADDRESS, decimal or
with 0x. Each line is one burst, offered as fast as the queues take it. A trace may
be of any length, and come through a pipe.`,
		Example: `  memsim probe dram --part lpddr5-6400 --trace reads.txt --mapping RoBaRaCoCh --refresh all --format json`,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.probeDRAM(cmd.Context(), &p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.part, "part", "", "DRAM `part`: a shipped one or the path of a YAML file")
	f.StringVar(&p.trace, "trace", "", "`file` of LD and ST lines (- is stdin)")
	f.StringVar(&p.mapping, "mapping", "RoBaRaCoCh", "bit `order` from high to low, such as RoBaRaCoCh or ChRaBaRoCo, +xor to hash banks")
	addChoice(cmd, &p.refresh, "refresh", "all", "refresh `mode`: none, all or per (bank)", "none", "all", "per")
	addChoice(cmd, &p.policy, "policy", "open", "page `policy`: open, closed or timeout", "open", "closed", "timeout")
	f.BoolVar(&p.commandLevel, "command-level", false, "simulate each command of each burst, without the fast path: the same answer, slower")
	completeWithFiles(cmd, "part", devices.DRAMParts()...)
	completeWithFiles(cmd, "trace")
	completeWith(cmd, "mapping", "RoBaRaCoCh", "ChRaBaRoCo", "RoBaRaCoCh+xor", "RoRaBgBaCo4ChCo2+xor")
	return cmd
}

func (a *app) probeDRAM(ctx context.Context, p *probingDRAM) error {
	if p.part == "" || p.trace == "" {
		return fault.Userf("name the part with --part (%s) and the trace with --trace", list(devices.DRAMParts()))
	}
	part, err := devices.LoadDRAMPart(p.part)
	if err != nil {
		return err
	}
	if _, err := dram.ParseMapping(p.mapping); err != nil {
		return fault.Userf("--mapping: %w", err)
	}
	spec, err := dram.PartSpec(part, p.mapping, dram.Refresh(p.refresh), dram.Policy(p.policy))
	if err != nil {
		return err
	}
	memory := dram.New(spec)
	if p.commandLevel {
		memory = dram.NewCommandLevel(spec)
	}
	reply, err := interrupt.Return(ctx, func() (dram.Figures, error) {
		return a.probeTrace(ctx, p.trace, memory)
	})
	if err != nil {
		return err
	}
	g := grid{columns: columns("cycles>", "row hits>", "row misses>", "row conflicts>", "GB/s>", "energy nJ>", "requests>", "requests/s>")}
	g.add(count(reply.Cycles), count(reply.RowHits), count(reply.RowMisses), count(reply.RowConflicts),
		fixed(reply.GBps, 3), fixed(reply.EnergyNJ, 1), count(reply.Requests), humanize.SIWithDigits(reply.RequestsPerS, 2, ""))
	return a.print(reply, g)
}

// probeTrace moves the requests of a load/store trace through a memory; each line is
// the burst that holds its address.
func (a *app) probeTrace(ctx context.Context, path string, memory *dram.Memory) (dram.Figures, error) {
	in := a.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return dram.Figures{}, fault.Userf("cannot read the trace: %w", err)
		}
		defer f.Close()
		in = f
	}
	requests := func(yield func([]dram.Extent, error) bool) {
		for list, err := range dram.ReadTrace(in, units.Bytes(memory.Spec().BurstBytes)) {
			if err == nil {
				err = ctx.Err()
			}
			if !yield(list, err) || err != nil {
				return
			}
		}
	}
	figures, err := dram.Probe(memory, requests, time.Now)
	if errors.Is(err, bufio.ErrTooLong) {
		return dram.Figures{}, fault.Userf("%s: a line is longer than %d bytes; write a request a line, as \"LD 0x1f40\"", path, bufio.MaxScanTokenSize)
	}
	if err != nil {
		return dram.Figures{}, fmt.Errorf("%s: %w", path, err)
	}
	return figures, nil
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
