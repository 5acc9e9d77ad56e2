package page

import (
	"encoding/json"
	"html/template"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles"
)

// Chart is one chart of a page: its place in the document, and the options that
// the page's script hands to ECharts.
type Chart struct {
	ID      string          `json:"id"`
	Title   string          `json:"-"`
	Caption string          `json:"-"`
	Unit    string          `json:"unit"` // of values in tooltips and labels
	Kind    string          `json:"kind"` // what the script adds: "parts" writes values into bars, "points" names points of a roofline, "trade" those of two figures, "heat" cells, "icicle" draws a tree; "" nothing
	Height  int             `json:"-"`    // pixels
	Wide    bool            `json:"-"`    // as wide as the page
	Option  json.RawMessage `json:"option"`
	// Markup is a drawing that stands as it is, instead of a chart that the script
	// makes of Option.
	Markup template.HTML `json:"-"`
}

// Colours are names of CSS variables, which the script resolves for the light
// or the dark scheme. A colour has one meaning on all pages: a resource, a kind of
// bytes, or a group of operators. Resources have the palette of Okabe and Ito, which
// people with any kind of colour vision tell apart.
const (
	ColorDRAM     = "--dram"
	ColorFlash    = "--flash"
	ColorSRAM     = "--sram"
	ColorCompute  = "--compute"
	ColorDispatch = "--dispatch"
	ColorStatic   = "--static"
	ColorRest     = "--rest"

	ColorWeights    = "--weights"
	ColorRepeat     = "--repeat"
	ColorKV         = "--kv"
	ColorActivation = "--activation"
	ColorWritten    = "--written"

	ColorLine  = "--line"
	ColorShade = "--shade"
)

// Series is a named list of values in one colour.
type Series struct {
	Name   string
	Color  string
	Values []float64
}

// Total is the sum of the values.
func (s Series) Total() float64 {
	sum := 0.0
	for _, v := range s.Values {
		sum += v
	}
	return sum
}

// Present drops the series that hold nothing.
func Present(all []Series) []Series {
	var some []Series
	for _, s := range all {
		if s.Total() != 0 {
			some = append(some, s)
		}
	}
	return some
}

// Configured is what all charts of go-echarts offer.
type Configured interface {
	Validate()
	JSON() map[string]any
}

// Option encodes the options of c. json.Marshal sorts keys, so the bytes depend
// on the chart alone, and escapes angle brackets.
func Option(c Configured) (json.RawMessage, error) {
	c.Validate()
	return json.Marshal(c.JSON())
}

// Global are the options that all charts share; the script adds colours of text
// and lines.
func Global(more ...charts.GlobalOpts) []charts.GlobalOpts {
	return append([]charts.GlobalOpts{
		charts.WithAnimation(false),
		charts.WithLegendOpts(opts.Legend{Top: "0", Left: "0", ItemWidth: 14, ItemHeight: 10}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis", AxisPointer: &opts.AxisPointer{Type: "shadow"}}),
		charts.WithGridOpts(opts.Grid{Left: "8", Right: "20", Top: "58", Bottom: "30", ContainLabel: opts.Bool(true)}),
	}, more...)
}

// StackedBars draws one bar per category out of the series. Lying bars suit a
// few long names, standing ones many layers.
func StackedBars(categories []string, all []Series, unit string, lying bool) (json.RawMessage, error) {
	bar := charts.NewBar()
	bar.SetGlobalOptions(Global()...)
	names := make([]string, len(categories))
	for i, c := range categories {
		names[i] = profiles.Clean(c)
	}
	bar.SetXAxis(names)
	value, category := opts.YAxis{Name: unit, NameLocation: "end", Type: "value"}, opts.XAxis{Type: "category"}
	if lying {
		bar.XYReversal()
		bar.SetGlobalOptions(
			charts.WithXAxisOpts(opts.XAxis{Name: unit, NameLocation: "middle", NameGap: 28, Type: "value"}),
			charts.WithYAxisOpts(opts.YAxis{Type: "category", Inverse: opts.Bool(true)}))
	} else {
		category.Name, category.NameLocation, category.NameGap = "layer", "middle", 26
		bar.SetGlobalOptions(charts.WithXAxisOpts(category), charts.WithYAxisOpts(value))
	}
	for _, s := range all {
		bar.AddSeries(s.Name, barData(s.Values),
			charts.WithBarChartOpts(opts.BarChart{Stack: "all", BarCategoryGap: "15%"}),
			func(s *charts.SingleSeries) { s.BarMaxWidth = "34" },
			charts.WithItemStyleOpts(opts.ItemStyle{Color: s.Color}))
	}
	return Option(bar)
}

func barData(values []float64) []opts.BarData {
	data := make([]opts.BarData, len(values))
	for i, v := range values {
		data[i] = opts.BarData{Value: v}
	}
	return data
}

// XY is a point of a line.
type XY [2]float64

// LineData makes points those of a line chart.
func LineData(points []XY) []opts.LineData {
	data := make([]opts.LineData, len(points))
	for i, p := range points {
		data[i] = opts.LineData{Value: p}
	}
	return data
}

// OnX marks places on the x axis by upright lines with names, at changing
// heights so that neighbours can be read.
func OnX(color string, marks []XMark) charts.SeriesOpts {
	type upright struct {
		Name  string     `json:"name"`
		XAxis float64    `json:"xAxis"`
		Label opts.Label `json:"label"`
	}
	return func(s *charts.SingleSeries) {
		if len(marks) == 0 {
			return
		}
		s.MarkLines = &opts.MarkLines{MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, LineStyle: &opts.LineStyle{Color: color, Type: "dashed"},
		}}
		for i, m := range marks {
			s.MarkLines.Data = append(s.MarkLines.Data, upright{profiles.Clean(m.Name), m.X, opts.Label{
				Show: opts.Bool(true), Formatter: "{b}", Color: color,
				Position: []string{"insideEndTop", "insideMiddleTop", "insideStartTop"}[i%3],
			}})
		}
	}
}

// XMark is a named place on an x axis.
type XMark struct {
	Name string
	X    float64
}
