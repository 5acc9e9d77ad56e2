package corpus

import "github.com/memsim/memsim/traces"

// slowest is by what factor a prompt of many tokens may be computed more slowly, for
// each token, than the same program decodes on the same phone.
const slowest = 2

// run is what a phone, a program and a model are the same in.
type run struct{ source, phone, runtime, unit, model, quant string }

func runOf(r *Row) run {
	return run{r.Record.Source, r.Phone, r.Runtime, r.Unit, r.Model + r.Overrides, r.Quant}
}

// markSlowPrompts leaves out speeds over a prompt that lie far below the speed at which
// the same source saw the same program decode: a prompt is no more work than its tokens
// one by one, so that something else is part of the figure, such as a start-up.
func markSlowPrompts(rows []Row) {
	decode := map[run]float64{} // tokens a second
	for i := range rows {
		if r := &rows[i]; r.Seconds() > 0 && r.Phase() == traces.Decode && r.Record.Source != "" {
			decode[runOf(r)] = max(decode[runOf(r)], 1/r.Seconds())
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.Exclude != nil || r.Metric != PrefillTokensPerS {
			continue
		}
		if speed := decode[runOf(r)]; slowest*r.Value < speed {
			r.exclude("disturbed", "a prompt that takes longer than its tokens one by one: something else is part of it")
		}
	}
}
