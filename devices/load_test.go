package devices

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestShippedDevicesAreValid(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			d, err := Load(name, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != name {
				t.Errorf("the profile %s names itself %s", name, d.Name)
			}
			for _, u := range d.Units {
				if _, err := d.Runtime("", u.Name); err != nil {
					t.Error(err)
				}
			}
			checkReferencesAreUsed(t, d.References, d.Numbers())
		})
	}
}

func TestShippedPartsAreValid(t *testing.T) {
	for _, name := range DRAMParts() {
		p, err := LoadDRAMPart(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != name {
			t.Errorf("the DRAM part %s names itself %s", name, p.Name)
		}
	}
	for _, name := range FlashParts() {
		p, err := LoadFlashPart(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != name {
			t.Errorf("the flash part %s names itself %s", name, p.Name)
		}
	}
}

// checkReferencesAreUsed wants each reference of a device to be cited, alone or
// in a sentence.
func checkReferencesAreUsed(t *testing.T, references []Reference, rows []NumberRow) {
	t.Helper()
	for _, ref := range references {
		if !slices.ContainsFunc(rows, func(r NumberRow) bool {
			return r.Source == ref.Text || strings.Contains(strings.ToLower(r.Source), ref.Key)
		}) {
			t.Errorf("no number cites %s", ref.Key)
		}
	}
}

// One run names every fault of a file.
func TestAllFaultsAtOnce(t *testing.T) {
	const golden = "testdata/bad.golden"
	_, err := Load("testdata/bad.yaml", []string{"dram.rank=2", "units.cpu.bandwidth=2"})
	if err == nil {
		t.Fatal("accepted")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if err.Error()+"\n" != string(want) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// A user's own device may name its parts by paths that start where its own file
// is, whatever the working folder.
func TestOwnDeviceWithOwnParts(t *testing.T) {
	folder := t.TempDir()
	part, err := shipped.ReadFile("parts/flash/ufs-4.0.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(part), "name: ufs-4.0", "name: my-flash", 1)
	device := good(t, "part: ufs-4.0", "part: parts/mine.yaml")
	write(t, filepath.Join(folder, "parts", "mine.yaml"), []byte(own))
	write(t, filepath.Join(folder, "phone.yaml"), device)

	d, err := Load(filepath.Join(folder, "phone.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Flash.Spec.Name != "my-flash" {
		t.Errorf("flash is %s", d.Flash.Spec.Name)
	}
}

// The faults of a part are named under the part's file, beside those of the
// device.
func TestFaultsOfPartsAreNamed(t *testing.T) {
	folder := t.TempDir()
	part, err := shipped.ReadFile("parts/dram/lpddr5-6400.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(part), "row_bytes: {value: 2 KiB", "row_bytes: {value: 3 KiB", 1)
	bad = strings.Replace(bad, "clock: {value: 1250 ps", "clock: {value: 1.1 ns", 1)
	write(t, filepath.Join(folder, "dram.yaml"), []byte(bad))
	write(t, filepath.Join(folder, "phone.yaml"), good(t, "part: lpddr5-6400", "part: dram.yaml", "refresh: per", "refresh: never"))

	_, err = Load(filepath.Join(folder, "phone.yaml"), nil)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		": clock: 1.1 ns holds 7.04 transfers at 6400 MT/s; a clock holds 2, 4 or 8",
		": row_bytes: 3 KiB is not a power of two",
		"phone.yaml:23: dram.refresh: \"never\" is not known",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d lines, want 3:\n%v", n, err)
	}
}

func TestUnreadableProfiles(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "large.yaml"), make([]byte, maxFileBytes+1))
	write(t, filepath.Join(folder, "empty.yaml"), nil)
	write(t, filepath.Join(folder, "comment.yaml"), []byte("# nothing\n"))
	write(t, filepath.Join(folder, "list.yaml"), []byte("[1, 2]\n"))
	write(t, filepath.Join(folder, "two.yaml"), append(good(t), "---\nschema: 1\n"...))
	for _, tt := range []struct{ ref, want string }{
		{"pixel8", `device "pixel8" is not known; did you mean pixel7 or pixel8pro?`},
		{"iphon13", `device "iphon13" is not known; did you mean iphone13`},
		{filepath.Join(folder, "none.yaml"), "no such file; give the path of a YAML profile, or one of "},
		{folder + string(filepath.Separator), "it is a folder, not a regular file"},
		{filepath.Join(folder, "large.yaml"), "it is larger than 1 MiB"},
		{filepath.Join(folder, "empty.yaml"), "the file is empty"},
		{filepath.Join(folder, "comment.yaml"), "the file is empty"},
		{filepath.Join(folder, "list.yaml"), "is a list; write a group of fields: schema, name"},
		{filepath.Join(folder, "two.yaml"), "holds more than one YAML document"},
	} {
		_, err := Load(tt.ref, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !fault.IsUser(err) {
			t.Errorf("%s: got %v, want a user's mistake with %q", tt.ref, err, tt.want)
		}
	}
}

func TestLookupsNameWhatThereIs(t *testing.T) {
	d, err := parseDevice("p.yaml", good(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := d.Unit(""); err != nil || u.Name != "cpu" {
		t.Errorf("default unit: %v, %v", u, err)
	}
	if r, err := d.Runtime("", ""); err != nil || r.Name != "llama.cpp-cpu" {
		t.Errorf("default runtime: %v, %v", r, err)
	}
	if c, err := d.Cache("slc"); err != nil || c.Name != "slc" {
		t.Errorf("cache: %v, %v", c, err)
	}
	for _, tt := range []struct {
		err  func() error
		want string
	}{
		{func() error { _, err := d.Unit("npu"); return err }, `testphone has no unit "npu"; did you mean cpu?`},
		{func() error { _, err := d.Runtime("llama.cpp", ""); return err }, `testphone has no runtime "llama.cpp" on its cpu; did you mean llama.cpp-cpu?`},
		{func() error { _, err := d.Cache("l3"); return err }, `testphone has no on-chip memory "l3"; known are slc`},
	} {
		if err := tt.err(); err == nil || err.Error() != tt.want || !fault.IsUser(err) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestATimingThatAPartDoesNotState(t *testing.T) {
	part, err := LoadDRAMPart("lpddr5-6400")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := part.Find("RCD"); !ok || got == (Cycles{}) {
		t.Errorf("RCD is %+v, %v", got, ok)
	}
	if got, ok := part.Find("tRCD"); ok || got != (Cycles{}) {
		t.Errorf("tRCD, which is no name without its t, is %+v, %v", got, ok)
	}
}

func TestARuntimeOfAnotherUnitIsPointedAt(t *testing.T) {
	d, err := Load("pixel7", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Runtime("llama.cpp-cpu", "gpu")
	if want := `pixel7 has no runtime "llama.cpp-cpu" on its gpu but on its cpu; ask for that unit too: --unit cpu`; err == nil || err.Error() != want || !fault.IsUser(err) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// No file makes the loader panic or accept a device that its own rules refuse.
func FuzzParseDevice(f *testing.F) {
	content, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content, "dram.channels=2")
	f.Add([]byte("a: &a [*a]\n"), "a=b")
	f.Add([]byte("{[1]: 2}"), "=")
	f.Add([]byte("sram: [[], {name: {}}, {name: x, capacity: {value: []}}]"), "sram.x.capacity=1 MiB")
	f.Fuzz(func(t *testing.T, content []byte, set string) {
		d, err := parseDevice("p.yaml", content, []string{set})
		if (d == nil) == (err == nil) {
			t.Errorf("device %v with error %v", d, err)
		}
		if err != nil && strings.Contains(err.Error(), "let through") {
			t.Error(err)
		}
	})
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
