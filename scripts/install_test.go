package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// installed returns the program as "go install" leaves it.
func installed(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	install := exec.Command("go", "install", "../cmd/memsim")
	install.Env = append(os.Environ(), "GOBIN="+bin, "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(bin, "memsim.exe")
	}
	return filepath.Join(bin, "memsim")
}

// A program that was installed has all that it needs in it: it works in an empty
// folder, without a home, without the source and without a network.
func TestAnInstalledProgramNeedsNothingElse(t *testing.T) {
	program := installed(t)
	dir := t.TempDir()
	memsim := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = []string{"TMPDIR=" + dir, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
		withoutNetwork(cmd)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("memsim %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	for command, want := range map[string]string{
		"--version":                  "memsim ",
		"devices":                    "pixel8pro",
		"devices show pixel8pro":     "dram.part.",
		"models":                     "mobilellm-125m",
		"validate --device iphone12": "tinyllama-1.1b",
		"completion bash":            "memsim",
		"run --model mobilellm-125m --layers 1 --prompt-ids 1,5 --tokens 2":                 "",
		"--device pixel8pro --shape-only --layers 2 --prompt-tokens 1 --tokens 1":           "ms/token",
		"sweep --device iphone13 --layers 2,4 --prompt-tokens 1 --tokens 1":                 "points",
		"probe flash --part ufs-4.0 --commands 4":                                           "GB/s",
		"models make mobilellm-125m --layers 1 --dim 64 --vocab 128 --quant q8_0 -o m.gguf": "m.gguf",
	} {
		if out := memsim(strings.Fields(command)...); !strings.Contains(out, want) {
			t.Errorf("memsim %s printed no %q:\n%s", command, want, out)
		}
	}
	report, err := os.ReadFile(filepath.Join(dir, "memsim-out", "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fetched := range []string{`src="http`, `href="http://`, `@import`} {
		if strings.Contains(string(report), fetched) {
			t.Errorf("the report has %s: it needs a network", fetched)
		}
	}
}
