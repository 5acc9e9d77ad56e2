package devices

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value checks n against the Go type of into, and fills into with what is sound; ok
// is false if nothing is, and into stays empty then.
func (d *document) value(n *yaml.Node, into reflect.Value, at place) (ok bool) {
	d.at[at.path] = n
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fail(n, at.path, "is a YAML anchor or alias; write the value out")
		return false
	case n.Tag == "!!null":
		d.fail(n, at.path, "has no value; give one")
		return false
	}
	switch t := into.Type(); {
	case isQuantity(t):
		return d.quantity(n, into, at)
	case t.Kind() == reflect.Struct:
		return d.mapping(n, into, at)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return d.list(n, into, at)
	case t.Kind() == reflect.Slice:
		words, ok := d.words(n, at)
		if ok {
			into.Set(reflect.ValueOf(words))
		}
		return ok
	}
	return d.scalar(n, into, at)
}

// mapping checks a group of fields.
func (d *document) mapping(n *yaml.Node, into reflect.Value, at place) bool {
	t := into.Type()
	if n.Kind != yaml.MappingNode {
		what := describe(n)
		if at.path == "" && n.Kind == yaml.ScalarNode {
			what = "no profile" // whatever text it is
		}
		d.fail(n, at.path, "is %s; write a group of fields: %s", what, strings.Join(keys(t), ", "))
		return false
	}
	if at.path == "" && len(n.Content) > 0 && !d.isProfile(n, t) {
		d.fail(n, "", "is no profile: none of its fields is known; write %s", strings.Join(keys(t), ", "))
		return false
	}
	for _, f := range fields(t) {
		child := d.child(n, f.key)
		if child == nil && f.optional {
			continue
		}
		p := at.field(f.key)
		if child == nil {
			if !d.lenient[p.pattern] && !d.faulty[p.path] {
				d.missing(n, p.path, f.typ)
			}
			continue
		}
		d.fieldValue(child, into.FieldByIndex(f.index), p)
	}
	d.unknownKeys(n, keys(t), at)
	return true
}

// fieldValue is value for a field of a struct, which may be a pointer.
func (d *document) fieldValue(n *yaml.Node, into reflect.Value, at place) {
	if into.Kind() != reflect.Pointer {
		d.value(n, into, at)
		return
	}
	v := reflect.New(into.Type().Elem())
	if d.value(n, v.Elem(), at) {
		into.Set(v)
	}
}

// isProfile reports whether n has any field of t. What a file holds that has none
// is not repeated in messages: it may be a file of another kind.
func (d *document) isProfile(n *yaml.Node, t reflect.Type) bool {
	return slices.ContainsFunc(keys(t), func(key string) bool { return d.child(n, key) != nil })
}

// missing records that n lacks the field at path.
func (d *document) missing(n *yaml.Node, path string, t reflect.Type) {
	fix := "add it"
	if isQuantity(t) {
		fix = fmt.Sprintf("add it as {value: ..., kind: ..., source: ...} with %s", quantityAccepts(t))
	}
	d.fail(n, path, "is missing; %s", fix)
}

// child returns the value under key in n, nil if there is none.
func (d *document) child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// unknownKeys refuses keys of n that are not in known, and repeated ones.
func (d *document) unknownKeys(n *yaml.Node, known []string, at place) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case hasKey(n.Content[:i], key.Value):
			d.fail(key, at.field(key.Value).path, "is given twice; keep one")
		case !slices.Contains(known, key.Value):
			d.fail(key, at.field(key.Value).path, "is not a field; %s", suggest(key.Value, known))
		}
	}
}

// hasKey reports whether key is among the keys and values of a group.
func hasKey(content []*yaml.Node, key string) bool {
	for i := 0; i < len(content); i += 2 {
		if content[i].Value == key {
			return true
		}
	}
	return false
}

