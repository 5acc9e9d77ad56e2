package devices

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRewriteChangesNothingElse(t *testing.T) {
	for _, name := range Names() {
		want, err := shipped.ReadFile("phones/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Rewrite(name, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not the same after an empty rewrite", name)
		}
	}
}

func TestRewriteRecordsACalibration(t *testing.T) {
	content, err := Rewrite("pixel8pro", "my-pixel", []Change{{
		Path: "runtimes.mlc-gpu.dispatch", Value: "81 us", Kind: Calibrated,
		Source: "fitted to twelve kernels of my own phone", Uncertainty: 0.034,
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "my-pixel.yaml")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Runtime("mlc-gpu", "gpu")
	if err != nil {
		t.Fatal(err)
	}
	q := r.Dispatch
	if d.Name != "my-pixel" || q.String() != "81 us" || q.Kind != Calibrated || q.Uncertainty != 0.034 || q.Range == nil {
		t.Errorf("%s: dispatch is %+v", d.Name, q)
	}
	if !strings.Contains(string(content), "# MLC's numbers are those of LM-Meter") {
		t.Error("comments are gone")
	}
}

func TestRewriteRefusesWhatLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		change Change
		want   string
	}{
		{Change{"runtimes.mlc-gpu.dispach", "81 us", Calibrated, "fitted to my phone", 0, ""}, "did you mean runtimes.mlc-gpu.dispatch?"},
		{Change{"runtimes.mlc-gpu", "81 us", Calibrated, "fitted to my phone", 0, ""}, "is not a number of the profile"},
		{Change{"dram.mapping", "RoBaRaCoCh", Calibrated, "fitted to my phone", 0, ""}, "is not a number of the profile"},
		{Change{"runtimes.mlc-gpu.dispatch", "81 GB", Calibrated, "fitted to my phone", 0, ""}, `unit "GB" does not measure a time`},
		{Change{"runtimes.mlc-gpu.dispatch", "81 us", Override, "fitted to my phone", 0, ""}, "override marks what --set changes"},
		{Change{"runtimes.mlc-gpu.dispatch", "1 ms", Calibrated, "fitted to my phone", 0, ""}, "does not hold the value 1 ms"},
		{Change{"runtimes.mlc-gpu.dispatch", "81 us", Calibrated, "nobody", 0, ""}, `"nobody" is neither the key of a reference nor a sentence`},
	} {
		_, err := Rewrite("pixel8pro", "my-pixel", []Change{tt.change})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.change, err, tt.want)
		}
	}
}

// Parameters are what a calibration may move, and their text is what an
// override takes.
func TestParametersAreSettable(t *testing.T) {
	for _, name := range someDevices {
		d, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		parameters := d.Parameters()
		if len(parameters) == 0 {
			t.Errorf("%s has no parameters", name)
		}
		var sets []string
		for _, p := range parameters {
			if p.Low >= p.High || p.Value < p.Low || p.Value > p.High || p.Kind == Spec || p.Kind == Measured {
				t.Errorf("%s: %+v", name, p)
			}
			sets = append(sets, p.Path+"="+p.Text((p.Low+p.High)/2))
		}
		if _, err := Load(name, sets); err != nil {
			t.Error(err)
		}
	}
}
