package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/hostbench"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
)

// hosting is the host command.
type hosting struct {
	out, cores string
	sustained  bool
	storage    bool
	budget     time.Duration
}

// sustainedTime is for how long --sustained lets the cores work.
const sustainedTime = 2 * time.Minute

func (a *app) hostCommand() *cobra.Command {
	var h hosting
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Measure this machine, and write a profile of it",
		Long: `Measure this machine, a phone or another, and with -o write a profile of it that
--device takes: name, processor, kinds of cores, caches and clocks as the system
tells them; how fast each kind of cores, the fast ones and all together read memory
and multiply weights of each format, from caches and beyond them; how fast a file is
read by block and depth. Threads are bound to the cores that are measured. Nothing
needs root, and nothing stays but the profile.`,
		Example: `  memsim host
  memsim host -o my.yaml && memsim --device my.yaml
  memsim host --cores 4-7 --sustained`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.measureHost(cmd.Context(), &h) },
	}
	f := cmd.Flags()
	f.StringVarP(&h.out, "out", "o", "", "YAML `file` to write the profile to")
	completeWithFiles(cmd, "out")
	f.StringVar(&h.cores, "cores", "", "measure these `cores` alone, as 0-3,7 (default: sets by kind of core)")
	f.BoolVar(&h.sustained, "sustained", false, "let all cores work for two minutes, and show what is left of their speed")
	f.BoolVar(&h.storage, "storage", true, "write a file of 192 MiB into the folder for temporary files, and read it")
	f.DurationVar(&h.budget, "budget", 30*time.Second, "`time` for the cores; each set is measured once at least")
	return cmd
}

// hostSet is what was measured of some cores.
type hostSet struct {
	Runtime       string             `json:"runtime"` // in the profile
	Threads       int                `json:"threads"`
	Pinned        []int              `json:"pinned"`        // cores that the threads were bound to
	CacheGBps     map[string]float64 `json:"read_gbps"`     // plain reading, by bytes of the working set
	DRAMGBps      float64            `json:"dram_gbps"`     // plain reading beyond all caches
	NearGWeights  map[string]float64 `json:"near_gweights"` // 10^9 weights a second, from the caches
	FarGWeights   map[string]float64 `json:"far_gweights"`  // from beyond them
	DispatchNanos int64              `json:"dispatch_ns"`
}

type hostCluster struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Cores []int  `json:"cores"`
}

type hostStorage struct {
	BlockBytes int64   `json:"block_bytes"`
	Depth      int     `json:"depth"`
	MBps       float64 `json:"mbps"`
	Direct     bool    `json:"direct"`
}

type hostMoment struct {
	Seconds  float64 `json:"seconds"`
	GWeights float64 `json:"gweights"`
	Celsius  float64 `json:"celsius,omitempty"`
	Sensor   string  `json:"sensor,omitempty"`
	ClockGHz float64 `json:"clock_ghz,omitempty"`
}

// surveyReply is what the host command prints.
type surveyReply struct {
	Memsim    string        `json:"memsim"`
	Model     string        `json:"model"`
	SoC       string        `json:"soc"`
	MemBytes  int64         `json:"memory_bytes"`
	Clusters  []hostCluster `json:"clusters"`
	Offline   []int         `json:"offline_cores"`
	Sets      []hostSet     `json:"sets"`
	Storage   []hostStorage `json:"storage"`
	Sustained []hostMoment  `json:"sustained,omitempty"`
	Profile   string        `json:"profile,omitempty"`
}

func (a *app) measureHost(ctx context.Context, h *hosting) error {
	if h.budget < 0 {
		return fault.Userf("--budget %s is negative", h.budget)
	}
	if h.out != "" {
		if err := outputFile(h.out); err != nil {
			return err
		}
	}
	o := hostbench.SurveyOptions{Cores: h.cores, Budget: h.budget, Name: profileName(h.out), Note: a.note}
	if h.sustained {
		o.Sustained = sustainedTime
	}
	if h.storage {
		o.Folder = os.TempDir()
	}
	_, sets, err := hostbench.SurveySets(o)
	if err != nil {
		return err
	}
	if perCore, busy := hostbench.Busy(); busy {
		a.note("this machine is busy: %.1f tasks wanted each core over the last minute, and what is measured will scatter", perCore)
	}
	bar := a.newProgress(o.Steps(len(sets)))
	defer bar.done()
	o.Step = bar.step
	s, err := hostbench.MeasureHost(ctx, o)
	if err != nil {
		return err
	}
	bar.done()
	if h.out != "" {
		if err := atomicfile.Write(h.out, func(w io.Writer) error { _, err := w.Write(s.Profile); return err }); err != nil {
			return err
		}
	}
	reply := replyOf(&s, h.out)
	if err := a.print(reply, hostGrids(&reply, s.Left())...); err != nil {
		return err
	}
	if h.out != "" {
		a.note("wrote %s; memsim --device %s predicts models on this machine", h.out, h.out)
	}
	return nil
}

