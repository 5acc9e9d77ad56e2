package dram

import (
	"math"
	"reflect"
	"testing"
)

// Places of a tally and fields of Counts stand in one order, and a sum is taken
// field by field.
func TestTalliesHoldTheFieldsOfCounts(t *testing.T) {
	var all tally
	for i := range all {
		all[i] = int64(i + 1)
	}
	c := all.counts()
	fields := reflect.ValueOf(c)
	sum := reflect.ValueOf(c.Plus(c))
	if fields.NumField() != clocksActive {
		t.Fatalf("%d fields, %d places", fields.NumField(), clocksActive)
	}
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		if got := fields.Field(i).Int(); got != int64(i+1) {
			t.Errorf("%s holds what place %d counts", name, got-1)
		}
		if got := sum.Field(i).Int(); got != 2*int64(i+1) {
			t.Errorf("%s plus itself is %d", name, got)
		}
	}
}

func TestPackedTalliesFitOrAreRefused(t *testing.T) {
	var all, back tally
	for i := range all {
		all[i] = math.MaxUint32 - int64(i)
	}
	p, ok := all.pack()
	if back.addPacked(&p); !ok || back != all {
		t.Errorf("%v comes back as %v (%v)", all, back, ok)
	}
	for i := range all {
		long := all
		long[i] = math.MaxUint32 + 1
		if _, ok := long.pack(); ok {
			t.Errorf("2^32 at place %d fits", i)
		}
	}
}
