package html

import (
	"encoding/json"
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/units"
)

// overTime draws DRAM traffic as steps, with the phases marked.
func (m *Model) overTime() (json.RawMessage, error) {
	line := charts.NewLine()
	line.SetGlobalOptions(global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Name: "time (ms)", NameLocation: "middle", NameGap: 28, Max: m.traffic.milliseconds(m.traffic.end)}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: "GB/s"}),
		charts.WithDataZoomOpts(opts.DataZoom{Type: "inside", FilterMode: "none"}),
	)...)
	for _, s := range []struct {
		name, color string
		of          func(moved) units.Bytes
	}{
		{"DRAM read", colorDRAM, func(b moved) units.Bytes { return b.read }},
		{"DRAM write", colorWrite, func(b moved) units.Bytes { return b.written }},
		{"flash read", colorFlash, func(b moved) units.Bytes { return b.flash }},
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
		line.AddSeries(s.name, lineData(points), options...)
	}
	return option(line)
}

// rate turns the bins into GB/s at their ends, the last bin as long as it is
// filled.
func (t *traffic) rate(of func(moved) units.Bytes) (points []xy, some bool) {
	first := t.start()
	points = append(points, xy{0, 0})
	for i, b := range t.bins {
		from, to := units.Picoseconds(i)*t.width, min(units.Picoseconds(i+1)*t.width, t.end)
		from = max(from, first)
		if to <= from {
			continue
		}
		some = some || of(b) > 0
		points = append(points, xy{round(t.milliseconds(to), 6), round(float64(of(b))/(to-from).Nanoseconds(), 5)})
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
				color = colorShade
			}
			areas.Data = append(areas.Data, []edge{
				{Name: string(p.phase), XAxis: t.milliseconds(p.start), ItemStyle: &opts.ItemStyle{Color: color},
					Label: &opts.Label{Show: opts.Bool(true), Position: "insideTop", Color: colorLine}},
				{XAxis: t.milliseconds(p.end)},
			})
		}
		s.MarkAreas = areas
	}
}

// missCurve draws what on-chip memories of rising capacity leave to DRAM, with
// the device's own marked.
func (r *Report) missCurve(m *Model) (json.RawMessage, error) {
	line := charts.NewLine()
	line.SetGlobalOptions(global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "log", Name: "SRAM capacity (MiB)", NameLocation: "middle", NameGap: 28}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: "% of bytes missed", Min: 0, Max: 100}),
	)...)
	var points []xy
	for _, p := range m.misses {
		if p.Requested > 0 && p.Capacity > 0 {
			points = append(points, xy{float64(p.Capacity) / float64(units.MiB), round(100*float64(p.Missed)/float64(p.Requested), 4)})
		}
	}
	line.AddSeries("missed", lineData(points),
		charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(true), SymbolSize: 5}),
		charts.WithLineStyleOpts(opts.LineStyle{Color: colorDRAM, Width: 2}),
		charts.WithItemStyleOpts(opts.ItemStyle{Color: colorDRAM}),
		onX(colorLine, r.capacities()))
	return option(line)
}

// capacities are the on-chip memories on the path of the unit, nearest first,
// and their sum.
func (r *Report) capacities() []xMark {
	if r.device == nil {
		return nil
	}
	unit, err := r.device.Unit(r.unit)
	if err != nil {
		return nil
	}
	var marks []xMark
	for _, name := range unit.Caches {
		if s, err := r.device.Cache(name); err == nil && s.Capacity.Value > 0 {
			mib := float64(s.Capacity.Value) / float64(units.MiB)
			marks = append(marks, xMark{fmt.Sprintf("%s, %g MiB", name, mib), mib})
		}
	}
	return marks
}