// profileName is the name of a profile in a file.
func profileName(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, name)
	if path == "" || name == "" {
		return hostDevice
	}
	return name
}

func replyOf(s *hostbench.Survey, profile string) surveyReply {
	r := surveyReply{
		Memsim: version, Model: s.Machine.Model, SoC: s.Machine.SoC, MemBytes: s.Machine.MemBytes, Profile: profile,
		Clusters: []hostCluster{}, Offline: []int{}, Sets: []hostSet{}, Storage: []hostStorage{},
	}
	for _, c := range s.Clusters {
		r.Clusters = append(r.Clusters, hostCluster{c.Name, c.Title, c.Cores})
	}
	for _, c := range s.Machine.Cores {
		if !c.Online {
			r.Offline = append(r.Offline, c.ID)
		}
	}
	for i := range s.Rates {
		r.Sets = append(r.Sets, setOf(&s.Rates[i]))
	}
	for _, x := range s.Storage {
		r.Storage = append(r.Storage, hostStorage{x.Block, x.Depth, x.MBps, x.Direct})
	}
	for _, m := range s.Sustained {
		r.Sustained = append(r.Sustained, hostMoment{m.Seconds, m.Weights / 1e9, m.Celsius, m.Sensor, float64(m.Hz) / 1e9})
	}
	return r
}

func setOf(r *hostbench.Rates) hostSet {
	s := hostSet{
		Runtime: r.RuntimeName(), Threads: r.Threads, Pinned: r.Pinned, DispatchNanos: r.Dispatch.Nanoseconds(),
		CacheGBps: map[string]float64{}, NearGWeights: map[string]float64{}, FarGWeights: map[string]float64{},
	}
	if s.Pinned == nil {
		s.Pinned = []int{}
	}
	for _, x := range r.Reads {
		s.CacheGBps[fmt.Sprint(x.Bytes)] = x.GBps
	}
	for t, w := range r.Weights {
		s.NearGWeights[string(t)] = w / 1e9
	}
	for _, f := range r.Far {
		s.FarGWeights[string(f.Type)] = f.Weights / 1e9
		s.DRAMGBps = max(s.DRAMGBps, f.GBps)
	}
	return s
}

func hostGrids(r *surveyReply, left float64) []grid {
	machine := grid{title: "machine", columns: columns("", "value")}
	machine.add("model", r.Model)
	machine.add("processor", r.SoC)
	for _, c := range r.Clusters {
		machine.add(c.Name, fmt.Sprintf("cores %s: %s", hostbench.CoreList(c.Cores), c.Title))
	}
	if len(r.Offline) > 0 {
		machine.add("offline", "cores "+hostbench.CoreList(r.Offline))
	}
	machine.add("memory", fmt.Sprintf("%.1f GiB", float64(r.MemBytes)/(1<<30)))
	sets := grid{title: "cores", columns: columns("runtime", "threads>", "bound to", "DRAM GB/s>", "operator ns>", "f16 GW/s>", "far>", "q8_0 GW/s>", "far>", "q4_0 GW/s>", "far>")}
	for _, s := range r.Sets {
		cells := []string{s.Runtime, fmt.Sprint(s.Threads), hostbench.CoreList(s.Pinned), fixed(s.DRAMGBps, 1), fmt.Sprint(s.DispatchNanos)}
		for _, t := range []quant.Type{quant.F16, quant.Q8_0, quant.Q4_0} {
			cells = append(cells, fixed(s.NearGWeights[string(t)], 2), fixed(s.FarGWeights[string(t)], 2))
		}
		sets.add(cells...)
	}
	grids := []grid{machine, sets}
	if len(r.Storage) > 0 {
		storage := grid{title: "storage", columns: columns("block KiB>", "at a time>", "MB/s>", "")}
		for _, x := range r.Storage {
			storage.add(fmt.Sprint(x.BlockBytes>>10), fmt.Sprint(x.Depth), fixed(x.MBps, 0), yesNo(x.Direct, "", "perhaps from the page cache"))
		}
		grids = append(grids, storage)
	}
	if len(r.Sustained) > 0 {
		steady := grid{title: "steady work", columns: columns("s>", "q8_0 GW/s>", "°C>", "sensor", "clock GHz>")}
		for _, m := range r.Sustained {
			steady.add(fixed(m.Seconds, 0), fixed(m.GWeights, 2), fixed(m.Celsius, 1), m.Sensor, fixed(m.ClockGHz, 2))
		}
		steady.foot = []string{fmt.Sprintf("%.0f %% of the first speed is left.", 100*left)}
		grids = append(grids, steady)
	}
	return grids
}
