package sweeps

import (
	"encoding/csv"
	"io"

	"github.com/memsim/memsim/sim/sweep"
)

// CSV writes rows as comma-separated values under a header line.
type CSV struct {
	table table
	w     *csv.Writer
}

// NewCSV writes the header of a sweep to w.
func NewCSV(w io.Writer, l Layout) (*CSV, error) {
	c := &CSV{newTable(l), csv.NewWriter(w)}
	return c, c.w.Write(c.table.names)
}

// Add writes a row.
func (c *CSV) Add(r *sweep.Row) error { return c.w.Write(c.table.fields(r)) }

// Close writes what is buffered; it does not close the writer beneath.
func (c *CSV) Close() error {
	c.w.Flush()
	return c.w.Error()
}
