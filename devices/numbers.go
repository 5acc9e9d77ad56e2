package devices

import (
	"reflect"
	"strconv"
)

// NumberRow is one number of a profile, as "memsim devices show" prints it.
type NumberRow struct {
	Path   string // dotted, as --set takes it: "sram.slc.capacity"
	Value  string // with its unit, as the profile writes it
	Kind   Kind   //
	Source string // the text of the reference, or the sentence of the profile
}

// Numbers lists every number of the device and of its parts, in the order of
// the schema. Fields of parts stand under dram.part and flash.part.
func (d *Device) Numbers() []NumberRow {
	return collect(reflect.ValueOf(d).Elem(), "", d.References)
}

// Numbers lists every number of the part, in the order of the schema.
func (p *DRAMPart) Numbers() []NumberRow {
	return collect(reflect.ValueOf(p).Elem(), "", p.References)
}

// Numbers lists every number of the part, in the order of the schema.
func (p *FlashPart) Numbers() []NumberRow {
	return collect(reflect.ValueOf(p).Elem(), "", p.References)
}

// A number is a Quantity of any unit.
type number interface {
	row(path string, references []Reference) NumberRow
}

func (q Quantity[U]) row(path string, references []Reference) NumberRow {
	r := NumberRow{Path: path, Value: q.String(), Kind: q.Kind, Source: q.Source}
	for _, ref := range references {
		if ref.Key == q.Source {
			r.Source = ref.Text
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

// collect walks v, a struct of the schema, for its numbers.
func collect(v reflect.Value, prefix string, references []Reference) []NumberRow {
	var rows []NumberRow
	for _, f := range fields(v.Type()) {
		rows = append(rows, collectField(v.Field(f.index), join(prefix, f.key), references)...)
	}
	return rows
}

func collectField(v reflect.Value, path string, references []Reference) []NumberRow {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if n, ok := v.Interface().(number); ok {
		return []NumberRow{n.row(path, references)}
	}
	var rows []NumberRow
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			if e := v.Index(i); e.Kind() == reflect.Struct {
				rows = append(rows, collectElement(e, path, references)...)
			}
		}
	case reflect.Struct:
		rows = collect(v, path, references)
		rows = append(rows, partNumbers(v, path)...)
	}
	return rows
}

func collectElement(e reflect.Value, path string, references []Reference) []NumberRow {
	if t, ok := e.Interface().(DRAMTiming); ok {
		return []NumberRow{t.Quantity.row(join(path, t.Name), references)}
	}
	f, ok := fieldByKey(e.Type(), elementKey(e.Type()))
	if !ok {
		return nil
	}
	return collect(e, join(path, e.Field(f.index).String()), references)
}

// partNumbers lists the numbers of the part that a DRAM or a Flash resolved.
func partNumbers(v reflect.Value, path string) []NumberRow {
	var rows []NumberRow
	switch v := v.Interface().(type) {
	case DRAM:
		if v.Spec != nil {
			rows = v.Spec.Numbers()
		}
	case Flash:
		if v.Spec != nil {
			rows = v.Spec.Numbers()
		}
	}
	for i := range rows {
		rows[i].Path = join(path+".part", rows[i].Path)
	}
	return rows
}
