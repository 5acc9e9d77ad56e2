package html

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
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
		{Label: "latency", Value: profiles.Number(r.LatencyMS), Unit: "ms/token"},
		{Label: "speed", Value: profiles.Number(r.TokensPerS), Unit: "tokens/s"},
		{Label: "DRAM traffic", Value: profiles.Number(r.DRAMBytesPerToken / 1e6), Unit: "MB/token"},
		{Label: "energy, whole phone", Value: profiles.Number(r.PhoneEnergyMJ), Unit: "mJ/token"},
	}
	if r.TokensPerCharge > 0 {
		list = append(list, page.Tile{Label: "battery charge", Value: profiles.Number(r.TokensPerCharge), Unit: "tokens"})
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
	make func() (json.RawMessage, string, error) // options, and the unit where it is chosen by what there is
	some bool
}

// plain is a chart whose unit is fixed.
func plain(draw func() (json.RawMessage, error)) func() (json.RawMessage, string, error) {
	return func() (json.RawMessage, string, error) {
		option, err := draw()
		return option, "", err
	}
}

// made makes the charts, with identifiers of their own.
func made(suffix string, builds []build) ([]page.Chart, error) {
	var charts []page.Chart
	for _, b := range builds {
		if !b.some {
			continue
		}
		if b.make != nil {
			option, unit, err := b.make()
			if err != nil {
				return nil, err
			}
			b.Option = option
			if unit != "" {
				b.Unit = unit
			}
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
	enlarged, err := m.enlarged()
	if err != nil {
		return panel{}, err
	}
	charts, err := made(fmt.Sprintf("-%d", index), []build{
		{page.Chart{ID: "icicle", Title: "What a " + l.per + " is made of", Kind: "icicle", Wide: true,
			Caption: "Part of the decoder, operator, layer. Choose a box to enlarge it, and again to go back."}, plain(l.icicle), some},
		{enlarged, nil, len(m.closeUp.rows) > 0},
		{page.Chart{ID: "traffic", Title: "DRAM traffic over time", Unit: "GB/s", Height: 300,
			Caption: fmt.Sprintf("Means over %s; scroll to zoom, drag to move.", duration(m.traffic.width))},
			plain(func() (json.RawMessage, error) { return r.overTime(m) }), len(m.traffic.bins) > 0},
		{page.Chart{ID: "layers", Title: "DRAM traffic by layer", Unit: "MB", Height: 300, Caption: repeatCaption(l)},
			l.layerTraffic, some},
		{page.Chart{ID: "time", Title: "Time by layer", Unit: "µs", Height: 300}, l.layerTime, some},
		{page.Chart{ID: "joules", Title: "Energy by layer", Unit: "µJ", Height: 300}, l.layerEnergy, some},
		{page.Chart{ID: "roofline", Title: "Roofline", Unit: "GMAC/s", Kind: "points", Height: 400, Caption: rooflineCaption(m)},
			plain(func() (json.RawMessage, error) { return r.roofline(m) }), len(m.points()) > 0},
		{page.Chart{ID: "misses", Title: "What a cache of each size would miss", Unit: "MB", Height: 400,
			Caption: "Bytes that a fully associative LRU cache of that capacity would miss, from the stack distance of every access. A shared block is read once a token from the capacity on at which it fits."},
			plain(func() (json.RawMessage, error) { return r.missCurve(m) }), m.misses.uses > 0},
		{page.Chart{ID: "tokens", Title: "Latency by position", Unit: "ms", Height: 240,
			Caption: "Attention reads a KV cache that grows with every token."},
			plain(m.byToken), m.latencyMoves()},
	})
	p := panel{Index: index, Name: name, Views: []view{{Phase: string(l.phase), Per: l.per, Charts: charts, Operators: l.operators(), Repeats: repeatCaption(l) != ""}}}
	if l, ok := m.prompt(); ok && err == nil {
		charts, err = made(fmt.Sprintf("-prompt-%d", index), []build{
			{page.Chart{ID: "time", Title: "Time by layer", Unit: "µs", Height: 300}, l.layerTime, some},
			{page.Chart{ID: "layers", Title: "DRAM traffic by layer", Unit: "MB", Height: 300}, l.layerTraffic, some},
		})
		p.Views = append(p.Views, view{Phase: string(l.phase), Per: l.per, Charts: charts, Operators: l.operators(), Repeats: repeatCaption(l) != ""})
	}
	return p, err
}

// repeatCaption explains empty bars where blocks run again.
func repeatCaption(l lens) string {
	for op := range l.ops {
		if op.Repeated {
			return "A shared block still in the cache causes no DRAM traffic on its second run."
		}
	}
	return ""
}

// duration writes a time in the unit that suits it.
func duration(t units.Picoseconds) string {
	if us := t.Nanoseconds() / 1e3; us < 1000 {
		return profiles.Number(us) + " µs"
	}
	return profiles.Number(t.Milliseconds()) + " ms"
}
