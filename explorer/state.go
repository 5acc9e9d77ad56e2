package explorer

import (
	"net/url"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// State is what the page shows: a setting, or two side by side.
type State struct {
	A Setting
	B *Setting // nil: A alone
}

// The keys of a state beside those of its settings.
const (
	compareKey = "compare" // "1": there is a B
	otherKeys  = "b."      // before the fields in which B differs
	sideKey    = "side"    // "a" or "b": only that one
)

// parseState reads the query of a URL.
func parseState(query string) (State, error) {
	if len(query) > maxQueryBytes {
		return State{}, fault.Userf("the query has %d bytes; at most %d are read", len(query), maxQueryBytes)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return State{}, fault.Userf("the query cannot be read: %w", err)
	}
	first, second := url.Values{}, url.Values{}
	for key, values := range q {
		if rest, ok := strings.CutPrefix(key, otherKeys); ok {
			second[rest] = values
		} else if key != compareKey && key != sideKey {
			first[key] = values
		}
	}
	var s State
	if s.A, err = parseSetting(first); err != nil {
		return State{}, err
	}
	if q.Get(compareKey) != "1" {
		return s, nil
	}
	for key, values := range first {
		if _, ok := second[key]; !ok {
			second[key] = values
		}
	}
	b, err := parseSetting(second)
	if err != nil {
		return State{}, fault.Userf("setting B: %w", err)
	}
	s.B = &b
	return s, nil
}

// settings lists the settings of a state, A first.
func (s State) settings() []Setting {
	if s.B == nil {
		return []Setting{s.A}
	}
	return []Setting{s.A, *s.B}
}

// chosen are the settings that a request for a file wants: all, or one side.
func (s State) chosen(side string) ([]Setting, error) {
	switch {
	case side == "":
		return s.settings(), nil
	case side == "a":
		return []Setting{s.A}, nil
	case side == "b" && s.B != nil:
		return []Setting{*s.B}, nil
	}
	return nil, fault.Userf("side %q is not there; it is a, or b in a comparison", side)
}

// sameMachine reports whether one report can hold both settings.
func sameMachine(a, b Setting) bool {
	machine := func(s Setting) string {
		return Setting{Device: s.Device, Unit: s.Unit, Runtime: s.Runtime, Energy: s.Energy, SRAMMiB: s.SRAMMiB, Sets: s.Sets}.Query()
	}
	return machine(a) == machine(b)
}
