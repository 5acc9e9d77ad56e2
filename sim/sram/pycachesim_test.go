package sram

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/memsim/memsim/units"
)

// counted is what pycachesim counts, in lines; see testdata/README.md.
type counted struct {
	Line   units.Bytes `json:"line"`
	Levels []struct {
		Sets int `json:"sets"`
		Ways int `json:"ways"`
	} `json:"levels"`
	Repeat int     `json:"repeat"`
	Hits   []int64 `json:"hits"`
	Misses int64   `json:"misses"`
}

func (c *counted) configs() []Config {
	var configs []Config
	for _, l := range c.Levels {
		configs = append(configs, Config{Capacity: c.Line * units.Bytes(l.Sets*l.Ways), Line: c.Line, Ways: l.Ways})
	}
	return configs
}

// inLines replays two decode steps of whole lines, as loads.
func (c *counted) inLines(h *Hierarchy) (hits []int64, misses int64) {
	hits = make([]int64, len(c.Levels))
	for step := range 2 {
		for _, a := range decodeStep(30, c.Repeat, 200+step) {
			line := uint64(c.Line)
			first, end := a.addr/line, (a.addr+uint64(a.n)-1)/line+1
			out := h.Access(first*line, units.Bytes((end-first)*line), false)
			for i, n := range out.Hit {
				hits[i] += int64(n / c.Line)
			}
			misses += int64(out.Miss / c.Line)
		}
	}
	return hits, misses
}

// An independent simulator counts the same hits and misses at each level.
func TestAgainstPycachesim(t *testing.T) {
	file, err := os.Open("testdata/pycachesim.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var want counted
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		hits, misses := want.inLines(mustHierarchy(t, want.configs()...))
		if !slices.Equal(hits, want.Hits) || misses != want.Misses {
			t.Errorf("%+v: %v lines hit, %d missed; pycachesim %v and %d", want.Levels, hits, misses, want.Hits, want.Misses)
		}
	}
}
