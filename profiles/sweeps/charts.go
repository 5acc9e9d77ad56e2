package sweeps

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim/sweep"
)

// The most of each that one chart shows.
const (
	mostMaps   = 6
	mostSeries = 7 // there are as many colours
)

// palette are the colours of series.
var palette = []string{"--op0", "--op3", "--op2", "--op5", "--op4", "--op1", "--op6"}

func (p *Page) charts() ([]page.Chart, error) {
	var all []page.Chart
	for _, draw := range []func() ([]page.Chart, error){p.overAxes, p.machines, p.trade, p.curves, p.maps, p.accuracies, p.tornado} {
		some, err := draw()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// mark is a named point of a chart.
type mark struct {
	name string
	x, y float64
}

// line is a named list of points, joined or not.
type line struct {
	name   string
	color  string
	joined bool
	dashed bool
	marks  []mark
}

// plot draws lines and points over two named figures.
func plot(lines []line, x, y string) (json.RawMessage, error) {
	chart := charts.NewLine()
	chart.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(opts.XAxis{Name: x, NameLocation: "middle", NameGap: 28, Type: "value", Scale: opts.Bool(true)}),
		charts.WithYAxisOpts(opts.YAxis{Name: y, NameLocation: "end", Type: "value", Scale: opts.Bool(true)}))...)
	for _, l := range lines {
		data := make([]opts.LineData, len(l.marks))
		for i, m := range l.marks {
			size := 7
			if l.dashed {
				size = 1 // the points keep their own colours
			}
			data[i] = opts.LineData{Name: profiles.Clean(m.name), Value: page.XY{m.x, m.y}, Symbol: "circle", SymbolSize: size}
		}
		style := opts.LineStyle{Color: l.color, Width: 1.5}
		if l.dashed {
			style.Type = "dashed"
		}
		if !l.joined {
			style.Width, style.Opacity = 0.01, opts.Float(0)
		}
		chart.AddSeries(profiles.Clean(l.name), data, charts.WithLineStyleOpts(style),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: l.color}))
	}
	return page.Option(chart)
}

// lines makes a line of each group, in the palette's colours; what is beyond it
// shares the last one.
func lines(groups []group, joined bool, at func(*sweep.Row) mark) []line {
	var list []line
	for i, g := range groups {
		l := line{name: g.name, color: palette[min(i, len(palette)-1)], joined: joined}
		if i >= mostSeries {
			l = list[mostSeries-1]
			l.name = "others"
			list = list[:mostSeries-1]
		}
		for _, r := range g.rows {
			l.marks = append(l.marks, at(r))
		}
		list = append(list, l)
	}
	return list
}

// trade shows all points by two goals, and the front as a line.
func (p *Page) trade() ([]page.Chart, error) {
	if len(p.rows) < 2 {
		return nil, nil
	}
	x, y := p.about.Goals[0], p.about.Goals[1]
	var failed error
	fx, fy := figureOf(x.Key), figureOf(y.Key)
	at := func(r *sweep.Row) mark {
		a, errX := x.Value(r)
		b, errY := y.Value(r)
		failed = cmp.Or(failed, errX, errY)
		return mark{label(r, p.axes), a * scaleOf(fx), b * scaleOf(fy)}
	}
	list := lines(groupBy(p.rows, p.seriesName), false, at)
	front := line{name: "Pareto front", color: "--text", joined: true, dashed: true}
	for _, r := range p.front.Rows() {
		front.marks = append(front.marks, at(&r))
	}
	if failed != nil {
		return nil, failed
	}
	option, err := plot(append(list, front), profiles.Clean(axisLabel(fx)), profiles.Clean(axisLabel(fy)))
	return []page.Chart{{ID: "trade", Title: fmt.Sprintf("%s against %s", upperFirst(profiles.Clean(fy.Label)), profiles.Clean(fx.Label)), Kind: "trade", Height: 420, Option: option,
		Caption: "Each point is a model on a device; its shape shows under the pointer. No point beats those on the dashed line in both."}}, err
}

// seriesName is the setting of a row with its order of sharing, as far as they
// differ between rows.
func (p *Page) seriesName(r *sweep.Row) string {
	name := sharingText(&r.Result)
	if s := setting(r, p.axes, ""); s != "" {
		name += ", " + s
	}
	return name
}

// curves show latency over depth, for shapes of equal size if the sweep holds
// it, else for each width.
func (p *Page) curves() ([]page.Chart, error) {
	size := p.heldParams()
	name := p.seriesName
	title := fmt.Sprintf("Latency over depth at %s stored parameters", profiles.Number(size))
	caption := "Deeper is thinner here. A shared model runs each stored block several times; it stands at the depth that runs."
	if size == 0 {
		name = func(r *sweep.Row) string { return fmt.Sprintf("width %d, %s", r.Result.Dim, p.seriesName(r)) }
		title, caption = "Latency over depth", "A shared model stands at the depth that runs."
	}
	var long []group
	for _, g := range groupBy(p.rows, name) {
		slices.SortStableFunc(g.rows, func(a, b *sweep.Row) int { return a.Result.LayersExecuted - b.Result.LayersExecuted })
		if g.rows[0].Result.LayersExecuted != g.rows[len(g.rows)-1].Result.LayersExecuted {
			long = append(long, g)
		}
	}
	if len(long) == 0 {
		return nil, nil
	}
	if len(long) > mostSeries {
		caption += fmt.Sprintf(" The first %d of %d curves.", mostSeries, len(long))
		long = long[:mostSeries]
	}
	option, err := plot(lines(long, true, func(r *sweep.Row) mark {
		return mark{label(r, p.axes), float64(r.Result.LayersExecuted), r.Result.LatencyMS}
	}), "layers that run", "ms/token")
	return []page.Chart{{ID: "depth", Title: title, Caption: caption, Kind: "trade", Height: 420, Option: option}}, err
}

