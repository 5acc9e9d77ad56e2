package devices

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Change is a new value for one number of a profile and where it comes from.
type Change struct {
	Path        string      // as in Numbers: "runtimes.mlc-gpu.dispatch"
	Value       string      // with its unit; see Parameter.Text
	Kind        Kind        // spec, measured, estimated or calibrated
	Source      string      // key of a reference of the profile, or a sentence
	Uncertainty units.Ratio // relative standard error; 0 leaves it out
	Range       string      // "low, high", with their units; "" leaves it as it is
}

// Rewrite returns the YAML of a device under a new name and with changes made;
// comments, ranges and all that is not changed stay. The error names every
// fault, as that of Load does. Numbers of parts (dram.part.…) stand in files of
// their own and cannot be changed so; parts that the device names by a relative
// path are still meant relative to nameOrPath.
func Rewrite(nameOrPath, name string, changes []Change) ([]byte, error) {
	file, content, err := phones.read(nameOrPath, "")
	if err != nil {
		return nil, err
	}
	device, err := parseDevice(file, content, nil)
	if err != nil {
		return nil, err
	}
	doc := parseDocument(file, content)
	*doc.child(doc.root, "name") = *scalarNode(name)
	for _, c := range changes {
		if err := doc.change(device, c); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(doc.document); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	if _, err := parseDevice(filepath.Join(filepath.Dir(file), name+".yaml"), out.Bytes(), nil); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// change replaces one number of the document, which describes device: where the
// file states it, or, of a phone that has it from its SoC or a runtime, among its
// overrides.
func (d *document) change(device *Device, c Change) error {
	span, ok := device.spans()[c.Path]
	if !ok {
		return fault.Userf("%s: %s is not a number of the profile; %s", d.file, c.Path, suggestPath(c.Path, device.paths()))
	}
	s, ok := d.find(d.root, reflect.TypeFor[Device](), c.Path)
	var n *yaml.Node
	if ok && isQuantity(s.typ) && s.key != "" {
		n = d.child(s.mapping, s.key)
	}
	if n == nil {
		n = d.overriding(c.Path, span)
	}
	set := map[string]string{"value": c.Value, "kind": string(c.Kind), "source": c.Source}
	if c.Uncertainty > 0 {
		set["uncertainty"] = strconv.FormatFloat(100*float64(c.Uncertainty), 'g', 2, 64) + " %"
	}
	for _, key := range []string{"value", "kind", "source", "uncertainty"} {
		setField(n, key, set[key])
	}
	if low, high, ok := strings.Cut(c.Range, ", "); ok {
		ends := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Content: []*yaml.Node{scalarNode(low), scalarNode(high)}}
		setNode(n, "range", ends)
	}
	return nil
}

// overriding returns the phone's override at path, a new one with that range if
// there is none.
func (d *document) overriding(path, span string) *yaml.Node {
	group := d.child(d.root, "overrides")
	if group == nil {
		group = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		setNode(d.root, "overrides", group)
	}
	n := d.child(group, path)
	if n == nil {
		n = quantityNode("0", Estimated, "to be replaced", span)
		n.Style = yaml.FlowStyle
		for _, child := range n.Content {
			if child.Kind == yaml.SequenceNode {
				child.Style = yaml.FlowStyle
			}
		}
		setNode(group, path, n)
	}
	return n
}

// spans maps the path of each number of the device, not those of its parts, to
// its range, "low, high" or nothing.
func (d *Device) spans() map[string]string {
	out := map[string]string{}
	walk(reflect.ValueOf(d).Elem(), "", func(path string, n number) { out[path] = n.span() })
	return out
}

// paths lists the numbers of the device, not those of its parts.
func (d *Device) paths() []string {
	var out []string
	walk(reflect.ValueOf(d).Elem(), "", func(path string, _ number) { out = append(out, path) })
	return out
}

func (q Quantity[U]) span() string {
	if q.Range == nil {
		return ""
	}
	return format(reflect.ValueOf(q.Range.Low)) + ", " + format(reflect.ValueOf(q.Range.High))
}

// setField sets or, if value is empty, removes a field of the mapping n.
func setField(n *yaml.Node, key, value string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			continue
		}
		if value == "" {
			n.Content = slices.Delete(n.Content, i, i+2)
		} else {
			n.Content[i+1] = scalarNode(value)
		}
		return
	}
	if value != "" {
		n.Content = append(n.Content, scalarNode(key), scalarNode(value))
	}
}

