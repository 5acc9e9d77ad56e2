package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bench runs scripts/bench.sh in dir.
func bench(t *testing.T, dir string, args ...string) (output string, err error) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash: install the Debian package bash")
	}
	script, err := filepath.Abs("bench.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil { // go test runs again when the script has changed
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{script}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LLAMA_BENCH=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestBenchReplacesTheTableOfTheReadme(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "README.md")
	if err := os.WriteFile(path, []byte("# Title\n\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n\nthe rest\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := bench(t, dir, "--count", "1", "--benchtime", "1x", "--readme", "README.md"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(readme)
	if !strings.HasPrefix(text, "# Title\n\n<!-- bench: begin -->\n\n| what |") || !strings.HasSuffix(text, "\n\n<!-- bench: end -->\n\nthe rest\n") || strings.Contains(text, "old") {
		t.Errorf("README:\n%s", text)
	}
	for _, row := range []string{
		`contiguous .* \| \d+ M/s \| 0\.44 M/s \| \d+ \|`, `random .* \| [\d.]+ M/s \| 0\.21 M/s \| [\d.]+ \|`,
		`token .* \| [\d.]+ ms, all of it \| 9\.3 s, DRAM alone \| \d+ \|`, `sweep.* \| [\d.]+ points/s \|`, `events read \| [\d.]+ M/s \|`,
	} {
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("no row %s in\n%s", row, text)
		}
	}
}

func TestBenchRefusesBeforeItMeasures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# Title\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"once each":             {"--readme", "README.md"},
		"no such file":          {"--readme", "MISSING.md"},
		"unknown argument --fo": {"--fo"},
		"needs a value":         {"--count"},
		"not a number":          {"--count", "0"},
	} {
		if out, err := bench(t, dir, args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v, %q; want %q", args, err, out, want)
		}
	}
}
