package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/fidelity/corpus"
)

// pages are what is to be read, from this folder.
var pages = []string{"../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md", "walkthrough.md", "extending.md", "formulas.md", "measurements.md", "your-phone.md",
	"../devices/README.md", "../designspace/README.md", "../traces/FORMAT.md", "../sim/dram/DEVIATIONS.md"}

// link matches the file and the heading that a link leads to; either may be
// empty.
var link = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)]*))?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages {
		for _, match := range link.FindAllStringSubmatch(readPage(t, page), -1) {
			file, heading := match[1], match[2]
			if strings.Contains(file, "://") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", page, file, err)
			} else if heading != "" && !slices.Contains(anchors(readPage(t, target)), heading) {
				t.Errorf("%s links to %s, which has no heading #%s", page, target, heading)
			}
		}
	}
}

var punctuation = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors are the headings of a page as links name them.
func anchors(page string) []string {
	var list []string
	for line := range strings.SplitSeq(page, "\n") {
		if strings.HasPrefix(line, "#") {
			text := punctuation.ReplaceAllString(strings.TrimLeft(line, "# "), "")
			list = append(list, strings.ReplaceAll(strings.ToLower(text), " ", "-"))
		}
	}
	return list
}

// result is what of a result the README's first table shows.
type result struct {
	Latency float64 `json:"latency_ms_per_token"`
	DRAM    float64 `json:"dram_bytes_per_token"`
	Hits    float64 `json:"sram_hit_rate"`
	Energy  float64 `json:"energy_mj_per_token"`
	Load    float64 `json:"load_ms"`
}

// cells returns the figures of the README's first table, by column: each with its
// multiple of the first row's.
func (r result) cells(first result) map[int][]string {
	multiple := func(v, base float64) string { return fmt.Sprintf("%.2f", v/base) }
	return map[int][]string{
		1: {fmt.Sprintf("%.1f", r.Latency), multiple(r.Latency, first.Latency)},
		3: {fmt.Sprintf("%.0f", r.DRAM/1e6), multiple(r.DRAM, first.DRAM)},
		4: {fmt.Sprintf("%.0f", 100*r.Hits)},
		5: {fmt.Sprintf("%.0f", r.Energy), multiple(r.Energy, first.Energy)},
		6: {fmt.Sprintf("%.0f", r.Load)},
	}
}

// measuredOnIPhone13 returns the milliseconds a token that validation has, by
// the model and its overrides: what the third column of the table shows.
func measuredOnIPhone13(t *testing.T) map[string]float64 {
	t.Helper()
	rows, err := corpus.Published()
	if err != nil {
		t.Fatal(err)
	}
	latency := map[string]float64{}
	for _, r := range rows {
		if r.Phone == "iphone13" && r.Metric == corpus.MSPerToken {
			latency[r.Model+" "+r.Overrides] = r.Value
		}
	}
	return latency
}

func TestTheREADMEsTableIsWhatMemsimPrints(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	out, err := s.run("memsim --device iphone13 --quant f16 --shape-only --timeline --quiet --format json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var reply struct{ Results []result }
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatal(err)
	}
	if len(reply.Results) != 3 {
		t.Fatalf("%d models, the README shows 3", len(reply.Results))
	}
	readme := readPage(t, "../README.md")
	_, table, _ := strings.Cut(readme, "| ---: |\n")
	rows := strings.Split(table, "\n")
	measured := measuredOnIPhone13(t)
	first := measured["mobilellm-125m "]
	for i, model := range []string{"mobilellm-125m ", "mobilellm-ls-125m ", "mobilellm-125m layers=60"} {
		cells := strings.Split(rows[i], " | ")
		want := reply.Results[i].cells(reply.Results[0])
		want[2] = []string{fmt.Sprintf("%.1f", measured[model]), fmt.Sprintf("%.2f", measured[model]/first)}
		for column, figures := range want {
			if i == 0 {
				figures = figures[:1] // a multiple of itself is not shown
			}
			if shown := number.FindAllString(cells[column], -1); !slices.EqualFunc(shown, figures, near) {
				t.Errorf("README: %s shows %s, memsim says %s", cells[0], cells[column], figures)
			}
		}
	}
	checkOutputs(t, readme, filepath.Join(s.dir, "memsim-out"))
}

