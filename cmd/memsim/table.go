package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/memsim/memsim/profiles"
)

// grid is what a command prints unless it compares models: rows of text under
// columns, numbers to the right.
type grid struct {
	title   string
	columns []column
	rows    [][]string
	foot    []string // lines below, in a table for people only
}

type column struct {
	name   string
	number bool
}

// columns makes a list of columns; a name that ends in ">" is one of numbers.
func columns(names ...string) []column {
	list := make([]column, len(names))
	for i, name := range names {
		list[i] = column{name: name}
		if n := len(name); n > 0 && name[n-1] == '>' {
			list[i] = column{name[:n-1], true}
		}
	}
	return list
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// print writes one result to stdout: value as JSON, or else grids.
func (a *app) print(value any, grids ...grid) error {
	return a.printAll(func(w io.Writer) error {
		switch a.format() {
		case "json":
			return writeJSON(w, value)
		case "csv":
			if lines, ok := records(value); ok {
				return csv.NewWriter(w).WriteAll(lines)
			}
		}
		for i, g := range grids {
			if i > 0 {
				io.WriteString(w, "\n")
			}
			if err := g.write(w, a.format()); err != nil {
				return err
			}
		}
		return nil
	})
}

// records turns a struct, or a list of structs, whose fields are all plain
// values into lines of text under a line of their JSON keys: numbers as they
// are, for programs. Of anything else ok is false.
func records(value any) (lines [][]string, ok bool) {
	list := reflect.ValueOf(value)
	if list.Kind() == reflect.Struct {
		one := reflect.MakeSlice(reflect.SliceOf(list.Type()), 0, 1)
		list = reflect.Append(one, list)
	}
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
		return nil, false
	}
	fields := slices.DeleteFunc(reflect.VisibleFields(list.Type().Elem()), func(f reflect.StructField) bool { return f.Tag.Get("json") == "-" })
	var head []string
	for _, f := range fields {
		switch f.Type.Kind() {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		default:
			return nil, false
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		head = append(head, key)
	}
	lines = append(lines, head)
	for i := range list.Len() {
		var line []string
		for _, f := range fields {
			line = append(line, fmt.Sprint(list.Index(i).FieldByIndex(f.Index).Interface()))
		}
		lines = append(lines, line)
	}
	return lines, true
}

func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

func (g grid) write(w io.Writer, format string) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	var header table.Row
	var configs []table.ColumnConfig
	for i, c := range g.columns {
		header = append(header, c.name)
		if c.number {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, cells := range g.rows {
		row := make(table.Row, len(cells))
		for i, c := range cells {
			row[i] = profiles.Clean(c)
		}
		t.AppendRow(row)
	}
	return g.render(w, t, format)
}

func (g grid) render(w io.Writer, t table.Writer, format string) error {
	out := ""
	switch format {
	case "csv":
		out = t.RenderCSV() + "\n"
	case "md":
		if g.title != "" {
			out = "**" + g.title + "**\n\n"
		}
		out += t.RenderMarkdown() + "\n"
	default:
		if g.title != "" {
			out = g.title + "\n\n"
		}
		out += trimLines(t.Render()) + "\n"
		for i, line := range g.foot {
			if i == 0 {
				out += "\n"
			}
			out += line + "\n"
		}
	}
	_, err := io.WriteString(w, out)
	return err
}

// trimLines drops spaces at the ends of lines.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}
