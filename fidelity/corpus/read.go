package corpus

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/internal/spelling"
)

// maxFile is the size in bytes of the largest file that is read: what is larger
// is a slip of the hand and no table.
const maxFile = 16 << 20

// Open reads a file of measurements and maps it. One that cannot be read, or
// that is larger than 16 MiB, is the user's mistake.
func Open(path string) ([]Row, error) {
	data, err := inputfile.Read(path, maxFile)
	if err != nil {
		return nil, fault.User(err)
	}
	return Read(path, bytes.NewReader(data))
}

// Read reads measurements as CSV and maps them to memsim's names. The first line
// names the columns (docs/measurements.md); a line that begins with # is a
// remark. A line that is no measurement is the user's mistake, and the error
// names every one of them; a measurement that cannot be predicted is a row with
// its Exclude set.
func Read(name string, r io.Reader) ([]Row, error) {
	records, err := ReadRecords(name, r)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(records))
	for i, record := range records {
		rows[i] = Map(record)
	}
	markRepeats(rows)
	markSlowPrompts(rows)
	return rows, nil
}

// ReadRecords reads measurements as CSV and leaves them in their source's
// spelling.
func ReadRecords(name string, r io.Reader) ([]Record, error) {
	in := csv.NewReader(r)
	in.Comment = '#'
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.Userf("%s is empty; its first line names the columns: %s", name, columnNames())
	}
	if err != nil {
		return nil, fault.Userf("%s: %v", name, err)
	}
	order, err := columnOrder(name, head)
	if err != nil {
		return nil, err
	}
	var records []Record
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
		line, _ := in.FieldPos(0)
		record, err := parseRecord(order, cells)
		if err != nil {
			problems = append(problems, fault.User(fmt.Errorf("%s:%d: %w", name, line, err)))
			continue
		}
		record.File, record.Line = name, line
		records = append(records, record)
	}
	return records, errors.Join(problems...)
}

func columnNames() string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
	}
	return strings.Join(list, ", ")
}

// columnOrder finds the column of each cell.
func columnOrder(name string, head []string) ([]column, error) {
	var order []column
	seen := map[string]bool{}
	for _, cell := range head {
		cell = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(cell, "\ufeff")))
		i := slices.IndexFunc(columns, func(c column) bool { return c.named(cell) })
		if i < 0 && len(order) == 0 { // of some other file, nothing is repeated
			return nil, fault.Userf("%s: the first line does not name columns; the columns are %s", name, columnNames())
		}
		if i < 0 {
			return nil, fault.Userf("%s: column %q is not known; the columns are %s", name, cell, columnNames())
		}
		if seen[columns[i].name] {
			return nil, fault.Userf("%s: column %s stands twice", name, columns[i].name)
		}
		seen[columns[i].name] = true
		order = append(order, columns[i])
	}
	for _, c := range columns {
		if c.required && !seen[c.name] {
			return nil, fault.Userf("%s: column %s is missing; the columns are %s", name, c.name, columnNames())
		}
	}
	return order, nil
}

func parseRecord(order []column, cells []string) (Record, error) {
	r := Record{stated: map[string]bool{}}
	var problems []error
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		r.stated[order[i].name] = true
		if err := order[i].set(&r, cell); err != nil {
			problems = append(problems, fmt.Errorf("%s %w", order[i].name, err))
		}
	}
	if !r.stated["value"] {
		problems = append(problems, errors.New("value is empty"))
	}
	if len(problems) == 0 {
		problems = append(problems, r.check())
	}
	return r, errors.Join(problems...)
}

// near lists names like a word, for messages.
func near(word string, list []string) string {
	if close := spelling.Nearest(word, list, 3); len(close) > 0 {
		return "; nearest: " + strings.Join(close, ", ")
	}
	return ""
}