// heldParams returns the number of stored parameters that all rows have nearly
// in common, 0 if they differ.
func (p *Page) heldParams() float64 {
	low, high := math.Inf(1), 0.0
	for _, r := range p.rows {
		n := float64(r.Result.StoredParams)
		low, high = min(low, n), max(high, n)
	}
	if len(p.rows) == 0 || high > low*(1+2*equalParams) {
		return 0
	}
	return (low + high) / 2
}

// maps show latency over depth and width, one for each setting and order of
// sharing, where the points make a grid of them.
func (p *Page) maps() ([]page.Chart, error) {
	var list []page.Chart
	low, high := latencies(p.rows)
	for _, g := range groupBy(p.rows, p.seriesName) {
		option, cells, err := heat(g.rows, low, high)
		if err != nil {
			return nil, err
		}
		if cells == 0 || len(list) == mostMaps {
			continue
		}
		list = append(list, page.Chart{ID: fmt.Sprint("map", len(list)), Title: "Latency over depth and width: " + g.name,
			Kind: "heat", Unit: "ms/token", Height: 400, Option: option, Caption: "Yellow is quick. All maps of this page have one scale."})
	}
	return list, nil
}

// heat draws the least latency of each depth and width, in colours from low to high,
// which the maps of a page have in common. It draws nothing, and
// says 0 cells, where most combinations have no point.
func heat(rows []*sweep.Row, low, high float64) (option json.RawMessage, cells int, err error) {
	type place struct{ dim, layers int }
	least := map[place]float64{}
	var dims, depths []int
	for _, r := range rows {
		at := place{r.Result.Dim, r.Result.LayersStored}
		if v, ok := least[at]; !ok || r.Result.LatencyMS < v {
			least[at] = r.Result.LatencyMS
		}
		dims, depths = append(dims, at.dim), append(depths, at.layers)
	}
	dims, depths = distinct(dims), distinct(depths)
	if len(dims) < 2 || len(depths) < 2 || 2*len(least) < len(dims)*len(depths) {
		return nil, 0, nil
	}
	var data []opts.HeatMapData
	for x, dim := range dims {
		for y, layers := range depths {
			if v, ok := least[place{dim, layers}]; ok {
				data = append(data, opts.HeatMapData{Value: [3]float64{float64(x), float64(y), v}})
			}
		}
	}
	chart := charts.NewHeatMap()
	chart.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(opts.XAxis{Name: "width", NameLocation: "middle", NameGap: 28, Type: "category", Data: words(dims)}),
		charts.WithYAxisOpts(opts.YAxis{Name: "stored layers", NameLocation: "middle", NameGap: 34, Type: "category", Data: words(depths)}),
		charts.WithVisualMapOpts(opts.VisualMap{Type: "continuous", Min: float32(low), Max: float32(high), Calculable: opts.Bool(true),
			Orient: "horizontal", Left: "0", Top: "0", InRange: &opts.VisualMapInRange{Color: []string{"#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"}}}))...)
	chart.AddSeries("latency", data)
	option, err = page.Option(chart)
	return option, len(data), err
}

// latencies are the least and the largest latency.
func latencies(rows []*sweep.Row) (low, high float64) {
	low = math.Inf(1)
	for _, r := range rows {
		low, high = min(low, r.Result.LatencyMS), max(high, r.Result.LatencyMS)
	}
	return low, high
}

func words(numbers []int) []string {
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = strconv.Itoa(n)
	}
	return list
}

func distinct(values []int) []int {
	slices.Sort(values)
	return slices.Compact(values)
}

// accuracies show what was published of the shapes against what a token costs.
func (p *Page) accuracies() ([]page.Chart, error) {
	byTraining := map[string][]publishedRow{}
	var trainings []string
	for _, r := range p.published() {
		if byTraining[r.Training] == nil {
			trainings = append(trainings, r.Training)
		}
		byTraining[r.Training] = append(byTraining[r.Training], r)
	}
	if p.publishedShapes() < 3 {
		return nil, nil // a few dots say no more than the table of them
	}
	var list []page.Chart
	for _, cost := range []struct {
		id, name string
		of       func(publishedRow) float64
	}{
		{"latency", "ms/token", func(r publishedRow) float64 { return r.Latency }},
		{"energy", "mJ/token", func(r publishedRow) float64 { return r.Energy }},
	} {
		var all []line
		for i, t := range trainings {
			l := line{name: "published, " + t, color: palette[i%len(palette)]}
			for _, r := range byTraining[t] {
				l.marks = append(l.marks, mark{r.Name + ": " + r.Point, cost.of(r), r.Percent})
			}
			all = append(all, l)
		}
		option, err := plot(all, cost.name, "accuracy, %")
		if err != nil {
			return nil, err
		}
		list = append(list, page.Chart{ID: "accuracy-" + cost.id, Title: "Published accuracy against " + cost.id, Kind: "trade", Height: 340, Option: option,
			Caption: "Published accuracies, matched by shape. Compare only points of one colour (same training)."})
	}
	return list, nil
}

