package sim

import (
	"strings"

	"github.com/memsim/memsim/traces"
)

// Uses reports whether the number of the profile at path, such as
// runtimes.llama.cpp-cpu.dispatch, has a part in the machine's answers: numbers
// of other units, of other runtimes and of memories that the unit does not see
// have none.
func (m *Machine) Uses(path string) bool {
	group, rest, _ := strings.Cut(path, ".")
	switch group {
	case "units":
		return owner(rest, m.unitNames()) == m.unit.Name
	case "runtimes":
		return owner(rest, m.runtimeNames()) == m.runtime.Name
	case "sram":
		name := owner(rest, m.cacheNames())
		for _, used := range m.unit.Caches {
			if name == used {
				return true
			}
		}
		return false
	}
	return true
}

// owner is the name that a path begins with. Names may hold dots, and one may be
// the start of another: the longest is meant.
func owner(path string, names []string) string {
	longest := ""
	for _, name := range names {
		if strings.HasPrefix(path, name+".") && len(name) > len(longest) {
			longest = name
		}
	}
	return longest
}

func (m *Machine) unitNames() (names []string) {
	for i := range m.device.Units {
		names = append(names, m.device.Units[i].Name)
	}
	return names
}

func (m *Machine) runtimeNames() (names []string) {
	for i := range m.device.Runtimes {
		names = append(names, m.device.Runtimes[i].Name)
	}
	return names
}

func (m *Machine) cacheNames() (names []string) {
	for i := range m.device.SRAM {
		names = append(names, m.device.SRAM[i].Name)
	}
	return names
}

// TimeElasticity is by how many percent the time of a phase, given as its parts,
// changes for a percent of the number of the profile at path: a cost lengthens its
// part of the time, a rate shortens it. It is 0 for a number that the machine does
// not use and for one whose part the ledger does not tell.
func (m *Machine) TimeElasticity(t TimeParts, phase traces.Phase, path string) float64 {
	whole := t.Total()
	if whole == 0 || !m.Uses(path) {
		return 0
	}
	return float64(governed(t, phase, path)) / float64(whole)
}

// governed is the part of the time that the number at path governs, negative if
// it is a rate.
func governed(t TimeParts, phase traces.Phase, path string) int64 {
	group, _, _ := strings.Cut(path, ".")
	field := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case strings.Contains(path, ".attention."), strings.Contains(path, ".arithmetic."):
		return 0 // shares of one kind of operator, or of one format
	case field == "dispatch":
		return int64(t.Dispatch)
	case group == "sram" && field == "bandwidth":
		return -int64(t.SRAM)
	case group == "units" && field == "bandwidth", field == "bandwidth_share":
		return -int64(t.DRAM)
	case field == "compute_share" && phase == traces.Prefill, field == "matvec_share" && phase == traces.Decode, field == "peak":
		return -int64(t.Compute)
	}
	return 0
}
