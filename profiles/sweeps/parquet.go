package sweeps

import (
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/memsim/memsim/sim/sweep"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// rowsPerGroup bounds what the Parquet writer holds in memory.
const rowsPerGroup = 1 << 14

// Parquet writes rows as a Parquet file with zstd. Axes of whole numbers are
// int64, figures are double and null for a refused point, the rest is text.
type Parquet struct {
	table table
	row   reflect.Value
	w     *parquet.Writer
}

// NewParquet starts the file of a sweep over axes on w.
func NewParquet(w io.Writer, axes []sweep.Axis) *Parquet {
	t := newTable(axes)
	row := reflect.New(t.rowType())
	schema := parquet.NewSchema("sweep", parquet.SchemaOf(row.Interface()))
	return &Parquet{t, row, parquet.NewWriter(w, schema,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("memsim", "1", ""))}
}

// rowType is a struct with a field for each column: the library takes the
// columns' order from it.
func (t *table) rowType() reflect.Type {
	var fields []reflect.StructField
	for i, name := range t.names {
		f := reflect.StructField{Name: fmt.Sprint("C", i), Type: reflect.TypeFor[*float64](), Tag: tag(name, "")}
		switch {
		case t.text[i]:
			f.Type, f.Tag = reflect.TypeFor[string](), tag(name, ",dict")
		case i < len(t.axes):
			f.Type = reflect.TypeFor[int64]()
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

func tag(name, options string) reflect.StructTag {
	return reflect.StructTag(fmt.Sprintf("parquet:%q", name+options))
}

// Add writes a row.
func (p *Parquet) Add(r *sweep.Row) error {
	row := p.row.Elem()
	for i, text := range p.table.fields(r) {
		if err := setField(row.Field(i), text); err != nil {
			return fmt.Errorf("column %s: %w", p.table.names[i], err)
		}
	}
	return p.w.Write(p.row.Interface())
}

func setField(field reflect.Value, text string) error {
	field.SetZero()
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		field.SetInt(n)
	default:
		if text == "" {
			return nil
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		field.Set(reflect.ValueOf(&v))
	}
	return nil
}

// Close completes the file; it does not close the writer beneath.
func (p *Parquet) Close() error { return p.w.Close() }
