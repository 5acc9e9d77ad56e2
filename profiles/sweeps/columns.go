// Package sweeps writes the rows of a design-space sweep: as CSV, as Parquet and
// as an HTML page of charts. All three hold the same columns: the axes, then
// the figures of a result under their JSON keys, then why a point was refused.
//
//	sweep.Row ──Add──▶ CSV, Parquet   a row a point, in order, nothing kept
//	          ──Add──▶ Page           heat maps and fronts over all points
//
// An axis that is a figure too (layers is not, quant is) stands only once, among
// the axes.
package sweeps

import (
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim/sweep"
)

// refusal is the last column: why a point has no result, else empty.
const refusal = "invalid"

// table is the layout of a sweep's rows.
type table struct {
	axes    []string
	whole   []bool // axis holds whole numbers only
	figures []int  // indices into profiles.Columns
	names   []string
	text    []bool // column holds text
}

func newTable(axes []sweep.Axis) table {
	var t table
	for _, a := range axes {
		name := strings.ReplaceAll(a.Name, "-", "_")
		t.axes = append(t.axes, name)
		t.whole = append(t.whole, !slices.ContainsFunc(a.Values, isNoInteger))
		t.names = append(t.names, name)
		t.text = append(t.text, !t.whole[len(t.whole)-1])
	}
	numeric := map[string]bool{}
	for _, f := range profiles.Figures {
		numeric[f.Key] = true
	}
	for i, name := range profiles.Columns() {
		if slices.Contains(t.axes, name) {
			continue
		}
		t.figures = append(t.figures, i)
		t.names = append(t.names, name)
		t.text = append(t.text, !numeric[name])
	}
	t.names = append(t.names, refusal)
	t.text = append(t.text, true)
	return t
}

func isNoInteger(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err != nil
}

// fields returns the row as text, one for each of names; the figures of a
// refused point are empty.
func (t *table) fields(r *sweep.Row) []string {
	fields := slices.Clone(r.Point.Values)
	if r.Invalid != nil {
		fields = append(fields, make([]string, len(t.figures))...)
		return append(fields, profiles.Clean(r.Invalid.Error()))
	}
	record := profiles.Record(&r.Result)
	for _, i := range t.figures {
		fields = append(fields, record[i])
	}
	return append(fields, "")
}
