package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAModulesLicencesArePassedOn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"LICENSE.md", "NOTICE", "README.md", "licensing.go.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := licensesIn("example.org/m", dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	if got, want := strings.Join(names, " "), "licenses/example.org/m/LICENSE.md licenses/example.org/m/NOTICE"; got != want {
		t.Errorf("passed on are %s, want %s", got, want)
	}
}

func TestAModuleWithoutALicenceIsRefused(t *testing.T) {
	if _, err := licensesIn("example.org/m", t.TempDir()); err == nil || !strings.Contains(err.Error(), "example.org/m") {
		t.Errorf("error is %v", err)
	}
}

func TestWhatIsEmbeddedHasItsLicencesToo(t *testing.T) {
	files, err := embeddedLicenses("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.name, "echarts/LICENSE") {
			return
		}
	}
	t.Errorf("no licence of ECharts among %d files", len(files))
}