// list checks a list of groups, each known by its name.
func (d *document) list(n *yaml.Node, into reflect.Value, at place) bool {
	t := into.Type().Elem()
	if n.Kind != yaml.SequenceNode {
		d.fail(n, at.path, "is %s; write a list, each element a group of fields: %s", describe(n), strings.Join(keys(t), ", "))
		return false
	}
	out := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
	sound := 0 // elements in out
	nameKey := elementKey(t)
	seen := map[string]bool{}
	for i, element := range n.Content {
		name := ""
		if element.Kind == yaml.MappingNode {
			if key := d.child(element, nameKey); key != nil {
				name = key.Value
			}
		}
		p := at.element(name)
		if name == "" {
			d.faulty[at.path] = true // what is missing here may be what another field names
			p = place{fmt.Sprintf("%s[%d]", at.path, i), join(at.pattern, "*")}
		}
		if seen[name] && name != "" {
			d.fail(element, p.path, "is the second with %s %q; give each its own", nameKey, name)
		}
		seen[name] = true
		if d.value(element, out.Index(sound), p) {
			sound++
		}
	}
	into.Set(out.Slice(0, sound))
	return true
}

// words checks a list of names.
func (d *document) words(n *yaml.Node, at place) ([]string, bool) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, at.path, "is %s; write a list such as [a, b]", describe(n))
		return nil, false
	}
	out := []string{}
	for _, element := range n.Content {
		switch {
		case element.Kind != yaml.ScalarNode || element.Tag != "!!str" || element.Value == "":
			d.note(element, at.path, "holds %s; write names", describe(element))
		case slices.Contains(out, element.Value):
			d.note(element, at.path, "holds %q twice; keep one", element.Value)
		default:
			d.choice(element, at)
			out = append(out, element.Value)
		}
	}
	return out, true
}

// scalars says how each kind of scalar is tagged in YAML and called in messages.
var scalars = map[reflect.Kind]struct{ tag, words string }{
	reflect.String: {"!!str", "text"},
	reflect.Int:    {"!!int", "a whole number"},
	reflect.Bool:   {"!!bool", "true or false"},
}

// scalar checks a word, a whole number or a yes-or-no.
func (d *document) scalar(n *yaml.Node, into reflect.Value, at place) bool {
	want := scalars[into.Kind()]
	text := into.Kind() == reflect.String
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != want.tag:
		d.fail(n, at.path, "is %s; write %s", describe(n), want.words)
		return false
	case text && strings.TrimSpace(n.Value) == "":
		d.fail(n, at.path, "is empty; write text")
		return false
	case isName(at.path) && !namePattern.MatchString(n.Value):
		d.fail(n, at.path, "%q is not a name; use letters, digits, dots, dashes and underscores", n.Value)
		return false
	case !d.choice(n, at):
		return false
	case text:
		into.SetString(n.Value)
		return true
	}
	if err := n.Decode(into.Addr().Interface()); err != nil {
		d.fail(n, at.path, "%q is out of range", n.Value)
		return false
	}
	return true
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// isName reports whether the field at path is what others refer to it by.
func isName(path string) bool {
	return path == "name" || strings.HasSuffix(path, ".name") || strings.HasSuffix(path, ".key")
}

// choice refuses a word that is not among those allowed at its place.
func (d *document) choice(n *yaml.Node, at place) bool {
	allowed, limited := d.choices[at.pattern]
	if !limited || slices.Contains(allowed, n.Value) {
		return true
	}
	d.fail(n, at.path, "%q is not known; %s", n.Value, suggest(n.Value, allowed))
	return false
}

// checkSources looks up the sources of all quantities among references.
func (d *document) checkSources(references []Reference) {
	var known []string
	for _, r := range references {
		known = append(known, r.Key)
	}
	for _, use := range d.sources {
		if strings.Contains(use.source, " ") || slices.Contains(known, use.source) || !d.sound("references") {
			continue
		}
		d.failAt(use.path, "%q is neither the key of a reference nor a sentence; %s", use.source, suggest(use.source, known))
	}
}

// longestQuote is the length of the longest text that a message repeats.
const longestQuote = 60

// describe says what kind of thing n is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of fields"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return "a yes-or-no value, " + n.Value
	}
	if len(n.Value) > longestQuote {
		return "a long text"
	}
	return fmt.Sprintf("the text %q", n.Value)
}

func exampleValue(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value
	}
	return "..."
}
