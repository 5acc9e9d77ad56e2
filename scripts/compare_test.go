// Package scripts holds programs for people who work on memsim, and tests that
// run them.
package scripts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	begin = "<!-- compare-llama: begin -->\n"
	end   = "<!-- compare-llama: end -->\n"
)

// llamaBench stands in for the real one: it is slower with each thread, so that the best is known.
const llamaBench = `#!/bin/sh
case $1 in --version) echo "version: 1.2.3 (test)"; exit;; esac
test -s "$2" || exit 1
while [ "$1" != -t ]; do shift; done
echo "{\"n_prompt\": 8, \"avg_ts\": $((30 / $2)).5, \"stddev_ts\": 0}"
`

const shape = `name: small
architecture: llama
layers: 2
dim: 64
ffn: 160
heads: 4
kv_heads: 2
vocab: 256
tied_embedding: true
norm_eps: 1e-5
rope_base: 10000
context: 512
source: made up for tests
`

// prepared returns a folder with a stand-in for llama-bench, a shape and a
// README.
func prepared(t *testing.T, readme string) string {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash: install the Debian package bash")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"llama-bench": llamaBench, "small.yaml": shape, "README.md": readme} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// compare runs the script in dir and returns what it printed.
func compare(t *testing.T, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	script, err := filepath.Abs("compare-llama.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil { // go test runs again when the script has changed
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{script, "--memsim", "./memsim", "--readme", "README.md"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LLAMA_BENCH=")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestCompareReplacesTheTableOfTheReadme(t *testing.T) {
	dir := prepared(t, "# Title\n\n"+begin+"\nan old table\n\n"+end+"\nthe rest\n")
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "memsim"), "../cmd/memsim")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	table, log, err := compare(t, dir, "--models", "./small.yaml:q8_0 ./small.yaml:f16", "--rounds", "2", "--pp", "8", "--tg", "4", "--built", "by hand", "./llama-bench")
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	rows := regexp.MustCompile(`(?m)^\| small \| (q8_0|f16) \| (pp8|tg4) \| \d+\.\d \([12]\) \| 30\.5 \(1\) \| \d+\.\d\d \| (\d+ %)? \|$`).FindAllString(table, -1)
	if len(rows) != 4 || !strings.Contains(table, "Load average") || !strings.Contains(table, "1.2.3 (test), by hand.") {
		t.Errorf("table:\n%s", table)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if want := "# Title\n\n" + begin + "\n" + table + "\n" + end + "\nthe rest\n"; err != nil || string(readme) != want {
		t.Errorf("README:\n%s\nwant:\n%s", readme, want)
	}
}

func TestCompareRefusesBeforeItMeasures(t *testing.T) {
	const unmarked = "# Title\n\n" + end + begin
	dir := prepared(t, unmarked)
	for want, args := range map[string][]string{
		"LLAMA_BENCH=PATH":    {},
		"no such program":     {"./missing"},
		"once each":           {"./llama-bench"},
		"unknown option --fo": {"--fo", "./llama-bench"},
		"not a number":        {"--rounds", "0", "./llama-bench"},
		"needs a value":       {"--rounds"},
	} {
		_, log, err := compare(t, dir, args...)
		if err == nil || !strings.Contains(log, want) {
			t.Errorf("%v: %v, %q; want %q", args, err, log, want)
		}
	}
	if readme, _ := os.ReadFile(filepath.Join(dir, "README.md")); string(readme) != unmarked {
		t.Errorf("README changed to:\n%s", readme)
	}
}
