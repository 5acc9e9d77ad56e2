package profiles

import (
	"io"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/memsim/memsim/sim"
)

// Columns names the columns of Record: the JSON keys of a result, with the path
// of a nested key joined by a dot.
func Columns() []string {
	var names []string
	for _, l := range leading {
		names = append(names, l.key)
	}
	for _, f := range Figures {
		names = append(names, f.Key)
	}
	for _, l := range trailing {
		names = append(names, l.key)
	}
	return names
}

// Record returns the figures of r as text, one per column of Columns, not
// rounded; a figure that does not apply is empty.
func Record(r *sim.Result) []string {
	var fields []string
	for _, l := range leading {
		fields = append(fields, Clean(l.value(r)))
	}
	for _, f := range Figures {
		if !f.Applies(r) {
			fields = append(fields, "")
			continue
		}
		fields = append(fields, strconv.FormatFloat(f.Value(r), 'f', -1, 64))
	}
	for _, l := range trailing {
		fields = append(fields, l.value(r))
	}
	return fields
}

// WriteCSV writes a header of JSON keys and a row per result.
func WriteCSV(w io.Writer, c Comparison) error {
	if err := c.Validate(); err != nil {
		return err
	}
	t := table.NewWriter()
	t.AppendHeader(toRow(Columns()))
	t.Style().Format.Header = text.FormatDefault
	for i := range c.Results {
		t.AppendRow(toRow(Record(&c.Results[i])))
	}
	_, err := io.WriteString(w, t.RenderCSV()+"\n")
	return err
}

// shown returns the figures that the tables for people hold: not the details,
// and not those that are zero for all results.
func shown(results []sim.Result) []Figure {
	var figures []Figure
	for _, f := range Figures {
		if f.Detail {
			continue
		}
		for i := range results {
			if f.Value(&results[i]) != 0 {
				figures = append(figures, f)
				break
			}
		}
	}
	return figures
}

func toRow(fields []string) table.Row {
	row := make(table.Row, len(fields))
	for i, f := range fields {
		row[i] = f
	}
	return row
}
