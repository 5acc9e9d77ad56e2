package devices

import (
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/memsim/memsim/units"
)

// A symbol is a unit as profiles write it, and its size in the unit that the Go
// type counts in.
type symbol struct {
	name   string
	factor *big.Rat
}

// A dimension is what a field measures: the symbols that it accepts.
type dimension struct {
	name    string // as messages say it: "a size"
	symbols []symbol
	whole   bool // the Go type counts whole units
	bare    bool // a number without a symbol is accepted
}

// dimensions maps the Go type of a value to what may be written for it.
var dimensions = map[reflect.Type]dimension{
	reflect.TypeFor[units.Bytes](): {
		name: "a size", whole: true,
		symbols: symbols("B 1", "KB 1e3", "KiB 1024", "MB 1e6", "MiB 1048576", "GB 1e9", "GiB 1073741824"),
	},
	reflect.TypeFor[units.Picoseconds](): {
		name: "a time", whole: true,
		symbols: symbols("ps 1", "ns 1e3", "us 1e6", "ms 1e9", "s 1e12"),
	},
	reflect.TypeFor[units.BytesPerSecond]():   {name: "a bandwidth", symbols: symbols("MB/s 1e6", "GB/s 1e9")},
	reflect.TypeFor[units.Hertz]():            {name: "a frequency", symbols: symbols("MHz 1e6", "GHz 1e9", "MT/s 1e6")},
	reflect.TypeFor[units.Watts]():            {name: "a power", symbols: symbols("mW 1e-3", "W 1")},
	reflect.TypeFor[units.Joules]():           {name: "an energy", symbols: symbols("J 1", "kJ 1e3", "mWh 3.6", "Wh 3600")},
	reflect.TypeFor[units.PicojoulesPerBit](): {name: "an energy per bit", symbols: symbols("pJ/bit 1")},
	reflect.TypeFor[units.Picojoules]():       {name: "an energy", symbols: symbols("pJ 1", "nJ 1e3")},
	reflect.TypeFor[units.OpsPerSecond](): {
		name:    "an arithmetic rate", // FLOPS and OPS count a multiply-accumulate as two
		symbols: symbols("GMAC/s 1e9", "TMAC/s 1e12", "GFLOPS 5e8", "TFLOPS 5e11", "GOPS 5e8", "TOPS 5e11"),
	},
	reflect.TypeFor[units.Ratio](): {name: "a share", bare: true, symbols: symbols("% 1/100")},
	reflect.TypeFor[units.Count](): {name: "a count", bare: true, whole: true},
}

func symbols(list ...string) []symbol {
	out := make([]symbol, len(list))
	for i, s := range list {
		name, factor, _ := strings.Cut(s, " ")
		r, ok := new(big.Rat).SetString(factor)
		if !ok {
			panic("devices: bad factor in " + s) // a fault of this table
		}
		out[i] = symbol{name, r}
	}
	return out
}

// accepts lists the symbols of d for a message.
func (d dimension) accepts() string {
	names := make([]string, 0, len(d.symbols)+1)
	for _, s := range d.symbols {
		names = append(names, s.name)
	}
	if d.bare {
		if len(names) == 0 {
			return "a plain number"
		}
		return "a plain number or " + strings.Join(names, ", ")
	}
	return strings.Join(names, ", ")
}

var scalarPattern = regexp.MustCompile(`^([+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)\s*(\S*)$`)

// A size is a text in the unit of its dimension's Go type.
type size struct {
	float float64
	whole int64 // if fits
	fits  bool  // it is a whole number of 64 bits
}

// A reading is a text as a value of a dimension, which its name and last symbol tell
// from others.
type reading struct{ dimension, symbol, text string }

// readings are texts read before and what they mean: profiles say the same few
// hundred numbers and bounds again and again. It holds no more than maxReadings.
var readings = struct {
	sync.RWMutex
	known map[reading]size
}{known: map[reading]size{}}

const maxReadings = 1 << 14

