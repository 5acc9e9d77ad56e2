package html

import (
	"encoding/json"
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/units"
)

// overTime draws DRAM traffic as steps, with the phases marked.
func (r *Report) overTime(m *Model) (json.RawMessage, error) {
	line := charts.NewLine()
	line.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Name: "time (ms)", NameLocation: "middle", NameGap: 28, Max: m.traffic.milliseconds(m.traffic.end)}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: "GB/s"}),
		charts.WithDataZoomOpts(opts.DataZoom{Type: "inside", FilterMode: "none"}),
	)...)
	for _, s := range []struct {
		name, color string
		of          func(moved) units.Bytes
	}{
		{"DRAM read", page.ColorDRAM, func(b moved) units.Bytes { return b.read }},
		{"DRAM write", page.ColorWritten, func(b moved) units.Bytes { return b.written }},
		{"flash read", page.ColorFlash, func(b moved) units.Bytes { return b.flash }},
	} {
		points, some := m.traffic.rate(s.of)
		if !some {
			continue
		}
		options := []charts.SeriesOpts{
			charts.WithLineChartOpts(opts.LineChart{Step: "end", ShowSymbol: opts.Bool(false), Symbol: "none"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: s.color, Width: 1.5}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: s.color}),
		}
		if s.name == "DRAM read" {
			options = append(options, charts.WithAreaStyleOpts(opts.AreaStyle{Color: s.color, Opacity: opts.Float(0.25)}), m.traffic.shade())
		}
		line.AddSeries(s.name, page.LineData(points), options...)
	}
	if _, reach := r.bandwidths(); reach > 0 && m.traffic.end > m.traffic.start() {
		usable := float64(reach) / 1e9
		line.AddSeries(fmt.Sprintf("usable, %s GB/s", profiles.Number(usable)), page.LineData([]page.XY{{0, round(usable, 4)}, {m.traffic.milliseconds(m.traffic.end), round(usable, 4)}}),
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Symbol: "none"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: page.ColorLine, Width: 1, Type: "dashed"}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: page.ColorLine}))
	}
	return page.Option(line)
}

// rate turns the bins into GB/s at their ends, the last bin as long as it is
// filled.
func (t *traffic) rate(of func(moved) units.Bytes) (points []page.XY, some bool) {
	first := t.start()
	points = append(points, page.XY{0, 0})
	for i, b := range t.bins {
		from, to := units.Picoseconds(i)*t.width, min(units.Picoseconds(i+1)*t.width, t.end)
		from = max(from, first)
		if to <= from {
			continue
		}
		some = some || of(b) > 0
		points = append(points, page.XY{round(t.milliseconds(to), 6), round(float64(of(b))/(to-from).Nanoseconds(), 5)})
	}
	return points, some
}

// milliseconds is the time since the first phase began.
func (t *traffic) milliseconds(at units.Picoseconds) float64 { return (at - t.start()).Milliseconds() }

// shade marks phases: every other one has a ground of its own.
func (t *traffic) shade() charts.SeriesOpts {
	type edge struct {
		Name      string          `json:"name,omitempty"`
		XAxis     float64         `json:"xAxis"`
		ItemStyle *opts.ItemStyle `json:"itemStyle,omitempty"`
		Label     *opts.Label     `json:"label,omitempty"`
	}
	return func(s *charts.SingleSeries) {
		areas := &opts.MarkAreas{}
		for i, p := range t.phases {
			color := "transparent"
			if i%2 == 0 {
				color = page.ColorShade
			}
			areas.Data = append(areas.Data, []edge{
				{Name: string(p.phase), XAxis: t.milliseconds(p.start), ItemStyle: &opts.ItemStyle{Color: color},
					Label: &opts.Label{Show: opts.Bool(true), Position: "insideTop", Color: page.ColorLine}},
				{XAxis: t.milliseconds(p.end)},
			})
		}
		s.MarkAreas = areas
	}
}
