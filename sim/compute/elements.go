package compute

import (
	"strings"
	"sync"
)

// elements is the cost of one element that an operator writes, in MACs, counted
// on vectorised code: an exponential is a polynomial of degree five with range
// reduction, a division counts four, rounding to int8 with the block's maximum
// three. A rule holds for an operator of its name, or whose name ends with it.
var elements = []struct {
	op   string
	cost float64
}{
	{"norm", 6},       // square and sum, scale, weight, rounding
	{"rope", 2},       // x·cos ∓ y·sin
	{"glu", 16},       // exponential 7, division 4, two products, rounding 3
	{"attention", 10}, // a score's exponential, sum and division
	{"kv_store", 1},   // conversion to f16
	{"embed", 1},      // conversion from the stored format
	{"bias", 1},       // one sum
	{"add", 1},        // one sum
}

// unknownElement is the cost of an element of an operator that is in no rule.
const unknownElement = 4

// elementCost returns the cost of an element that an operator writes, in MACs.
func elementCost(op string) float64 {
	if cost, ok := costs.Load(op); ok {
		return cost.(float64)
	}
	cost := float64(unknownElement)
	for _, e := range elements {
		if strings.HasSuffix(op, e.op) {
			cost = e.cost
			break
		}
	}
	costs.Store(op, cost)
	return cost
}

// costs remembers the rule of each operator's name.
var costs sync.Map
