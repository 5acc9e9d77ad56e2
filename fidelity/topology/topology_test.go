package topology_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/memsim/memsim/fidelity/topology"
)

// tree is a file system of a text: a line for each file, its name and what it
// holds.
func tree(lines string) fstest.MapFS {
	files := fstest.MapFS{}
	for line := range strings.Lines(lines) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, `\n`, "\n") + "\n")}
		}
	}
	return files
}

// pixel is a phone like the Pixel 8 Pro: nine cores of three kinds. Its kernel
// tells clocks and capacities, and no caches.
func pixel() fstest.MapFS {
	files := tree(`
		sys/devices/system/cpu/present 0-8
		sys/devices/system/cpu/online 0-8
		sys/devices/soc0/family Google Tensor
		sys/devices/soc0/machine ZUMA
		proc/device-tree/model Husky MP based on ZUMA
		proc/meminfo MemTotal:       11886432 kB\nMemFree: 1 kB
		sys/class/thermal/thermal_zone0/type BIG
		sys/class/thermal/thermal_zone0/temp 41200
		sys/class/thermal/thermal_zone1/type off
		sys/class/thermal/thermal_zone1/temp -274000`)
	info := ""
	for id := range 9 {
		part, khz, capacity := "0xd46", 1704000, 249
		switch {
		case id == 8:
			part, khz, capacity = "0xd4e", 2914000, 1024
		case id >= 4:
			part, khz, capacity = "0xd4d", 2367000, 742
		}
		info += fmt.Sprintf("processor\t: %d\nCPU implementer\t: 0x41\nCPU part\t: %s\n\n", id, part)
		folder := fmt.Sprintf("sys/devices/system/cpu/cpu%d", id)
		files[folder+"/cpufreq/cpuinfo_max_freq"] = &fstest.MapFile{Data: fmt.Append(nil, khz, "\n")}
		files[folder+"/cpufreq/scaling_cur_freq"] = &fstest.MapFile{Data: fmt.Append(nil, khz/2, "\n")}
		files[folder+"/cpu_capacity"] = &fstest.MapFile{Data: fmt.Append(nil, capacity, "\n")}
	}
	files["proc/cpuinfo"] = &fstest.MapFile{Data: []byte(info)}
	return files
}

func clusters(m topology.Machine) string {
	var out []string
	for _, c := range m.Clusters() {
		out = append(out, fmt.Sprintf("%s %v %s", c.Name, c.Cores, c.Title))
	}
	return strings.Join(out, "\n")
}

