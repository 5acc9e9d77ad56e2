package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
)

// deviceRow describes a device in a list.
type deviceRow struct {
	Device          string   `json:"device"`
	Title           string   `json:"title"`
	SoC             string   `json:"soc"`
	DRAM            string   `json:"dram"`
	DRAMBytes       int64    `json:"dram_bytes"`
	DRAMPeakGBps    float64  `json:"dram_peak_gbps"`
	Flash           string   `json:"flash"`
	Units           []string `json:"units"`
	Runtimes        []string `json:"runtimes"`
	DefaultUnit     string   `json:"default_unit"`
	DefaultRuntime  string   `json:"default_runtime"`
	DRAMBudgetBytes int64    `json:"dram_budget_bytes"`
}

func (a *app) devicesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List device profiles, show every number of one with its source, check a file",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.listDevices() },
	}
	list := &cobra.Command{
		Use:       "list [socs|runtimes|cores|dram|flash]",
		Short:     "List the shipped devices, or SoCs, runtimes, types of cores, DRAM or flash parts",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: listings(),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "devices" {
				return a.listDevices()
			}
			return a.listNames(args[0])
		},
	}
	cmd.AddCommand(list, a.devicesShowCommand(), a.devicesCheckCommand())
	return cmd
}

// listed are the kinds of profiles beside devices, by the word that lists them.
var listed = map[string]func() []string{
	"socs": devices.SoCs, "runtimes": devices.Runtimes, "cores": devices.Cores,
	"dram": devices.DRAMParts, "flash": devices.FlashParts,
}

func listings() []string { return slices.Sorted(maps.Keys(listed)) }

// listNames lists the shipped profiles of a kind.
func (a *app) listNames(kind string) error {
	names, ok := listed[kind]
	if !ok {
		return fault.Userf("there is no list of %q; write one of devices, %s", kind, strings.Join(listings(), ", "))
	}
	folder := map[string]string{"dram": "parts/dram", "flash": "parts/flash"}[kind]
	if folder == "" {
		folder = kind
	}
	type row struct {
		Name  string `json:"name"`
		Title string `json:"title"`
	}
	var rows []row
	g := grid{columns: columns("name", "title")}
	for _, name := range names() {
		p, err := devices.LoadProfile(folder[strings.LastIndexByte(folder, '/')+1:] + "/" + name)
		if err != nil {
			return err
		}
		rows = append(rows, row{p.Name, p.Title})
		g.add(p.Name, p.Title)
	}
	g.foot = []string{"memsim devices show NAME prints every number with its source."}
	return a.print(rows, g)
}

func (a *app) listDevices() error {
	var rows []deviceRow
	g := grid{columns: columns("device", "name", "SoC", "DRAM", "GB/s>", "flash", "units", "runtimes")}
	for _, name := range devices.Names() {
		d, err := devices.Load(name, nil)
		if err != nil {
			return err
		}
		r := deviceRow{
			Device: name, Title: d.Title, SoC: d.SoC, DRAM: d.DRAM.Part, DRAMBytes: int64(d.DRAM.Capacity.Value),
			DRAMPeakGBps: float64(d.PeakBandwidth()) / 1e9, Flash: d.Flash.Part,
			DefaultUnit: d.DefaultUnit, DefaultRuntime: d.DefaultRuntime,
			DRAMBudgetBytes: int64(float64(d.DRAM.Capacity.Value) * float64(d.DRAM.AppBudget.Value)),
		}
		for i := range d.Units {
			r.Units = append(r.Units, d.Units[i].Name)
		}
		for i := range d.Runtimes {
			r.Runtimes = append(r.Runtimes, d.Runtimes[i].Name)
		}
		rows = append(rows, r)
		g.add(name, r.Title, r.SoC, d.DRAM.Capacity.String()+" "+r.DRAM, fixed(r.DRAMPeakGBps, 1), r.Flash, list(r.Units), list(r.Runtimes))
	}
	g.foot = []string{"memsim devices show DEVICE prints every number with its source."}
	return a.print(rows, g)
}

