package profiles

import (
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/memsim/memsim/sim"
)

// Terminal says what the reader of a table sees it on.
type Terminal struct {
	Width int  // cells of a line; 0 is 80
	Color bool // escape sequences for bold, faint and colour
}

// DetectTerminal describes w. Colour is for terminals only, and never where
// NO_COLOR is set or TERM is "dumb" (no-color.org); getenv is os.Getenv outside
// of tests.
func DetectTerminal(w io.Writer, getenv func(string) string) Terminal {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Terminal{}
	}
	t := Terminal{Color: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		t.Width = width
	}
	return t
}

// minWidth is the narrowest layout; a narrower terminal wraps or scrolls.
const minWidth = 40

func (t Terminal) width() int {
	if t.Width <= 0 {
		return 80
	}
	return max(t.Width, minWidth)
}

func (t Terminal) bold(s string) string  { return t.paint(s, "\x1b[1m") }
func (t Terminal) faint(s string) string { return t.paint(s, "\x1b[2m") }

func (t Terminal) paint(s, sequence string) string {
	if !t.Color || s == "" {
		return s
	}
	return sequence + s + "\x1b[0m"
}

// WriteTable writes c for a terminal: models side by side, a line per figure,
// each with its multiple of the first model's. Models that do not fit beside
// the first follow in further tables, each of which repeats the first. Notes
// stand below.
func WriteTable(w io.Writer, c Comparison, t Terminal) error {
	if err := c.Validate(); err != nil {
		return err
	}
	var out strings.Builder
	out.WriteString(t.bold(Clean(c.Heading())) + "\n")
	for _, sentence := range verdict(c) {
		out.WriteString(wrap(sentence, t.width()) + "\n")
	}
	for rest := c.Results; len(rest) > 0; {
		group, n := t.fitting(c.Results, rest)
		out.WriteString("\n" + t.render(group, c.Results, shown(c.Results)) + "\n")
		rest = rest[n:]
	}
	out.WriteString(t.whatIf(c))
	for i, note := range c.Notes {
		if i == 0 {
			out.WriteString("\n")
		}
		out.WriteString(t.faint("· ") + strings.ReplaceAll(wrap(Clean(note), t.width()-2), "\n", "\n  ") + "\n")
	}
	_, err := io.WriteString(w, trimLines(out.String()))
	return err
}

// wrap breaks a sentence into lines, never between a number and its unit.
func wrap(s string, width int) string {
	const joint = "\uE000" // a letter to the wrapper
	for _, unit := range []string{"%", "ms", "MB", "mJ", "GB/s"} {
		s = strings.ReplaceAll(s, " "+unit, joint+unit)
	}
	s = strings.TrimRight(text.WrapSoft(s, width), " ")
	return strings.ReplaceAll(s, joint, " ")
}

// Widths of the columns: names and units of figures are known, the ratio is
// "1.86×" and a space, and two cells stand between columns.
const (
	labelWidth = 17
	unitWidth  = 8
	ratioWidth = 7
	valueWidth = 7
	gap        = 2
)

// fitting returns the results of the next table, the baseline first, and how
// many of rest are among them.
func (t Terminal) fitting(all, rest []sim.Result) (group []sim.Result, n int) {
	width := labelWidth + gap + unitWidth
	if len(rest) < len(all) {
		group = append(group, all[0])
		width += gap + columnWidth(&all[0], 0)
	}
	for i := range rest {
		width += gap + columnWidth(&rest[i], len(group))
		if width > t.width() && len(group) >= 2 {
			break
		}
		group = append(group, rest[i])
		n++
	}
	return group, n
}

func columnWidth(r *sim.Result, column int) int {
	longest := valueWidth
	if column > 0 {
		longest += ratioWidth
	}
	for _, line := range nameLines(r.Model) {
		longest = max(longest, text.StringWidth(line))
	}
	return longest
}

// nameWidth is the width at which names of models are broken.
const nameWidth = 17

// nameLines breaks a model's name into lines, so that long names do not make
// wide columns.
func nameLines(name string) []string {
	var lines []string
	line := ""
	for _, piece := range namePieces(Clean(name)) {
		for line != "" && text.StringWidth(line+piece) > nameWidth {
			lines, line = append(lines, line), ""
		}
		line += piece
		for text.StringWidth(line) > nameWidth {
			head := text.Trim(line, nameWidth)
			lines, line = append(lines, head), line[len(head):]
		}
	}
	return append(lines, line)
}

