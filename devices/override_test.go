package devices

import (
	"strings"
	"testing"

	"github.com/memsim/memsim/units"
)

func TestOverrideReplacesOneField(t *testing.T) {
	d, err := parseDevice("p.yaml", good(t), []string{
		"dram.channels=2",
		"units.cpu.bandwidth=35 %",
		"sram.slc.capacity=4MiB",
		"runtimes.llama.cpp-cpu.dispatch=7us",
		"runtimes.llama.cpp-cpu.arithmetic.q8_0.dequant=0.25",
		"runtimes.llama.cpp-cpu.fused=add, swiglu",
		"runtimes.llama.cpp-cpu.prefetch=false",
		"dram.capacity=4GiB",
		"dram.refresh=all",
		"dram.mapping=RoRaBaCo4BgChCo+xor",
		"dram.part.timing.RCD=20 ns",
		"flash.part.queue_depth=8",
		"flash.part=ufs-3.1",
		"battery=20 Wh",
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime := d.Runtimes[0]
	rcd, _ := d.DRAM.Spec.Find("RCD")
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"channels", d.DRAM.Channels.Value, units.Count(2)},
		{"bandwidth", d.Units[0].Bandwidth.Value, units.Ratio(0.35)},
		{"capacity", d.SRAM[0].Capacity.Value, 4 * units.MiB},
		{"dispatch", runtime.Dispatch.Value, 7 * units.Microsecond},
		{"kind", runtime.Dispatch.Kind, Override},
		{"source", runtime.Dispatch.Source, "set for this run: runtimes.llama.cpp-cpu.dispatch=7us"},
		{"dequant", runtime.Arithmetic[1].Dequant.Value, units.Ratio(0.25)},
		{"fused", strings.Join(runtime.Fused, "+"), "add+swiglu"},
		{"prefetch", runtime.Prefetch, false},
		{"refresh", d.DRAM.Refresh, "all"},
		{"mapping", d.DRAM.Mapping, "RoRaBaCo4BgChCo+xor"},
		{"RCD", rcd, Cycles{Time: 20 * units.Nanosecond}},
		{"queue depth", d.Flash.Spec.QueueDepth.Value, units.Count(8)},
		{"flash part", d.Flash.Spec.Name, "ufs-3.1"},
		{"battery", d.Battery.Value, units.Joules(72000)},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.name, check.got, check.want)
		}
	}
}

func TestOverrideAddsAnOptionalField(t *testing.T) {
	content := good(t, "battery: {value: 12.5 Wh, kind: spec, source: book}\n", "")
	d, err := parseDevice("p.yaml", content, []string{"battery=20 Wh"})
	if err != nil {
		t.Fatal(err)
	}
	if d.Battery == nil || d.Battery.Value != 72000 {
		t.Errorf("battery is %v", d.Battery)
	}
}

// A later override of a field wins over an earlier one, as with flags.
func TestLastOverrideWins(t *testing.T) {
	d, err := parseDevice("p.yaml", good(t), []string{"dram.channels=2", "dram.channels=8"})
	if err != nil {
		t.Fatal(err)
	}
	if d.DRAM.Channels.Value != 8 {
		t.Errorf("%d channels", d.DRAM.Channels.Value)
	}
}

func TestFaultyOverridesAreNamed(t *testing.T) {
	tests := []struct{ set, want string }{
		{"dram.channels", "--set dram.channels: is not of the form path=value; write for example --set dram.channels=2"},
		{"dram.chanels=2", "--set dram.chanels=2: dram.chanels is not a field of the profile; did you mean dram.channels?"},
		{"nonsense=2", "--set nonsense=2: nonsense is not a field of the profile; memsim devices show lists every path"},
		{"dram=2", "--set dram=2: dram is not a single value; set one of its fields, such as dram.part"},
		{"sram.slc=2", "--set sram.slc=2: sram.slc is not a single value; set one of its fields, such as sram.slc.type"},
		{"schema=2", "--set schema=2: schema cannot be set for one run; change it in the file"},
		{"dram.channels=0", "--set dram.channels=0: dram.channels: 0 is not believable; it lies between 1 and 64"},
		{"dram.channels=two", `--set dram.channels=two: dram.channels: "two" is not a count; write a plain number`},
		{"dram.capacity=3", "--set dram.capacity=3: dram.capacity: 3 has no unit; write a number and one of B, KB, KiB, MB, MiB, GB, GiB"},
		{"dram.refresh=never", `--set dram.refresh=never: dram.refresh: "never" is not known; known are none, all, per`},
		{"units.cpu.caches=l9", `--set units.cpu.caches=l9: units.cpu.caches: "l9" is no memory of the sram list; known are slc`},
		{"runtimes.llama.cpp-cpu.fused=add,kv_stor", `--set runtimes.llama.cpp-cpu.fused=add,kv_stor: runtimes.llama.cpp-cpu.fused: "kv_stor" is not known; did you mean kv_store?`},
		{"dram.part.timing.RCX=20 ns", "--set dram.part.timing.RCX=20 ns: dram.part.timing.RCX is not a field of the profile; did you mean dram.part.timing.RC or dram.part.timing.RCD?"},
		{"dram.part.clock=0 ps", "--set dram.part.clock=0 ps: dram.part.clock: 0 ps is not believable; it lies between 100 ps and 20 ns"},
		{"sram.slc.capacity=512MiB", "--set sram.slc.capacity=512MiB: sram.slc.capacity: 512MiB is not less than the DRAM's 512MiB; one of them is wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			sets := []string{tt.set}
			if strings.HasPrefix(tt.set, "sram.slc.capacity") {
				sets = append(sets, "dram.capacity=512MiB")
			}
			_, err := parseDevice("p.yaml", good(t), sets)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}
