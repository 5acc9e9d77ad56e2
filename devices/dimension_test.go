package devices

import (
	"reflect"
	"testing"

	"github.com/memsim/memsim/units"
)

func TestValuesAreReadExactly(t *testing.T) {
	for _, tt := range []struct {
		text string
		want any
	}{
		{"12 GiB", 12 * units.GiB},
		{"12GiB", 12 * units.GiB},
		{"6.64 MB", units.Bytes(6640000)},
		{"1.5 KiB", units.Bytes(1536)},
		{"1250 ps", units.Picoseconds(1250)},
		{"7.5 ns", units.Picoseconds(7500)},
		{"0.1 ms", 100 * units.Microsecond},
		{"34.1 GB/s", units.BytesPerSecond(34.1e9)},
		{"6400 MT/s", units.Hertz(6400e6)},
		{"1338 MHz", units.Hertz(1338e6)},
		{"25 mW", units.Watts(0.025)},
		{"12.41 Wh", units.Joules(44676)},
		{"50 kJ", units.Joules(50e3)},
		{"7 pJ/bit", units.PicojoulesPerBit(7)},
		{"1.5 nJ", units.Picojoules(1500)},
		{"15.8 TOPS", units.OpsPerSecond(7.9e12)}, // two operations are one multiply-accumulate
		{"1.37 TFLOPS", units.OpsPerSecond(0.685e12)},
		{"103 GMAC/s", units.OpsPerSecond(103e9)},
		{"60 %", units.Ratio(0.6)},
		{"60%", units.Ratio(0.6)},
		{"0.6", units.Ratio(0.6)},
		{"16", units.Count(16)},
		{"1e3", units.Count(1000)},
		{"15 nCK", Cycles{Clocks: 15}},
		{"20 ns", Cycles{Time: 20 * units.Nanosecond}},
	} {
		got := reflect.New(reflect.TypeOf(tt.want)).Elem()
		if err := parseInto(got, tt.text); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		} else if got.Interface() != tt.want {
			t.Errorf("%s is %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestFalseValuesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		text string
		typ  reflect.Type
	}{
		{"", reflect.TypeFor[units.Bytes]()},
		{"GiB", reflect.TypeFor[units.Bytes]()},
		{"1,5 GiB", reflect.TypeFor[units.Bytes]()},
		{"1_000 B", reflect.TypeFor[units.Bytes]()},
		{"0x10 B", reflect.TypeFor[units.Bytes]()},
		{"012 B", reflect.TypeFor[units.Bytes]()}, // eight's or ten's?
		{"12 GiB x", reflect.TypeFor[units.Bytes]()},
		{"12 Gib", reflect.TypeFor[units.Bytes]()},
		{"NaN", reflect.TypeFor[units.Ratio]()},
		{"inf", reflect.TypeFor[units.Ratio]()},
		{"0.5 ps", reflect.TypeFor[units.Picoseconds]()},
		{"1.5 nCK", reflect.TypeFor[Cycles]()},
		{"15", reflect.TypeFor[Cycles]()},
		{"1e99 s", reflect.TypeFor[units.Picoseconds]()},
		{"16 B", reflect.TypeFor[units.Count]()},
	} {
		v := reflect.New(tt.typ).Elem()
		if err := parseInto(v, tt.text); err == nil {
			t.Errorf("%q is accepted as %s: %v", tt.text, tt.typ, v)
		}
	}
}