// parse reads text such as "12 GiB" in the unit of d's Go type.
func (d dimension) parse(text string) (size, error) {
	key := reading{dimension: d.name, text: text}
	if n := len(d.symbols); n > 0 {
		key.symbol = d.symbols[n-1].name
	}
	readings.RLock()
	s, ok := readings.known[key]
	readings.RUnlock()
	if ok {
		return s, nil
	}
	v, err := d.read(text)
	if err != nil {
		return size{}, err
	}
	s.float, _ = v.Float64()
	if s.fits = v.IsInt() && v.Num().IsInt64(); s.fits {
		s.whole = v.Num().Int64()
	}
	readings.Lock()
	if len(readings.known) < maxReadings {
		readings.known[key] = s
	}
	readings.Unlock()
	return s, nil
}

// read is parse without memory, and exact.
func (d dimension) read(text string) (*big.Rat, error) {
	m := scalarPattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return nil, fmt.Errorf("%q is not %s; write %s", text, d.name, d.example())
	}
	v, ok := new(big.Rat).SetString(m[1])
	if !ok {
		return nil, fmt.Errorf("%q is not a number", m[1])
	}
	factor, err := d.factor(m[2], m[1])
	if err != nil {
		return nil, err
	}
	v.Mul(v, factor)
	switch {
	case !d.whole || v.IsInt():
		return v, nil
	case d.bare:
		return nil, fmt.Errorf("%q is not a whole number; write one", text)
	}
	return nil, fmt.Errorf("%q is not a whole number of %s; round it", text, d.symbols[0].name)
}

// factor finds the size of the unit that is written as name behind number.
func (d dimension) factor(name, number string) (*big.Rat, error) {
	if name == "" {
		if d.bare {
			return big.NewRat(1, 1), nil
		}
		return nil, fmt.Errorf("%s has no unit; write %s", number, d.example())
	}
	i := slices.IndexFunc(d.symbols, func(s symbol) bool { return s.name == name })
	if i >= 0 {
		return d.symbols[i].factor, nil
	}
	for _, s := range d.symbols {
		if strings.EqualFold(s.name, name) {
			return nil, fmt.Errorf("unit %q is written %q", name, s.name)
		}
	}
	return nil, fmt.Errorf("unit %q does not measure %s; use %s", name, d.name, d.accepts())
}

// example says what to write for d.
func (d dimension) example() string {
	if d.bare {
		return d.accepts()
	}
	return "a number and one of " + d.accepts()
}

// A DRAM time is written in clocks or as a time.
var (
	clocks   = dimension{name: "a DRAM time", whole: true, symbols: symbols("nCK 1")}
	dramTime = dimension{name: clocks.name, whole: true, symbols: slices.Concat(clocks.symbols, dimensions[reflect.TypeFor[units.Picoseconds]()].symbols)}
)

// parseCycles reads a time of a DRAM standard: "15 nCK" or "20 ns".
func parseCycles(text string) (Cycles, error) {
	inClocks := strings.HasSuffix(strings.TrimSpace(text), "nCK")
	d := dramTime
	if inClocks {
		d = clocks
	}
	v, err := d.parse(text)
	switch {
	case err != nil:
		return Cycles{}, err
	case !v.fits:
		return Cycles{}, fmt.Errorf("%q is out of range", text)
	case inClocks:
		return Cycles{Clocks: v.whole}, nil
	}
	return Cycles{Time: units.Picoseconds(v.whole)}, nil
}

// parseInto sets dst, a value of a type in dimensions or a Cycles, from text.
func parseInto(dst reflect.Value, text string) error {
	if dst.Type() == reflect.TypeFor[Cycles]() {
		c, err := parseCycles(text)
		if err == nil {
			dst.Set(reflect.ValueOf(c))
		}
		return err
	}
	v, err := dimensions[dst.Type()].parse(text)
	switch {
	case err != nil:
		return err
	case dst.CanFloat():
		dst.SetFloat(v.float)
	case !v.fits:
		return fmt.Errorf("%q is out of range", text)
	default:
		dst.SetInt(v.whole)
	}
	return nil
}

// isPlainNumber reports whether text is a number without a unit.
func isPlainNumber(text string) bool {
	m := scalarPattern.FindStringSubmatch(text)
	return m != nil && m[2] == ""
}
