package dram

import (
	"reflect"
	"testing"
)

// Places of Counters and fields of Counts stand in one order, and a sum is taken
// field by field.
func TestCountersHoldTheFieldsOfCounts(t *testing.T) {
	var all Counters
	for i := range all {
		all[i] = int64(i + 1)
	}
	c := all.Counts()
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