// namePieces splits a name where it may be broken: before plus signs, which set
// off changes of a named model, and where that is not enough after hyphens,
// slashes and blanks.
func namePieces(name string) []string {
	var pieces []string
	for _, change := range splitAt(name, func(_, next rune) bool { return next == '+' }) {
		if text.StringWidth(change) <= nameWidth {
			pieces = append(pieces, change)
			continue
		}
		pieces = append(pieces, splitAt(change, func(last, _ rune) bool { return strings.ContainsRune("-/ ", last) })...)
	}
	return pieces
}

// splitAt cuts s between each two runes for which cut holds.
func splitAt(s string, cut func(last, next rune) bool) []string {
	var parts []string
	start := 0
	last := rune(0)
	for i, next := range s {
		if i > 0 && cut(last, next) {
			parts, start = append(parts, s[start:i]), i
		}
		last = next
	}
	return append(parts, s[start:])
}

// render returns one table of some of all models side by side; a figure has the same
// decimals in all tables.
func (t Terminal) render(results, all []sim.Result, figures []Figure) string {
	w := table.NewWriter()
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = strings.Repeat(" ", gap), ""
	w.SetStyle(style)
	configs := []table.ColumnConfig{{Number: 1, WidthMin: labelWidth}, {Number: 2, WidthMin: unitWidth}}
	header := table.Row{"", ""}
	for i := range results {
		header = append(header, t.name(results[i].Model))
		configs = append(configs, table.ColumnConfig{Number: i + 3, Align: text.AlignRight, AlignHeader: text.AlignRight, VAlignHeader: text.VAlignBottom})
	}
	w.SetColumnConfigs(configs)
	w.AppendHeader(header)
	w.AppendRow(t.words("weight format", results, func(r *sim.Result) string { return r.Quant }))
	w.AppendRow(t.words("layer sharing", results, func(r *sim.Result) string { return r.Sharing }))
	group := ModelGroup
	var format numberFormat
	for _, f := range figures {
		if f.Group != group {
			w.AppendRow(table.Row{""})
			group = f.Group
		}
		if !f.Part { // parts keep the decimals of their sum
			format = formatFor(f, all)
		}
		w.AppendRow(t.figure(f, format, results))
		if row := t.interval(f, format, results); row != nil {
			w.AppendRow(row)
		}
	}
	return dropMargin(w.Render())
}

func (t Terminal) name(model string) string {
	lines := nameLines(model)
	for i := range lines {
		lines[i] = t.bold(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (t Terminal) words(label string, results []sim.Result, value func(*sim.Result) string) table.Row {
	row := table.Row{label, ""}
	for i := range results {
		row = append(row, Clean(value(&results[i]))+t.ratio("", i))
	}
	return row
}

func (t Terminal) figure(f Figure, format numberFormat, results []sim.Result) table.Row {
	name, unit := f.Label, f.Unit
	if f.Part {
		name = "  " + name
	}
	row := table.Row{name, t.faint(strings.TrimSpace(format.prefix + unit))}
	base := f.Value(&results[0])
	for i := range results {
		r := &results[i]
		if !f.Applies(r) {
			row = append(row, "-"+t.ratio("", i))
			continue
		}
		value := format.text(f.Shown(r))
		if f.Key == "latency_ms_per_token" || f.Key == "energy_mj_per_token" {
			value = t.bold(value)
		}
		ratio := ""
		if f.Relative && i > 0 {
			ratio = Ratio(f.Value(r), base)
		}
		row = append(row, value+t.ratio(ratio, i))
	}
	return row
}

// ratio pads a ratio to its column; the baseline's column has none.
func (t Terminal) ratio(ratio string, column int) string {
	if column == 0 {
		return ""
	}
	return t.faint(text.AlignRight.Apply(ratio, ratioWidth))
}

// dropMargin removes the padding before the first column.
func dropMargin(rendered string) string {
	lines := strings.Split(rendered, "\n")
	for i, l := range lines {
		if runes := []rune(l); len(runes) >= gap {
			lines[i] = string(runes[gap:])
		}
	}
	return strings.Join(lines, "\n")
}

// trimLines drops blanks at the ends of lines, which copied text would carry.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

// interval is the line below a figure that is worth comparing: where the central
// 90 % of its draws lie; nil if none is known.
func (t Terminal) interval(f Figure, format numberFormat, results []sim.Result) table.Row {
	row, any := table.Row{"  90 %", ""}, false
	for i := range results {
		text := ""
		if span, ok := f.Interval(&results[i]); ok && f.Relative {
			text, any = Number(span[0])+"–"+Number(span[1]), true
		}
		row = append(row, t.faint(text))
	}
	if !any {
		return nil
	}
	return row
}
