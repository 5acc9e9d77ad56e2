package devices

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/units"
)

// follow lets the numbers of an on-chip memory follow a capacity that a user set
// for one run, where the profile states them: estimates of energy go with its
// square root, leakage with itself, and ways that no longer divide it become
// ways that do. A number that the user set too stays as it was set. before holds
// the capacities as the profile states them.
func (d *document) follow(before map[string]float64) {
	x := deriver{document: d}
	x.each("sram", func(n *yaml.Node, name string) {
		now, ok := amountOf[units.Bytes](x, n, "capacity")
		was := before[name]
		if !ok || was <= 0 || now <= 0 || now == was {
			return
		}
		cause := d.origin[d.child(n, "capacity")]
		scale[units.PicojoulesPerBit](x, n, "read_energy", math.Sqrt(now/was), cause)
		scale[units.PicojoulesPerBit](x, n, "write_energy", math.Sqrt(now/was), cause)
		scale[units.Watts](x, n, "static_power", now/was, cause)
		x.refitWays(n, now, cause)
	})
}

// capacities returns the capacity of each on-chip memory, by its name.
func (d *document) capacities() map[string]float64 {
	x := deriver{document: d}
	out := map[string]float64{}
	if d.root == nil || d.root.Kind != yaml.MappingNode {
		return out
	}
	x.each("sram", func(n *yaml.Node, name string) { out[name], _ = amountOf[units.Bytes](x, n, "capacity") })
	return out
}

// scale multiplies an estimate of the profile by factor.
func scale[U any](x deriver, n *yaml.Node, key string, factor float64, cause string) {
	q := x.child(n, key)
	v, ok := amountOf[U](x, n, key)
	if !ok || x.wasSet(q) {
		return
	}
	if kind := x.child(q, "kind"); kind == nil || Kind(kind.Value) != Estimated {
		return
	}
	u := reflect.New(reflect.TypeFor[U]()).Elem()
	u.SetFloat(v * factor)
	source := fmt.Sprintf("%s, times %s for %s", x.text(q), short(factor), cause)
	scaled := quantityNode(format(u), Override, source, "")
	x.mark(scaled, cause)
	setNode(n, key, scaled)
}

// refitWays changes a number of ways of the profile that does not divide the
// capacity now.
func (x deriver) refitWays(n *yaml.Node, capacity float64, cause string) {
	ways, ok := amountOf[units.Count](x, n, "ways")
	line, known := amountOf[units.Bytes](x, n, "line")
	if !ok || !known || ways <= 0 || line <= 0 || x.wasSet(x.child(n, "ways")) || math.Mod(capacity, line*ways) == 0 {
		return
	}
	if math.Mod(capacity, line) != 0 {
		return // which no number of ways mends
	}
	fit := quantityNode(strconv.FormatInt(divisor(int64(capacity/line)), 10), Override,
		fmt.Sprintf("%g ways do not divide the capacity of %s; this number does", ways, cause), "")
	x.mark(fit, cause)
	setNode(n, "ways", fit)
}

// wasSet reports whether a --set wrote the quantity q.
func (x deriver) wasSet(q *yaml.Node) bool {
	_, set := x.origin[q]
	return set
}

// mark records that a --set is behind the quantity q.
func (x deriver) mark(q *yaml.Node, cause string) {
	x.origin[q] = cause
	for _, n := range q.Content {
		x.origin[n] = cause
	}
}

// text is the value of the quantity q as it is written.
func (x deriver) text(q *yaml.Node) string {
	if v := x.child(q, "value"); v != nil {
		return v.Value
	}
	return ""
}
