package devices

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/spelling"
)

// A change is one "path=value" of the user.
type change struct {
	path  string // in its document
	value string
	typed string // as the user gave it
}

func (c change) origin() string { return "--set " + c.typed }

// parseSets splits each of sets at its first =.
func parseSets(sets []string) (changes []change, problems []problem) {
	for _, s := range sets {
		path, value, ok := strings.Cut(s, "=")
		c := change{strings.TrimSpace(path), strings.TrimSpace(value), s}
		if !ok || c.path == "" || c.value == "" {
			problems = append(problems, problem{file: c.origin(), text: "is not of the form path=value; write for example --set dram.channels=2"})
			continue
		}
		changes = append(changes, c)
	}
	return changes, problems
}

// splitSets sorts changes by the document that they belong to: the device's
// own, or a part's, whose fields follow dram.part. or flash.part.
func splitSets(changes []change) (own, dram, flash []change) {
	for _, c := range changes {
		if rest, ok := strings.CutPrefix(c.path, "dram.part."); ok {
			dram = append(dram, change{rest, c.value, c.typed})
		} else if rest, ok := strings.CutPrefix(c.path, "flash.part."); ok {
			flash = append(flash, change{rest, c.value, c.typed})
		} else {
			own = append(own, c)
		}
	}
	return own, dram, flash
}

// A slot is a field that can be set: in the mapping under key, or, if key is
// empty, the mapping itself, which is a quantity that carries its name.
type slot struct {
	mapping *yaml.Node
	key     string
	typ     reflect.Type
	group   reflect.Type // of the mapping
}

// settable reports whether an override may name the slot: a single value of the
// profile, but not its schema version, its references, or a name that other
// fields refer to.
func (s slot) settable() bool {
	switch {
	case isQuantity(s.typ):
		return true
	case s.key == "" || s.key == "schema" || s.key == "references" || s.key == elementKey(s.group):
		return false
	}
	return s.typ.Kind() != reflect.Struct && !(s.typ.Kind() == reflect.Slice && s.typ.Elem().Kind() == reflect.Struct)
}

// override replaces one field of the document, or records why it cannot.
func (d *document) override(c change, t reflect.Type) {
	refuse := func(format string, args ...any) {
		d.problems = append(d.problems, problem{file: c.origin(), text: fmt.Sprintf(format, args...)})
	}
	path := join(d.prefix, c.path)
	s, ok := d.find(d.root, t, c.path)
	switch {
	case !ok:
		refuse("%s is not a field of the profile; %s", path, suggestPath(path, d.settable(d.root, t, d.prefix)))
	case !s.settable():
		refuse("%s %s", path, unsettable(path, d.settable(d.root, t, d.prefix)))
	default:
		s.set(d, c)
	}
}

func suggestPath(path string, settable []string) string {
	if near := spelling.Nearest(path, settable, 3); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return "memsim devices show lists every path"
}

// unsettable says why a field that is there cannot be set: it is a group, or
// what the profile is known by.
func unsettable(path string, settable []string) string {
	for _, p := range settable {
		if strings.HasPrefix(p, path+".") {
			return "is not a single value; set one of its fields, such as " + p
		}
	}
	return "cannot be set for one run; change it in the file"
}

// set writes the value of c into the slot, marked as an override.
func (s slot) set(d *document, c change) {
	n := d.overrideNode(c, s.typ)
	if s.key == "" {
		name := d.child(s.mapping, "name")
		*s.mapping = *n
		s.mapping.Content = append(s.mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "name"}, name)
		d.origin[s.mapping] = c.origin()
		return
	}
	for i := 0; i+1 < len(s.mapping.Content); i += 2 {
		if s.mapping.Content[i].Value == s.key {
			s.mapping.Content[i+1] = n
			return
		}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s.key}
	s.mapping.Content = append(s.mapping.Content, key, n)
}

