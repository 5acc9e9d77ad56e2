package devices

import (
	"reflect"
	"strings"
	"testing"

	"github.com/memsim/memsim/units"
)

// Each Quantity of each shipped device is a row of Numbers with a value, a kind
// and a source.
func TestNumbersCoverEveryQuantity(t *testing.T) {
	for _, name := range someDevices {
		d, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows := d.Numbers()
		if got, want := len(rows), countQuantities(reflect.ValueOf(*d)); got != want {
			t.Errorf("%s: %d rows for %d quantities", name, got, want)
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if r.Path == "" || r.Value == "" || r.Kind == "" || r.Source == "" {
				t.Errorf("%s: incomplete row %+v", name, r)
			}
			if seen[r.Path] {
				t.Errorf("%s: path %s twice", name, r.Path)
			}
			seen[r.Path] = true
		}
	}
}

// countQuantities finds quantities by their Go type, wherever they are.
func countQuantities(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return 0
		}
		return countQuantities(v.Elem())
	case reflect.Slice:
		n := 0
		for i := range v.Len() {
			n += countQuantities(v.Index(i))
		}
		return n
	case reflect.Struct:
		if strings.HasPrefix(v.Type().Name(), "Quantity[") {
			return 1
		}
		n := 0
		for i := range v.NumField() {
			n += countQuantities(v.Field(i))
		}
		return n
	}
	return 0
}

// A row's path and value are what --set takes: setting each number to itself
// changes nothing but its kind.
func TestNumbersAreSettable(t *testing.T) {
	for _, name := range someDevices {
		d, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows := d.Numbers()
		var sets []string
		for _, r := range rows {
			sets = append(sets, r.Path+"="+r.Value)
		}
		again, err := Load(name, sets)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range again.Numbers() {
			if r.Value != rows[i].Value || r.Kind != Override {
				t.Errorf("%s: %+v became %+v", name, rows[i], r)
			}
		}
	}
}

func TestNumbersResolveReferences(t *testing.T) {
	d, err := parseDevice("p.yaml", good(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := NumberRow{Path: "battery", Value: "12.5 Wh", Kind: Spec, Source: "The book of phones", URL: "https://example.org/book"}
	if got := d.Numbers()[0]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Each number that a profile can hold has believable bounds, and no bounds
// stand for a field that is gone.
func TestEveryQuantityHasBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		typ    reflect.Type
		bounds map[string]bound
	}{
		{"device", reflect.TypeFor[Device](), deviceBounds},
		{"DRAM part", reflect.TypeFor[DRAMPart](), dramPartBounds},
		{"flash part", reflect.TypeFor[FlashPart](), flashPartBounds},
	} {
		patterns := quantityPatterns(tt.typ, "")
		for pattern, typ := range patterns {
			b, ok := tt.bounds[pattern]
			if !ok {
				t.Errorf("%s: %s has no bounds", tt.name, pattern)
				continue
			}
			for _, end := range []string{b.min, b.max} {
				if err := parseInto(reflect.New(typ).Elem(), end); err != nil {
					t.Errorf("%s: bound of %s: %v", tt.name, pattern, err)
				}
			}
		}
		for pattern := range tt.bounds {
			if _, ok := patterns[pattern]; !ok {
				t.Errorf("%s: bounds for %s, which is no number", tt.name, pattern)
			}
		}
	}
}

// quantityPatterns lists the numbers of a struct type, with the types of their
// values.
func quantityPatterns(t reflect.Type, prefix string) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range fields(t) {
		typ, path := f.typ, join(prefix, f.key)
		if typ.Kind() == reflect.Slice {
			typ, path = typ.Elem(), path+".*"
		}
		switch {
		case isQuantity(typ):
			out[path] = valueType(typ)
		case typ.Kind() == reflect.Struct:
			for k, v := range quantityPatterns(typ, path) {
				out[k] = v
			}
		}
	}
	return out
}

func TestStringFollowsTheValue(t *testing.T) {
	q := Quantity[units.Bytes]{Value: 12 * units.GiB, Text: "12288 MiB"}
	if got := q.String(); got != "12288 MiB" {
		t.Errorf("as written: %s", got)
	}
	q.Value = 3 * units.MiB / 2
	if got := q.String(); got != "1.5 MiB" {
		t.Errorf("after a change: %s", got)
	}
	if got := (Quantity[Cycles]{Value: Cycles{Clocks: 15}}).String(); got != "15 nCK" {
		t.Errorf("clocks: %s", got)
	}
	if got := (Quantity[units.Ratio]{Value: 0.25}).String(); got != "0.25" {
		t.Errorf("share: %s", got)
	}
}
