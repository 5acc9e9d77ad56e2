package sweeps

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// quantityAxis is an axis of numbers that is not one of the shape: a capacity, a
// bandwidth, a time.
type quantityAxis struct {
	sweep.Axis
	index   int
	numbers []float64 // of the values
	unit    string    // as the values have it, "" if they differ or have none
}

// quantityAxes are the axes of at least three numbers, but for those of the shape.
func quantityAxes(axes []sweep.Axis) []quantityAxis {
	var list []quantityAxis
	for i, a := range axes {
		if slices.Contains(shapeAxes, a.Name) || len(a.Values) < 3 {
			continue
		}
		q := quantityAxis{Axis: a, index: i}
		for v, text := range a.Values {
			n, unit, ok := quantity(text)
			if !ok {
				q.numbers = nil
				break
			}
			if v == 0 {
				q.unit = unit
			} else if unit != q.unit {
				q.unit = ""
			}
			q.numbers = append(q.numbers, n)
		}
		if q.numbers == nil {
			continue
		}
		if q.unit == "" { // sizes in different units are all of bytes
			for v, text := range a.Values {
				if n, err := humanize.ParseBytes(text); err == nil {
					q.numbers[v] = float64(n) / (1 << 20)
					q.unit = "MiB"
				}
			}
		}
		list = append(list, q)
	}
	return list
}

// quantity reads a number and the unit behind it.
func quantity(text string) (v float64, unit string, ok bool) {
	end := strings.LastIndexFunc(text, func(r rune) bool { return unicode.IsDigit(r) || r == '.' }) + 1
	v, err := strconv.ParseFloat(strings.TrimSpace(text[:end]), 64)
	return v, strings.TrimSpace(text[end:]), err == nil
}

// overAxes draw latency and DRAM traffic over each axis of numbers, a line for each
// combination of the others.
func (p *Page) overAxes() ([]page.Chart, error) {
	var list []page.Chart
	for _, q := range quantityAxes(p.axes) {
		groups := groupBy(p.rows, func(r *sweep.Row) string {
			name := shapeText(&r.Result)
			if s := setting(r, p.axes, q.Name); s != "" {
				name += ", " + s
			}
			return name
		})
		caption := ""
		if len(groups) > mostSeries {
			caption = fmt.Sprintf("The first %d of %d combinations of the other axes.", mostSeries, len(groups))
			groups = groups[:mostSeries]
		}
		for _, f := range []struct {
			id, key string
		}{{"latency", "latency_ms_per_token"}, {"dram", "dram_bytes_per_token"}} {
			figure := figureOf(f.key)
			option, err := q.draw(p, groups, figure)
			if err != nil {
				return nil, err
			}
			list = append(list, page.Chart{ID: fmt.Sprintf("over-%d-%s", q.index, f.id), Title: upperFirst(figure.Label) + " over " + profiles.Clean(q.Name),
				Caption: caption, Kind: "trade", Height: 360, Option: option})
		}
	}
	return list, nil
}

// draw draws a figure over the axis.
func (q quantityAxis) draw(p *Page, groups []group, f profiles.Figure) (json.RawMessage, error) {
	chart := charts.NewLine()
	name := profiles.Clean(q.Name)
	if q.unit != "" {
		name += " (" + profiles.Clean(q.unit) + ")"
	}
	x := opts.XAxis{Name: name, NameLocation: "middle", NameGap: 28, Type: "value", Scale: opts.Bool(true)}
	if low, high := slices.Min(q.numbers), slices.Max(q.numbers); low > 0 && high > 8*low {
		x.Type, x.Min, x.Max = "log", low, high
	}
	chart.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(x),
		charts.WithYAxisOpts(opts.YAxis{Name: axisLabel(f), NameLocation: "end", Type: "value", Min: 0}))...)
	for i, g := range groups {
		var marks []mark
		for _, r := range g.rows {
			value, _ := r.Point.Value(q.Name)
			at := slices.Index(q.Values, value)
			marks = append(marks, mark{label(r, p.axes), q.numbers[at], f.Shown(&r.Result)})
		}
		slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.x, b.x) })
		data := make([]opts.LineData, len(marks))
		for j, m := range marks {
			data[j] = opts.LineData{Name: profiles.Clean(m.name), Value: page.XY{m.x, rounded(m.y)}, Symbol: "circle", SymbolSize: 7}
		}
		chart.AddSeries(profiles.Clean(g.name), data, charts.WithLineStyleOpts(opts.LineStyle{Color: palette[i], Width: 2}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: palette[i]}))
	}
	return page.Option(chart)
}

// figureOf returns the figure of a JSON key.
func figureOf(key string) profiles.Figure {
	for _, f := range profiles.Figures {
		if f.Key == key {
			return f
		}
	}
	return profiles.Figure{Key: key, Label: key}
}

// axisLabel is a figure as people call it, with its unit: "latency (ms/token)".
func axisLabel(f profiles.Figure) string {
	if f.Unit == "" {
		return f.Label
	}
	return f.Label + " (" + f.Unit + ")"
}

// scaleOf turns the value of a figure's JSON key into its unit.
func scaleOf(f profiles.Figure) float64 {
	if f.Scale == 0 {
		return 1
	}
	return f.Scale
}

// pointRow is a line of the table of points.
type pointRow struct {
	Name   string
	Values []float64
}

// mostListed is how many points the page lists.
const mostListed = 200

// listed are the columns of that table.
var listed = []string{"stored_params", "latency_ms_per_token", "tokens_per_s", "dram_bytes_per_token", "sram_hit_rate", "energy_mj_per_token"}

// pointRows are the quickest points.
func (p *Page) pointRows() []pointRow {
	rows := sortedBy(p.rows, func(a, b *sim.Result) int { return cmp.Compare(a.LatencyMS, b.LatencyMS) })
	var list []pointRow
	for _, r := range rows[:min(len(rows), mostListed)] {
		line := pointRow{Name: label(r, p.axes)}
		for _, key := range listed {
			line.Values = append(line.Values, figureOf(key).Shown(&r.Result))
		}
		list = append(list, line)
	}
	return list
}
