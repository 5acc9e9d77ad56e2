package html

import (
	"fmt"
	"math"
	"strconv"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
)

// waterfall leads from one figure to another by steps.
type waterfall struct {
	Name  string
	Steps []fallStep
}

// fallStep is a line of a waterfall: a bar from where the last one ended.
type fallStep struct {
	Label       string
	Class       string // of its colour
	Sum         bool   // the figure itself, from zero
	Left, Width float64
	Text        string

	value float64
}

// place puts the bars on one axis, which ends at most, and writes their values with
// so many decimals.
func (w *waterfall) place(unit string, most float64, decimals int) {
	at := 0.0
	for i := range w.Steps {
		s := &w.Steps[i]
		from, to := at, at+s.value
		text := strconv.FormatFloat(math.Abs(s.value), 'f', decimals, 64) + " " + unit
		switch {
		case s.Sum:
			from, to, s.Text = 0, s.value, text
		case s.value < 0:
			s.Text = "−" + text
		default:
			s.Text = "+" + text
		}
		at = to
		s.Left, s.Width = round(100*min(from, to)/most, 3), round(100*math.Abs(to-from)/most, 3)
	}
}

// reach is where the bars of a waterfall end at most.
func (w *waterfall) reach() float64 {
	at, most := 0.0, 0.0
	for _, s := range w.Steps {
		if s.Sum {
			at = 0
		}
		at += s.value
		most = max(most, at)
	}
	return most
}

// drawFalls places waterfalls on one axis and draws them.
func drawFalls(c page.Chart, unit string, falls []waterfall) (page.Chart, error) {
	most := 1e-12
	for i := range falls {
		most = max(most, falls[i].reach())
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(most)))) // the longest bar has three digits
	for i := range falls {
		falls[i].place(unit, most, decimals)
	}
	var err error
	c.Wide = true
	c.Markup, err = drawing("falls", falls)
	return c, err
}

// fromIdeal leads from the time that a token's bytes take at the memory's peak to
// the time that the token takes.
func (r *Report) fromIdeal(names []string) (page.Chart, error) {
	var falls []waterfall
	for i, m := range r.models {
		l := m.focus()
		falls = append(falls, waterfall{Name: names[i], Steps: m.report.idealSteps(l.cost(), l.per)})
	}
	return drawFalls(page.Chart{ID: "ideal", Kind: "waterfall", Title: "From ideal to actual",
		Caption: "From the time that the bytes of a token take at the DRAM's peak to the time that a token takes. Work that overlaps counts once: what hides under launches or arithmetic is taken off the DRAM's time."}, "ms", falls)
}

func (r *Report) idealSteps(c cost, per string) []fallStep {
	var steps []fallStep
	add := func(class, label string, ms float64) {
		if math.Abs(ms) >= 1e-3*c.ms(c.time.Total()) {
			steps = append(steps, fallStep{Label: label, Class: class, value: ms})
		}
	}
	rest := c.ms(c.needs.DRAM)
	peak, reach := r.bandwidths()
	if reach > 0 && rest > 0 {
		ideal, usable := c.moved()/float64(peak)*1e3, c.moved()/float64(reach)*1e3
		steps = append(steps, fallStep{Label: fmt.Sprintf("%s from DRAM at its peak, %s GB/s", megabytes(c.moved()), profiles.Number(float64(peak)/1e9)), Class: "c-dram", value: ideal})
		add("c-dram", fmt.Sprintf("at the %s GB/s that %s and its runtime draw", profiles.Number(float64(reach)/1e9), r.unitName()), usable-ideal)
		add("c-dram", "start of transfers, row misses, refresh, latency", rest-usable)
	} else {
		add("c-dram", megabytes(c.moved())+" through DRAM", rest)
	}
	add("c-less", "hidden under launches, arithmetic or flash", c.ms(c.time.DRAM)-rest)
	add("c-flash", fmt.Sprintf("flash: %s at %s GB/s", megabytes(c.per(c.bytes.FlashRead)), profiles.Number(c.flashRate()/1e9)), c.ms(c.time.Flash))
	add("c-sram", "waiting for the caches", c.ms(c.time.SRAM))
	add("c-compute", "arithmetic that nothing hides", c.ms(c.time.Compute))
	each := 0.0
	if c.launches > 0 {
		each = 1e3 * c.ms(c.needs.Dispatch) / c.launches
	}
	add("c-dispatch", fmt.Sprintf("%s launches of %s µs", profiles.Number(c.launches), profiles.Number(each)), c.ms(c.time.Dispatch))
	return append(steps, fallStep{Label: "time per " + per, Class: "c-sum", Sum: true, value: c.ms(c.time.Total())})
}

// differences lead from the first model's latency to each other's.
func differences(results []sim.Result) (page.Chart, bool, error) {
	if len(results) < 2 || results[0].LatencyMS == 0 {
		return page.Chart{}, false, nil
	}
	base := &results[0]
	var falls []waterfall
	for i := range results[1:] {
		r := &results[i+1]
		if r.LatencyMS == 0 {
			continue
		}
		w := waterfall{Name: fmt.Sprintf("%s: %s than %s", profiles.Clean(r.Model), slower(r.LatencyMS-base.LatencyMS), profiles.Clean(base.Model)),
			Steps: []fallStep{{Label: profiles.Clean(base.Model), Class: "c-sum", Sum: true, value: base.LatencyMS}}}
		a, b := base.LatencyPartsMS, r.LatencyPartsMS
		for _, s := range []fallStep{
			{Label: "DRAM", Class: "c-dram", value: b.DRAM - a.DRAM}, {Label: "flash", Class: "c-flash", value: b.Flash - a.Flash},
			{Label: "caches", Class: "c-sram", value: b.SRAM - a.SRAM}, {Label: "arithmetic", Class: "c-compute", value: b.Compute - a.Compute},
			{Label: "launches", Class: "c-dispatch", value: b.Dispatch - a.Dispatch},
		} {
			if math.Abs(s.value) >= 1e-3*base.LatencyMS {
				w.Steps = append(w.Steps, s)
			}
		}
		w.Steps = append(w.Steps, fallStep{Label: profiles.Clean(r.Model), Class: "c-sum", Sum: true, value: r.LatencyMS})
		falls = append(falls, w)
	}
	if len(falls) == 0 {
		return page.Chart{}, false, nil
	}
	c, err := drawFalls(page.Chart{ID: "difference", Kind: "waterfall", Title: "What makes the difference",
		Caption: "Waits of a token, each model's less the first one's."}, "ms", falls)
	return c, true, err
}

// slower says a difference of latencies in words.
func slower(ms float64) string {
	if ms < 0 {
		return profiles.Number(-ms) + " ms faster"
	}
	return profiles.Number(ms) + " ms slower"
}
