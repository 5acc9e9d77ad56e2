package html

import (
	"encoding/json"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// decodeStep is what one token cost.
type decodeStep struct {
	token int32
	time  units.Picoseconds
}

// step adds a row to its decode step.
func (m *Model) step(r *sim.Row) {
	if r.Phase != traces.Decode {
		return
	}
	if n := len(m.steps); n == 0 || m.steps[n-1].token != r.Token {
		m.steps = append(m.steps, decodeStep{token: r.Token})
	}
	m.steps[len(m.steps)-1].time += r.Time.Total()
}

// maxSteps is how many steps a chart shows; of more, each shown one stands for
// the mean of some.
const maxSteps = 256

// byToken draws time by position: attention reads a KV cache that grows with
// every token.
func (m *Model) byToken() (json.RawMessage, error) {
	line := charts.NewLine()
	line.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Name: "position of the token", NameLocation: "middle", NameGap: 28, Scale: opts.Bool(true), MinInterval: 1}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: "ms/token", Min: 0}),
	)...)
	var points []page.XY
	group := (len(m.steps) + maxSteps - 1) / maxSteps
	for i := 0; i < len(m.steps); i += group {
		some := m.steps[i:min(i+group, len(m.steps))]
		var time units.Picoseconds
		for _, s := range some {
			time += s.time
		}
		points = append(points, page.XY{float64(some[0].token), round(time.Milliseconds()/float64(len(some)), 6)})
	}
	line.AddSeries("latency", page.LineData(points),
		charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(len(points) < 40), SymbolSize: 5}),
		charts.WithLineStyleOpts(opts.LineStyle{Color: page.ColorDRAM, Width: 2}),
		charts.WithItemStyleOpts(opts.ItemStyle{Color: page.ColorDRAM}))
	return page.Option(line)
}

// latencyMoves reports whether latency depends enough on the position to be drawn: by
// a twentieth between the least and the largest.
func (m *Model) latencyMoves() bool {
	if len(m.steps) < 2 {
		return false
	}
	low, high := m.steps[0].time, m.steps[0].time
	for _, s := range m.steps {
		low, high = min(low, s.time), max(high, s.time)
	}
	return float64(high) > 1.05*float64(low)
}
