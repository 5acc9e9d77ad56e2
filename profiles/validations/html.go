package validations

import (
	_ "embed" // the template
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
)

//go:embed assets/validation.html
var markup string

var layout = sync.OnceValue(func() *page.Layout { return page.NewLayout(markup, "") })

// content is what the template shows.
type content struct {
	Chart page.Chart
	Rows  []row
}

// row is a line of the table of points.
type row struct {
	validation.Outcome
	Name  string
	Error string
	Note  string
}

// WriteHTML writes the report as one self-contained page: predicted against
// measured, and every point with its source.
func WriteHTML(w io.Writer, version string, r validation.Report) error {
	option, err := scatter(r)
	if err != nil {
		return err
	}
	chart := page.Chart{
		ID: "validation", Title: "Predicted against measured", Kind: "points", Height: 460, Option: option,
		Caption: "Each point in the unit of its metric, on logarithmic axes; on the line a prediction is right, and between the dashed lines within 15 %.",
	}
	c := content{Chart: chart}
	for _, o := range r.Points {
		c.Rows = append(c.Rows, row{o, label(o.Point), fmt.Sprintf("%+.1f %%", o.ErrorPct), Note(o)})
	}
	p := page.Page{
		Version: version, Title: "memsim validate", Eyebrow: "memsim validate", Heading: "How far predictions are from measurements",
		Answer: Summary(r), Content: c, Charts: []page.Chart{chart}, Data: r,
	}
	for _, t := range []struct {
		value *float64
		label string
	}{{r.MAEUnfitted, "mean error, unfitted"}, {r.MAEFitted, "mean error, fitted"}, {r.MAELeaveOneOut, "mean error, left out"}} {
		if t.value != nil {
			p.Tiles = append(p.Tiles, page.Tile{Value: profiles.Number(math.Round(*t.value*10) / 10), Unit: "%", Label: t.label})
		}
	}
	return layout().Write(w, p)
}

func label(p validation.Point) string {
	return profiles.Clean(fmt.Sprintf("%s %s %s %s, %s", p.Device, p.Runtime, Model(p), p.Quant, p.Metric))
}

// scatter places every point by what was measured and what is predicted.
func scatter(r validation.Report) (json.RawMessage, error) {
	low, high := extent(r.Points)
	chart := charts.NewScatter()
	chart.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "log", Name: "measured", NameLocation: "middle", NameGap: 28, Min: low, Max: high}),
		charts.WithYAxisOpts(opts.YAxis{Type: "log", Name: "predicted", Min: low, Max: high}),
	)...)
	for _, s := range []struct {
		name, color, symbol string
		match               func(validation.Outcome) bool
	}{
		{"not fitted", page.ColorDRAM, "circle", func(o validation.Outcome) bool { return !o.Fitted && Note(o) == "" }},
		{"fitted", page.ColorCompute, "diamond", func(o validation.Outcome) bool { return o.Fitted && Note(o) == "" }},
		{"flagged", page.ColorRest, "triangle", func(o validation.Outcome) bool { return Note(o) != "" }},
	} {
		var data []opts.ScatterData
		for _, o := range r.Points {
			if s.match(o) {
				data = append(data, opts.ScatterData{Name: label(o.Point), Symbol: s.symbol, SymbolSize: 11, Value: []float64{digits(o.Measured), digits(o.Predicted)}})
			}
		}
		if len(data) > 0 {
			chart.AddSeries(s.name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: s.color, Opacity: opts.Float(0.85)}))
		}
	}
	lines := charts.NewLine()
	for _, l := range []struct {
		name, kind string
		factor     float64
	}{{"right", "solid", 1}, {"15 % above", "dashed", 1.15}, {"15 % below", "dashed", 0.85}} {
		lines.AddSeries(l.name, page.LineData([]page.XY{{low, low * l.factor}, {high, high * l.factor}}),
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Symbol: "none"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: page.ColorLine, Width: 1.5, Type: l.kind}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: page.ColorLine}))
	}
	chart.Overlap(lines)
	return page.Option(chart)
}

// extent is the range of all figures in whole decades.
func extent(points []validation.Outcome) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, o := range points {
		low, high = min(low, o.Measured, o.Predicted), max(high, o.Measured, o.Predicted)
	}
	if high == 0 {
		return 1, 10
	}
	return math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high)))
}

// digits keeps five significant digits, so that the page holds no more than it
// shows.
func digits(v float64) float64 {
	scale := math.Pow(10, 4-math.Floor(math.Log10(v)))
	return math.Round(v*scale) / scale
}
