package devices

import (
	"fmt"
	"reflect"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Fit is one number that a fit to measurements put in the place of the one in a
// file: of a runtime or a SoC wherever it is used, or of one phone alone. It is
// bound to the name: a copy of a phone under another name does not have it.
type Fit struct {
	Scope       string `yaml:"scope"` // runtime, soc or phone
	Name        string `yaml:"name"`  // of the runtime, the SoC or the phone
	Path        string `yaml:"path"`  // in its file: "bandwidth_share"; of a phone, as --set takes it
	Value       string `yaml:"value"` // with its unit
	Kind        Kind   `yaml:"kind"`
	Source      string `yaml:"source"`
	Uncertainty string `yaml:"uncertainty,omitempty"` // relative standard error, with %
}

// fitFile is what fit/fit.yaml holds.
const fitFile = "fit/fit.yaml"

// Fits returns the numbers of the shipped fit, in the order of its file.
var Fits = sync.OnceValues(func() ([]Fit, error) {
	content, err := shipped.ReadFile(fitFile)
	if err != nil {
		return nil, err
	}
	return parseFits(content)
})

// appliedFits are the fits that loading applies; tests put others in their place.
var appliedFits = Fits

// parseFits reads the numbers of a fit.
func parseFits(content []byte) ([]Fit, error) {
	var file struct {
		Schema int   `yaml:"schema"`
		Fits   []Fit `yaml:"fits"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("devices/%s: %w", fitFile, err)
	}
	for i, f := range file.Fits {
		switch {
		case f.Scope != "runtime" && f.Scope != "soc" && f.Scope != "phone":
			return nil, fmt.Errorf("devices/%s: fits[%d]: scope %q is none of runtime, soc, phone", fitFile, i, f.Scope)
		case f.Name == "" || f.Path == "" || f.Value == "" || f.Kind == "" || f.Source == "":
			return nil, fmt.Errorf("devices/%s: fits[%d]: name, path, value, kind and source must all be given", fitFile, i)
		}
	}
	return file.Fits, nil
}

// applyFits lays the fits of a scope and name over the tree root of type t.
func (d *document) applyFits(scope, name string, root *yaml.Node, t reflect.Type) {
	fits, err := appliedFits()
	if err != nil {
		d.problems = append(d.problems, problem{text: err.Error()})
		return
	}
	for _, f := range fits {
		if f.Scope == scope && f.Name == name {
			d.applyFit(f, root, t)
		}
	}
}

func (d *document) applyFit(f Fit, root *yaml.Node, t reflect.Type) {
	n := quantityNode(f.Value, f.Kind, f.Source, "")
	if f.Uncertainty != "" {
		setNode(n, "uncertainty", scalarNode(f.Uncertainty))
	}
	s, ok := d.find(root, t, f.Path)
	if ok && s.key != "" && isQuantity(s.typ) {
		d.widen(d.child(s.mapping, s.key), n, s.typ)
	}
	d.adopt(n, "devices/"+fitFile)
	if err := d.assign(root, t, f.Path, n); err != nil {
		d.problems = append(d.problems, problem{file: "devices/" + fitFile, path: f.Scope + " " + f.Name + ": " + f.Path, text: err.Error()})
	}
}

// widen gives the quantity n the range of the quantity that it replaces, made
// wide enough to hold n's own value.
func (d *document) widen(old, n *yaml.Node, t reflect.Type) {
	if old == nil || old.Kind != yaml.MappingNode {
		return
	}
	span := d.child(old, "range")
	if span == nil || len(span.Content) != 2 {
		return
	}
	size := func(text string) (float64, bool) {
		v := reflect.New(valueType(t)).Elem()
		if parseInto(v, text) != nil {
			return 0, false
		}
		return magnitude(v), true
	}
	value := d.child(n, "value").Value
	low, okLow := size(span.Content[0].Value)
	high, okHigh := size(span.Content[1].Value)
	v, ok := size(value)
	if !ok || !okLow || !okHigh {
		return
	}
	ends := []*yaml.Node{scalarNode(span.Content[0].Value), scalarNode(span.Content[1].Value)}
	if v < low {
		ends[0] = scalarNode(value)
	}
	if v > high {
		ends[1] = scalarNode(value)
	}
	setNode(n, "range", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: ends})
}
