package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseName matches the files that a module's licence wants to be passed on.
var licenseName = regexp.MustCompile(`(?i)^(licen[sc]es?|copying|notices?|patents|unlicense)([.-].*)?$`)

// licenses are the licences of what is in a program beside memsim's own code: its
// modules, what is embedded in it, and Go itself.
func (r *release) licenses(ctx context.Context, platform ...string) ([]entry, error) {
	settings := slices.Concat(buildSettings, platform)
	listed, err := run(ctx, r.source, settings, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", "./cmd/memsim")
	if err != nil {
		return nil, err
	}
	goroot, err := run(ctx, r.source, settings, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	folders := append(strings.Split(listed, "\n"), "go\t"+goroot)
	slices.Sort(folders)
	files, err := embeddedLicenses(r.source)
	if err != nil {
		return nil, err
	}
	for _, line := range slices.Compact(folders) {
		module, dir, ok := strings.Cut(line, "\t")
		if !ok {
			continue // a package of Go's own
		}
		found, err := licensesIn(module, dir)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// licensesIn are the licences in the folder of a module.
func licensesIn(module, dir string) ([]entry, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []entry
	for _, f := range names {
		if f.IsDir() || !licenseName.MatchString(f.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, entry{path.Join("licenses", module, f.Name()), 0o644, data})
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no licence in %s: without one it cannot be passed on", module, dir)
	}
	return files, nil
}

// embeddedLicenses are those that stand below the source, beside what they are of.
func embeddedLicenses(source string) ([]entry, error) {
	var files []entry
	tree := os.DirFS(source)
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Dir(name) == "." || !licenseName.MatchString(d.Name()) || path.Ext(name) == ".go" {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		files = append(files, entry{path.Join("licenses/memsim", name), 0o644, data})
		return err
	})
	return files, err
}
