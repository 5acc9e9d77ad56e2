package profiles

import (
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/memsim/memsim/sim"
)

// markdownColumns are the columns of the Markdown table: fewer than there are
// figures, so that a row per model can still be read.
var markdownColumns = []struct {
	title string
	cell  func(r, base *sim.Result) string
}{
	{"parameters (M), run/stored", func(r, _ *sim.Result) string {
		return pair(Number(float64(r.Params)/1e6), Number(float64(r.StoredParams)/1e6))
	}},
	{"layers, run/stored", func(r, _ *sim.Result) string {
		return pair(strconv.Itoa(r.LayersExecuted), strconv.Itoa(r.LayersStored))
	}},
	{"ms/token", relative("latency_ms_per_token")},
	{"tokens/s", relative("tokens_per_s")},
	{"DRAM MB/token", relative("dram_bytes_per_token")},
	{"SRAM hits (%)", relative("sram_hit_rate")},
	{"mJ/token", relative("energy_mj_per_token")},
	{"DRAM + SRAM + flash + compute + static", func(r, _ *sim.Result) string {
		e := r.EnergyPartsMJ
		var parts []string
		for _, v := range []float64{e.DRAM, e.SRAM, e.Flash, e.Compute, e.Static} {
			parts = append(parts, strconv.FormatFloat(v, 'f', 2, 64))
		}
		return strings.Join(parts, " + ")
	}},
	{"mJ/token, whole phone", relative("whole_phone_energy_mj_per_token")},
	{"load (ms)", relative("load_ms")},
	{"tokens/charge", relative("tokens_per_charge")},
}

// pair writes two values that are often equal.
func pair(run, stored string) string {
	if run == stored {
		return run
	}
	return run + "/" + stored
}

// relative is the cell of a figure: its value and, behind the baseline, its
// multiple of the baseline's.
func relative(key string) func(r, base *sim.Result) string {
	var f Figure
	for _, candidate := range Figures {
		if candidate.Key == key {
			f = candidate
		}
	}
	return func(r, base *sim.Result) string {
		if !f.Applies(r) {
			return "-"
		}
		value := Number(f.Shown(r))
		if !f.Relative || r == base {
			return value
		}
		if ratio := Ratio(f.Value(r), f.Value(base)); ratio != "" {
			return value + " (" + ratio + ")"
		}
		return value
	}
}

// WriteMarkdown writes a Markdown table of a row per result, each figure with
// its multiple of the first result's, then the notes.
func WriteMarkdown(w io.Writer, c Comparison) error {
	if err := c.Validate(); err != nil {
		return err
	}
	t := table.NewWriter()
	t.Style().Format.Header = text.FormatDefault
	header := table.Row{"model", "weights"}
	var configs []table.ColumnConfig
	for _, column := range markdownColumns {
		header = append(header, column.title)
		configs = append(configs, table.ColumnConfig{Number: len(header), Align: text.AlignRight})
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for i := range c.Results {
		r := &c.Results[i]
		row := table.Row{escapeMarkdown(r.Model), escapeMarkdown(r.Quant)}
		for _, column := range markdownColumns {
			row = append(row, column.cell(r, &c.Results[0]))
		}
		t.AppendRow(row)
	}
	out := "**" + escapeMarkdown(c.Heading()) + "**\n\n" + t.RenderMarkdown() + "\n"
	for i, note := range c.Notes {
		if i == 0 {
			out += "\n"
		}
		out += "- " + escapeMarkdown(note) + "\n"
	}
	_, err := io.WriteString(w, out)
	return err
}

// escapeMarkdown makes s plain text; the table writer escapes bars itself. An
// underscore within a word is one already.
func escapeMarkdown(s string) string {
	runes := []rune(Clean(s))
	within := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	var out strings.Builder
	for i, r := range runes {
		switch {
		case r == '<':
			out.WriteString("&lt;")
			continue
		case strings.ContainsRune("\\*`[]", r), r == '_' && !(within(i-1) && within(i+1)):
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
