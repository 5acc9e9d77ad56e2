package corpus

import (
	"math"
	"strings"
)

// cell is a measurement without its figure: what a table has one cell for.
type cell struct {
	source, phone, runtime, unit, model, quant, metric string
	prompt, context, window                            int
}

func cellOf(r *Row) cell {
	c := cell{r.Record.Source, r.Phone, r.Runtime, r.Unit, r.Model + r.Overrides, r.Quant, r.Metric + r.Energy,
		r.Prompt, r.Context, r.Window}
	if r.Metric == SustainedPerS {
		c.context = 0 // hundreds of prompts in a row, by whatever name
	}
	return c
}

// markRepeats leaves out every row whose figure an earlier row of the same
// source states for the same cell: a table that is quoted twice, or one
// measurement under the names of several fine-tunes.
func markRepeats(rows []Row) {
	first := map[cell][]*Row{}
	for i := range rows {
		r := &rows[i]
		if r.Exclude != nil || r.Record.Source == "" {
			continue
		}
		c := cellOf(r)
		if of := sameFigure(first[c], r); of != nil {
			r.exclude("repeat", "the same figure as "+of.ID)
			continue
		}
		first[c] = append(first[c], r)
	}
}

// leastDigits is how many digits two figures share at least to be one: people do
// measure 12 twice.
const leastDigits = 3

func sameFigure(rows []*Row, r *Row) *Row {
	for _, of := range rows {
		n := min(digits(of.Record.Printed), digits(r.Record.Printed))
		if n >= leastDigits && rounded(of.Record.Value, n) == rounded(r.Record.Value, n) {
			return of
		}
	}
	return nil
}

// digits counts the significant digits of a figure as printed.
func digits(printed string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(printed), "e")
	return len(strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "+0"))
}

// rounded is a value to n significant digits, as a whole number of its last one.
func rounded(value float64, n int) float64 {
	last := math.Pow(10, math.Floor(math.Log10(value))+1-float64(n))
	return math.Round(value / last)
}