func (a *app) devicesShowCommand() *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Print every number of a device, SoC, runtime, core or part with its kind and source",
		Args:  oneArgument("a device, a SoC, a runtime, a type of core or a part: the name of a shipped one, or the path of a YAML file"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := devices.LoadProfile(args[0])
			switch {
			case err == nil && p.Kind != "device" && len(sets) > 0:
				return fault.Userf("--set changes a device, and %s is a %s; name a device", args[0], p.Kind)
			case err == nil && p.Kind != "device":
				return a.showProfile(p)
			case err != nil && len(sets) == 0:
				return err
			}
			d, err := devices.Load(args[0], sets)
			if err != nil {
				return err
			}
			return a.showDevice(d)
		},
		ValidArgsFunction: completeDevices,
	}
	cmd.Flags().StringArrayVar(&sets, "set", nil, "override a `field` of the profile, as dram.channels=2 (repeatable)")
	complete(cmd, "set", completeField)
	return cmd
}

// numberRow is one number of a profile.
type numberRow struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Kind   string `json:"kind"`
	Source string `json:"source"`
}

// deviceReply is a resolved device: as it was used, with its sources.
type deviceReply struct {
	Device         string      `json:"device"`
	Title          string      `json:"title"`
	SoC            string      `json:"soc"`
	DefaultUnit    string      `json:"default_unit"`
	DefaultRuntime string      `json:"default_runtime"`
	Numbers        []numberRow `json:"numbers"`
}

func resolvedDevice(d *devices.Device) deviceReply {
	reply := deviceReply{Device: d.Name, Title: d.Title, SoC: d.SoC, DefaultUnit: d.DefaultUnit, DefaultRuntime: d.DefaultRuntime}
	for _, n := range d.Numbers() {
		reply.Numbers = append(reply.Numbers, numberRow{n.Path, n.Value, string(n.Kind), n.Source})
	}
	return reply
}

func (a *app) showDevice(d *devices.Device) error {
	reply := resolvedDevice(d)
	g := grid{title: d.Title + " (" + d.SoC + ")", columns: columns("field", "value>", "kind", "source")}
	for _, n := range reply.Numbers {
		g.add(n.Path, n.Value, n.Kind, n.Source)
	}
	return a.print(reply, g)
}

// profileReply is a SoC, a runtime, a type of core or a part.
type profileReply struct {
	Kind    string      `json:"kind"`
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Numbers []numberRow `json:"numbers"`
}

func (a *app) showProfile(p *devices.Profile) error {
	reply := profileReply{Kind: p.Kind, Name: p.Name, Title: p.Title}
	g := grid{title: p.Name + " (" + p.Kind + ")", columns: columns("field", "value>", "kind", "source")}
	for _, n := range p.Numbers {
		reply.Numbers = append(reply.Numbers, numberRow{n.Path, n.Value, string(n.Kind), n.Source})
		g.add(n.Path, n.Value, string(n.Kind), n.Source)
	}
	return a.print(reply, g)
}

func (a *app) devicesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a device, SoC, runtime, core or part of your own and report every fault at once",
		Args:  oneArgument("the path of a YAML file"),

		ValidArgsFunction: oneFile("yaml", "yml"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := devices.LoadProfile(args[0])
			if err != nil {
				return err
			}
			kinds := map[devices.Kind]int{}
			for _, n := range p.Numbers {
				kinds[n.Kind]++
			}
			g := grid{columns: columns(p.Kind, "numbers>", "spec>", "measured>", "estimated>", "calibrated>")}
			count := func(k devices.Kind) string { return strconv.Itoa(kinds[k]) }
			g.add(p.Name, strconv.Itoa(len(p.Numbers)), count(devices.Spec), count(devices.Measured), count(devices.Estimated), count(devices.Calibrated))
			return a.print(struct {
				Device     string `json:"device"` // the name, whatever the kind
				Kind       string `json:"kind"`
				Numbers    int    `json:"numbers"`
				Spec       int    `json:"spec"`
				Measured   int    `json:"measured"`
				Estimated  int    `json:"estimated"`
				Calibrated int    `json:"calibrated"`
			}{p.Name, p.Kind, len(p.Numbers), kinds[devices.Spec], kinds[devices.Measured], kinds[devices.Estimated], kinds[devices.Calibrated]}, g)
		},
	}
}
