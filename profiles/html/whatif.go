package html

import (
	"slices"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
)

// whatIfRow is a line of the table of changes; bars are percent of the longest.
type whatIfRow struct {
	Change, How                  string
	Sum                          bool // the model as it is
	Latency, Ratio, DRAM, Energy string
	Width, SpanLeft, SpanWidth   float64

	ms   float64
	span *[2]float64
}

// whatIf puts the changes that were tried behind the waterfalls that say what a token
// waits for.
func (c *content) whatIf(from profiles.Comparison) error {
	if len(from.WhatIf) == 0 || len(from.Results) == 0 {
		return nil
	}
	chart := page.Chart{ID: "whatif", Kind: "whatif", Wide: true, Title: "What if: " + profiles.Clean(from.Results[0].Model) + " with one thing changed",
		Caption: "Each change alone, replayed. Whiskers and brackets hold 90 % of the draws of what is uncertain; a ratio is surer than a latency, since both share what is uncertain."}
	var err error
	if chart.Markup, err = drawing("whatif", whatIfRows(from)); err != nil {
		return err
	}
	at := slices.IndexFunc(c.Overview, func(c page.Chart) bool { return c.ID == "ideal" }) + 1
	c.Overview = slices.Insert(c.Overview, at, chart)
	return nil
}

func whatIfRows(c profiles.Comparison) []whatIfRow {
	r := &c.Results[0]
	asIs := profiles.WhatIf{LatencyMS: r.LatencyMS}
	if span, ok := r.Interval90["latency_ms_per_token"]; ok {
		asIs.Interval90 = &span
	}
	rows := []whatIfRow{{Change: "as it is", Sum: true, Latency: asIs.Text(), DRAM: profiles.Number(r.DRAMBytesPerToken / 1e6), Energy: profiles.Number(r.EnergyMJPerToken),
		ms: r.LatencyMS, span: asIs.Interval90}}
	for _, w := range c.WhatIf {
		rows = append(rows, whatIfRow{Change: profiles.Clean(w.Change), How: profiles.Clean(w.How), Latency: w.Text(), Ratio: w.Factor(),
			DRAM: profiles.Number(w.DRAMBytesPerToken / 1e6), Energy: profiles.Number(w.EnergyMJPerToken), ms: w.LatencyMS, span: w.Interval90})
	}
	most := 0.0
	for _, row := range rows {
		most = max(most, row.ms)
		if row.span != nil {
			most = max(most, row.span[1])
		}
	}
	for i := range rows {
		row := &rows[i]
		row.Width = round(100*row.ms/most, 3)
		if row.span != nil {
			row.SpanLeft, row.SpanWidth = round(100*row.span[0]/most, 3), round(100*(row.span[1]-row.span[0])/most, 3)
		}
	}
	return rows
}
