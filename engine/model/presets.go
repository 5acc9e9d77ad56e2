package model

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/spelling"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// presets holds the embedded shapes by name. The files are part of the program
// and a test reads them all, so one that does not parse is a build error that
// surfaces from the first look-up.
var presets = sync.OnceValues(func() (map[string]Shape, error) {
	entries, err := presetFiles.ReadDir("presets")
	if err != nil {
		return nil, err
	}
	shapes := make(map[string]Shape, len(entries))
	for _, entry := range entries {
		data, err := presetFiles.ReadFile("presets/" + entry.Name())
		if err != nil {
			return nil, err
		}
		s, err := ParseShape(entry.Name(), data)
		if err != nil {
			return nil, err
		}
		if s.Name+".yaml" != entry.Name() {
			return nil, fmt.Errorf("preset file %s holds the shape %s", entry.Name(), s.Name)
		}
		shapes[s.Name] = s
	}
	return shapes, nil
})

// Presets returns the names of the shipped shapes, sorted.
func Presets() []string {
	shapes, err := presets()
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(shapes))
	for name := range shapes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Preset returns the shipped shape of that name. An unknown name is the user's
// error, and names the nearest ones.
func Preset(name string) (Shape, error) {
	shapes, err := presets()
	if err != nil {
		return Shape{}, err
	}
	s, ok := shapes[name]
	if !ok {
		if near := spelling.Nearest(name, Presets(), 3); len(near) > 0 {
			return Shape{}, fault.Userf("no model preset %q; nearest: %s", name, strings.Join(near, ", "))
		}
		return Shape{}, fault.Userf("no model preset %q (memsim models lists them)", name)
	}
	return s, nil
}
