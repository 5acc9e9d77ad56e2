package devices

import (
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

// good returns a valid device profile after edits, pairs of old and new text.
func good(t *testing.T, edits ...string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i+1 < len(edits); i += 2 {
		if strings.Count(text, edits[i]) != 1 {
			t.Fatalf("edit %q matches %d times", edits[i], strings.Count(text, edits[i]))
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return []byte(text)
}

func TestGoodProfileIsAccepted(t *testing.T) {
	if _, err := parseDevice("p.yaml", good(t), nil); err != nil {
		t.Fatal(err)
	}
}

// Each fault of a profile is named once, with its line and the way out, and
// causes no second one.
func TestFaultsAreNamed(t *testing.T) {
	const capacity = "capacity: {value: 6 GiB, kind: spec, source: book}"
	tests := []struct {
		name  string
		edits []string
		want  string
	}{
		{
			"unknown key", []string{"page_policy: open", "page_policy: open\n  page_polcy: open"},
			"p.yaml:23: dram.page_polcy: is not a field; did you mean page_policy?",
		},
		{
			"key of another case", []string{"page_policy: open", "Page_policy: open"},
			"p.yaml:16: dram.page_policy: is missing; add it\n" +
				"p.yaml:22: dram.Page_policy: is not a field; did you mean page_policy?",
		},
		{
			"key without a value", []string{"refresh: per", "refresh:"},
			"p.yaml:23: dram.refresh: has no value; give one",
		},
		{
			"unknown key without a value", []string{"refresh: per", "refresh: per\n  refrsh:"},
			"p.yaml:24: dram.refrsh: is not a field; did you mean refresh?",
		},
		{
			"key twice", []string{"refresh: per", "refresh: per\n  refresh: all"},
			"p.yaml:24: dram.refresh: is given twice; keep one",
		},
		{
			"missing word", []string{"  mapping: RoBaRaCoCh\n", ""},
			"p.yaml:16: dram.mapping: is missing; add it",
		},
		{
			"missing number", []string{"  " + capacity + "\n", ""},
			"p.yaml:16: dram.capacity: is missing; add it as {value: ..., kind: ..., source: ...} with a number and one of B, KB, KiB, MB, MiB, GB, GiB",
		},
		{
			"missing list", []string{"sram:\n", "srams:\n"},
			"p.yaml:1: sram: is missing; add it\n" +
				"p.yaml:27: srams: is not a field; did you mean sram?",
		},
		{
			"missing source", []string{capacity, "capacity: {value: 6 GiB, kind: spec}"},
			"p.yaml:19: dram.capacity.source: is missing; add it",
		},
		{
			"bare number", []string{capacity, "capacity: 6 GiB"},
			`p.yaml:19: dram.capacity: is the text "6 GiB"; write {value: 6 GiB, kind: ..., source: ...}`,
		},
		{
			"no unit", []string{capacity, "capacity: {value: 6, kind: spec, source: book}"},
			"p.yaml:19: dram.capacity: 6 has no unit; write a number and one of B, KB, KiB, MB, MiB, GB, GiB",
		},
		{
			"unit of another dimension", []string{capacity, "capacity: {value: 6 GHz, kind: spec, source: book}"},
			`p.yaml:19: dram.capacity: unit "GHz" does not measure a size; use B, KB, KiB, MB, MiB, GB, GiB`,
		},
		{
			"unit in another case", []string{capacity, "capacity: {value: 6 gib, kind: spec, source: book}"},
			`p.yaml:19: dram.capacity: unit "gib" is written "GiB"`,
		},
		{
			"count with a unit", []string{"channels: {value: 4,", "channels: {value: 4 GiB,"},
			`p.yaml:17: dram.channels: unit "GiB" does not measure a count; use a plain number`,
		},
		{
			"quoted count", []string{"channels: {value: 4,", `channels: {value: "4",`},
			`p.yaml:17: dram.channels: "4" is text; write 4 without quotes`,
		},
		{
			"fraction of a count", []string{"channels: {value: 4,", "channels: {value: 4.5,"},
			`p.yaml:17: dram.channels: "4.5" is not a whole number; write one`,
		},
		{
			"fraction of a byte", []string{capacity, "capacity: {value: 6442450944.5 B, kind: spec, source: book}"},
			`p.yaml:19: dram.capacity: "6442450944.5 B" is not a whole number of B; round it`,
		},
		{
			"not a number", []string{capacity, "capacity: {value: lots, kind: spec, source: book}"},
			`p.yaml:19: dram.capacity: "lots" is not a size; write a number and one of B, KB, KiB, MB, MiB, GB, GiB`,
		},
		{
			"yes for a number", []string{capacity, "capacity: {value: true, kind: spec, source: book}"},
			"p.yaml:19: dram.capacity: value is a yes-or-no value, true; write a number and one of B, KB, KiB, MB, MiB, GB, GiB",
		},
		{
			"infinite", []string{"battery: {value: 12.5 Wh", "battery: {value: .inf"},
			`p.yaml:9: battery: ".inf" is not an energy; write a number and one of J, kJ, mWh, Wh`,
		},
		{
			"overflow", []string{"channels: {value: 4,", "channels: {value: 1e30,"},
			`p.yaml:17: dram.channels: "1e30" is out of range`,
		},
		{
			"zero channels", []string{"channels: {value: 4,", "channels: {value: 0,"},
			"p.yaml:17: dram.channels: 0 is not believable; it lies between 1 and 64",
		},
		{
			"negative", []string{"dispatch: {value: 5 us,", "dispatch: {value: -5 us,"},
			"p.yaml:55: runtimes.llama.cpp-cpu.dispatch: -5 us is negative; it lies between 0 ns and 100 ms",
		},
		{
			"dispatch of seconds", []string{"dispatch: {value: 5 us,", "dispatch: {value: 5 s,"},
			"p.yaml:55: runtimes.llama.cpp-cpu.dispatch: 5 s is not believable; it lies between 0 ns and 100 ms",
		},
		{
			"more than the whole", []string{"bandwidth: {value: 60 %,", "bandwidth: {value: 1.6,"},
			"p.yaml:46: units.cpu.bandwidth: 1.6 is not believable; it lies between 0.01 and 1",
		},
		{
			"small DRAM", []string{capacity, "capacity: {value: 128 MiB, kind: spec, source: book}", "capacity: {value: 8 MiB,", "capacity: {value: 4 MiB,"},
			"p.yaml:19: dram.capacity: 128 MiB is not believable; it lies between 256 MiB and 1024 GiB",
		},
		{
			"cache larger than DRAM", []string{capacity, "capacity: {value: 512 MiB, kind: spec, source: book}", "capacity: {value: 8 MiB,", "capacity: {value: 1 GiB,"},
			"p.yaml:30: sram.slc.capacity: 1 GiB is not less than the DRAM's 512 MiB; one of them is wrong",
		},
		{
			"more DRAM than chips hold", []string{capacity, "capacity: {value: 12 GiB, kind: spec, source: book}"},
			"p.yaml:19: dram.capacity: 12 GiB is more than 4 channels of 1 ranks of lpddr5-6400 hold (8 GiB); raise dram.ranks, or name a part with more rows",
		},
		{
			"cache slower than DRAM", []string{"bandwidth: {value: 200 GB/s,", "bandwidth: {value: 20 GB/s,"},
			"p.yaml:35: sram.slc.bandwidth: 20 GB/s is less than the 30.72 GB/s that unit cpu draws from DRAM through it; one of them is wrong",
		},
		{
			"odd line", []string{"line: {value: 64 B,", "line: {value: 96 B,"},
			"p.yaml:31: sram.slc.line: 96 B is not a power of two; a line is 64 B or 128 B as a rule",
		},
		{
			"odd ways", []string{"ways: {value: 16,", "ways: {value: 12,", "policy: lru", "policy: tree-plru"},
			"p.yaml:30: sram.slc.capacity: 8 MiB is no whole number of sets of 12 ways of 64 B; change one of the three\n" +
				"p.yaml:33: sram.slc.policy: tree-plru needs a power of two of ways, not 12; choose lru or srrip",
		},
		{
			"fully associative random", []string{"ways: {value: 16,", "ways: {value: 0,", "policy: lru", "policy: random"},
			"p.yaml:33: sram.slc.policy: only lru can be fully associative (ways 0), not random; give ways, or choose lru",
		},
		{
			"unknown policy", []string{"policy: lru", "policy: plru"},
			`p.yaml:33: sram.slc.policy: "plru" is not known; did you mean lru or tree-plru?`,
		},
		{
			"bit order without rows", []string{"mapping: RoBaRaCoCh", "mapping: BaRaCoCh"},
			`p.yaml:21: dram.mapping: "BaRaCoCh" is not a bit order; name Ro, Ba, Ra, Co and Ch (and Bg, if bank groups lie apart) from the high bits to the low, such as RoBaRaCoCh`,
		},
		{
			"bit order with columns twice", []string{"mapping: RoBaRaCoCh", "mapping: RoCoBaRaCoCh"},
			`p.yaml:21: dram.mapping: "RoCoBaRaCoCh" is not a bit order; name Ro, Ba, Ra, Co and Ch (and Bg, if bank groups lie apart) from the high bits to the low, such as RoBaRaCoCh`,
		},
		{
			"unknown cache", []string{"caches: [slc]", "caches: [sl3]"},
			`p.yaml:43: units.cpu.caches: "sl3" is no memory of the sram list; did you mean slc?`,
		},
		{
			"cache twice", []string{"caches: [slc]", "caches: [slc, slc]"},
			`p.yaml:43: units.cpu.caches: holds "slc" twice; keep one`,
		},
		{
			"unknown unit", []string{"unit: cpu\n    dispatch", "unit: gpu\n    dispatch"},
			`p.yaml:54: runtimes.llama.cpp-cpu.unit: "gpu" is no unit of this device; did you mean cpu?`,
		},
		{
			"unknown default unit", []string{"default_unit: cpu", "default_unit: npu"},
			`p.yaml:5: default_unit: "npu" is no unit of this device; did you mean cpu?`,
		},
		{
			"unknown default runtime", []string{"default_runtime: llama.cpp-cpu", "default_runtime: llamacpp-cpu"},
			`p.yaml:6: default_runtime: "llamacpp-cpu" is no runtime of unit cpu; did you mean llama.cpp-cpu?`,
		},
		{
			"two of one name", []string{"  - name: slc", "  - name: cpu", "caches: [slc]", "caches: [cpu]", "units:\n  - name: cpu\n", "units:\n  - name: cpu\n  - name: cpu\n"},
			"p.yaml:41: units.cpu.title: is missing; add it\n" +
				"p.yaml:41: units.cpu.caches: is missing; add it\n" +
				"p.yaml:41: units.cpu.buffer: is missing; add it as {value: ..., kind: ..., source: ...} with a number and one of B, KB, KiB, MB, MiB, GB, GiB\n" +
				"p.yaml:41: units.cpu.buffers: is missing; add it as {value: ..., kind: ..., source: ...} with a plain number\n" +
				"p.yaml:41: units.cpu.bandwidth: is missing; add it as {value: ..., kind: ..., source: ...} with a plain number or %\n" +
				"p.yaml:41: units.cpu.rates: is missing; add it\n" +
				"p.yaml:41: units.cpu.static_power: is missing; add it as {value: ..., kind: ..., source: ...} with a number and one of mW, W\n" +
				"p.yaml:42: units.cpu: is the second with name \"cpu\"; give each its own",
		},
		{
			"nameless", []string{"  - name: slc\n    type", "  - type"},
			"p.yaml:28: sram[0].name: is missing; add it",
		},
		{
			"compute type without a rate", []string{"dtype: q8_0, compute: f16", "dtype: q8_0, compute: int8"},
			`p.yaml:64: runtimes.llama.cpp-cpu.arithmetic.q8_0.compute: unit cpu has no rate for "int8"; known are f16`,
		},
		{
			"unknown format", []string{"dtype: q8_0, compute", "dtype: q8, compute"},
			`p.yaml:64: runtimes.llama.cpp-cpu.arithmetic.q8.dtype: "q8" is not known; did you mean w8 or q8_0?`,
		},
		{
			"unknown kind", []string{capacity, "capacity: {value: 6 GiB, kind: guess, source: book}"},
			`p.yaml:19: dram.capacity.kind: "guess" is not a kind of knowledge; write spec, measured, estimated or calibrated`,
		},
		{
			"override in a file", []string{capacity, "capacity: {value: 6 GiB, kind: override, source: book}"},
			"p.yaml:19: dram.capacity.kind: override marks what --set changes and has no place in a file; write spec, measured, estimated or calibrated",
		},
		{
			"unknown source", []string{capacity, "capacity: {value: 6 GiB, kind: spec, source: bok}"},
			`p.yaml:19: dram.capacity.source: "bok" is neither the key of a reference nor a sentence; did you mean book?`,
		},
		{
			"empty source", []string{capacity, `capacity: {value: 6 GiB, kind: spec, source: ""}`},
			"p.yaml:19: dram.capacity.source: is empty; write the key of a reference, or a sentence that says how the number was derived",
		},
		{
			"range beside its value", []string{"range: [1 us, 20 us]", "range: [6 us, 20 us]"},
			"p.yaml:55: runtimes.llama.cpp-cpu.dispatch.range: [6 us, 20 us] does not hold the value 5 us between a lower and a higher end; widen it",
		},
		{
			"range of one end", []string{"range: [1 us, 20 us]", "range: 20 us"},
			`p.yaml:55: runtimes.llama.cpp-cpu.dispatch.range: is the text "20 us"; write [lowest, highest] with their units`,
		},
		{
			"negative uncertainty", []string{"uncertainty: 12 %", "uncertainty: -12 %"},
			"p.yaml:55: runtimes.llama.cpp-cpu.dispatch.uncertainty: -12 % is negative; write zero or more",
		},
		{
			"a unit without a runtime", []string{"runtimes:\n", "  - name: gpu\n    title: idle\n    caches: []\n" +
				"    buffer: {value: 32 KiB, kind: spec, source: book}\n    buffers: {value: 2, kind: spec, source: book}\n" +
				"    bandwidth: {value: 50 %, kind: spec, source: book}\n    static_power: {value: 1 W, kind: spec, source: book}\n" +
				"    rates:\n      - dtype: f16\n        peak: {value: 200 GMAC/s, kind: spec, source: book}\n        energy: {value: 1 pJ, kind: spec, source: book}\nruntimes:\n"},
			"p.yaml:52: units.gpu: no runtime uses this unit; add one to runtimes with unit: gpu",
		},
		{
			"misspelt operator", []string{"fused: []", "fused: [add, kv_stor]"},
			`p.yaml:56: runtimes.llama.cpp-cpu.fused: "kv_stor" is not known; did you mean kv_store?`,
		},
		{
			"text for yes or no", []string{"prefetch: true", `prefetch: "true"`},
			`p.yaml:57: runtimes.llama.cpp-cpu.prefetch: is the text "true"; write true or false`,
		},
		{
			"number for text", []string{"soc: Test SoC", "soc: 8"},
			"p.yaml:4: soc: is the number 8; write text",
		},
		{
			"text for a group", []string{"flash:\n  part: ufs-4.0", "flash: ufs-4.0"},
			`p.yaml:25: flash: is the text "ufs-4.0"; write a group of fields: part, host`,
		},
		{
			"text for a list", []string{"caches: [slc]", "caches: slc"},
			`p.yaml:43: units.cpu.caches: is the text "slc"; write a list such as [a, b]`,
		},
		{
			"anchor", []string{"battery: {", "battery: &b {"},
			"p.yaml:9: battery: is a YAML anchor or alias; write the value out",
		},
		{
			"unknown part", []string{"part: ufs-4.0", "part: ufs-4"},
			`p.yaml:26: flash.part: flash part "ufs-4" is not known; did you mean ufs-4.0? (or give the path of a .yaml file)`,
		},
		{
			"part file that is not there", []string{"part: ufs-4.0", "part: ./nothing.yaml"},
			"p.yaml:26: flash.part: flash part nothing.yaml: no such file; give the path of a YAML profile, or one of " + strings.Join(FlashParts(), ", "),
		},
		{
			"another schema", []string{"schema: 1", "schema: 7", "title: A", "titel: A"},
			"p.yaml:1: schema: version 7 is not known; this memsim reads versions 1 and 2",
		},
		{
			"no schema", []string{"schema: 1\n", ""},
			"p.yaml:1: schema: is missing; add it",
		},
		{
			"not YAML", []string{"soc: Test SoC", "soc: [Test"},
			"p.yaml:4: not YAML: did not find expected ',' or ']'; mend the syntax",
		},
		{
			"no rates", []string{"caches: [slc]", "caches: []", "rates:\n      - dtype: f16\n        peak: {value: 200 GMAC/s, kind: spec, source: book}\n        energy: {value: 1.5 pJ, kind: estimated, source: \"scaled from 7 nm\"}", "rates: []"},
			"p.yaml:47: units.cpu.rates: is empty; give the unit's rate for at least one dtype",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseDevice("p.yaml", good(t, tt.edits...), nil)
			if err == nil {
				t.Fatalf("accepted; want\n%s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
			if !fault.IsUser(err) {
				t.Error("not marked as the user's mistake")
			}
		})
	}
}
