package html

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

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

// points sums the operators that compute, the dearest first.
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
	slices.SortStableFunc(computing, func(a, b point) int { return cmp.Compare(b.time, a.time) })
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

// roofs are the limits of the device for the model's weight format: DRAM's peak,
// what the unit and its runtime draw of it, what storage delivered where the model
// pages, and the unit's arithmetic.
func (r *Report) roofs(m *Model) []roof {
	peak, reach := r.bandwidths()
	if reach == 0 {
		return nil
	}
	rate := func(b units.BytesPerSecond) string { return profiles.Number(float64(b)/1e9) + " GB/s" }
	roofs := []roof{{name: "DRAM peak, " + rate(peak), bandwidth: peak}, {name: "DRAM usable, " + rate(reach), bandwidth: reach}}
	if c := m.focus().cost(); c.bytes.FlashRead > 0 && c.flashRate() > 0 {
		// A byte that comes from storage is written to DRAM and read there, so that the
		// roof stands by how many DRAM bytes a byte of storage makes.
		made := float64(c.bytes.DRAMRead+c.bytes.DRAMWrite) / float64(c.bytes.FlashRead)
		flash := units.BytesPerSecond(c.flashRate())
		roofs = append(roofs, roof{name: "flash, " + rate(flash), bandwidth: units.BytesPerSecond(float64(flash) * made)})
	}
	return append(roofs, r.peaks(m)...)
}

// peaks are the unit's rates of the arithmetic that the model's weights take.
func (r *Report) peaks(m *Model) []roof {
	unit, err := r.device.Unit(r.unit)
	if err != nil {
		return nil
	}
	runtime, err := r.device.Runtime(r.runtime, r.unit)
	if err != nil {
		return nil
	}
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
	var roofs []roof
	for _, rate := range unit.Rates {
		if types[rate.DType] {
			roofs = append(roofs, roof{name: profiles.Clean(unit.Name) + " peak, " + rate.DType, peak: rate.Peak.Value})
		}
	}
	return roofs
}

// mostNamed is how many of a phase's operators have their names in the chart.
const mostNamed = 6

// rooflineCaption explains where points lie.
func rooflineCaption(m *Model) string {
	s := "Operators, summed over layers, dearest named. On a slope: limited by that memory. On the flat line: by arithmetic. Far below: by launch overhead. Right edge: no DRAM traffic."
	if c := m.focus().cost(); c.bytes.FlashRead > 0 {
		s += " This model does not fit the memory that its app may use: it waits for flash."
	}
	return s
}

// roofline places every operator by intensity and rate, under the roofs of the
// device. Operators with hardly any DRAM traffic stand at the right edge.
func (r *Report) roofline(m *Model) (json.RawMessage, error) {
	points := m.points()
	roofs := r.roofs(m)
	left, right := extent(points)
	low, high := height(points, roofs)
	scatter := charts.NewScatter()
	scatter.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "log", Name: "multiply-accumulates per DRAM byte", NameLocation: "middle", NameGap: 28, Min: left, Max: right}),
		charts.WithYAxisOpts(opts.YAxis{Type: "log", Name: "GMAC/s", Min: low, Max: high}),
	)...)
	for _, s := range []struct {
		name, color, symbol string
		phase               traces.Phase
		repeated            bool
	}{
		{"decode", page.ColorWeights, "circle", traces.Decode, false},
		{"decode, shared repeat", page.ColorRepeat, "diamond", traces.Decode, true},
		{"prefill", page.ColorKV, "triangle", traces.Prefill, false},
		{"prefill, shared repeat", page.ColorActivation, "pin", traces.Prefill, true},
	} {
		if data := m.pointsOf(points, s.phase, s.repeated, s.symbol, right); len(data) > 0 {
			scatter.AddSeries(s.name, data, charts.WithItemStyleOpts(opts.ItemStyle{Color: s.color, Opacity: opts.Float(0.85)}))
		}
	}
	lines := charts.NewLine()
	for i, f := range roofs {
		kind := []string{"solid", "dashed", "dotted"}[min(i, 2)]
		color := page.ColorLine
		if f.peak > 0 {
			color, kind = page.ColorCompute, "solid"
		} else if i == 2 {
			color = page.ColorFlash
		}
		lines.AddSeries(f.name, page.LineData(f.between(left, right, low, high)),
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Symbol: "none"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: color, Width: 1.5, Type: kind}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: color}))
	}
	scatter.Overlap(lines)
	return page.Option(scatter)
}

// pointsOf are the points of a phase: place, intensity (0 without traffic), percent
// of the phase's time, and whether the name is to be shown.
func (m *Model) pointsOf(points []point, phase traces.Phase, repeated bool, symbol string, right float64) []opts.ScatterData {
	var whole units.Picoseconds
	for _, op := range m.sums.Ops() {
		if op.Phase == phase {
			whole += op.Time.Total()
		}
	}
	var data []opts.ScatterData
	for _, p := range points {
		if p.phase != phase || p.repeated != repeated {
			continue
		}
		intensity, named := p.intensity(), 0.0
		if math.IsInf(intensity, 0) {
			intensity = 0
		}
		if len(data) < mostNamed && phase == m.focus().phase {
			named = 1
		}
		x := math.Min(p.intensity(), right)
		data = append(data, opts.ScatterData{Name: profiles.Clean(p.op), Symbol: symbol, SymbolSize: 11,
			Value: []float64{significant(x, 5), significant(p.reached(), 5), significant(intensity, 5), round(100*float64(p.time)/float64(max(1, whole)), 2), named}})
	}
	return data
}

// between are the ends of a roof inside of the chart.
func (r roof) between(left, right, low, high float64) []page.XY {
	if r.bandwidth > 0 {
		scale := float64(r.bandwidth) / 1e9
		left, right = math.Max(left, low/scale), math.Min(right, high/scale)
	}
	return []page.XY{{left, r.at(left)}, {right, r.at(right)}}
}

// highestIntensity is where the axis of intensities ends at most: beyond it an
// operator has hardly any traffic, such as a shared block that is still on chip.
const highestIntensity = 1000

// extent is a range of intensities in whole decades around the points.
func extent(points []point) (left, right float64) {
	left, right = math.Inf(1), 0
	for _, p := range points {
		if i := p.intensity(); i < highestIntensity {
			left, right = math.Min(left, i), math.Max(right, i)
		}
	}
	if right == 0 {
		return 0.1, 100
	}
	return math.Max(1e-3, decade(left)), math.Min(highestIntensity, 10*decade(right))
}

// height is a range of rates in whole decades around the points, with no more than a
// decade above the roofs.
func height(points []point, roofs []roof) (low, high float64) {
	low, high = math.Inf(1), 0
	for _, p := range points {
		low, high = math.Min(low, p.reached()), math.Max(high, p.reached())
	}
	for _, r := range roofs {
		if r.peak > 0 {
			high = math.Max(high, r.at(1))
		}
	}
	if high == 0 {
		return 0.1, 10
	}
	return math.Max(1e-4, decade(low)), 10 * decade(high)
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

// significant keeps so many digits.
func significant(v float64, digits int) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	return round(v, digits-1-int(math.Floor(math.Log10(math.Abs(v)))))
}
