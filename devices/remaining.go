package devices

import (
	"reflect"
	"slices"
	"strings"
)

// Remaining lists the numbers of the device that have a range and that no multiplier
// of a fit scales: energies, powers, on-chip bandwidths, heat. uses says which paths
// have a bearing on the answer. Their logarithms have the prior that their range
// gives.
func (d *Device) Remaining(uses func(path string) bool) []Multiplier {
	var out []Multiplier
	chip := d.Chip
	if chip == "" {
		chip = d.Name
	}
	v := reflect.ValueOf(d).Elem()
	for _, group := range []struct{ key, owner string }{
		{"system_power", d.Name}, {"thermal", d.Name}, {"dram", d.Name}, {"sram", chip}, {"units", chip}, {"runtimes", d.Name},
	} {
		f, ok := fieldByKey(v.Type(), group.key)
		if !ok {
			continue
		}
		eachQuantity(v.FieldByIndex(f.index), group.key, []hop{{field: f.index}}, func(path string, chain []hop, q uncertain) {
			sigma := q.width()
			if sigma == 0 || !uses(path) || scaledByFits(path) && !q.own() {
				return
			}
			out = append(out, Multiplier{Scope: "number", Name: group.owner, Number: path, Sigma: sigma, apply: func(v *variant, factor float64) {
				at(reflect.ValueOf(v.device).Elem(), chain).Addr().Interface().(uncertain).times(factor)
			}})
		})
	}
	return out
}

// scaledByFits reports whether a multiplier of the scopes that are fitted covers a
// number of a unit.
func scaledByFits(path string) bool {
	if strings.HasPrefix(path, "runtimes.") {
		return true
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	return strings.HasPrefix(path, "units.") && slices.Contains([]string{"bandwidth", "peak", "stream", "feed"}, last)
}

// uncertain is a pointer to a Quantity.
type uncertain interface {
	width() float64
	own() bool
	times(factor float64)
}

// width is the standard deviation of the number's logarithm: of one that the profile's
// own file calibrated its uncertainty, else by its range; 0 for a fact, and for a number
// without a range.
func (q *Quantity[U]) width() float64 {
	if q.own() && q.Uncertainty > 0 {
		return float64(q.Uncertainty)
	}
	if q.Range == nil || q.Kind == Spec || q.Kind == Override {
		return 0
	}
	value := magnitude(reflect.ValueOf(q.Value))
	return logWidth(value, magnitude(reflect.ValueOf(q.Range.Low)), magnitude(reflect.ValueOf(q.Range.High)))
}

func (q *Quantity[U]) times(factor float64) {
	v := reflect.ValueOf(&q.Value).Elem()
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(int64(float64(v.Int()) * factor))
	case reflect.Float64:
		v.SetFloat(v.Float() * factor)
	}
}

// hop is one step from a struct to a quantity below it.
type hop struct {
	field   []int // of a struct
	element int   // of a list, if there is no field
}

// eachQuantity visits the quantities below v with their paths and the fields and
// elements that lead to them.
func eachQuantity(v reflect.Value, path string, chain []hop, visit func(path string, chain []hop, q uncertain)) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if q, ok := v.Addr().Interface().(uncertain); ok {
		visit(path, slices.Clone(chain), q)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range fields(v.Type()) {
			eachQuantity(v.FieldByIndex(f.index), join(path, f.key), append(chain, hop{field: f.index}), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			e := v.Index(i)
			if e.Kind() != reflect.Struct {
				return
			}
			if f, ok := fieldByKey(e.Type(), elementKey(e.Type())); ok {
				eachQuantity(e, join(path, e.FieldByIndex(f.index).String()), append(chain, hop{element: i}), visit)
			}
		}
	}
}

// at follows a chain of fields and elements.
func at(v reflect.Value, chain []hop) reflect.Value {
	for _, h := range chain {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if h.field == nil {
			v = v.Index(h.element)
		} else {
			v = v.FieldByIndex(h.field)
		}
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}
