package model

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"

	"github.com/memsim/memsim/fault"
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
		if near := nearest(name, Presets()); len(near) > 0 {
			return Shape{}, fault.Userf("no model preset %q; nearest: %s", name, strings.Join(near, ", "))
		}
		return Shape{}, fault.Userf("no model preset %q (memsim models lists them)", name)
	}
	return s, nil
}

// nearest returns up to three names that name was perhaps meant to be, nearest
// first: those that hold it, or that are at most two edits, or a third of its
// length, away.
func nearest(name string, names []string) []string {
	distance := func(candidate string) int {
		if name != "" && strings.Contains(candidate, name) {
			return 0
		}
		return levenshtein.ComputeDistance(name, candidate)
	}
	near := slices.DeleteFunc(slices.Clone(names), func(c string) bool { return distance(c) > max(2, len(name)/3) })
	slices.SortStableFunc(near, func(a, b string) int { return distance(a) - distance(b) })
	return near[:min(3, len(near))]
}
