package corpus

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Tally counts rows by one property.
type Tally struct {
	Value string
	Held  int // held against predictions
	Out   int // left out
}

// Count counts rows by a property, the most frequent first.
func Count(rows []Row, property func(Row) string) []Tally {
	by := map[string]Tally{}
	for _, r := range rows {
		t := by[property(r)]
		t.Value = property(r)
		if r.Exclude == nil {
			t.Held++
		} else {
			t.Out++
		}
		by[t.Value] = t
	}
	return slices.SortedFunc(maps.Values(by), func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Held+b.Out, a.Held+a.Out), cmp.Compare(a.Value, b.Value))
	})
}

// Properties by which Count is of use.
func (r Row) family() string { name, _, _ := strings.Cut(r.ID, "-"); return name }

// Campaign is the source of a shipped row, as its ID begins, without a number: misc for
// misc3.
func (r Row) Campaign() string { return strings.TrimRight(r.family(), "0123456789") }

// ByFamily is the source of a row, as its ID begins.
func ByFamily(r Row) string { return r.family() }

// ByPhone is the phone of a row.
func ByPhone(r Row) string { return r.Phone }

// ByRuntime is the runtime of a row.
func ByRuntime(r Row) string { return r.Runtime }

// ByUnit is the unit of a row.
func ByUnit(r Row) string { return r.Unit }

// ByPhase is the phase of a row.
func ByPhase(r Row) string { return string(r.Phase()) }

// ByModel is the model of a row.
func ByModel(r Row) string { return r.Model }

// ByQuant is the format of a row.
func ByQuant(r Row) string { return r.Quant }

// ByMetric is the metric of a row.
func ByMetric(r Row) string { return r.Metric }

// ByReason is why a row is left out; "" if it is not.
func ByReason(r Row) string {
	if r.Exclude == nil {
		return ""
	}
	return r.Exclude.Kind
}
