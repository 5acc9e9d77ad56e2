package html

import (
	"encoding/json"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// point is an operator of the roofline, summed over layers.
type point struct {
	op       string
	phase    traces.Phase
	repeated bool
	macs     int64
	bytes    units.Bytes
	time     units.Picoseconds
}

// intensity is multiply-accumulates per byte of DRAM traffic, +Inf without any.
func (p point) intensity() float64 { return float64(p.macs) / float64(p.bytes) }

// reached is the rate in GMAC/s.
func (p point) reached() float64 { return float64(p.macs) / p.time.Nanoseconds() }

// points sums the operators that compute, in the order in which they first ran.
func (m *Model) points() []point {
	type key struct {
		op       string
		phase    traces.Phase
		repeated bool
	}
	at := map[key]int{}
	var points []point
	for _, op := range m.sums.Ops() {
		k := key{op.Op, op.Phase, op.Repeated}
		i, ok := at[k]
		if !ok {
			i = len(points)
			at[k] = i
			points = append(points, point{op: op.Op, phase: op.Phase, repeated: op.Repeated})
		}
		points[i].macs += op.MACs
		points[i].bytes += op.Bytes.DRAMRead + op.Bytes.DRAMWrite
		points[i].time += op.Time.Total()
	}
	computing := points[:0]
	for _, p := range points {
		if p.macs > 0 && p.time > 0 {
			computing = append(computing, p)
		}
	}
	return computing
}

// roof is a limit on the rate: a bandwidth times intensity, or a peak.
type roof struct {
	name      string
	bandwidth units.BytesPerSecond // 0 for a peak
	peak      units.OpsPerSecond
}

func (r roof) at(intensity float64) float64 {
	if r.bandwidth > 0 {
		return float64(r.bandwidth) * intensity / 1e9
	}
	return float64(r.peak) / 1e9
}

// roofs are the limits of the device for the model's weight format: DRAM's
// peak, what the unit and its runtime draw of it, and the unit's arithmetic.
func (r *Report) roofs(m *Model) []roof {
	if r.device == nil {
		return nil
	}
	unit, err := r.device.Unit(r.unit)
	if err != nil {
		return nil
	}
	runtime, err := r.device.Runtime(r.runtime, r.unit)
	if err != nil {
		return nil
	}
	peak := r.device.PeakBandwidth()
	reach := units.BytesPerSecond(float64(peak) * float64(unit.Bandwidth.Value) * float64(runtime.BandwidthShare.Value))
	roofs := []roof{{name: "DRAM peak", bandwidth: peak}, {name: "DRAM, usable", bandwidth: reach}}
	types := map[string]bool{}
	for _, o := range m.sums.Operands() {
		if o.Kind != traces.Weight {
			continue
		}
		for _, a := range runtime.Arithmetic {
			if a.DType == o.DType {
				types[a.Compute] = true
			}
		}
	}
	for _, rate := range unit.Rates {
		if types[rate.DType] {
			roofs = append(roofs, roof{name: unit.Name + " peak, " + rate.DType, peak: rate.Peak.Value})
		}
	}
	return roofs
}

// roofline places every operator by intensity and rate, under the roofs of the
// device. Operators that touch no DRAM stand at the right edge.
func (r *Report) roofline(m *Model) (json.RawMessage, error) {
	points := m.points()
	roofs := r.roofs(m)
	left, right := extent(points)
	scatter := charts.NewScatter()
	scatter.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "log", Name: "multiply-accumulates per DRAM byte", NameLocation: "middle", NameGap: 28, Min: left, Max: right}),
		charts.WithYAxisOpts(opts.YAxis{Type: "log", Name: "GMAC/s", Min: floor(points)}),
	)...)
	for _, s := range []struct {
		name, color, symbol string
		match               func(point) bool
	}{
		{"decode", page.ColorDRAM, "circle", func(p point) bool { return p.phase == traces.Decode && !p.repeated }},
		{"decode, shared repeat", page.ColorRepeat, "diamond", func(p point) bool { return p.phase == traces.Decode && p.repeated }},
		{"prefill", page.ColorCompute, "triangle", func(p point) bool { return p.phase == traces.Prefill && !p.repeated }},
		{"prefill, shared repeat", page.ColorAct, "pin", func(p point) bool { return p.phase == traces.Prefill && p.repeated }},
	} {
		var data []opts.ScatterData
		for _, p := range points {
			if s.match(p) {
				data = append(data, opts.ScatterData{Name: profiles.Clean(p.op), Symbol: s.symbol, SymbolSize: 11,
					Value: []float64{round(math.Min(p.intensity(), right), 5), round(p.reached(), 5)}})
			}
		}
		if len(data) > 0 {
			scatter.AddSeries(s.name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: s.color, Opacity: opts.Float(0.85)}))
		}
	}
	lines := charts.NewLine()
	for i, f := range roofs {
		kind := []string{"solid", "dashed", "dotted"}[min(i, 2)]
		lines.AddSeries(f.name, page.LineData([]page.XY{{left, f.at(left)}, {right, f.at(right)}}),
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Symbol: "none"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: page.ColorLine, Width: 1.5, Type: kind}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: page.ColorLine}))
	}
	scatter.Overlap(lines)
	return page.Option(scatter)
}

// extent is a range of intensities in whole decades around the points.
func extent(points []point) (left, right float64) {
	left, right = math.Inf(1), 0
	for _, p := range points {
		if i := p.intensity(); !math.IsInf(i, 0) {
			left, right = math.Min(left, i), math.Max(right, i)
		}
	}
	if right == 0 {
		return 0.1, 100
	}
	return math.Max(1e-3, decade(left)), math.Min(1e6, 10*decade(right))
}

func floor(points []point) float64 {
	lowest := math.Inf(1)
	for _, p := range points {
		lowest = math.Min(lowest, p.reached())
	}
	if math.IsInf(lowest, 0) {
		return 0.1
	}
	return math.Max(1e-4, decade(lowest))
}

func decade(v float64) float64 { return math.Pow(10, math.Floor(math.Log10(v))) }

// round keeps digits decimals, so that the file holds no more than it shows.
func round(v float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	if r := math.Round(v*scale) / scale; !math.IsInf(r, 0) {
		return r
	}
	return v
}
