package main

import (
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