// overrideNode builds the tree for the value of c as a field of type t.
func (d *document) overrideNode(c change, t reflect.Type) *yaml.Node {
	scalar := func(value, tag string) *yaml.Node {
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: tag}
		if tag == "" {
			n.Tag = n.ShortTag()
		}
		d.origin[n] = c.origin()
		return n
	}
	out := &yaml.Node{}
	switch {
	case isQuantity(t):
		out.Kind = yaml.MappingNode
		for _, pair := range [][2]string{{"value", c.value}, {"kind", string(Override)}, {"source", "set for this run: " + c.typed}} {
			out.Content = append(out.Content, scalar(pair[0], "!!str"), scalar(pair[1], ""))
		}
	case t.Kind() == reflect.Slice:
		out.Kind = yaml.SequenceNode
		for _, word := range strings.Split(c.value, ",") {
			out.Content = append(out.Content, scalar(strings.TrimSpace(word), "!!str"))
		}
	case t.Kind() == reflect.String:
		out = scalar(c.value, "!!str")
	default:
		out = scalar(c.value, "")
	}
	d.origin[out] = c.origin()
	return out
}

// find follows path from n, a value of type t. Names of list elements may hold
// dots, so each element that path could mean is tried, the longest name first.
func (d *document) find(n *yaml.Node, t reflect.Type, path string) (slot, bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return slot{}, false
	}
	for _, f := range fields(t) {
		if path == f.key {
			return slot{n, f.key, f.typ, t}, true
		}
		rest, ok := strings.CutPrefix(path, f.key+".")
		if !ok || isQuantity(f.typ) {
			continue
		}
		child := d.child(n, f.key)
		if f.typ.Kind() == reflect.Struct {
			return d.find(child, f.typ, rest)
		}
		if f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct {
			return d.findElement(child, f.typ.Elem(), rest)
		}
	}
	return slot{}, false
}

func (d *document) findElement(list *yaml.Node, t reflect.Type, path string) (slot, bool) {
	elements := d.elements(list, t)
	slices.SortStableFunc(elements, func(a, b element) int { return len(b.name) - len(a.name) })
	for _, e := range elements {
		if path == e.name {
			return slot{mapping: e.node, typ: t}, true
		}
		if rest, ok := strings.CutPrefix(path, e.name+"."); ok {
			if s, ok := d.find(e.node, t, rest); ok {
				return s, true
			}
		}
	}
	return slot{}, false
}

// An element is a named group of a list.
type element struct {
	name string
	node *yaml.Node
}

func (d *document) elements(list *yaml.Node, t reflect.Type) []element {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var out []element
	for _, n := range list.Content {
		if n.Kind != yaml.MappingNode {
			continue
		}
		if name := d.child(n, elementKey(t)); name != nil && name.Value != "" {
			out = append(out, element{name.Value, n})
		}
		if aliases := d.child(n, "aliases"); aliases != nil && t == reflect.TypeFor[Runtime]() {
			for _, alias := range aliases.Content {
				out = append(out, element{alias.Value, n})
			}
		}
	}
	return out
}

// settable lists the paths that an override may name: each single value of the
// profile except its schema version, its references and the names that other
// fields refer to.
func (d *document) settable(n *yaml.Node, t reflect.Type, prefix string) []string {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out []string
	for _, f := range fields(t) {
		path := join(prefix, f.key)
		child := d.child(n, f.key)
		list := f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct
		switch {
		case f.key == "schema" || f.key == "references" || f.key == elementKey(t):
		case list && isQuantity(f.typ.Elem()):
			for _, e := range d.elements(child, f.typ.Elem()) {
				out = append(out, join(path, e.name))
			}
		case list:
			for _, e := range d.elements(child, f.typ.Elem()) {
				out = append(out, d.settable(e.node, f.typ.Elem(), join(path, e.name))...)
			}
		case f.typ.Kind() == reflect.Struct && !isQuantity(f.typ):
			out = append(out, d.settable(child, f.typ, path)...)
		default:
			out = append(out, path)
		}
	}
	return out
}
