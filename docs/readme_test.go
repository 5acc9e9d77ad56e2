package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are what is to be read, from this folder.
var pages = []string{"../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md", "walkthrough.md", "extending.md", "formulas.md",
	"../devices/README.md", "../designspace/README.md", "../traces/FORMAT.md", "../sim/dram/DEVIATIONS.md"}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages {
		for _, match := range link.FindAllStringSubmatch(readPage(t, page), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), match[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
			}
		}
	}
}

// result is what of a result the README's first table shows.
type result struct {
	Latency float64 `json:"latency_ms_per_token"`
	DRAM    float64 `json:"dram_bytes_per_token"`
	Hits    float64 `json:"sram_hit_rate"`
	Energy  float64 `json:"energy_mj_per_token"`
	Load    float64 `json:"load_ms"`
}

func TestTheREADMEsTableIsWhatMemsimPrints(t *testing.T) {
	t.Parallel()
	out, err := newShell(t).run("memsim --device iphone13 --quant f16 --shape-only --quiet --format json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var reply struct{ Results []result }
	if err := json.Unmarshal([]byte(out), &reply); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(readPage(t, "../README.md"), "| ---: |\n")
	rows := strings.Split(table, "\n")
	for i, r := range reply.Results {
		cells := strings.Split(rows[i], " | ")
		for column, want := range map[int]string{
			1: fmt.Sprintf("%.1f", r.Latency), 3: fmt.Sprintf("%.0f", r.DRAM/1e6), 4: fmt.Sprintf("%.0f", 100*r.Hits),
			5: fmt.Sprintf("%.0f", r.Energy), 6: fmt.Sprintf("%.0f", r.Load),
		} {
			if shown := number.FindString(cells[column]); !near(shown, want) {
				t.Errorf("README: %s shows %s, memsim says %s", cells[0], cells[column], want)
			}
		}
	}
	if len(reply.Results) != 3 {
		t.Errorf("%d models, the README shows 3", len(reply.Results))
	}
}

var flagName = regexp.MustCompile(`--[a-z][a-z-]*`)

// The commands of the README have the flags that it gives them.
func TestTheREADMEsCommandsExist(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, b := range blocks(readPage(t, "../README.md")) {
		for _, line := range b.lines {
			line, _, _ = strings.Cut(line, " # ")
			rest, ok := strings.CutPrefix(line, "memsim ")
			if !ok {
				continue
			}
			help, err := s.run("memsim " + subcommand(rest) + " --help")
			if err != nil {
				t.Errorf("%s: %v\n%s", line, err, help)
			}
			for _, f := range flagName.FindAllString(rest, -1) {
				if !strings.Contains(help, f+" ") {
					t.Errorf("%s: there is no flag %s", line, f)
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
