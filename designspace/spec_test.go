package designspace

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

func specAt(t *testing.T, text string) (Spec, []string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s := Spec{Tokens: 8}
	said, err := LoadSpec(path, &s)
	if err != nil {
		err = fault.User(errorWithout(err, path))
	}
	return s, said, err
}

type plainError string

func (e plainError) Error() string { return string(e) }

func errorWithout(err error, path string) error {
	return plainError(strings.ReplaceAll(err.Error(), path, "f"))
}

func TestASpecIsAFile(t *testing.T) {
	s, said, err := specAt(t, `
model: mobilellm-125m
device: pixel8pro
params: 125M
solve: dim
seed: 7
set: [dram.ranks=1]
axes:
  sharing: [none, immediate]
  layers: [4, "8:12:2"]
  sram.slc.capacity: [8 MiB, 16 MiB]
where: latency_ms_per_token < 20 && fits_dram_budget
pareto: [latency_ms_per_token, energy_mj_per_token]
slurm: {chunk: 4, time: "1:00:00", options: [--account=x]}
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Device != "pixel8pro" || s.Params != "125M" || s.Seed != 7 || s.Tokens != 8 || s.Pareto != "latency_ms_per_token,energy_mj_per_token" ||
		s.Slurm.Chunk != 4 || s.Slurm.Time != "1:00:00" || !slices.Equal(s.Slurm.Options, []string{"--account=x"}) {
		t.Errorf("%+v", s)
	}
	var axes []string
	for _, a := range s.Axes {
		axes = append(axes, a.Name+"="+strings.Join(a.Values, ","))
	}
	if got := strings.Join(axes, " "); got != "sharing=none,immediate layers=4,8,10,12 sram.slc.capacity=8 MiB,16 MiB" {
		t.Errorf("axes are %s", got)
	}
	if !slices.Contains(said, "params") || slices.Contains(said, "tokens") {
		t.Errorf("said are %v", said)
	}
}

func TestEveryFaultOfASpecIsNamedWithItsLine(t *testing.T) {
	_, _, err := specAt(t, `modell: x
tokens: many
device:
axes:
  layers: 9:3
  colour: [red]
  dim: [1, [2]]
  dim: 4
slurm: {chunk: 0, nodes: 3}
tokens: 3
`)
	if !fault.IsUser(err) {
		t.Fatal(err)
	}
	for _, want := range []string{
		"f:1: modell is not a field of the sweep; the fields are axes, ",
		"f:2: many is not a whole number above zero",
		"f:3: a value is missing here",
		"f:5: layers 9:3: a range rises",
		"f:6: colour is not an axis",
		"f:7: a value is missing here",
		"f:9: 0 is not a whole number above zero",
		"f:9: nodes is not a field of slurm",
		"f:10: tokens is there twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	for _, text := range []string{"", "- a", "a: [", "axes: 3", "tokens: 1\n---\ntokens: 2"} {
		if _, _, err := specAt(t, text); !fault.IsUser(err) {
			t.Errorf("%q passes: %v", text, err)
		}
	}
}

func TestParamsAreReadWithTheirSuffix(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "125M": 125e6, "1.5b": 1.5e9, "2G": 2e9, "12k": 12e3, "124600000": 124_600_000} {
		if n, err := ParseParams(text); err != nil || n != want {
			t.Errorf("%q is %d (%v), want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"much", "-1M", "0", "NaN", "1e30"} {
		if n, err := ParseParams(text); !fault.IsUser(err) {
			t.Errorf("%q is %d (%v)", text, n, err)
		}
	}
}

func TestASpecIsWrittenAsItIsRead(t *testing.T) {
	s, _, err := specAt(t, "model: a\ndevice: 'yes'\nsustained: true\nset: [a=1, 'b=2 ns']\nprompt_tokens: 3\nparams: 125M\nsolve: dim\naxes: {layers: 1:3, sram.slc.capacity: [8 MiB, 9 MiB]}\nwhere: \"a: b\"\npareto: [x, y]\n")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "again.yaml")
	if err := s.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	var again Spec
	if _, err := LoadSpec(path, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, again) {
		t.Errorf("written %+v, read %+v", s, again)
	}
}

// Where rows come in another order than that of the axes, the settings of the sweep
// say so: points are numbered by it.
func TestTheOrderOfPointsIsASetting(t *testing.T) {
	x := explorer(t, "iphone13")
	for _, c := range []struct {
		axes []string
		want bool
	}{
		{[]string{"dim=64,128", "layers=2,4"}, false},
		{[]string{"dim=64,128", "quant=q8_0,q4_0"}, false},
		{[]string{"layers=2,4", "dim=64,128"}, true},
	} {
		spec := Spec{Hardware: study.Hardware{Device: "iphone13"}, Axes: space(t, c.axes...).Axes()}
		settings, err := spec.Settings(x)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(settings, Setting{"innermost axis", "layers"}); got != c.want {
			t.Errorf("%v: %v", c.axes, settings)
		}
		grid, err := spec.Space()
		if err != nil {
			t.Fatal(err)
		}
		last := grid.Axes()[len(grid.Axes())-1].Name
		if c.want {
			last = "layers"
		}
		first, _ := grid.Point(0).Value(last)
		if next, _ := grid.Point(1).Value(last); next == first {
			t.Errorf("%v: %s does not vary fastest", c.axes, last)
		}
	}
}

// A warm device is asked for in the file, is a setting of the sweep, and has figures
// of its own.
func TestAWarmDeviceIsAskedFor(t *testing.T) {
	if _, _, err := specAt(t, "device: iphone13\nsustained: hot\naxes: {layers: [1]}\n"); !fault.IsUser(err) || !strings.Contains(err.Error(), "hot is neither true nor false") {
		t.Errorf("%v", err)
	}
	s, _, err := specAt(t, "device: iphone13\nsustained: true\nprompt_tokens: 1\naxes: {layers: [1], dim: [64], vocab: [256]}\n")
	if err != nil {
		t.Fatal(err)
	}
	x, err := s.Explorer(explorer(t, "iphone13").Base, "q8_0")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := s.Settings(x)
	if err != nil || !slices.Contains(settings, Setting{"sustained", "true"}) {
		t.Errorf("%v (%v)", settings, err)
	}
	grid, err := s.Space()
	if err != nil {
		t.Fatal(err)
	}
	warm, err := x.Evaluate(t.Context(), grid.Point(0))
	if err != nil || warm.SustainedTokensPerS == 0 {
		t.Errorf("%+v (%v)", warm, err)
	}
	if s.Hardware.Key() == (study.Hardware{Device: "iphone13"}).Key() {
		t.Error("a warm machine stands in for a cold one")
	}
}
