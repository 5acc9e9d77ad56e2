package explorer

import (
	"html"
	"regexp"
	"slices"
	"testing"
)

var exampleLink = regexp.MustCompile(`<a href="\?([^"]*)"`)

func TestExamplesOfThePageAreComparisonsThatCanBeAnswered(t *testing.T) {
	x := explorer(t)
	links := exampleLink.FindAllStringSubmatch(pageMarkup, -1)
	if len(links) == 0 {
		t.Fatal("the page has no example")
	}
	for _, link := range links {
		state, err := parseState(html.UnescapeString(link[1]))
		if err != nil || state.B == nil {
			t.Errorf("%s: %v", link[1], err)
			continue
		}
		for _, s := range state.settings() {
			s = s.withDefaults(x.catalog)
			if err := s.check(x.catalog); err != nil {
				t.Errorf("%s: %v", link[1], err)
			} else if _, err := x.newMachine(s); err != nil {
				t.Errorf("%s: %v", link[1], err)
			} else if src, err := x.open(s); err != nil {
				t.Errorf("%s: %v", link[1], err)
			} else if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A field without a control could not be set, and one without a field would be
// refused.
func TestEveryFieldOfASettingHasAControl(t *testing.T) {
	var controls []string
	for _, g := range groups {
		for _, c := range g.Controls {
			controls = append(controls, c.Key)
		}
	}
	fields := keys()
	slices.Sort(controls)
	slices.Sort(fields)
	if !slices.Equal(controls, fields) {
		t.Errorf("controls are %q, fields %q", controls, fields)
	}
}