// machines show the same shapes side by side on each device, unit and runtime.
func (p *Page) machines() ([]page.Chart, error) {
	var all []page.Chart
	for i, a := range p.axes {
		if slices.Contains([]string{"device", "unit", "runtime"}, a.Name) && len(a.Values) > 1 {
			chart, err := p.sideBySide(i)
			if err != nil {
				return nil, err
			}
			all = append(all, chart)
		}
	}
	return all, nil
}

// sideBySide shows the same shapes at each value of axis i.
func (p *Page) sideBySide(i int) (page.Chart, error) {
	axis := p.axes[i]
	chart := charts.NewBar()
	chart.SetGlobalOptions(page.Global(charts.WithYAxisOpts(opts.YAxis{Name: "ms/token", NameLocation: "end", Type: "value"}))...)
	names := make([]string, len(axis.Values))
	for v, value := range axis.Values {
		names[v] = profiles.Clean(value)
	}
	chart.SetXAxis(names)
	groups := groupBy(p.rows, func(r *sweep.Row) string {
		name := shapeText(&r.Result)
		if s := setting(r, p.axes, axis.Name); s != "" {
			name += ", " + s
		}
		return name
	})
	for n, g := range groups[:min(len(groups), mostSeries)] {
		data := make([]opts.BarData, len(axis.Values))
		for _, r := range g.rows {
			data[slices.Index(axis.Values, r.Point.Values[i])] = opts.BarData{Value: r.Result.LatencyMS}
		}
		chart.AddSeries(g.name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: palette[n]}))
	}
	caption := ""
	if len(groups) > mostSeries {
		caption = fmt.Sprintf("The first %d of %d models.", mostSeries, len(groups))
	}
	option, err := page.Option(chart)
	return page.Chart{ID: axis.Name + "s", Title: "The same shapes over " + axis.Name + "s", Caption: caption, Unit: "ms/token", Height: 360, Option: option}, err
}

// tornado shows the effects, the largest on top.
func (p *Page) tornado() ([]page.Chart, error) {
	effects, others := moving(p.about.Effects)
	if len(effects) == 0 {
		return nil, nil
	}
	chart := charts.NewBar()
	chart.SetGlobalOptions(page.Global()...)
	figure := figureOf(p.about.Figure)
	var names []string
	var low, high []opts.BarData
	for _, e := range effects {
		names = append(names, profiles.Clean(e.Path))
		low = append(low, opts.BarData{Name: e.Low, Value: rounded((e.AtLow - e.Base) * scaleOf(figure))})
		high = append(high, opts.BarData{Name: e.High, Value: rounded((e.AtHigh - e.Base) * scaleOf(figure))})
	}
	chart.SetXAxis(names)
	chart.XYReversal()
	chart.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Name: "change of " + profiles.Clean(axisLabel(figure)), NameLocation: "middle", NameGap: 28, Type: "value"}),
		charts.WithYAxisOpts(opts.YAxis{Type: "category", Inverse: opts.Bool(true)}))
	for i, s := range []struct {
		name string
		data []opts.BarData
	}{{"at the low end of its range", low}, {"at the high end", high}} {
		chart.AddSeries(s.name, s.data, charts.WithBarChartOpts(opts.BarChart{BarGap: "-100%"}), charts.WithItemStyleOpts(opts.ItemStyle{Color: palette[i]}))
	}
	caption := fmt.Sprintf("Change of the %s of %s %s when one parameter goes to either end of its plausible range.",
		profiles.Clean(figure.Label), profiles.Number(effects[0].Base*scaleOf(figure)), figure.Unit)
	if others > 0 {
		caption += fmt.Sprintf(" %d others change it by less than a thousandth.", others)
	}
	option, err := page.Option(chart)
	return []page.Chart{{ID: "tornado", Title: "Which device parameter moves the answer", Unit: figure.Unit, Height: 90 + 34*len(names), Option: option, Caption: caption}}, err
}

// moving are the effects of a thousandth or more, twenty at most, and how many others
// there are.
func moving(effects []sweep.Effect) (some []sweep.Effect, others int) {
	for _, e := range effects {
		if len(some) < 20 && max(math.Abs(e.AtLow-e.Base), math.Abs(e.AtHigh-e.Base)) >= 1e-3*math.Abs(e.Base) {
			some = append(some, e)
		}
	}
	return some, len(effects) - len(some)
}

// rounded drops digits that differ by the order of additions.
func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	if err != nil {
		return v
	}
	return r
}