func TestAPhoneOfThreeKindsOfCores(t *testing.T) {
	m := topology.Read(pixel(), 1)
	const want = "prime [8] Cortex-X3 at 2.91 GHz\nbig [4 5 6 7] Cortex-A715 at 2.37 GHz\nlittle [0 1 2 3] Cortex-A510 at 1.70 GHz"
	if got := clusters(m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if m.Model != "Husky MP based on ZUMA" || m.SoC != "Google Tensor ZUMA" || m.MemBytes != 11886432<<10 {
		t.Errorf("%+v", m)
	}
	if zones := topology.Temperatures(pixel()); len(zones) != 1 || zones[0] != (topology.Zone{"BIG", 41.2}) {
		t.Errorf("%v", zones)
	}
	if clocks := m.Clocks(pixel()); clocks[8] != 1457000000 {
		t.Errorf("%v", clocks)
	}
}

func TestCoresThatAreOfflineAreNoPartOfAnything(t *testing.T) {
	files := pixel()
	files["sys/devices/system/cpu/online"].Data = []byte("0-3,5-7\n")
	delete(files, "sys/devices/system/cpu/cpu8/cpufreq/cpuinfo_max_freq") // a core that is offline has none
	m := topology.Read(files, 1)
	const want = "big [5 6 7] Cortex-A715 at 2.37 GHz\nlittle [0 1 2 3] Cortex-A510 at 1.70 GHz"
	if got := clusters(m); got != strings.Replace(want, "big", "big", 1) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(m.Cores) != 9 || len(m.Online()) != 7 {
		t.Errorf("%d cores, %v online", len(m.Cores), m.Online())
	}
}

func TestPartsComeFromTheRegisterWhereCPUInfoIsHidden(t *testing.T) {
	files := pixel()
	delete(files, "proc/cpuinfo")
	for id := range 9 {
		midr := "0x00000000412fd461"
		if id >= 4 {
			midr = "0x00000000411fd4d0"
		}
		files[fmt.Sprintf("sys/devices/system/cpu/cpu%d/regs/identification/midr_el1", id)] = &fstest.MapFile{Data: []byte(midr + "\n")}
	}
	if got := clusters(topology.Read(files, 1)); !strings.Contains(got, "little [0 1 2 3] Cortex-A510") || !strings.Contains(got, "big [4 5 6 7] Cortex-A715") {
		t.Error(got)
	}
}

func TestAServerHasOneKindOfCoresWhateverTheirClocks(t *testing.T) {
	m := topology.Read(tree(`
		proc/cpuinfo processor : 0\nmodel name : Intel(R) "Xeon"\ncpu MHz : 2100.5\n\nprocessor : 1\nmodel name : x\ncpu MHz : 3500.0
		sys/devices/system/cpu/cpu0/cache/index0/level 1
		sys/devices/system/cpu/cpu0/cache/index0/type Data
		sys/devices/system/cpu/cpu0/cache/index0/size 32K
		sys/devices/system/cpu/cpu0/cache/index1/level 1
		sys/devices/system/cpu/cpu0/cache/index1/type Instruction
		sys/devices/system/cpu/cpu0/cache/index1/size 64K
		sys/devices/system/cpu/cpu0/cache/index2/level 2
		sys/devices/system/cpu/cpu0/cache/index2/type Unified
		sys/devices/system/cpu/cpu0/cache/index2/size 2048K
		sys/devices/system/cpu/cpu0/cache/index2/shared_cpu_list 0
		sys/devices/system/cpu/cpu1/cache/index2/level 2
		sys/devices/system/cpu/cpu1/cache/index2/type Unified
		sys/devices/system/cpu/cpu1/cache/index2/size 2048K
		sys/devices/system/cpu/cpu1/cache/index2/shared_cpu_list 1
		sys/devices/system/cpu/cpu0/cache/index3/level 3
		sys/devices/system/cpu/cpu0/cache/index3/type Unified
		sys/devices/system/cpu/cpu0/cache/index3/size 32768K
		sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list 0-1
		sys/devices/system/cpu/cpu1/cache/index3/level 3
		sys/devices/system/cpu/cpu1/cache/index3/type Unified
		sys/devices/system/cpu/cpu1/cache/index3/size 32768K
		sys/devices/system/cpu/cpu1/cache/index3/shared_cpu_list 0-1`), 2)
	if got := m.Clusters(); len(got) != 1 || got[0].Name != "cpu" || !slices.Equal(got[0].Cores, []int{0, 1}) {
		t.Errorf("%+v", got)
	}
	if l1, l2, l3 := m.CacheBytes(1, []int{0}), m.CacheBytes(2, []int{0, 1}), m.CacheBytes(3, []int{0, 1}); l1 != 32<<10 || l2 != 4<<20 || l3 != 32<<20 {
		t.Error(l1, l2, l3)
	}
}

func TestAMachineThatTellsNothingHasItsCores(t *testing.T) {
	m := topology.Read(fstest.MapFS{}, 3)
	if got := m.Clusters(); len(got) != 1 || len(got[0].Cores) != 3 || got[0].Title != "cores" {
		t.Errorf("%+v", got)
	}
	if m.CacheBytes(2, m.Online()) != 0 || m.MemBytes != 0 || len(topology.Temperatures(fstest.MapFS{})) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestListsOfCores(t *testing.T) {
	for text, want := range map[string]string{"0-3,7": "[0 1 2 3 7]", "5": "[5]", "3,1,1-2": "[1 2 3]"} {
		if got, err := topology.ParseCores(text); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "a", "3-1", "-1", "0-99999999", "1,,2"} {
		if got, err := topology.ParseCores(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
