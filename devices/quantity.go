package devices

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The keys of a number in a file. A DRAM timing has a name too.
var (
	quantityKeys = []string{"value", "kind", "source", "range", "uncertainty"}
	timingKeys   = append([]string{"name"}, quantityKeys...)
)

// mustHave are those of the keys that no number leaves out.
func mustHave(keys []string) []string { return keys[:len(keys)-2] }

// A numberSlot is where a number goes as it is read: a pointer to a Quantity.
type numberSlot interface {
	number() reflect.Value           // its Value
	ends() (low, high reflect.Value) // those of its Range, which it makes
	state(text string, kind Kind, source string)
	doubt() reflect.Value // its Uncertainty
}

func (q *Quantity[U]) number() reflect.Value { return reflect.ValueOf(&q.Value).Elem() }
func (q *Quantity[U]) doubt() reflect.Value  { return reflect.ValueOf(&q.Uncertainty).Elem() }

func (q *Quantity[U]) ends() (low, high reflect.Value) {
	q.Range = new(Range[U])
	return reflect.ValueOf(&q.Range.Low).Elem(), reflect.ValueOf(&q.Range.High).Elem()
}

func (q *Quantity[U]) state(text string, kind Kind, source string) {
	q.Text, q.Kind, q.Source = text, kind, source
}

// quantity checks a number with its kind and source.
func (d *document) quantity(n *yaml.Node, into reflect.Value, at place) bool {
	if n.Kind != yaml.MappingNode {
		d.fail(n, at.path, "is %s; write {value: %s, kind: ..., source: ...}", describe(n), exampleValue(n))
		return false
	}
	before := len(d.problems)
	known, slot := quantityKeys, into.Addr().Interface()
	timing, named := slot.(*DRAMTiming)
	if named {
		known, slot = timingKeys, &timing.Quantity
	}
	for _, key := range mustHave(known) {
		switch child := d.child(n, key); {
		case child == nil:
			d.fail(n, join(at.path, key), "is missing; add it")
		case key == "name":
			d.value(child, reflect.ValueOf(&timing.Name).Elem(), at.field(key))
		}
	}
	d.unknownKeys(n, known, at)
	d.parts(n, slot.(numberSlot), at)
	if len(d.problems) > before {
		d.faulty[at.path] = true
		into.SetZero()
		return false
	}
	return true
}

// parts checks what a number consists of, and puts it into the slot.
func (d *document) parts(n *yaml.Node, slot numberSlot, at place) {
	kind, source := d.child(n, "kind"), d.child(n, "source")
	text, _ := d.amount(d.child(n, "value"), slot.number(), at)
	d.kind(n, kind, at)
	d.source(source, at)
	if r := d.child(n, "range"); r != nil {
		d.span(r, text, slot, at)
	}
	if u := d.child(n, "uncertainty"); u != nil {
		d.amount(u, slot.doubt(), at.field("uncertainty"))
	}
	if kind != nil && source != nil {
		slot.state(text, Kind(kind.Value), source.Value)
	}
}

// amount checks a number with its unit: its form, its unit and its bounds. It fills
// into and returns the text that was written; a missing n is no fault of its own.
func (d *document) amount(n *yaml.Node, into reflect.Value, at place) (text string, ok bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!bool" || n.Tag == "!!null" {
		d.fail(n, at.path, "value is %s; write %s", describe(n), accepts(into.Type()))
		return "", false
	}
	if err := parseInto(into, n.Value); err != nil {
		d.fail(n, at.path, "%s", err)
		return "", false
	}
	if quoted(n) && isPlainNumber(n.Value) {
		d.fail(n, at.path, "%q is text; write %s without quotes", n.Value, n.Value)
		return "", false
	}
	if reason := d.bounds[at.pattern].excludes(into, n.Value); reason != "" {
		d.fail(n, at.path, "%s", reason)
		return "", false
	}
	return n.Value, true
}

// span checks the range of a quantity, [low, high], which must hold its value, text.
func (d *document) span(n *yaml.Node, text string, slot numberSlot, at place) {
	path := at.field("range").path
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		d.fail(n, path, "is %s; write [lowest, highest] with their units", describe(n))
		return
	}
	ends := place{path, at.pattern} // the bounds of the value hold for its range
	from, to := slot.ends()
	low, okLow := d.amount(n.Content[0], from, ends)
	high, okHigh := d.amount(n.Content[1], to, ends)
	if !okLow || !okHigh || text == "" {
		return
	}
	value := magnitude(slot.number())
	if magnitude(from) >= magnitude(to) || value < magnitude(from) || value > magnitude(to) {
		d.fail(n, path, "[%s, %s] does not hold the value %s between a lower and a higher end; widen it", low, high, text)
	}
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
