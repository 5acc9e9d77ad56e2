package html

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
)

func heading(c profiles.Comparison) string {
	c.Unit, c.Runtime, c.Energy = "", "", ""
	return "What a token costs on " + profiles.Clean(c.Heading())
}

// eyebrow is the line above the heading: program, unit and what was assumed.
func eyebrow(c profiles.Comparison) string {
	parts := []string{"memsim " + c.Memsim, c.Unit, c.Runtime}
	if c.Energy != "" {
		parts = append(parts, "energy: "+c.Energy)
	}
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, profiles.Clean(p))
		}
	}
	return strings.Join(some, " · ")
}

func tiles(results []sim.Result) []page.Tile {
	if len(results) == 0 {
		return nil
	}
	r := &results[0]
	list := []page.Tile{
		{Label: "speed", Value: profiles.Number(r.TokensPerS), Unit: "tokens/s"},
		{Label: "latency", Value: profiles.Number(r.LatencyMS), Unit: "ms/token"},
		{Label: "DRAM traffic", Value: profiles.Number(r.DRAMBytesPerToken / 1e6), Unit: "MB/token"},
		{Label: "whole phone", Value: profiles.Number(r.PhoneEnergyMJ), Unit: "mJ/token"},
	}
	if r.TokensPerCharge > 0 {
		list = append(list, page.Tile{Label: "a battery charge", Value: profiles.Number(r.TokensPerCharge), Unit: "tokens"})
	}
	return list
}

func figures(results []sim.Result) []figureRow {
	var rows []figureRow
	group := profiles.Group("")
	for _, f := range profiles.Figures {
		row := figureRow{Figure: f, Group: f.Group != group}
		some := false
		for i := range results {
			r := &results[i]
			cell := figureCell{Value: f.Value(r), Text: profiles.Number(f.Shown(r))}
			if !f.Applies(r) {
				cell.Text = "–"
			}
			if f.Relative && i > 0 {
				cell.Ratio = profiles.Ratio(cell.Value, f.Value(&results[0]))
			}
			some = some || cell.Value != 0
			row.Cells = append(row.Cells, cell)
		}
		if some {
			rows, group = append(rows, row), f.Group
		}
	}
	return rows
}

// build is a chart that is made if there is something to show.
type build struct {
	page.Chart
	make func() (json.RawMessage, error)
	some bool
}

// made makes the charts, with identifiers of their own.
func made(suffix string, builds []build) ([]page.Chart, error) {
	var charts []page.Chart
	for _, b := range builds {
		if !b.some {
			continue
		}
		var err error
		if b.Option, err = b.make(); err != nil {
			return nil, err
		}
		b.ID += suffix
		charts = append(charts, b.Chart)
	}
	return charts, nil
}

// panel builds the charts and tables of one model.
func (r *Report) panel(index int, m *Model, name string) (panel, error) {
	l := m.focus()
	some := len(m.sums.Ops()) > 0
	charts, err := made(fmt.Sprintf("-%d", index), []build{
		{page.Chart{ID: "traffic", Title: "DRAM traffic over time", Unit: "GB/s", Height: 280,
			Caption: fmt.Sprintf("Means over %s µs; scroll to zoom, drag to move.", profiles.Number(m.traffic.width.Nanoseconds()/1e3))},
			m.overTime, len(m.traffic.bins) > 0},
		{page.Chart{ID: "layers", Title: "DRAM traffic by layer", Unit: "MB", Height: 280,
			Caption: "A shared block that is still on chip when it runs again moves nothing."},
			l.layerTraffic, some},
		{page.Chart{ID: "time", Title: "Time by layer", Unit: "µs", Height: 280}, l.layerTime, some},
		{page.Chart{ID: "joules", Title: "Energy by layer", Unit: "µJ", Height: 280}, l.layerEnergy, some},
		{page.Chart{ID: "roofline", Title: "Roofline", Unit: "GMAC/s", Kind: "points", Height: 360,
			Caption: "Each operator, summed over layers. Under the slope it waits for DRAM, under the flat roof for arithmetic; far below both, for its launch. At the right edge stand operators without DRAM traffic."},
			func() (json.RawMessage, error) { return r.roofline(m) }, len(m.points()) > 0},
		{page.Chart{ID: "misses", Title: "What a larger SRAM would save", Unit: "MB", Height: 360,
			Caption: "Bytes that a fully associative LRU memory of that capacity would miss, from the stack distance of every access."},
			func() (json.RawMessage, error) { return r.missCurve(m) }, m.misses.uses > 0},
		{page.Chart{ID: "tokens", Title: "Latency by position", Unit: "ms", Height: 240,
			Caption: "Attention reads a KV cache that grows with every token."},
			m.byToken, len(m.steps) > 1},
	})
	p := panel{Index: index, Name: name, Views: []view{{string(l.phase), l.per, charts, l.operators()}}}
	if l, ok := m.prompt(); ok && err == nil {
		charts, err = made(fmt.Sprintf("-prompt-%d", index), []build{
			{page.Chart{ID: "time", Title: "Time by layer", Unit: "µs", Height: 280}, l.layerTime, some},
			{page.Chart{ID: "layers", Title: "DRAM traffic by layer", Unit: "MB", Height: 280}, l.layerTraffic, some},
		})
		p.Views = append(p.Views, view{string(l.phase), l.per, charts, l.operators()})
	}
	return p, err
}