// scalarNode is value as YAML, quoted if it is a sentence.
func scalarNode(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	n.Tag = n.ShortTag()
	if strings.Count(value, " ") > 1 {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// Parameter is a number that a calibration may move: one that is estimated or
// calibrated, and that says in which range it plausibly lies. Value, Low and
// High count in the unit of the number's Go type.
type Parameter struct {
	Path  string
	Value float64 // what the profile says: the prior
	Low   float64
	High  float64
	Kind  Kind
	// Uncertainty is the relative standard error of a calibrated value, 0 if none
	// is known.
	Uncertainty units.Ratio
	text        func(float64) string
}

// Text writes v with its unit, as --set and Change take it.
func (p Parameter) Text(v float64) string { return p.text(v) }

// Parameters lists the numbers of the device (not those of its parts) that a
// calibration may move, in the order of the schema.
func (d *Device) Parameters() []Parameter {
	var out []Parameter
	walk(reflect.ValueOf(d).Elem(), "", func(path string, n number) {
		if p, ok := n.parameter(path); ok {
			out = append(out, p)
		}
	})
	return out
}

func (q Quantity[U]) parameter(path string) (Parameter, bool) {
	if q.Range == nil || q.Kind != Estimated && q.Kind != Calibrated {
		return Parameter{}, false
	}
	return Parameter{
		Path:  path,
		Value: magnitude(reflect.ValueOf(q.Value)),
		Low:   magnitude(reflect.ValueOf(q.Range.Low)),
		High:  magnitude(reflect.ValueOf(q.Range.High)),
		Kind:  q.Kind,
		text:  textOf[U],

		Uncertainty: q.Uncertainty,
	}, true
}

// textOf writes v, which counts in the unit of U.
func textOf[U any](v float64) string {
	u := reflect.New(reflect.TypeFor[U]()).Elem()
	if u.CanInt() {
		u.SetInt(int64(v + 0.5)) // such numbers are never negative
	} else {
		u.SetFloat(v)
	}
	return format(u)
}

// Has reports whether the device has a number at path, not counting its parts.
func (d *Device) Has(path string) bool { return slices.Contains(d.paths(), path) }

// Moved is a number that two states of a device differ in.
type Moved struct {
	Path          string
	Before, Value string      // with their units
	Range         string      // "low, high" of the later state; "" if it has none
	Uncertainty   units.Ratio // of the later state
}

// MovedTo lists the numbers of d (not those of its parts) that a fit has moved in later,
// by more than a thousandth, in the order of the schema.
func (d *Device) MovedTo(later *Device) []Moved {
	before := map[string]number{}
	walk(reflect.ValueOf(d).Elem(), "", func(path string, n number) { before[path] = n })
	var out []Moved
	walk(reflect.ValueOf(later).Elem(), "", func(path string, n number) {
		was, ok := before[path]
		if !ok || !n.fitted() {
			return
		}
		if a, b := was.size(), n.size(); a != 0 && math.Abs(b/a-1) > 1e-3 {
			out = append(out, Moved{path, was.written(), n.written(), n.span(), n.standardError()})
		}
	})
	return out
}

func (q Quantity[U]) fitted() bool               { return q.Kind == Calibrated }
func (q Quantity[U]) size() float64              { return magnitude(reflect.ValueOf(q.Value)) }
func (q Quantity[U]) written() string            { return format(reflect.ValueOf(q.Value)) }
func (q Quantity[U]) standardError() units.Ratio { return q.Uncertainty }
