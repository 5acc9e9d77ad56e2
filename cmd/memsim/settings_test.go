package main

import (
	"strings"
	"testing"
)

// quantShown runs "models show" on the small shape and returns the quantization
// that it was opened with.
func quantShown(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	r := memsimEnv(t, environ, append([]string{"models", "show", "small.yaml", "--format", "json"}, args...)...)
	if r.code != exitDone {
		t.Fatal(r.err)
	}
	return decode[modelRow](t, r).Quant
}

func TestFlagOverVariableOverFile(t *testing.T) {
	inFolder(t)
	smallShape(t)
	if got := quantShown(t, nil); got != "q8_0" {
		t.Errorf("without settings: %s", got)
	}
	writeText(t, "memsim.yaml", "quant: f16\n")
	if got := quantShown(t, nil); got != "f16" {
		t.Errorf("with a file: %s", got)
	}
	environ := []string{"MEMSIM_QUANT=q4_0"}
	if got := quantShown(t, environ); got != "q4_0" {
		t.Errorf("with a variable over a file: %s", got)
	}
	if got := quantShown(t, environ, "--quant", "bf16"); got != "bf16" {
		t.Errorf("with a flag over all: %s", got)
	}
}

func TestSettingsFileByName(t *testing.T) {
	inFolder(t)
	smallShape(t)
	writeText(t, "other.yaml", "quant: f32\n")
	if got := quantShown(t, nil, "--config", "other.yaml"); got != "f32" {
		t.Errorf("--config: %s", got)
	}
	if got := quantShown(t, []string{"MEMSIM_CONFIG=other.yaml"}); got != "f32" {
		t.Errorf("MEMSIM_CONFIG: %s", got)
	}
	wantMistake(t, memsim(t, "version", "--config", "nosuch.yaml"), "nosuch.yaml", "settings file")
}

func TestSettingsOfOtherCommandsAreAllowed(t *testing.T) {
	inFolder(t)
	writeText(t, "memsim.yaml", "# for every command\ndevice: iphone13\nprompt_tokens: 8\nset:\n  - dram.channels=2\n")
	mustMemsim(t, "version")
}

func TestAllFaultsOfASettingsFileAtOnce(t *testing.T) {
	inFolder(t)
	writeText(t, "memsim.yaml", "devcie: iphone13\ntokens:\nquant: f16\nquant: f32\nmodel: {a: b}\n")
	wantMistake(t, memsim(t, "version"),
		"memsim.yaml", "line 1", `unknown key "devcie"`, "did you mean device?", "line 2", "tokens needs a value", "line 4", "quant is given twice", "line 5", "model needs a value")
}

func TestWrongValuesNameWhereTheyStand(t *testing.T) {
	inFolder(t)
	writeText(t, "memsim.yaml", "\nformat: xml\n")
	wantMistake(t, memsim(t, "version"), "memsim.yaml line 2", "format", `"xml"`, "table, md, json, csv")
	writeText(t, "memsim.yaml", "seed: [1, 2]\n")
	wantMistake(t, memsim(t, "version"), "memsim.yaml line 1", "seed", "give one value")
	writeText(t, "memsim.yaml", "just text\n")
	wantMistake(t, memsim(t, "version"), "memsim.yaml line 1", "key: value")
	writeText(t, "memsim.yaml", "a: [\n")
	wantMistake(t, memsim(t, "version"), "memsim.yaml")
	writeText(t, "memsim.yaml", "")
	mustMemsim(t, "version")
	wantMistake(t, memsimEnv(t, []string{"MEMSIM_THREADS=few"}, "version"), "MEMSIM_THREADS", `"few"`)
}

func TestVariablesThatAreNoSettingAreNamed(t *testing.T) {
	inFolder(t)
	wantMistake(t, memsimEnv(t, []string{"MEMSIM_DEVCE=pixel8pro", "MEMSIM_KERNELS=", "HOME=/"}, "models"),
		"the variable MEMSIM_DEVCE is not a setting; did you mean MEMSIM_DEVICE?")
	if r := memsimEnv(t, []string{"MEMSIM_DEVICE=pixel8pro", "MEMSIM_PART=x"}, "models"); r.code != exitDone {
		t.Errorf("settings of other commands: exit code %d: %s", r.code, r.err)
	}
}

func TestNumbersThatAreNoneAreNamed(t *testing.T) {
	inFolder(t)
	writeText(t, "memsim.yaml", "threads: many\n")
	for _, c := range []struct {
		environ, args []string
		want          string
	}{
		{[]string{"MEMSIM_TOKENS=abc"}, nil, `MEMSIM_TOKENS: tokens: "abc" is not a whole number`},
		{[]string{"MEMSIM_SHAPE_ONLY=maybe"}, nil, `"maybe" is not true or false`},
		{nil, []string{"--threads", "1", "--tokens", "1.5"}, `--tokens: "1.5" is not a whole number`},
		{nil, []string{"--threads", "1", "--seed", "99999999999999999999"}, `--seed: "99999999999999999999" is too large a number`},
		{nil, []string{"run", "--threads", "1", "--temperature", "hot"}, `--temperature: "hot" is not a number`},
		{nil, nil, `memsim.yaml line 1: threads: "many" is not a whole number`},
	} {
		r := memsimEnv(t, c.environ, c.args...)
		wantMistake(t, r, c.want)
		if strings.Contains(r.err, "strconv") {
			t.Errorf("%v %v: %s", c.environ, c.args, r.err)
		}
	}
}
