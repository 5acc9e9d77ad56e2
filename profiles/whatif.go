package profiles

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// WhatIf is what a token of the first model would cost if one thing were different.
type WhatIf struct {
	Change string `json:"change"` // in words: "twice the DRAM bandwidth"
	How    string `json:"how"`    // what was changed: "dram.channels=8", "quant=q4_0"

	LatencyMS         float64 `json:"latency_ms_per_token"`
	DRAMBytesPerToken float64 `json:"dram_bytes_per_token"`
	EnergyMJPerToken  float64 `json:"energy_mj_per_token"`
	// Ratio is the latency over that of the first model as it is. Its interval is
	// narrower than the latency's: what is uncertain is so for both.
	Ratio           float64     `json:"ratio"`
	Interval90      *[2]float64 `json:"interval90,omitempty"` // of the latency
	RatioInterval90 *[2]float64 `json:"ratio_interval90,omitempty"`
}

// Text is the latency with its interval, and Factor the ratio with its own.
func (w WhatIf) Text() string { return Number(w.LatencyMS) + " ms" + span(w.Interval90, "") }

// Factor is the ratio to the first model as it is, with its interval.
func (w WhatIf) Factor() string { return Ratio(w.Ratio, 1) + span(w.RatioInterval90, "×") }

// span writes an interval in brackets; "" if there is none.
func span(s *[2]float64, unit string) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(" (%s–%s%s)", Number(s[0]), Number(s[1]), unit)
}

// whatIf are the lines of the terminal's table: change, latency, ratio.
func (t Terminal) whatIf(c Comparison) string {
	if len(c.WhatIf) == 0 || len(c.Results) == 0 {
		return ""
	}
	cells := [][3]string{{"What if: a token of " + Clean(c.Results[0].Model)}}
	for _, w := range c.WhatIf {
		cells = append(cells, [3]string{"  " + Clean(w.Change), w.Text(), w.Factor()})
	}
	var widths [2]int
	for _, line := range cells[1:] {
		for i := range widths {
			widths[i] = max(widths[i], text.StringWidth(line[i]))
		}
	}
	if widths[0]+widths[1]+2*gap+text.StringWidth(cells[1][2]) > t.width() { // intervals go first
		widths[1] = 0
		for i, w := range c.WhatIf {
			cells[i+1][1], cells[i+1][2] = Number(w.LatencyMS)+" ms", Ratio(w.Ratio, 1)
			widths[1] = max(widths[1], text.StringWidth(cells[i+1][1]))
		}
	}
	var out strings.Builder
	out.WriteString("\n" + t.bold(cells[0][0]) + "\n")
	for _, line := range cells[1:] {
		out.WriteString(text.Pad(line[0], widths[0]+gap, ' ') + text.Pad(line[1], widths[1]+gap, ' ') + t.faint(line[2]) + "\n")
	}
	return out.String()
}

// Lever says which of the changes that were tried helps the first model most; "" if
// none saves a twentieth.
func Lever(c Comparison) string {
	best := -1
	for i, w := range c.WhatIf {
		if w.Ratio < 0.95 && (best < 0 || w.Ratio < c.WhatIf[best].Ratio) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	w := c.WhatIf[best]
	return fmt.Sprintf("Of what was tried, %s helps most: %s, %s.", Clean(w.Change), w.Text(), change(w.LatencyMS, w.LatencyMS/w.Ratio, "slower", "faster"))
}
