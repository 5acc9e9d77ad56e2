package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAMeasuredMachineIsADevice(t *testing.T) {
	inFolder(t)
	smallShape(t)
	r := mustMemsim(t, "host", "-o", "my.yaml", "--cores", "0", "--budget", "0s", "--storage=false", "--format", "json")
	s := decode[surveyReply](t, r)
	if len(s.Sets) != 1 || s.Sets[0].Threads != 1 || s.Sets[0].DRAMGBps <= 0 || s.Sets[0].FarGWeights["q8_0"] <= 0 || s.Profile != "my.yaml" {
		t.Errorf("%+v", s)
	}
	mustMemsim(t, "devices", "check", "my.yaml")
	mustMemsim(t, "--device", "my.yaml", "--model", "small.yaml", "--shape-only")
}

func TestHostMistakes(t *testing.T) {
	inFolder(t)
	for args, want := range map[string]string{
		"host --cores x":           "0-3,7",
		"host --cores 4000":        "online",
		"host --budget -1s":        "negative",
		"host -o missing/my.yaml":  "cannot write",
		"host --cores 0 more":      "more",
		"host --sustained=perhaps": "sustained",
	} {
		wantMistake(t, memsim(t, strings.Fields(args)...), want)
	}
	wantEmpty(t)
}

func TestHostEndsWhenInterrupted(t *testing.T) {
	inFolder(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	if r := memsimContext(t, ctx, nil, "host", "-o", "my.yaml"); r.code != exitInterrupted {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	wantEmpty(t)
}

// TestAndroidsProcessorRunsTheProgram builds the static program for linux/arm64,
// and runs it on an emulated processor: help, a prediction and a short measurement.
func TestAndroidsProcessorRunsTheProgram(t *testing.T) {
	if raceDetector {
		t.Skip("the program under test is another one; the race detector sees nothing of it")
	}
	qemu, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		t.Skip("no qemu-aarch64-static: install the Debian package qemu-user-static")
	}
	folder := t.TempDir()
	program := filepath.Join(folder, "memsim")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, args := range []string{
		"host --help",
		"--device pixel8pro --model mobilellm-125m --shape-only --prompt-tokens 2 --tokens 1 --samples 0 --quiet --out out",
		"host --cores 0 --budget 0s --storage=false --quiet -o my.yaml",
	} {
		cmd := exec.Command(qemu, append([]string{program}, strings.Fields(args)...)...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("memsim %s: %v\n%s", args, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "my.yaml")); err != nil { // slower than any machine, it is no device
		t.Error(err)
	}
}