// checkOutputs holds the README's table of files to those that a run has written.
func checkOutputs(t *testing.T, readme, folder string) {
	t.Helper()
	_, table, _ := strings.Cut(readme, "| file | what it is |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	names := map[string]bool{}
	for _, row := range strings.Split(table, "\n")[1:] {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
		for _, name := range inline.FindAllStringSubmatch(cell, -1) {
			names[strings.ReplaceAll(name[1], "…", "*")] = false
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		named := false
		for pattern := range names {
			if ok, err := filepath.Match(strings.TrimPrefix(pattern, "1-"), strings.TrimPrefix(e.Name(), "1-")); ok && err == nil {
				named, names[pattern] = true, true
			}
		}
		if !named {
			t.Errorf("the README does not say what %s is", e.Name())
		}
	}
	for name, found := range names {
		if !found {
			t.Errorf("the README names %s, which no run writes", name)
		}
	}
}

var fittedTo = regexp.MustCompile(`cost to (\d+) published times on (\d+) phones and boards`)

// score is what validate says of rows of one kind.
type score struct {
	Kind, Value string
	N           int
	MAE         float64 `json:"mae_pct"`
	Median      float64 `json:"median_pct"`
	Coverage    float64 `json:"coverage90"`
}

func TestTheREADMESaysWhatValidateFinds(t *testing.T) {
	t.Parallel()
	readme := readPage(t, "../README.md")
	said := fittedTo.FindStringSubmatch(strings.Join(strings.Fields(readme), " "))
	if said == nil {
		t.Fatal("the README does not say to what the fit is")
	}
	out, err := newShell(t).run("memsim validate --quiet --format json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var found struct {
		Points   []struct{ Device string }
		PhoneOut []score `json:"leave_phone_out"`
		ModelOut []score `json:"leave_model_out"`
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatal(err)
	}
	devices := map[string]bool{}
	for _, p := range found.Points {
		devices[p.Device] = true
	}
	if want := []string{fmt.Sprint(found.PhoneOut[0].N), fmt.Sprint(len(devices))}; !slices.Equal(said[1:], want) {
		t.Errorf("the README says %q of the fit, which is to %q", said[1:], want)
	}
	for what, scores := range map[string][]score{"its phone": found.PhoneOut, "its model": found.ModelOut} {
		var cells []string
		for _, of := range []string{"cpu decode", "cpu prefill", "gpu decode", "gpu prefill", "npu decode", "npu prefill"} {
			for _, s := range scores {
				if s.Kind == "unit and phase" && s.Value == of {
					cells = append(cells, fmt.Sprintf("%.0f %% (%.0f), %.0f %%", s.MAE, s.Median, s.Coverage))
				}
			}
		}
		if row := "| " + what + " | " + strings.Join(cells, " | ") + " |"; !strings.Contains(readme, row) {
			t.Errorf("the README lacks the row that validate gives:\n%s", row)
		}
	}
}

var (
	flagName = regexp.MustCompile(`--[a-z][a-z-]*`)
	inline   = regexp.MustCompile("`([^`]+)`")
)

// commandsOf returns the command lines of memsim on a page, of its blocks and of
// its text. A piece of text that begins with a flag is one of the main job.
func commandsOf(page string) []string {
	var list []string
	prose := page
	for _, b := range blocks(page) {
		list = append(list, b.lines...)
		prose = strings.Replace(prose, strings.Join(b.lines, "\n"), "", 1)
	}
	for _, m := range inline.FindAllStringSubmatch(strings.ReplaceAll(prose, "```", ""), -1) {
		line := strings.Join(strings.Fields(m[1]), " ")
		if strings.HasPrefix(line, "--") {
			line = "memsim " + line
		}
		list = append(list, line)
	}
	return slices.DeleteFunc(list, func(line string) bool { return !strings.HasPrefix(line, "memsim ") })
}

// The commands of pages have the flags that they are given there. The changelog
// names flags without their commands.
func TestCommandsOfPagesExist(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, page := range pages {
		if page == "../CHANGELOG.md" {
			continue
		}
		for _, line := range commandsOf(readPage(t, page)) {
			line, _, _ = strings.Cut(line, " # ")
			rest := strings.TrimPrefix(line, "memsim ")
			help, err := s.run("memsim " + subcommand(rest) + " --help")
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", page, line, err, help)
			}
			for _, f := range flagName.FindAllString(rest, -1) {
				if !strings.Contains(help, f+" ") {
					t.Errorf("%s: %s: there is no flag %s", page, line, f)
				}
			}
		}
	}
}

// subcommand returns the words of a command line in front of its arguments.
func subcommand(line string) string {
	var words []string
	for _, w := range strings.Fields(line) {
		if strings.ContainsAny(w, "-.") {
			break
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}
