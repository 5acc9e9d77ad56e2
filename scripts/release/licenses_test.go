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

// The licence of memsim itself stands in every archive by another name, and a
// source file about licences is none.
func TestLicencesBelowTheSourceArePassedOn(t *testing.T) {
	source := t.TempDir()
	for _, name := range []string{"LICENSE", "charts/LICENSE", "charts/licenses.go", "charts/chart.js"} {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := embeddedLicenses(source)
	if err != nil || len(files) != 1 || files[0].name != "licenses/memsim/charts/LICENSE" {
		t.Errorf("passed on are %v (%v)", files, err)
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
