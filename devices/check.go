package devices

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/units"
)

// value checks n against the Go type t and returns it as plain data, without
// the parts that are faulty; ok is false if nothing is left.
func (d *document) value(n *yaml.Node, t reflect.Type, at place) (v any, ok bool) {
	d.at[at.path] = n
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fail(n, at.path, "is a YAML anchor or alias; write the value out")
		return nil, false
	case n.Tag == "!!null":
		d.fail(n, at.path, "has no value; give one")
		return nil, false
	case isQuantity(t):
		return d.quantity(n, t, at)
	case t.Kind() == reflect.Struct:
		return d.mapping(n, t, at)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return d.list(n, t.Elem(), at)
	case t.Kind() == reflect.Slice:
		return d.words(n, at)
	}
	return d.scalar(n, t, at)
}

// mapping checks a group of fields.
func (d *document) mapping(n *yaml.Node, t reflect.Type, at place) (any, bool) {
	if n.Kind != yaml.MappingNode {
		what := describe(n)
		if at.path == "" && n.Kind == yaml.ScalarNode {
			what = "no profile" // whatever text it is
		}
		d.fail(n, at.path, "is %s; write a group of fields: %s", what, strings.Join(keys(t), ", "))
		return nil, false
	}
	if at.path == "" && len(n.Content) > 0 && !d.isProfile(n, t) {
		d.fail(n, "", "is no profile: none of its fields is known; write %s", strings.Join(keys(t), ", "))
		return nil, false
	}
	out := map[string]any{}
	for _, f := range fields(t) {
		child := d.child(n, f.key)
		if child == nil {
			if !f.optional && !d.lenient[at.field(f.key).pattern] && !d.faulty[at.field(f.key).path] {
				d.missing(n, at.field(f.key).path, f.typ)
			}
			continue
		}
		if v, ok := d.value(child, f.typ, at.field(f.key)); ok {
			out[f.key] = v
		}
	}
	d.unknownKeys(n, keys(t), at)
	return out, true
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
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		path := at.field(key.Value).path
		switch {
		case seen[key.Value]:
			d.fail(key, path, "is given twice; keep one")
		case !slices.Contains(known, key.Value):
			d.fail(key, path, "is not a field; %s", suggest(key.Value, known))
		}
		seen[key.Value] = true
	}
}

// quantity checks a number with its kind and source.
func (d *document) quantity(n *yaml.Node, t reflect.Type, at place) (any, bool) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, at.path, "is %s; write {value: %s, kind: ..., source: ...}", describe(n), exampleValue(n))
		return nil, false
	}
	before := len(d.problems)
	required := []string{"value", "kind", "source"}
	if t == reflect.TypeFor[DRAMTiming]() {
		required = append([]string{"name"}, required...)
	}
	out := map[string]any{}
	for _, key := range required {
		child := d.child(n, key)
		if child == nil {
			d.fail(n, join(at.path, key), "is missing; add it")
			continue
		}
		if key == "name" {
			d.value(child, reflect.TypeFor[string](), at.field(key))
		}
		out[key] = child.Value
	}
	d.unknownKeys(n, append(required, "range", "uncertainty"), at)

	value, sound := d.amount(d.child(n, "value"), valueType(t), at)
	if sound {
		out["text"] = value
	}
	d.kind(n, d.child(n, "kind"), at)
	d.source(d.child(n, "source"), at)
	if r := d.child(n, "range"); r != nil {
		out["range"] = d.span(r, value, t, at)
	}
	if u := d.child(n, "uncertainty"); u != nil {
		out["uncertainty"], _ = d.amount(u, reflect.TypeFor[units.Ratio](), at.field("uncertainty"))
	}
	if len(d.problems) > before {
		d.faulty[at.path] = true
		return nil, false
	}
	return out, true
}

// amount checks a number with its unit: its form, its unit and its bounds. It
// returns the text that was written; a missing n is no fault of its own.
func (d *document) amount(n *yaml.Node, t reflect.Type, at place) (text string, ok bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!bool" || n.Tag == "!!null" {
		d.fail(n, at.path, "value is %s; write %s", describe(n), accepts(t))
		return "", false
	}
	v := reflect.New(t).Elem()
	if err := parseInto(v, n.Value); err != nil {
		d.fail(n, at.path, "%s", err)
		return "", false
	}
	if quoted(n) && isPlainNumber(n.Value) {
		d.fail(n, at.path, "%q is text; write %s without quotes", n.Value, n.Value)
		return "", false
	}
	if reason := d.bounds[at.pattern].excludes(v, n.Value); reason != "" {
		d.fail(n, at.path, "%s", reason)
		return "", false
	}
	return n.Value, true
}

