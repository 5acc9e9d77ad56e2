package sweep

import (
	"reflect"
	"slices"
	"strings"

	"github.com/memsim/memsim/sim"
)

// A figure is one field of a result: its JSON key, and where it is. The figures
// of a nested group have the group's key and a dot before theirs.
type figure struct {
	key  string
	path []int
}

var figures = figuresOf(reflect.TypeFor[sim.Result](), "", nil)

func figuresOf(t reflect.Type, prefix string, path []int) []figure {
	var list []figure
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" || f.Type.Kind() == reflect.Map || f.Type.Kind() == reflect.Pointer {
			continue // no figure of its own
		}
		at := append(slices.Clone(path), i)
		if f.Type.Kind() == reflect.Struct {
			list = append(list, figuresOf(f.Type, prefix+key+".", at)...)
			continue
		}
		list = append(list, figure{prefix + key, at})
	}
	return list
}

// set puts the values of r under their keys into env; groups are maps.
func set(env map[string]any, r *sim.Result) {
	v := reflect.ValueOf(r).Elem()
	for _, f := range figures {
		value := plainText(v.FieldByIndex(f.path))
		group, key, nested := strings.Cut(f.key, ".")
		if !nested {
			env[f.key] = value
			continue
		}
		inner, ok := env[group].(map[string]any)
		if !ok {
			inner = map[string]any{}
			env[group] = inner
		}
		inner[key] = value
	}
}

// plainText returns a value as an expression compares it: text of any type is a
// string.
func plainText(v reflect.Value) any {
	if v.Kind() == reflect.String {
		return v.String()
	}
	return v.Interface()
}

// keys returns the keys of all figures, and of the axes that an expression can
// name, sorted.
func keys(axes []Axis) []string {
	var list []string
	for _, f := range figures {
		list = append(list, f.key)
	}
	for _, a := range axes {
		if isWord(Column(a.Name)) {
			list = append(list, Column(a.Name))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
