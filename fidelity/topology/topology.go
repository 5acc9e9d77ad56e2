// Package topology reads what Linux and Android say of a machine: its name, its
// processor cores in clusters of like ones, their clocks and caches, its memory and
// its temperatures.
//
// All is read from /proc and /sys through a file system, so that the trees of real
// phones are data of tests. Nothing needs root. What is not there stays empty: a
// phone's kernel hides clocks of cores that are offline, containers hide caches,
// and other systems have none of the files.
//
// # Caveats
//
// Cores are alike if they have the same part number, highest clock and capacity.
// What a virtual machine shows of caches and clocks is what its host tells it.
package topology

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Machine is what the system tells.
type Machine struct {
	Model    string // of the product, "" if not told
	SoC      string // of the processor
	MemBytes int64  // of main memory, 0 if not told
	Cores    []Core // by number, those offline too
}

// Core is a processor core.
type Core struct {
	ID       int
	Online   bool
	Part     string // "0x41:0xd4e" of Arm, "" if not told
	Hz       int64  // highest clock, 0 if not told
	Capacity int64  // relative to the fastest core's 1024, 0 if not told
	Caches   []Cache
}

// Cache is one that a core reaches.
type Cache struct {
	Level  int
	Data   bool // holds data, alone or beside instructions
	Bytes  int64
	Shared []int // cores that have it in common
}

// Cluster is a group of like cores that are online, by falling speed.
type Cluster struct {
	Name  string // big, middle, little; cpu if all are alike
	Title string // "Cortex-X3 at 2.91 GHz"
	Cores []int
}

const cpus = "sys/devices/system/cpu"

// Read returns what the tree at root, that of a machine, tells. cores is how many
// there are if it does not say.
func Read(root fs.FS, cores int) Machine {
	m := Machine{Model: modelOf(root), SoC: socOf(root), MemBytes: memoryOf(root)}
	present := list(word(root, cpus+"/present"))
	if len(present) == 0 {
		present = coresOfFolder(root)
	}
	if len(present) == 0 {
		for i := range cores {
			present = append(present, i)
		}
	}
	online := list(word(root, cpus+"/online"))
	if len(online) == 0 {
		online = present
	}
	parts, clocks := partsOf(root)
	for _, id := range present {
		m.Cores = append(m.Cores, coreOf(root, id, slices.Contains(online, id), parts[id], clocks[id]))
	}
	return m
}

// coresOfFolder lists the cores that have a folder.
func coresOfFolder(root fs.FS) (ids []int) {
	entries, _ := fs.ReadDir(root, cpus)
	for _, e := range entries {
		if id, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "cpu")); err == nil && strings.HasPrefix(e.Name(), "cpu") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func coreOf(root fs.FS, id int, online bool, part string, hz int64) Core {
	folder := fmt.Sprintf("%s/cpu%d", cpus, id)
	c := Core{ID: id, Online: online, Part: part, Hz: hz, Capacity: number(root, folder+"/cpu_capacity")}
	if khz := number(root, folder+"/cpufreq/cpuinfo_max_freq"); khz > 0 {
		c.Hz = khz * 1000
	}
	if midr := word(root, folder+"/regs/identification/midr_el1"); c.Part == "" && midr != "" {
		c.Part = partOf(midr)
	}
	indexes, _ := fs.Glob(root, folder+"/cache/index*")
	for _, index := range indexes {
		kib, ok := strings.CutSuffix(word(root, index+"/size"), "K")
		size, err := strconv.ParseInt(kib, 10, 64)
		if !ok || err != nil || size <= 0 || size > 1<<32 {
			continue
		}
		c.Caches = append(c.Caches, Cache{
			Level: int(number(root, index+"/level")), Data: word(root, index+"/type") != "Instruction",
			Bytes: size << 10, Shared: list(word(root, index+"/shared_cpu_list")),
		})
	}
	return c
}

// partOf takes implementer and part out of an Arm core's MIDR register.
func partOf(midr string) string {
	v, err := strconv.ParseUint(strings.TrimPrefix(midr, "0x"), 16, 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("0x%02x:0x%03x", v>>24&0xff, v>>4&0xfff)
}

// partsOf reads the part and the clock of each core that /proc/cpuinfo lists.
func partsOf(root fs.FS) (parts map[int]string, clocks map[int]int64) {
	parts, clocks = map[int]string{}, map[int]int64{}
	text, _ := fs.ReadFile(root, "proc/cpuinfo")
	id, implementer := -1, ""
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "processor":
			if n, err := strconv.Atoi(value); err == nil {
				id = n
			}
		case "CPU implementer":
			implementer = value
		case "CPU part":
			parts[id] = implementer + ":" + value
		case "cpu MHz":
			if mhz, err := strconv.ParseFloat(value, 64); err == nil && mhz > 0 && mhz < 1e5 {
				clocks[id] = int64(mhz * 1e6)
			}
		}
	}
	return parts, clocks
}

