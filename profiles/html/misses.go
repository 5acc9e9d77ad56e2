package html

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// misses gathers the stack distances of a run, of which the misses of every
// capacity follow at once.
type misses struct {
	distances *sram.Distances[missKey]
	uses      int64
}

type missKey struct {
	phase traces.Phase
	kind  traces.Kind
}

// defaultLine is the cache line without a device to ask.
const defaultLine = units.Bytes(64)

// line is the size of a line of the cache nearest to the unit.
func (r *Report) line() units.Bytes {
	for _, s := range r.caches() {
		if n := s.Line.Value; n > 0 && n&(n-1) == 0 {
			return n
		}
	}
	return defaultLine
}

func newMisses(line units.Bytes) misses {
	return misses{distances: sram.NewDistances[missKey](line)}
}

func (m *misses) add(r *sim.Row) {
	if r.Phase == traces.Load {
		return
	}
	for i := range r.Operands {
		o := &r.Operands[i]
		m.distances.Add(sram.Use[missKey]{Key: missKey{r.Phase, o.Kind}, Addr: o.Addr, Bytes: o.Bytes.Requested})
		m.uses++
	}
}

// missCurve draws what on-chip memories of rising capacity would leave to DRAM
// of a token, with the device's own marked.
func (r *Report) missCurve(m *Model) (json.RawMessage, error) {
	l := m.focus()
	all := m.misses.distances.Curve(func(k missKey) bool { return k.phase == l.phase })
	weights := m.misses.distances.Curve(func(k missKey) bool { return k == missKey{l.phase, traces.Weight} })
	line := charts.NewLine()
	capacities := capacitiesUpTo(units.Bytes(m.header.ModelBytes))
	line.SetGlobalOptions(page.Global(
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}),
		charts.WithXAxisOpts(opts.XAxis{Type: "log", Name: "capacity of the on-chip memory (MiB)", NameLocation: "middle", NameGap: 28,
			Min: mebibytes(capacities[0]), Max: mebibytes(capacities[len(capacities)-1])}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Name: "MB/token missed", Min: 0}),
	)...)
	for _, s := range []struct {
		name, color, kind string
		curve             sram.Curve
	}{{"all bytes", page.ColorDRAM, "solid", all}, {"weights", page.ColorWeights, "dashed", weights}} {
		var points []page.XY
		for _, c := range capacities {
			points = append(points, page.XY{round(mebibytes(c), 4), round(float64(s.curve.Misses(c))/1e6/l.over, 5)})
		}
		options := []charts.SeriesOpts{
			charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false), Symbol: "circle"}),
			charts.WithLineStyleOpts(opts.LineStyle{Color: s.color, Width: 2, Type: s.kind}),
			charts.WithItemStyleOpts(opts.ItemStyle{Color: s.color}),
		}
		if s.name == "all bytes" {
			options = append(options, page.OnX(page.ColorLine, r.capacities(m)))
		}
		line.AddSeries(s.name, page.LineData(points), options...)
	}
	return page.Option(line)
}

// capacitiesUpTo are eight capacities an octave, from 64 KiB to twice a size.
func capacitiesUpTo(size units.Bytes) []units.Bytes {
	list := []units.Bytes{64 * units.KiB}
	for i := 1; list[len(list)-1] < 2*size || i <= 64; i++ {
		list = append(list, units.Bytes(float64(64*units.KiB)*math.Pow(2, float64(i)/8)))
	}
	return list
}

func mebibytes(n units.Bytes) float64 { return float64(n) / float64(units.MiB) }

// capacities are the places of the caches, and of a block, on an axis of MiB.
func (r *Report) capacities(m *Model) []page.XMark {
	var marks []page.XMark
	if block := m.block(); block >= float64(64*units.KiB) {
		marks = append(marks, page.XMark{Name: "a block, " + megabytes(block), X: round(block/float64(units.MiB), 4)})
	}
	for _, s := range r.caches() {
		if mib := mebibytes(s.Capacity.Value); mib > 0 {
			marks = append(marks, page.XMark{Name: fmt.Sprintf("%s, %g MiB", s.Name, mib), X: mib})
		}
	}
	return marks
}
