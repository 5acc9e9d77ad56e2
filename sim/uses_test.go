package sim

import (
	"slices"
	"testing"

	"github.com/memsim/memsim/devices"
)

// renamed is pixel8pro with a second system cache whose name begins with that of
// the first.
func renamed(t *testing.T) *devices.Device {
	t.Helper()
	d, err := devices.Load("pixel8pro", nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.SRAM, func(s devices.SRAM) bool { return s.Name == "slc" })
	other := d.SRAM[i]
	other.Name = "slc.1"
	d.SRAM = append(d.SRAM, other)
	return d
}

// A number counts if it is of the unit, the runtime or a memory in use; names may
// hold dots, and begin alike.
func TestUses(t *testing.T) {
	d := renamed(t)
	m, err := New(Config{Device: d, Unit: "cpu", Runtime: "llama.cpp-cpu"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"dram.latency":                         true,
		"system_power":                         true,
		"units.cpu.bandwidth":                  true,
		"units.gpu.bandwidth":                  false,
		"runtimes.llama.cpp-cpu.dispatch":      true,
		"runtimes.executorch-xnnpack.dispatch": false,
		"runtimes.llama.cpp.dispatch":          false,
		"sram.slc.bandwidth":                   true,
		"sram.slc.1.bandwidth":                 false,
		"sram.nothing-of-that-name.capacity":   false,
	} {
		if got := m.Uses(path); got != want {
			t.Errorf("Uses(%s) is %v, want %v", path, got, want)
		}
	}
	i := slices.IndexFunc(m.unit.Caches, func(name string) bool { return name == "slc" })
	d.Units[slices.IndexFunc(d.Units, func(u devices.Unit) bool { return u.Name == "cpu" })].Caches[i] = "slc.1"
	if m, err = New(Config{Device: d, Unit: "cpu", Runtime: "llama.cpp-cpu"}); err != nil {
		t.Fatal(err)
	}
	if !m.Uses("sram.slc.1.bandwidth") || m.Uses("sram.slc.bandwidth") {
		t.Error("a cache is taken for the one whose name its own begins with")
	}
}
