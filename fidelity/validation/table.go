package validation

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

// Published returns the measurements of the corpus that stand in the names of
// profiles, each with its source.
func Published() ([]Point, error) {
	rows, err := corpus.Published()
	if err != nil {
		return nil, err
	}
	var points []Point
	for _, r := range rows {
		if corpus.ByFamily(r) == "published" {
			points = append(points, pointOf(r))
		}
	}
	return points, nil
}

func pointOf(r corpus.Row) Point {
	return Point{
		Device: r.Phone, Runtime: r.Record.Runtime, Unit: r.Unit, Model: r.Model, Quant: r.Quant, Context: r.Prompt + r.Context,
		Metric: r.Metric, Value: r.Value, Fitted: r.Fitted || r.Seconds() > 0, Source: r.Source,
		Bytes: r.Resize, Overrides: r.Overrides, Energy: r.Energy, Disputed: r.Record.Disputed,
	}
}

// maxTable is the size in bytes of the largest table that is read: what is larger
// is a slip of the hand and no table.
const maxTable = 16 << 20

// Open reads a table from the file at path. One that cannot be read, or that is
// larger than 16 MiB, is the user's mistake.
func Open(path string) ([]Point, error) {
	data, err := inputfile.Read(path, maxTable)
	if err != nil {
		return nil, fault.User(err)
	}
	return Read(path, bytes.NewReader(data))
}

// column is one column of a table.
type column struct {
	name     string
	required bool
	set      func(*Point, string) error
}

func text(field func(*Point) *string) func(*Point, string) error {
	return func(p *Point, s string) error { *field(p) = s; return nil }
}

// columns of a table, by the names in its first line, in any order.
var columns = []column{
	{"device", true, text(func(p *Point) *string { return &p.Device })},
	{"runtime", false, text(func(p *Point) *string { return &p.Runtime })},
	{"unit", false, text(func(p *Point) *string { return &p.Unit })},
	{"model", true, text(func(p *Point) *string { return &p.Model })},
	{"quant", false, text(func(p *Point) *string { return &p.Quant })},
	{"context", false, setContext},
	{"metric", true, text(func(p *Point) *string { return &p.Metric })},
	{"value", true, setValue},
	{"fitted", false, setFitted},
	{"source", false, text(func(p *Point) *string { return &p.Source })},
	{"bytes", false, setBytes},
	{"overrides", false, text(func(p *Point) *string { return &p.Overrides })},
	{"energy", false, text(func(p *Point) *string { return &p.Energy })},
	{"disputed", false, text(func(p *Point) *string { return &p.Disputed })},
}

func setContext(p *Point, s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return fmt.Errorf("context %q is not a whole number of tokens", s)
	}
	p.Context = n
	return nil
}

func setValue(p *Point, s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("value %q is not a number; write it without a unit, which the metric states", s)
	}
	p.Value = v
	return nil
}

func setBytes(p *Point, s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("bytes %q is not a whole number", s)
	}
	p.Bytes = n
	return nil
}

func setFitted(p *Point, s string) error {
	switch strings.ToLower(s) {
	case "", "no", "false", "0":
		p.Fitted = false
	case "yes", "true", "1":
		p.Fitted = true
	default:
		return fmt.Errorf("fitted %q is neither true nor false", s)
	}
	return nil
}

// Read reads a table of points as CSV. The first line names the columns; a line
// that begins with # is a remark. The error names every line that is wrong, and
// is the user's mistake.
func Read(name string, r io.Reader) ([]Point, error) {
	in := csv.NewReader(r)
	in.Comment = '#'
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.Userf("%s is empty; its first line names the columns: %s", name, strings.Join(columnNames(), ","))
	}
	if err != nil {
		return nil, fault.Userf("%s: %v", name, err)
	}
	order, err := columnOrder(name, head)
	if err != nil {
		return nil, err
	}
	var points []Point
	var problems []error
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // what follows a line that is no CSV cannot be trusted
			problems = append(problems, fault.Userf("%s: %v", name, err))
			break
		}
		p, err := parsePoint(order, cells)
		if err != nil {
			line, _ := in.FieldPos(0)
			problems = append(problems, at(name, line, err))
			continue
		}
		points = append(points, p)
	}
	return points, errors.Join(problems...)
}

func columnNames() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// columnOrder finds the column of each cell.
func columnOrder(name string, head []string) ([]column, error) {
	var order []column
	var seen []string
	for _, cell := range head {
		cell = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(cell, "\ufeff")))
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == cell })
		if i < 0 && len(order) == 0 { // of some other file, nothing is repeated
			return nil, fault.Userf("%s: the first line does not name columns; the columns are %s", name, strings.Join(columnNames(), ", "))
		}
		if i < 0 {
			return nil, fault.Userf("%s: column %q is not known; the columns are %s", name, cell, strings.Join(columnNames(), ", "))
		}
		if slices.Contains(seen, cell) {
			return nil, fault.Userf("%s: column %s stands twice", name, cell)
		}
		seen = append(seen, cell)
		order = append(order, columns[i])
	}
	for _, c := range columns {
		if c.required && !slices.Contains(seen, c.name) {
			return nil, fault.Userf("%s: column %s is missing; the columns are %s", name, c.name, strings.Join(columnNames(), ", "))
		}
	}
	return order, nil
}

func parsePoint(order []column, cells []string) (Point, error) {
	p := Point{Context: DefaultContext}
	var problems []error
	for i, cell := range cells {
		if err := order[i].set(&p, strings.TrimSpace(cell)); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) == 0 {
		problems = append(problems, p.Validate())
	}
	return p, errors.Join(problems...)
}
