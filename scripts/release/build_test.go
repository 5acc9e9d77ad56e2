package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sourceOfAProgram is a repository with the smallest program that can be
// released, as version 1.2.3.
func sourceOfAProgram(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git: install the Debian package git")
	}
	source := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":             "module example.org/m\n\ngo 1.26\n",
		"cmd/memsim/main.go": "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(`{\"memsim\": \"1.2.3\"}`) }\n",
	} {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "a program"}} {
		if _, err := run(t.Context(), source, nil, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	return source
}

func TestSettingsOfTheMachineDoNotGetIntoAProgram(t *testing.T) {
	r := release{source: sourceOfAProgram(t)}
	build := func() []byte {
		file := filepath.Join(t.TempDir(), "memsim")
		if err := r.compile(t.Context(), file, "GOOS=linux", "GOARCH=amd64"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	plain := build()
	settings := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(settings, []byte("GOFLAGS=-tags=mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOENV", settings)
	t.Setenv("GOAMD64", "v3")
	if !bytes.Equal(build(), plain) {
		t.Error("GOAMD64 and what go env -w wrote make another program")
	}
}

func TestATagIsTheVersionOfItsSource(t *testing.T) {
	r := release{work: t.TempDir(), source: sourceOfAProgram(t)}
	program := filepath.Join(r.work, "memsim-here")
	if err := r.compile(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ tag, wrong string }{{"v1.2.3", ""}, {"v1.2.4", "v1.2.4"}} {
		if _, err := run(t.Context(), r.source, nil, "git", "tag", c.tag); err != nil {
			t.Fatal(err)
		}
		err := r.readVersion(t.Context(), program)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("with the tag %s the error is %v", c.tag, err)
		}
		if r.version != "1.2.3" {
			t.Errorf("the version is %q", r.version)
		}
	}
}
