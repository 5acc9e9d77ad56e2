package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/internal/interrupt"
	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/fast"
)

// probingDRAM is the probe dram command.
type probingDRAM struct {
	part, trace, mapping, refresh, policy string
	channels, ranks                       int
	commandLevel, commands, latency       bool
}

func (a *app) probeDRAMCommand() *cobra.Command {
	var p probingDRAM
	cmd := &cobra.Command{
		Use:   "dram --part PART --trace FILE",
		Short: "Replay a raw load/store trace on a DRAM part",
		Long: `Replay a raw trace on a DRAM part: one channel of one rank, or as many as
--channels and --ranks say. The trace is a text file, plain or compressed by gzip, a
request a line, in Ramulator's load/store form, LD ADDRESS or ST ADDRESS, or in
DRAMsim3's, ADDRESS READ CLOCK or ADDRESS WRITE CLOCK; addresses are decimal, or
hexadecimal after 0x. Each line is one burst, offered as fast as the queues take it,
but not before its clock if it gives one: a third word of Ramulator's form is a clock
too. A trace may be of any length, and come through a pipe (--trace -).`,
		Example: `  memsim probe dram --part lpddr5-6400 --trace reads.txt --mapping RoBaRaCoCh --refresh all --format json
  memsim probe dram --part lpddr5x-8533 --trace reads.txt --channels 4 --ranks 2 --commands --latency`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.probeDRAM(cmd.Context(), &p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.part, "part", "", "DRAM `part`: a shipped one or the path of a YAML file")
	f.StringVar(&p.trace, "trace", "", "`file` of LD and ST lines (- is stdin)")
	f.IntVar(&p.channels, "channels", 1, "`number` of channels, a power of two")
	f.IntVar(&p.ranks, "ranks", 1, "`number` of ranks of a channel, a power of two")
	f.StringVar(&p.mapping, "mapping", "RoBaRaCoCh", "bit `order` from high to low, such as RoBaRaCoCh or ChRaBaRoCo, or MOP4CLXOR; +xor hashes banks with rows, +Bg0^0x12000 a bit with a mask of address bits")
	addChoice(cmd, &p.refresh, "refresh", "all", "refresh `mode`: none, all or per (bank)", "none", "all", "per")
	addChoice(cmd, &p.policy, "policy", "open", "page `policy`: open, closed or timeout", "open", "closed", "timeout")
	f.BoolVar(&p.commands, "commands", false, "print the commands and the parts of energy too (JSON always has them)")
	f.BoolVar(&p.latency, "latency", false, "time each request: mean, median, 99th percentile and longest of reads (of writes if there are no reads)")
	f.BoolVar(&p.commandLevel, "command-level", false, "simulate each command of each burst, without the fast path: the same answer, slower")
	completeWithFiles(cmd, "part", devices.DRAMParts()...)
	completeWithFiles(cmd, "trace")
	completeWith(cmd, "mapping", "RoBaRaCoCh", "ChRaBaRoCo", "MOP4CLXOR", "RoBaRaCoCh+xor", "RoRaBgBaCo4ChCo2+xor")
	return cmd
}

func (a *app) probeDRAM(ctx context.Context, p *probingDRAM) error {
	if p.part == "" || p.trace == "" {
		return fault.Userf("name the part with --part (%s) and the trace with --trace", list(devices.DRAMParts()))
	}
	spec, err := p.spec()
	if err != nil {
		return err
	}
	var memory boundMover = fast.New(spec)
	if p.commandLevel || p.latency {
		memory = dram.New(spec)
	}
	memory.Bind(ctx)
	reply, err := interrupt.Return(ctx, func() (dram.Figures, error) { return a.probeTrace(ctx, p, memory) })
	if err != nil {
		return err
	}
	if a.format() == "csv" {
		return a.print(nil, p.line(reply))
	}
	return a.print(reply, p.grids(reply)...)
}

// A boundMover is a memory that can be interrupted.
type boundMover interface {
	dram.Mover
	Bind(context.Context)
}

// spec builds the memory that is asked for.
func (p *probingDRAM) spec() (dram.Spec, error) {
	part, err := devices.LoadDRAMPart(p.part)
	if err != nil {
		return dram.Spec{}, err
	}
	if _, err := dram.ParseMapping(p.mapping); err != nil {
		return dram.Spec{}, fault.Userf("--mapping: %w", err)
	}
	return dram.PartsSpec(part, p.channels, p.ranks, p.mapping, dram.Refresh(p.refresh), dram.Policy(p.policy))
}

// probeTrace moves the requests of a raw trace through a memory; each line is the
// burst that holds its address.
func (a *app) probeTrace(ctx context.Context, p *probingDRAM, memory dram.Mover) (dram.Figures, error) {
	in, err := a.openRequests(p.trace)
	if err != nil {
		return dram.Figures{}, err
	}
	defer in.Close()
	spec := memory.Spec()
	beyond := beyondCapacity{capacity: uint64(spec.Capacity())}
	requests := func(yield func([]dram.Request, error) bool) {
		for list, err := range dram.ReadTrace(in, spec.BurstBytes) {
			if err == nil {
				err = ctx.Err()
			}
			beyond.see(list)
			if !yield(list, err) || err != nil {
				return
			}
		}
	}
	figures, err := dram.Probe(memory, iter.Seq2[[]dram.Request, error](requests), p.latency, time.Now)
	if errors.Is(err, bufio.ErrTooLong) {
		return dram.Figures{}, fault.Userf("%s: a line is longer than %d bytes; write a request a line, as \"LD 0x1f40\"", p.trace, bufio.MaxScanTokenSize)
	}
	if err != nil {
		return dram.Figures{}, fmt.Errorf("%s: %w", p.trace, err)
	}
	if beyond.requests > 0 {
		a.note("%s: %s of %d requests (the first on line %d, 0x%x) lie beyond the %s of the memory and wrap around; --channels and --ranks make it larger",
			p.trace, count(beyond.requests), figures.Requests, beyond.line, beyond.addr, humanize.IBytes(beyond.capacity))
	}
	return figures, nil
}

// openRequests opens a raw trace: a regular file, or standard input.
func (a *app) openRequests(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.In), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Userf("cannot read the trace: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Userf("cannot read the trace: %s is no regular file; pipe it to standard input and give --trace -", path)
	}
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, fault.Userf("cannot read the trace: %w", err)
	}
	return f, nil
}

