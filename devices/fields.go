package devices

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// A field is one key of a group in a profile and the Go type behind it.
type field struct {
	key      string
	index    []int        // in the struct, as reflect.Value.FieldByIndex takes it
	typ      reflect.Type // of a pointer, what it points to
	optional bool
}

// A group is what loading a device asks of a struct type at each node.
type group struct {
	fields  []field
	keys    []string
	element string // the key that names an element of a list, "" if none does
}

// groups holds groups by reflect.Type.
var groups sync.Map

func groupOf(t reflect.Type) *group {
	known, ok := groups.Load(t)
	if !ok {
		known, _ = groups.LoadOrStore(t, readGroup(t))
	}
	return known.(*group)
}

func readGroup(t reflect.Type) *group {
	g := &group{fields: readFields(t)}
	for _, f := range g.fields {
		g.keys = append(g.keys, f.key)
	}
	for _, key := range []string{"name", "dtype", "isa", "key"} {
		if slices.Contains(g.keys, key) {
			g.element = key
			break
		}
	}
	return g
}

// fields lists the keys of a struct type in the order of its declaration. The list is
// shared: callers leave it as it is.
func fields(t reflect.Type) []field { return groupOf(t).fields }

// keys lists those of fields. The list is shared too.
func keys(t reflect.Type) []string { return groupOf(t).keys }

// elementKey is the key that names an element of a list of t.
func elementKey(t reflect.Type) string { return groupOf(t).element }

func readFields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" && f.Type.Kind() == reflect.Struct && !isQuantity(f.Type) {
			for _, inner := range readFields(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
		}
		if key == "-" || key == "" {
			continue
		}
		typ, optional := f.Type, options == "omitempty"
		if typ.Kind() == reflect.Pointer {
			typ, optional = typ.Elem(), true
		}
		out = append(out, field{key, []int{i}, typ, optional})
	}
	return out
}

func fieldByKey(t reflect.Type, key string) (field, bool) {
	for _, f := range fields(t) {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// isQuantity reports whether t is written as {value, kind, source}: a Quantity,
// or a DRAMTiming, which is one with a name.
func isQuantity(t reflect.Type) bool {
	return t == reflect.TypeFor[DRAMTiming]() || strings.HasPrefix(t.Name(), "Quantity[")
}

// valueType is the type of a quantity's value.
func valueType(t reflect.Type) reflect.Type {
	if t == reflect.TypeFor[DRAMTiming]() {
		return reflect.TypeFor[Cycles]()
	}
	f, _ := t.FieldByName("Value")
	return f.Type
}

// accepts says what may be written for a value of type t.
func accepts(t reflect.Type) string {
	if t == reflect.TypeFor[Cycles]() {
		return "a number and one of nCK, ps, ns, us"
	}
	return dimensions[t].example()
}

func quantityAccepts(t reflect.Type) string { return accepts(valueType(t)) }
