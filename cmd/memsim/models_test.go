package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
)

func TestModelsList(t *testing.T) {
	inFolder(t)
	rows := decode[[]modelRow](t, mustMemsim(t, "models", "--format", "json"))
	if len(rows) != len(model.Presets()) {
		t.Errorf("%d rows for %d presets", len(rows), len(model.Presets()))
	}
	table := mustMemsim(t, "models", "list").out
	for _, name := range model.Presets() {
		if !strings.Contains(table, name) {
			t.Errorf("the table lacks %s", name)
		}
	}
}

func TestModelsShow(t *testing.T) {
	inFolder(t)
	r := decode[struct {
		modelRow
		Tensors []tensorRow
	}](t, mustMemsim(t, "models", "show", "mobilellm-ls-125m", "--quant", "f16", "--format", "json"))
	if r.LayersExecuted != 60 || r.LayersStored != 30 || r.Quant != "f16" || !r.Synthetic {
		t.Errorf("%+v", r.modelRow)
	}
	sum := int64(0)
	for _, x := range r.Tensors {
		sum += x.Bytes
	}
	if sum == 0 || sum > r.ModelBytes {
		t.Errorf("tensors have %d bytes, the model %d", sum, r.ModelBytes)
	}
	if out := mustMemsim(t, "models", "show", "mobilellm-ls-125m").out; !strings.Contains(out, "60/30") {
		t.Errorf("table:\n%s", out)
	}
}

// A model that was written is the model that it was made from.
func TestMadeModelsRunAsTheirPreset(t *testing.T) {
	inFolder(t)
	smallShape(t)
	generate := func(ref string, more ...string) []int32 {
		args := append([]string{"run", "--model", ref, "--prompt-ids", "1,2,3", "--tokens", "8", "--temperature", "0", "--format", "json"}, more...)
		return decode[runReply](t, mustMemsim(t, args...)).TokenIDs
	}
	for _, out := range []string{"m.gguf", "folder"} {
		mustMemsim(t, "models", "make", "small.yaml", "-o", out, "--quant", "f16", "--sharing", "immediate")
		want := generate("small.yaml", "--quant", "f16", "--sharing", "immediate")
		if got := generate(out); !slices.Equal(got, want) {
			t.Errorf("%s generates %v, its shape %v", out, got, want)
		}
	}
	wantEmpty(t, "small.yaml", "m.gguf", "folder")
}

func TestDevicesList(t *testing.T) {
	inFolder(t)
	rows := decode[[]deviceRow](t, mustMemsim(t, "devices", "list", "--format", "json"))
	if len(rows) != len(devices.Names()) {
		t.Errorf("%d rows for %d devices", len(rows), len(devices.Names()))
	}
	for _, r := range rows {
		if r.DRAMPeakGBps <= 0 || len(r.Units) == 0 || len(r.Runtimes) == 0 {
			t.Errorf("%+v", r)
		}
	}
	mustMemsim(t, "devices")
}

func TestDevicesShowHasASourceForEveryNumber(t *testing.T) {
	inFolder(t)
	for _, name := range devices.Names() {
		r := decode[deviceReply](t, mustMemsim(t, "devices", "show", name, "--format", "json"))
		for _, n := range r.Numbers {
			if n.Kind == "" || n.Source == "" || n.Value == "" {
				t.Errorf("%s: %+v", name, n)
			}
		}
	}
	if out := mustMemsim(t, "devices", "show", "pixel8pro", "--set", "system_power=2 W").out; !strings.Contains(out, "override") {
		t.Error("an override is not marked as one")
	}
}

func TestDevicesCheck(t *testing.T) {
	shipped, err := os.ReadFile(filepath.Join("..", "..", "devices", "phones", "iphone13.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t)
	writeText(t, "mine.yaml", strings.Replace(string(shipped), "name: iphone13", "name: mine", 1))
	mustMemsim(t, "devices", "check", "mine.yaml")
	writeText(t, "bad.yaml", strings.Replace(string(shipped), "dram:", "drum:", 1))
	r := memsim(t, "devices", "check", "bad.yaml")
	if r.code != exitMistake || !strings.Contains(r.err, "bad.yaml") || !strings.Contains(r.err, "drum") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// A folder holds no quantized weights; without --quant they become floats.
func TestAFolderIsMadeOfFloatsUnlessToldOtherwise(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "models", "make", "small.yaml", "--out", "synthetic")
	mustMemsim(t, "models", "make", "small.yaml", "--out", "m.gguf")
	mustMemsim(t, "models", "make", "m.gguf", "--out", "quantized")
	mustMemsim(t, "models", "make", "small.yaml", "--quant", "bf16", "--out", "own")
	mustMemsim(t, "models", "make", "own", "--out", "copy")
	for folder, want := range map[string]string{"synthetic": "f16", "quantized": "f16", "own": "bf16", "copy": "bf16"} {
		if got := decode[modelRow](t, mustMemsim(t, "models", "show", folder, "--format", "json")).Quant; got != want {
			t.Errorf("%s is %s, want %s", folder, got, want)
		}
	}
	wantMistake(t, memsim(t, "models", "make", "small.yaml", "--quant", "q8_0", "--out", "refused"), "q8_0 has no form in safetensors")
}

func TestAModelThatIsNotThereIsNotGuessedAt(t *testing.T) {
	inFolder(t)
	wantMistake(t, memsim(t, "models", "show", "nosuch"), `no model preset "nosuch" (memsim models lists them); or give a .gguf file`)
	wantMistake(t, memsim(t, "models", "show", "125m"), "nearest: mobilellm-125m")
}
