package devices

import (
	"reflect"
	"testing"
)

// A shipped profile is read once, and each caller has it for itself: what one
// changes, no other sees.
func TestEachCallerHasItsOwnDevice(t *testing.T) {
	mine, want := shippedDevice(t), shippedDevice(t)
	spoil(reflect.ValueOf(mine).Elem())
	if again := shippedDevice(t); !reflect.DeepEqual(again, want) {
		t.Error("a device that one caller changed is changed for the next")
	}
	part, err := LoadDRAMPart("lpddr5-6400")
	if err != nil {
		t.Fatal(err)
	}
	was := part.Timing[0]
	spoil(reflect.ValueOf(part).Elem())
	if part, _ = LoadDRAMPart("lpddr5-6400"); part.Timing[0].Quantity.Value != was.Quantity.Value {
		t.Error("a part that one caller changed is changed for the next")
	}
}

func shippedDevice(t *testing.T) *Device {
	t.Helper()
	d, err := Load("pixel8pro", nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// spoil changes whatever exported fields of v lead to.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				spoil(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	}
}
