package profiles_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
	"pgregory.net/rapid"

	"github.com/memsim/memsim/profiles"
)

func write(t *testing.T, f func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// flatten joins the paths of nested JSON keys with dots.
func flatten(prefix string, v any, into map[string]any) {
	object, ok := v.(map[string]any)
	if !ok {
		into[prefix] = v
		return
	}
	for k, inner := range object {
		path := k
		if prefix != "" {
			path = prefix + "." + k
		}
		flatten(path, inner, into)
	}
}

func TestEveryJSONKeyIsACSVColumnWithTheSameValue(t *testing.T) {
	c := comparison()
	c.Results[0].HostTokensPerS = 31.5
	asJSON := write(t, func(b *bytes.Buffer) error { return profiles.WriteJSON(b, c) })
	asCSV := write(t, func(b *bytes.Buffer) error { return profiles.WriteCSV(b, c) })

	var object struct{ Results []map[string]any }
	if err := json.Unmarshal([]byte(asJSON), &object); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(asCSV)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1+len(c.Results) {
		t.Fatalf("%d CSV lines for %d results", len(records), len(c.Results))
	}
	for i, result := range object.Results {
		values := map[string]any{}
		flatten("", result, values)
		for column, key := range records[0] {
			cell := records[1+i][column]
			want, ok := values[key]
			if !ok {
				if cell != "" {
					t.Errorf("CSV has %s = %s, JSON leaves it out", key, cell)
				}
				continue
			}
			if n, isNumber := want.(float64); isNumber {
				got, err := strconv.ParseFloat(cell, 64)
				if err != nil || got != n {
					t.Errorf("%s: CSV %q, JSON %v", key, cell, n)
				}
			} else if cell != fmt.Sprint(want) {
				t.Errorf("%s: CSV %q, JSON %v", key, cell, want)
			}
			delete(values, key)
		}
		for key := range values {
			t.Errorf("JSON key %s has no CSV column", key)
		}
	}
}

func TestJSONHasTheContractsKeys(t *testing.T) {
	got := write(t, func(b *bytes.Buffer) error {
		return profiles.WriteJSON(b, profiles.Comparison{Memsim: "1", Device: "d", Unit: "cpu"})
	})
	if want := "{\n  \"memsim\": \"1\",\n  \"device\": \"d\",\n  \"unit\": \"cpu\",\n  \"results\": []\n}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFigureThatIsNoNumberIsRefusedByName(t *testing.T) {
	c := comparison()
	c.Results[1].EnergyPartsMJ.SRAM = math.NaN()
	for name, f := range map[string]func() error{
		"json":  func() error { return profiles.WriteJSON(&bytes.Buffer{}, c) },
		"csv":   func() error { return profiles.WriteCSV(&bytes.Buffer{}, c) },
		"md":    func() error { return profiles.WriteMarkdown(&bytes.Buffer{}, c) },
		"table": func() error { return profiles.WriteTable(&bytes.Buffer{}, c, profiles.Terminal{}) },
	} {
		err := f()
		if err == nil || !strings.Contains(err.Error(), "energy_parts_mj.sram") || !strings.Contains(err.Error(), "mobilellm-ls-125m") {
			t.Errorf("%s: error %v names neither the key nor the model", name, err)
		}
	}
}

func TestTableFitsTheTerminalAndShowsEveryModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := comparison()
		c.Results = nil
		for i := range rapid.IntRange(1, 9).Draw(t, "models") {
			name := rapid.StringMatching(`[a-z]{1,24}([-+][a-z0-9.=]{1,12}){0,4}`).Draw(t, "name")
			c.Results = append(c.Results, result(fmt.Sprintf("m%d-%s", i, name), 30, 30, rapid.Float64Range(1e-3, 1e4).Draw(t, "scale"), 0))
		}
		width := rapid.IntRange(72, 200).Draw(t, "width")
		var b bytes.Buffer
		if err := profiles.WriteTable(&b, c, profiles.Terminal{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := text.StringWidth(strings.TrimRight(line, "\n")); n > width {
				t.Fatalf("line of %d cells on a terminal of %d:\n%s", n, width, b.String())
			}
			if strings.HasSuffix(line, " \n") {
				t.Fatalf("line ends in blanks: %q", line)
			}
		}
		for i := range c.Results {
			if first := fmt.Sprintf("m%d", i); !strings.Contains(b.String(), first) {
				t.Fatalf("model %s is missing:\n%s", c.Results[i].Model, b.String())
			}
		}
	})
}