// Clusters returns the cores that are online in groups of like ones, the fastest
// first. Clocks that vary from core to core on an x86 are its governor's, and do
// not tell cores apart.
func (m *Machine) Clusters() []Cluster {
	type kind struct {
		part         string
		hz, capacity int64
	}
	groups := map[kind][]int{}
	for _, c := range m.Cores {
		if !c.Online {
			continue
		}
		k := kind{c.Part, c.Hz, c.Capacity}
		if c.Part == "" {
			k.hz = 0
		}
		groups[k] = append(groups[k], c.ID)
	}
	kinds := slices.SortedFunc(maps.Keys(groups), func(a, b kind) int {
		return cmp.Or(cmp.Compare(b.capacity, a.capacity), cmp.Compare(b.hz, a.hz), cmp.Compare(b.part, a.part))
	})
	out := make([]Cluster, len(kinds))
	for i, k := range kinds {
		hz := k.hz
		if hz == 0 {
			hz = m.core(groups[k][0]).Hz
		}
		out[i] = Cluster{Name: clusterName(i, len(kinds)), Title: titleOf(k.part, hz), Cores: groups[k]}
	}
	return out
}

func (m *Machine) core(id int) *Core {
	i := slices.IndexFunc(m.Cores, func(c Core) bool { return c.ID == id })
	return &m.Cores[i]
}

// Online returns the cores that are.
func (m *Machine) Online() (ids []int) {
	for _, c := range m.Cores {
		if c.Online {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// clusterName names the i-th fastest of n clusters.
func clusterName(i, n int) string {
	switch {
	case n == 1:
		return "cpu"
	case i == 0 && n > 2:
		return "prime"
	case i == n-1:
		return "little"
	case n > 3:
		return fmt.Sprintf("big%d", i)
	}
	return "big"
}

// CacheBytes returns what all the different data caches of a level hold that some
// cores reach, 0 if the system does not say.
func (m *Machine) CacheBytes(level int, cores []int) (bytes int64) {
	seen := map[string]bool{}
	for _, id := range cores {
		for _, c := range m.core(id).Caches {
			shared := c.Shared
			if len(shared) == 0 {
				shared = []int{id}
			}
			if key := fmt.Sprint(shared); c.Level == level && c.Data && !seen[key] {
				seen[key] = true
				bytes += c.Bytes
			}
		}
	}
	return bytes
}

// titleOf describes like cores.
func titleOf(part string, hz int64) string {
	title := armParts[part]
	if title == "" && part != "" {
		title = "core " + part
	}
	if hz > 0 {
		if title == "" {
			title = "cores"
		}
		title += fmt.Sprintf(" at %.2f GHz", float64(hz)/1e9)
	}
	return cmp.Or(title, "cores")
}

func modelOf(root fs.FS) string {
	vendor, product := word(root, "sys/class/dmi/id/sys_vendor"), word(root, "sys/class/dmi/id/product_name")
	return cmp.Or(word(root, "proc/device-tree/model"), word(root, "sys/firmware/devicetree/base/model"), strings.TrimSpace(vendor+" "+product))
}

func socOf(root fs.FS) string {
	soc := strings.TrimSpace(word(root, "sys/devices/soc0/family") + " " + word(root, "sys/devices/soc0/machine"))
	text, _ := fs.ReadFile(root, "proc/cpuinfo")
	hardware, name := "", ""
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "Hardware":
			hardware = clean(value)
		case "model name":
			name = clean(value)
		}
	}
	return cmp.Or(soc, hardware, name)
}

func memoryOf(root fs.FS) int64 {
	text, _ := fs.ReadFile(root, "proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil && kib > 0 && kib < 1<<40 {
				return kib << 10
			}
		}
	}
	return 0
}

// Zone is a temperature sensor.
type Zone struct {
	Name    string
	Celsius float64
}

// Temperatures returns what the sensors that can be read say, by name.
func Temperatures(root fs.FS) (zones []Zone) {
	folders, _ := fs.Glob(root, "sys/class/thermal/thermal_zone*")
	for _, folder := range folders {
		milli, err := strconv.ParseInt(word(root, folder+"/temp"), 10, 64)
		if err != nil || milli <= 0 || milli > 200_000 {
			continue // a sensor that is off says 0, or less
		}
		zones = append(zones, Zone{cmp.Or(word(root, folder+"/type"), path.Base(folder)), float64(milli) / 1000})
	}
	slices.SortStableFunc(zones, func(a, b Zone) int { return cmp.Compare(a.Name, b.Name) })
	return zones
}

// Clocks returns the present clock of each core that tells it, in hertz.
func (m *Machine) Clocks(root fs.FS) map[int]int64 {
	out := map[int]int64{}
	for _, id := range m.Online() {
		if khz := number(root, fmt.Sprintf("%s/cpu%d/cpufreq/scaling_cur_freq", cpus, id)); khz > 0 {
			out[id] = khz * 1000
		}
	}
	return out
}

// word returns what a file holds in one line, "" if it cannot be read.
func word(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil || len(text) > 4096 {
		return ""
	}
	return clean(string(text))
}

// clean is text of one line without what does not belong into a profile.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f || r == '\ufffd' {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

func number(root fs.FS, name string) int64 {
	n, err := strconv.ParseInt(word(root, name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// list parses a list of cores as the kernel writes it, "0-3,7"; nil if it is none.
func list(text string) []int {
	ids, err := ParseCores(text)
	if err != nil {
		return nil
	}
	return ids
}

// maxCore is above the number of any core.
const maxCore = 4096

// ParseCores parses a list of cores such as 0-3,7, and returns it sorted without
// repetitions.
func ParseCores(text string) ([]int, error) {
	var ids []int
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(low)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(high)
		}
		if err != nil || from < 0 || to < from || to >= maxCore {
			return nil, fmt.Errorf("%q is no list of cores; write it as 0-3,7", text)
		}
		for id := from; id <= to; id++ {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
