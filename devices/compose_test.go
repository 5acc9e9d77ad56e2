package devices

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// someDevices have SoCs of every maker among them, of version 2 all.
var someDevices = []string{"pixel8pro", "iphone13", "galaxys24ultra", "galaxys25", "poco-dimensity", "raspberrypi5", "rk3588", "jetson-orin-nano"}

func load(t *testing.T, name string, sets ...string) *Device {
	t.Helper()
	d, err := Load(name, sets)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestShippedSoCsCoresAndRuntimesAreValid(t *testing.T) {
	for _, name := range SoCs() {
		s, err := LoadSoC(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name != name {
			t.Errorf("the SoC %s names itself %s", name, s.Name)
		}
	}
	for _, name := range Cores() {
		c, err := LoadCore(name)
		if err != nil {
			t.Error(err)
			continue
		}
		checkReferencesAreUsed(t, c.References, c.Numbers())
	}
	for _, name := range Runtimes() {
		r, references, err := LoadRuntime(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Name != name {
			t.Errorf("the runtime %s names itself %s", name, r.Name)
		}
		checkReferencesAreUsed(t, references, r.Numbers(references))
	}
}

// A phone is its SoC, the runtimes that have a unit there, and what it says itself.
func TestAPhoneIsComposed(t *testing.T) {
	d := load(t, "galaxys24ultra")
	if d.Chip != "snapdragon-8-gen-3" || d.SoC != "Qualcomm Snapdragon 8 Gen 3" {
		t.Errorf("chip %q, SoC %q", d.Chip, d.SoC)
	}
	cpu, err := d.Unit("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if c := cpu.Clusters[0]; c.Title != "Cortex-X4" || c.Clock.String() != "3.39 GHz" || c.Pipes.Value != 4 {
		t.Errorf("the prime cluster is %+v", c) // the clock is the phone's own, the pipes are the core's
	}
	for name, there := range map[string]bool{"llama.cpp-opencl": true, "llama.cpp-hexagon": true, "llama.cpp-metal": false, "rkllm": false} {
		found := false
		for _, r := range d.Runtimes {
			found = found || r.Name == name
		}
		if found != there {
			t.Errorf("%s is there: %v", name, found)
		}
	}
}

func TestOldNamesOfRuntimesKeepWorking(t *testing.T) {
	d := load(t, "oneplus12", "runtimes.executorch-cpu.dispatch=7us")
	r, err := d.Runtime("executorch-cpu", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "executorch-xnnpack" || r.Dispatch.Value != 7*units.Microsecond {
		t.Errorf("%s with %s", r.Name, r.Dispatch)
	}
	if got := d.Canonical("runtimes.executorch-cpu.launch"); got != "runtimes.executorch-xnnpack.launch" {
		t.Error(got)
	}
}

// The best instruction set that all working cores have decides what a format costs.
func TestTheInstructionSetPicksTheRow(t *testing.T) {
	share := func(phone string) units.Ratio {
		d := load(t, phone)
		r, err := d.Runtime("llama.cpp-cpu", "cpu")
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Arithmetic {
			if a.DType == "q4_0" {
				return a.ComputeShare.Value
			}
		}
		return 0
	}
	plain, dot, mm := share("raspberrypi4"), share("raspberrypi5"), share("pixel8pro")
	if plain == dot || dot == mm {
		t.Errorf("neon %v, dotprod %v, i8mm %v", plain, dot, mm)
	}
}

// Rates, bandwidth and barriers are those of the cores at work.
func TestThreads(t *testing.T) {
	d := load(t, "pixel8pro")
	cpu, err := d.Unit("cpu")
	if err != nil {
		t.Fatal(err)
	}
	peak := func(u Unit, dtype string) float64 {
		for _, r := range u.Rates {
			if r.DType == dtype {
				return float64(r.Peak.Value) / 1e9
			}
		}
		return 0
	}
	one, usual, all := cpu.WithThreads(1), cpu.WithThreads(0), cpu.WithThreads(99)
	if one.Threads() != 1 || usual.Threads() != 5 || all.Threads() != 9 || cpu.Cores() != 9 {
		t.Errorf("%d, %d, %d threads of %d", one.Threads(), usual.Threads(), all.Threads(), cpu.Cores())
	}
	// One Cortex-X3 at 2.91 GHz: 4 pipes of 4 lanes, of 8, of 32 products.
	for dtype, want := range map[string]float64{"f32": 16 * 2.91, "f16": 32 * 2.91, "int8": 128 * 2.91} {
		if got := peak(one, dtype); math.Abs(got/want-1) > 0.01 {
			t.Errorf("one thread in %s: %g GMAC/s, want %g", dtype, got, want)
		}
	}
	if peak(usual, "f32") != peak(*cpu, "f32") || peak(all, "f32") <= peak(usual, "f32") {
		t.Errorf("%g GMAC/s of the unit, %g as usual, %g of all", peak(*cpu, "f32"), peak(usual, "f32"), peak(all, "f32"))
	}
	if got := float64(one.Bandwidth.Value) * float64(d.PeakBandwidth()); math.Abs(got/30e9-1) > 0.01 {
		t.Errorf("one thread draws %.3g B/s, and the core streams 30 GB/s", got)
	}
	r, err := d.Runtime("llama.cpp-cpu", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := r.BarrierOn(one), r.BarrierOn(cpu.WithThreads(4)), r.BarrierOn(all); a <= 0 || b <= a || c <= b {
		t.Errorf("barriers of 1, 4 and 9 threads take %d, %d, %d ps", a, b, c)
	}
	if ps, want := r.LaunchOn(*cpu), r.Dispatch.Value; math.Abs(float64(ps)/float64(want)-1) > 0.01 {
		t.Errorf("a launch takes %d ps, dispatch says %d", ps, want)
	}
	old, err := parseDevice("p.yaml", good(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if u := old.Units[0].WithThreads(3); u.Rates[0].Peak.Value != old.Units[0].Rates[0].Peak.Value || u.Threads() != 0 {
		t.Error("a unit without clusters changes with threads")
	}
}

// What follows from a capacity follows it when a user sets it, whether the profile
// states the number or leaves it to the rule.
func TestDerivedNumbersFollow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "phone.yaml")
	write(t, file, good(t))
	for _, phone := range []string{"pixel8pro", "iphone15", file} {
		before, after := load(t, phone), load(t, phone, "sram.slc.capacity=32MiB")
		a, err := before.Cache("slc")
		if err != nil {
			t.Fatal(err)
		}
		b, err := after.Cache("slc")
		if err != nil {
			t.Fatal(err)
		}
		times := float64(b.Capacity.Value) / float64(a.Capacity.Value)
		if got := float64(b.ReadEnergy.Value / a.ReadEnergy.Value); math.Abs(got/math.Sqrt(times)-1) > 0.02 {
			t.Errorf("%s: %g times the capacity reads at %g times the energy", phone, times, got)
		}
		if got := float64(b.StaticPower.Value / a.StaticPower.Value); math.Abs(got/times-1) > 0.02 {
			t.Errorf("%s: %g times the capacity leaks %g times", phone, times, got)
		}
	}
	d := load(t, "pixel8pro", "sram.slc.capacity=8MiB", "sram.slc.read_energy=3pJ/bit", "units.cpu.clusters.prime.clock=5.82GHz", "dram.channels=2")
	if c, _ := d.Cache("slc"); c.ReadEnergy.Value != 3 || c.Bandwidth.Value != 170e9 {
		t.Errorf("%s at %s", c.ReadEnergy, c.Bandwidth)
	}
	cpu, _ := d.Unit("cpu")
	if got := float64(cpu.Rates[0].Peak.Value) / 1e9; math.Abs(got/(16*5.82+8*4*2.37)-1) > 0.01 {
		t.Errorf("twice the clock of the prime core makes %g GMAC/s", got)
	}
	// A size that the ways do not divide picks ways that do, and says so.
	d, err := parseDevice("p.yaml", good(t), []string{"sram.slc.capacity=9MiB"})
	if err != nil {
		t.Fatal(err)
	}
	if s := d.SRAM[0]; int64(s.Capacity.Value)%(64*int64(s.Ways.Value)) != 0 || !strings.Contains(s.Ways.Source, "do not divide") && s.Ways.Kind == Override {
		t.Errorf("%d ways: %s", s.Ways.Value, s.Ways.Source)
	}
}

// A fit holds for the file of its name: of a runtime everywhere, of a phone for it
// alone and not for its copy.
func TestFitsHoldForTheirName(t *testing.T) {
	fits, err := parseFits([]byte(`fits:
- {scope: runtime, name: llama.cpp-cpu, path: bandwidth_share, value: 71 %, kind: calibrated, source: "to all phones", uncertainty: 4 %}
- {scope: soc, name: tensor-g3, path: memory.latency, value: 300 ns, kind: calibrated, source: "to the SoC"}
- {scope: phone, name: pixel8pro, path: units.cpu.bandwidth, value: 51 %, kind: calibrated, source: "to the phone"}
`))
	if err != nil {
		t.Fatal(err)
	}
	was := appliedFits
	appliedFits = func() ([]Fit, error) { return fits, nil }
	t.Cleanup(func() { appliedFits = was })

	copied, err := Rewrite("pixel8pro", "copy", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy.yaml")
	write(t, file, copied)
	for _, tt := range []struct {
		phone           string
		share, cpu, lat string
	}{{"pixel8pro", "71 %", "51 %", "300 ns"}, {file, "71 %", "45 %", "300 ns"}, {"pixel7", "71 %", "50 %", "80 ns"}} {
		d := load(t, tt.phone)
		r, err := d.Runtime("llama.cpp-cpu", "cpu")
		if err != nil {
			t.Fatal(err)
		}
		cpu, _ := d.Unit("cpu")
		if r.BandwidthShare.String() != tt.share || cpu.Bandwidth.String() != tt.cpu || d.DRAM.Latency.String() != tt.lat {
			t.Errorf("%s: %s, %s, %s", tt.phone, r.BandwidthShare, cpu.Bandwidth, d.DRAM.Latency)
		}
	}
	d := load(t, "pixel8pro")
	if r, _ := d.Runtime("llama.cpp-cpu", "cpu"); r.BandwidthShare.Kind != Calibrated || r.BandwidthShare.Uncertainty != 0.04 || r.BandwidthShare.Range == nil {
		t.Errorf("%+v", r.BandwidthShare)
	}
}

// Faults name the file that they stand in.
func TestFaultsOfASoCAreNamedUnderItsFile(t *testing.T) {
	folder := t.TempDir()
	soc, err := shipped.ReadFile("socs/tensor-g3.yaml")
	if err != nil {
		t.Fatal(err)
	}
	phone, err := shipped.ReadFile("phones/pixel8pro.yaml")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(content []byte, old, now string) []byte {
		if !strings.Contains(string(content), old) {
			t.Fatalf("no %q", old)
		}
		return []byte(strings.Replace(string(content), old, now, 1))
	}
	write(t, filepath.Join(folder, "soc.yaml"), edit(edit(soc, "core: cortex-x3", "core: cortex-x33"), "page_policy: open", "page_policy: ajar"))
	own := edit(edit(phone, "soc: tensor-g3", "soc: ./soc.yaml"), "overrides:", "overrides:\n  units.cpu.bandwith: {value: 50 %, kind: spec, source: \"a slip of the pen\"}")
	write(t, filepath.Join(folder, "phone.yaml"), own)
	_, err = Load(filepath.Join(folder, "phone.yaml"), nil)
	if !fault.IsUser(err) {
		t.Fatal(err)
	}
	for _, want := range []string{
		"soc.yaml:", `type of core "cortex-x33" is not known; did you mean cortex-x3`,
		`dram.page_policy: "ajar" is not known`,
		"overrides.units.cpu.bandwith: is not a field of the profile; did you mean units.cpu.bandwidth",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

// Files of every kind are read as what they are, and what is no profile is not
// repeated in a message.
func TestProfilesOfEveryKind(t *testing.T) {
	for name, kind := range map[string]string{
		"pixel8pro": "device", "tensor-g3": "SoC", "llama.cpp-cpu": "runtime", "executorch-cpu": "runtime", "cortex-x3": "type of core",
		"lpddr5-6400": "DRAM part", "ufs-4.0": "flash part", "rk3588": "device", "socs/rk3588": "SoC",
	} {
		p, err := LoadProfile(name)
		if err != nil || p.Kind != kind || len(p.Numbers) == 0 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	folder := t.TempDir()
	bad := strings.Replace(string(mustRead(t, "parts/dram/lpddr5-6400.yaml")), "row_bytes: {value: 2 KiB", "row_bytes: {value: 3 KiB", 1)
	write(t, filepath.Join(folder, "part.yaml"), []byte(bad))
	if _, err := LoadProfile(filepath.Join(folder, "part.yaml")); err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "3 KiB is not a power of two") {
		t.Error(err)
	}
	for name, content := range map[string]string{
		"passwd.yaml": "root:x:0:0:root:/root:/bin/bash\nadmin:secret-word:1:1::/:/bin/sh\n",
		"keys.yaml":   "password: secret-word\n",
	} {
		write(t, filepath.Join(folder, name), []byte(content))
		write(t, filepath.Join(folder, "phone.yaml"), good(t, "part: lpddr5-6400", "part: "+name))
		for _, file := range []string{name, "phone.yaml"} {
			if _, err := LoadProfile(filepath.Join(folder, file)); !fault.IsUser(err) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "root:x") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