func TestColourIsOffUnlessAskedFor(t *testing.T) {
	c := comparison()
	plain := write(t, func(b *bytes.Buffer) error { return profiles.WriteTable(b, c, profiles.Terminal{}) })
	painted := write(t, func(b *bytes.Buffer) error { return profiles.WriteTable(b, c, profiles.Terminal{Color: true}) })
	if strings.Contains(plain, "\x1b") {
		t.Error("escape sequence without colour")
	}
	if !strings.Contains(painted, "\x1b[1m") {
		t.Error("nothing is bold with colour")
	}
	if stripped := text.StripEscape(painted); strings.Join(strings.Fields(stripped), " ") != strings.Join(strings.Fields(plain), " ") {
		t.Errorf("colour changes the text:\n%s\n%s", stripped, plain)
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := profiles.DetectTerminal(f, func(string) string { return "" }); got != (profiles.Terminal{}) {
		t.Errorf("a file is seen as %+v", got)
	}
}

func TestColourOnATerminalUnlessTheReaderSaysNo(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("needs a pseudo-terminal (/dev/ptmx)")
	}
	defer terminal.Close()
	if !term.IsTerminal(int(terminal.Fd())) {
		t.Skip("this system's /dev/ptmx is no terminal")
	}
	for name, c := range map[string]struct {
		environment map[string]string
		color       bool
	}{
		"plain":    {nil, true},
		"NO_COLOR": {map[string]string{"NO_COLOR": "1"}, false},
		"dumb":     {map[string]string{"TERM": "dumb"}, false},
	} {
		got := profiles.DetectTerminal(terminal, func(key string) string { return c.environment[key] })
		if got.Color != c.color {
			t.Errorf("%s: colour %v, want %v", name, got.Color, c.color)
		}
	}
}

func TestNamesCannotSteerATerminalOrATable(t *testing.T) {
	c := comparison()
	c.Results[0].Model = "evil\x1b[2J|\nname\u202e_*`<b>"
	for name, out := range map[string]string{
		"table": write(t, func(b *bytes.Buffer) error { return profiles.WriteTable(b, c, profiles.Terminal{}) }),
		"md":    write(t, func(b *bytes.Buffer) error { return profiles.WriteMarkdown(b, c) }),
		"csv":   write(t, func(b *bytes.Buffer) error { return profiles.WriteCSV(b, c) }),
	} {
		if strings.ContainsAny(out, "\x1b\u202e") {
			t.Errorf("%s: a control rune came through: %q", name, out)
		}
	}
	md := write(t, func(b *bytes.Buffer) error { return profiles.WriteMarkdown(b, c) })
	if strings.Contains(md, "<b>") || !strings.Contains(md, `\|`) {
		t.Errorf("Markdown is not escaped:\n%s", md)
	}
}

func TestMarkdownRowsHaveEqualColumns(t *testing.T) {
	md := write(t, func(b *bytes.Buffer) error { return profiles.WriteMarkdown(b, comparison()) })
	columns := 0
	for line := range strings.Lines(md) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("a row of %d bars among rows of %d: %s", n, columns, line)
		}
	}
	if !strings.Contains(md, "29.0 (1.86×)") {
		t.Errorf("no ratio to the first row:\n%s", md)
	}
}

func TestNumbersKeepThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 12: "12", 0.00125: "0.00125", 15.6049: "15.6", 124.64: "125", 1234.5: "1234", 99994: "99994",
		123456: "123 k", 3204112: "3.20 M", 6.7e9: "6.70 G", -2.5: "-2.50", math.Inf(1): "-",
	} {
		if got := profiles.Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
}
