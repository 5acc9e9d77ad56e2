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
// int64, figures are double and null where there is none, the rest is text.
type Parquet struct {
	table table
	row   parquet.Row // reused
	w     *parquet.GenericWriter[any]
}

// NewParquet starts the file of a sweep on w.
func NewParquet(w io.Writer, l Layout) *Parquet {
	t := newTable(l)
	// The library takes the order of columns from the fields of a struct.
	schema := parquet.NewSchema("sweep", parquet.SchemaOf(reflect.New(t.rowType()).Interface()))
	return &Parquet{t, nil, parquet.NewGenericWriter[any](w, schema,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("memsim", "1", ""))}
}

// rowType is a struct with a field for each column.
func (t *table) rowType() reflect.Type {
	types := map[kind]reflect.Type{
		text: reflect.TypeFor[string](), whole: reflect.TypeFor[int64](), real: reflect.TypeFor[*float64](),
	}
	var fields []reflect.StructField
	for i, name := range t.names {
		options := ""
		if t.kinds[i] == text {
			options = ",dict"
		}
		tag := reflect.StructTag(fmt.Sprintf("parquet:%q", name+options))
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("C", i), Type: types[t.kinds[i]], Tag: tag})
	}
	return reflect.StructOf(fields)
}

// Add writes a row.
func (p *Parquet) Add(r *sweep.Row) error {
	p.row = p.row[:0]
	for i, field := range p.table.fields(r) {
		v, err := value(p.table.kinds[i], field)
		if err != nil {
			return fmt.Errorf("column %s: %w", p.table.names[i], err)
		}
		present := 0
		if p.table.kinds[i] == real && !v.IsNull() {
			present = 1
		}
		p.row = append(p.row, v.Level(0, present, i))
	}
	_, err := p.w.WriteRows([]parquet.Row{p.row})
	return err
}

// value reads a field of that kind.
func value(k kind, field string) (parquet.Value, error) {
	switch {
	case k == text:
		return parquet.ByteArrayValue([]byte(field)), nil
	case k == whole:
		n, err := strconv.ParseInt(field, 10, 64)
		return parquet.Int64Value(n), err
	case field == "":
		return parquet.NullValue(), nil
	}
	v, err := strconv.ParseFloat(field, 64)
	return parquet.DoubleValue(v), err
}

// Close completes the file; it does not close the writer beneath.
func (p *Parquet) Close() error { return p.w.Close() }
