package sweep

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// Goal is a figure that is to be small, or large.
type Goal struct {
	Key     string // as typed, without its sign
	Largest bool   // the larger the better
	figure  *Expression
}

// largest are the figures of which more is better; a user says so of others by
// a plus sign. Parameters and layers are among them: they stand for what a
// model can learn.
var largest = []string{
	"tokens_per_s", "tokens_per_charge", "host_tokens_per_s", "sram_hit_rate", "dram_row_hit_rate",
	"dram_bandwidth_gbps", "params", "stored_params", "layers_executed", "layers_stored", "layers",
}

// ParseGoals reads figures to trade against each other, such as
// "latency_ms_per_token,stored_params". Of a figure with a plus sign in front
// more is better, of one with a minus sign less; without a sign, what is usual.
func ParseGoals(text string, axes []Axis) ([]Goal, error) {
	var goals []Goal
	for part := range strings.SplitSeq(text, ",") {
		g := Goal{Key: strings.TrimSpace(part)}
		g.Largest = slices.Contains(largest, g.Key)
		if key, ok := strings.CutPrefix(g.Key, "+"); ok {
			g.Key, g.Largest = key, true
		} else if key, ok := strings.CutPrefix(g.Key, "-"); ok {
			g.Key, g.Largest = key, false
		}
		if slices.ContainsFunc(goals, func(o Goal) bool { return o.Key == g.Key }) {
			return nil, fault.Userf("--pareto %s: %s is there twice", text, g.Key)
		}
		var err error
		if g.figure, err = ParseFigure(g.Key, axes); err != nil {
			return nil, fault.Userf("--pareto %s: %w", text, err)
		}
		goals = append(goals, g)
	}
	if len(goals) < 2 {
		return nil, fault.Userf("--pareto %s: name at least two figures, such as latency_ms_per_token,energy_mj_per_token", text)
	}
	return goals, nil
}

// Value returns the figure of a row.
func (g Goal) Value(r *Row) (float64, error) { return g.figure.Number(r) }

// String returns the goal with its sign.
func (g Goal) String() string {
	if g.Largest {
		return "+" + g.Key
	}
	return "-" + g.Key
}

// Front keeps the rows that no other row beats: one that is at least as good in
// all goals and better in one. Rows that are equal in all goals beat each other
// not, and stay together.
type Front struct {
	goals []Goal
	kept  []member
}

type member struct {
	row   Row
	costs []float64 // less is better
}

// NewFront returns an empty front over goals.
func NewFront(goals []Goal) *Front { return &Front{goals: goals} }

// Goals returns what is traded.
func (f *Front) Goals() []Goal { return f.goals }

// Add takes a row into account, unless it has no figures of a run.
func (f *Front) Add(r *Row) error {
	if !r.Ran() {
		return nil
	}
	m := member{row: *r}
	for _, g := range f.goals {
		v, err := g.Value(r)
		if err != nil {
			return err
		}
		if g.Largest {
			v = -v
		}
		m.costs = append(m.costs, v)
	}
	for i := range f.kept {
		if f.kept[i].beats(m) {
			return nil
		}
	}
	f.kept = slices.DeleteFunc(f.kept, m.beats)
	f.kept = append(f.kept, m)
	return nil
}

func (m member) beats(o member) bool {
	better := false
	for i, c := range m.costs {
		if c > o.costs[i] {
			return false
		}
		better = better || c < o.costs[i]
	}
	return better
}

// Rows returns the front, the best in the first goal first.
func (f *Front) Rows() []Row {
	sorted := slices.Clone(f.kept)
	slices.SortStableFunc(sorted, func(a, b member) int {
		if c := slices.Compare(a.costs, b.costs); c != 0 {
			return c
		}
		return a.row.Index - b.row.Index
	})
	rows := make([]Row, len(sorted))
	for i, m := range sorted {
		rows[i] = m.row
	}
	return rows
}
