// Package sweeps writes the rows of a design-space sweep: as CSV, as Parquet, as
// JSON and as an HTML page of charts. All hold the same columns: the axes, then
// the figures of a result under their JSON keys, then what was published of the
// shape, whether the point is on the Pareto front, and why it was refused.
//
//	sweep.Row ──Add──▶ CSV, Parquet, JSON   a row a point, in order, nothing kept
//	          ──Add──▶ Page                 charts, and in words what they show
//
// An axis that is a figure too (layers is not, quant is) stands only once, among
// the axes.
//
// # Caveats
//
// Published accuracies are those of a paper for models that somebody trained;
// they are joined by shape, stand beside unquantized weights alone, and are marked
// as published wherever they show. A page holds at most some thousand points; of
// larger sweeps it shows one in two, four, ... points, drawn evenly, and the whole
// front.
package sweeps

import (
	"slices"
	"strconv"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim/sweep"
)

// The columns behind the figures.
const (
	accuracyColumn = "published_accuracy" // percent, average of zero-shot tasks
	trainingColumn = "published_training" // what it was trained on
	frontColumn    = "pareto"             // true on the front; only of sweeps that ask for one
	invalidColumn  = "invalid"            // why a point has no result, else empty
)

// Layout says what the columns of a sweep are.
type Layout struct {
	Axes []sweep.Axis
	// Front holds the indices of the points on the Pareto front; nil: none was
	// asked for.
	Front map[int]bool
	// Machines names the unit and the runtime of a point; nil: all points have the
	// same, or an axis says it.
	Machines func(sweep.Point) (unit, runtime string)
}

// machineColumns are the columns behind the axes that say on what a point ran, as
// far as no axis does.
func (l Layout) machineColumns() (names []string) {
	if l.Machines == nil {
		return nil
	}
	for _, name := range []string{"unit", "runtime"} {
		if !slices.ContainsFunc(l.Axes, func(a sweep.Axis) bool { return a.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

// machine returns the values of machineColumns.
func (l Layout) machine(p sweep.Point) (values []string) {
	names := l.machineColumns()
	if names == nil {
		return nil
	}
	unit, runtime := l.Machines(p)
	for _, name := range names {
		values = append(values, map[string]string{"unit": unit, "runtime": runtime}[name])
	}
	return values
}

// table is the layout of a sweep's rows.
type table struct {
	Layout
	figures []int // indices into profiles.Columns
	names   []string
	kinds   []kind
}

// kind is what a column holds.
type kind uint8

const (
	text  kind = iota
	whole      // always there
	real       // empty where it does not apply
)

func newTable(l Layout) table {
	t := table{Layout: l}
	add := func(name string, k kind) {
		t.names = append(t.names, name)
		t.kinds = append(t.kinds, k)
	}
	for _, a := range l.Axes {
		add(sweep.Column(a.Name), kindOf(a))
	}
	for _, name := range l.machineColumns() {
		add(name, text)
	}
	numeric := map[string]bool{}
	for _, f := range profiles.Figures {
		numeric[f.Key] = true
	}
	for i, name := range profiles.Columns() {
		if slices.Contains(t.names[:len(l.Axes)], name) {
			continue
		}
		t.figures = append(t.figures, i)
		if numeric[name] {
			add(name, real)
		} else {
			add(name, text)
		}
	}
	add(accuracyColumn, real)
	add(trainingColumn, text)
	if l.Front != nil {
		add(frontColumn, text)
	}
	add(invalidColumn, text)
	return t
}

func kindOf(a sweep.Axis) kind {
	switch {
	case !slices.ContainsFunc(a.Values, isNoInteger):
		return whole
	case a.Numeric():
		return real
	}
	return text
}

func isNoInteger(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err != nil
}

// fields returns the row as text, one for each of names; the figures of a
// refused point are empty.
func (t *table) fields(r *sweep.Row) []string {
	fields := append(slices.Clone(r.Point.Values), t.machine(r.Point)...)
	if r.Invalid != nil {
		fields = append(fields, make([]string, len(t.names)-len(fields)-1)...)
		return append(fields, profiles.Clean(r.Invalid.Error()))
	}
	record := profiles.Record(&r.Result)
	for _, i := range t.figures {
		fields = append(fields, record[i])
	}
	accuracy, training := "", ""
	if a := accuraciesOf(&r.Result); len(a) > 0 {
		accuracy, training = strconv.FormatFloat(a[0].Percent, 'f', -1, 64), a[0].Training
	}
	fields = append(fields, accuracy, training)
	if t.Front != nil {
		fields = append(fields, strconv.FormatBool(t.Front[r.Index]))
	}
	return append(fields, "")
}
