package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestEachCommandHasAManualPage(t *testing.T) {
	inFolder(t)
	mustMemsim(t, "man", "pages")
	a := &app{}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		path := filepath.Join("pages", strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		// roff writes a hyphen as \-
		if text := strings.ReplaceAll(string(page), `\-`, "-"); !strings.Contains(text, cmd.Short) || !strings.Contains(text, generator) {
			t.Errorf("%s does not say %q and %q", path, cmd.Short, generator)
		}
		for _, child := range cmd.Commands() {
			visit(child)
		}
	}
	visit(a.rootCommand())
}

func TestManualPagesAreReproducible(t *testing.T) {
	inFolder(t)
	mustMemsim(t, "man", "first")
	t.Setenv("SOURCE_DATE_EPOCH", "1")
	mustMemsim(t, "man", "second")
	entries, err := os.ReadDir("first")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		first, err := os.ReadFile(filepath.Join("first", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if second, err := os.ReadFile(filepath.Join("second", e.Name())); err != nil || string(first) != string(second) {
			t.Errorf("%s differs (%v)", e.Name(), err)
		}
	}
}
