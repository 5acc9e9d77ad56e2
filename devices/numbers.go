package devices

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/units"
)

// NumberRow is one number of a profile, as "memsim devices show" prints it.
type NumberRow struct {
	Path   string // dotted, as --set takes it: "sram.slc.capacity"
	Value  string // with its unit, as the profile writes it
	Kind   Kind   //
	Source string // the text of the reference, or the sentence of the profile
	URL    string // of the reference, if it has one
}

// Numbers lists every number of the device and of its parts, in the order of
// the schema. Fields of parts stand under dram.part and flash.part.
func (d *Device) Numbers() []NumberRow {
	rows := rowsOf(reflect.ValueOf(d).Elem(), "", d.References)
	if p := d.DRAM.Spec; p != nil {
		rows = insertAfter(rows, "dram.", rowsOf(reflect.ValueOf(p).Elem(), "dram.part", p.References))
	}
	if p := d.Flash.Spec; p != nil {
		rows = insertAfter(rows, "dram.", rowsOf(reflect.ValueOf(p).Elem(), "flash.part", p.References))
	}
	return rows
}

// Numbers lists every number of the part, in the order of the schema.
func (p *DRAMPart) Numbers() []NumberRow {
	return rowsOf(reflect.ValueOf(p).Elem(), "", p.References)
}

// Numbers lists every number of the part, in the order of the schema.
func (p *FlashPart) Numbers() []NumberRow {
	return rowsOf(reflect.ValueOf(p).Elem(), "", p.References)
}

// rowsOf lists the numbers of a struct of the schema.
func rowsOf(v reflect.Value, prefix string, references []Reference) []NumberRow {
	var rows []NumberRow
	walk(v, prefix, func(path string, n number) { rows = append(rows, n.row(path, references)) })
	return rows
}

// insertAfter inserts more behind the last of rows whose path starts with prefix.
func insertAfter(rows []NumberRow, prefix string, more []NumberRow) []NumberRow {
	i := len(rows)
	for i > 0 && !strings.HasPrefix(rows[i-1].Path, prefix) {
		i--
	}
	return slices.Insert(rows, i, more...)
}

// A number is a Quantity of any unit.
type number interface {
	row(path string, references []Reference) NumberRow
	parameter(path string) (Parameter, bool)
	span() string
	fitted() bool
	size() float64
	written() string
	standardError() units.Ratio
}

func (q Quantity[U]) row(path string, references []Reference) NumberRow {
	r := NumberRow{Path: path, Value: q.String(), Kind: q.Kind, Source: q.Source}
	for _, ref := range references {
		if ref.Key == q.Source {
			r.Source, r.URL = ref.Text, ref.URL
		}
	}
	return r
}

// String returns the value with its unit, as the profile wrote it if it still
// is that value.
func (q Quantity[U]) String() string {
	written := reflect.New(reflect.TypeFor[U]()).Elem()
	if q.Text != "" && parseInto(written, q.Text) == nil && written.Interface() == any(q.Value) {
		return q.Text
	}
	return format(reflect.ValueOf(q.Value))
}

// format writes a value in the unit that makes it shortest.
func format(v reflect.Value) string {
	if c, ok := v.Interface().(Cycles); ok {
		if c.Time == 0 {
			return strconv.FormatInt(c.Clocks, 10) + " nCK"
		}
		v = reflect.ValueOf(c.Time)
	}
	d := dimensions[v.Type()]
	best := ""
	if d.bare {
		best = strconv.FormatFloat(magnitude(v), 'f', -1, 64)
	}
	for _, s := range d.symbols {
		factor, _ := s.factor.Float64()
		text := strconv.FormatFloat(magnitude(v)/factor, 'f', -1, 64) + " " + s.name
		if !d.bare && (best == "" || len(text) <= len(best)) {
			best = text
		}
	}
	return best
}

// walk visits the numbers of v, a struct of the schema, in its order.
func walk(v reflect.Value, prefix string, visit func(path string, n number)) {
	for _, f := range fields(v.Type()) {
		walkField(v.FieldByIndex(f.index), join(prefix, f.key), visit)
	}
}

func walkField(v reflect.Value, path string, visit func(path string, n number)) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if n, ok := v.Interface().(number); ok {
		visit(path, n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		walk(v, path, visit)
	case reflect.Slice:
		for i := range v.Len() {
			walkElement(v.Index(i), path, visit)
		}
	}
}

// walkElement visits the numbers of an element of a list, under its name.
func walkElement(e reflect.Value, path string, visit func(path string, n number)) {
	if t, ok := e.Interface().(DRAMTiming); ok {
		visit(join(path, t.Name), t.Quantity)
		return
	}
	if e.Kind() != reflect.Struct {
		return
	}
	if f, ok := fieldByKey(e.Type(), elementKey(e.Type())); ok {
		walk(e, join(path, e.FieldByIndex(f.index).String()), visit)
	}
}