// span checks the range of a quantity, [low, high], which must hold its value.
func (d *document) span(n *yaml.Node, value string, t reflect.Type, at place) any {
	path := at.field("range").path
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		d.fail(n, path, "is %s; write [lowest, highest] with their units", describe(n))
		return nil
	}
	ends := place{path, at.pattern} // the bounds of the value hold for its range
	low, okLow := d.amount(n.Content[0], valueType(t), ends)
	high, okHigh := d.amount(n.Content[1], valueType(t), ends)
	if !okLow || !okHigh || value == "" {
		return nil
	}
	measure := func(text string) float64 {
		v := reflect.New(valueType(t)).Elem()
		if parseInto(v, text) != nil {
			return 0 // it parsed a moment ago
		}
		return magnitude(v)
	}
	if measure(low) >= measure(high) || measure(value) < measure(low) || measure(value) > measure(high) {
		d.fail(n, path, "[%s, %s] does not hold the value %s between a lower and a higher end; widen it", low, high, value)
	}
	return map[string]any{"low": low, "high": high}
}

func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
}

// kind checks the kind of knowledge of a quantity.
func (d *document) kind(quantity, n *yaml.Node, at place) {
	if n == nil {
		return
	}
	path := at.field("kind").path
	_, overridden := d.origin[quantity]
	switch Kind(n.Value) {
	case Spec, Measured, Estimated, Calibrated:
	case Override:
		if !overridden {
			d.fail(n, path, "override marks what --set changes and has no place in a file; write spec, measured, estimated or calibrated")
		}
	default:
		d.fail(n, path, "%q is not a kind of knowledge; write spec, measured, estimated or calibrated", n.Value)
	}
}

// source checks that a quantity says where it is from, and keeps what it says
// for when the references are known.
func (d *document) source(n *yaml.Node, at place) {
	if n == nil {
		return
	}
	path := at.field("source").path
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" || n.Tag == "!!null" {
		d.fail(n, path, "is empty; write the key of a reference, or a sentence that says how the number was derived")
		return
	}
	d.at[path] = n
	d.sources = append(d.sources, sourceUse{path, n.Value})
}

// list checks a list of groups, each known by its name.
func (d *document) list(n *yaml.Node, t reflect.Type, at place) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, at.path, "is %s; write a list, each element a group of fields: %s", describe(n), strings.Join(keys(t), ", "))
		return nil, false
	}
	out := []any{}
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
		if v, ok := d.value(element, t, p); ok {
			out = append(out, v)
		}
	}
	return out, true
}

// words checks a list of names.
func (d *document) words(n *yaml.Node, at place) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, at.path, "is %s; write a list such as [a, b]", describe(n))
		return nil, false
	}
	out := []any{}
	seen := map[string]bool{}
	for _, element := range n.Content {
		switch {
		case element.Kind != yaml.ScalarNode || element.Tag != "!!str" || element.Value == "":
			d.note(element, at.path, "holds %s; write names", describe(element))
			continue
		case seen[element.Value]:
			d.note(element, at.path, "holds %q twice; keep one", element.Value)
			continue
		}
		seen[element.Value] = true
		d.choice(element, at)
		out = append(out, element.Value)
	}
	return out, true
}

// scalar checks a word, a whole number or a yes-or-no.
func (d *document) scalar(n *yaml.Node, t reflect.Type, at place) (any, bool) {
	want := map[reflect.Kind]string{reflect.String: "!!str", reflect.Int: "!!int", reflect.Bool: "!!bool"}[t.Kind()]
	if n.Kind != yaml.ScalarNode || n.Tag != want {
		d.fail(n, at.path, "is %s; write %s", describe(n), map[string]string{"!!str": "text", "!!int": "a whole number", "!!bool": "true or false"}[want])
		return nil, false
	}
	if want == "!!str" && strings.TrimSpace(n.Value) == "" {
		d.fail(n, at.path, "is empty; write text")
		return nil, false
	}
	if isName(at.path) && !namePattern.MatchString(n.Value) {
		d.fail(n, at.path, "%q is not a name; use letters, digits, dots, dashes and underscores", n.Value)
		return nil, false
	}
	if !d.choice(n, at) {
		return nil, false
	}
	v := reflect.New(t)
	if err := n.Decode(v.Interface()); err != nil {
		d.fail(n, at.path, "%q is out of range", n.Value)
		return nil, false
	}
	return v.Elem().Interface(), true
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
