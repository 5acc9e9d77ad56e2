package explorer

import (
	"testing"

	"github.com/memsim/memsim/devices"
)

func TestTheCatalogOffersDefaultsFirstAndTheOutermostMemory(t *testing.T) {
	x := explorer(t)
	for _, entry := range x.catalog.Devices {
		d, err := devices.Load(entry.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if entry.Units[0].Name != d.DefaultUnit {
			t.Errorf("%s: the first unit is %s", entry.Name, entry.Units[0].Name)
		}
		for _, u := range entry.Units {
			runtime, err := d.Runtime("", u.Name)
			if err != nil || u.Runtimes[0] != runtime.Name || len(u.Runtimes) != len(d.RuntimesOf(u.Name)) {
				t.Errorf("%s, %s: the runtimes are %q (%v)", entry.Name, u.Name, u.Runtimes, err)
			}
		}
	}
	iphone, _ := x.catalog.device("iphone13")
	if cpu, ok := iphone.unit("cpu"); !ok || cpu.SRAM != "slc" || cpu.SRAMMiB != 32 {
		t.Errorf("iphone13's cpu is %+v", cpu)
	}
	if ls, ok := x.catalog.model("mobilellm-ls-125m"); !ok || ls.Shape["layers"] != 30 || ls.Shape["repeat"] != 2 || ls.Sharing != "immediate" {
		t.Errorf("mobilellm-ls-125m is %+v", ls)
	}
}

func TestACapacityIsAWholeNumberOfSets(t *testing.T) {
	u := unitEntry{SRAM: "slc", setBytes: 1024}
	for mib, want := range map[float64]string{1: "1048576B", 0.0015: "2048B", 1e-9: "1024B"} {
		if got := u.capacity(mib); got != "sram.slc.capacity="+want {
			t.Errorf("%v MiB is %s, want %s", mib, got, want)
		}
	}
}