// beyondCapacity counts requests whose addresses the memory does not have.
type beyondCapacity struct {
	capacity, addr uint64
	requests       int64
	line           int // of the first one, whose address is addr
}

func (b *beyondCapacity) see(list []dram.Request) {
	for i := range list {
		if list[i].Addr < b.capacity {
			continue
		}
		if b.requests++; b.requests == 1 {
			b.addr, b.line = list[i].Addr, list[i].Line
		}
	}
}

// grids lays the answer out as tables.
func (p *probingDRAM) grids(f dram.Figures) []grid {
	g := grid{columns: columns("cycles>", "row hits>", "row misses>", "row conflicts>", "GB/s>", "energy nJ>", "requests>", "requests/s>")}
	g.add(count(f.Cycles), count(f.RowHits), count(f.RowMisses), count(f.RowConflicts),
		fixed(f.GBps, 3), fixed(f.EnergyNJ, 1), count(f.Requests), humanize.SIWithDigits(f.RequestsPerS, 2, ""))
	grids := []grid{g}
	if l := f.Latency; l != nil {
		times := grid{columns: columns("latency", "mean ns>", "p50 ns>", "p99 ns>", "max ns>")}
		times.add("of a request", fixed(l.Mean, 1), fixed(l.P50, 1), fixed(l.P99, 1), fixed(l.Max, 1))
		grids = append(grids, times)
	}
	if p.commands {
		commands := grid{columns: columns("command", "issued>")}
		for _, name := range slices.Sorted(maps.Keys(f.Commands)) {
			commands.add(name, count(f.Commands[name]))
		}
		energy := grid{columns: columns("energy", "nJ>")}
		for _, name := range slices.Sorted(maps.Keys(f.EnergyParts)) {
			energy.add(name, fixed(f.EnergyParts[name], 1))
		}
		grids = append(grids, commands, energy)
	}
	return grids
}

// line lays the answer out for programs: one line under the keys of JSON.
func (p *probingDRAM) line(f dram.Figures) grid {
	var names, cells []string
	add := func(name string, v any) {
		names, cells = append(names, name), append(cells, fmt.Sprint(v))
	}
	add("cycles", f.Cycles)
	add("row_hits", f.RowHits)
	add("row_misses", f.RowMisses)
	add("row_conflicts", f.RowConflicts)
	add("gbps", f.GBps)
	add("energy_nj", f.EnergyNJ)
	add("requests", f.Requests)
	add("requests_per_s", f.RequestsPerS)
	if l := f.Latency; l != nil {
		add("latency_ns.mean", l.Mean)
		add("latency_ns.p50", l.P50)
		add("latency_ns.p99", l.P99)
		add("latency_ns.max", l.Max)
	}
	if p.commands {
		for _, name := range slices.Sorted(maps.Keys(f.Commands)) {
			add("commands."+name, f.Commands[name])
		}
		for _, name := range slices.Sorted(maps.Keys(f.EnergyParts)) {
			add("energy_parts_nj."+name, f.EnergyParts[name])
		}
	}
	g := grid{columns: columns(names...)}
	g.add(cells...)
	return g
}
