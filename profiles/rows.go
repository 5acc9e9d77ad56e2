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

// intervalColumns names two columns for each figure that has an interval in some
// result: KEY_low90 and KEY_high90.
func intervalColumns(results []sim.Result) (figures []Figure, names []string) {
	for _, f := range Figures {
		for i := range results {
			if _, ok := results[i].Interval90[f.Key]; ok {
				figures = append(figures, f)
				names = append(names, f.Key+"_low90", f.Key+"_high90")
				break
			}
		}
	}
	return figures, names
}

// intervals returns the values of intervalColumns, empty where r has none.
func intervals(r *sim.Result, figures []Figure) []string {
	var fields []string
	for _, f := range figures {
		span, ok := r.Interval90[f.Key]
		for _, v := range span {
			text := ""
			if ok {
				text = strconv.FormatFloat(v, 'f', -1, 64)
			}
			fields = append(fields, text)
		}
	}
	return fields
}

// WriteCSV writes a header of JSON keys and a row per result, intervals behind.
func WriteCSV(w io.Writer, c Comparison) error {
	if err := c.Validate(); err != nil {
		return err
	}
	t := table.NewWriter()
	figures, names := intervalColumns(c.Results)
	t.AppendHeader(toRow(append(Columns(), names...)))
	t.Style().Format.Header = text.FormatDefault
	for i := range c.Results {
		r := &c.Results[i]
		t.AppendRow(toRow(append(Record(r), intervals(r, figures)...)))
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
