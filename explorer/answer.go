package explorer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// reply is the answer of /api/run.
type reply struct {
	Answer       []string     `json:"answer"`
	Milliseconds float64      `json:"simulation_ms"` // recording and replay, summed over the sides that were not known yet
	SameMachine  bool         `json:"same_machine"`  // one report can hold all sides
	Sides        []side       `json:"sides"`
	Overview     []html.Chart `json:"overview"`
}

// side is the answer for one setting.
type side struct {
	Query      string              `json:"query"` // of the setting, as every link to it has it
	Label      string              `json:"label"`
	Comparison profiles.Comparison `json:"results"` // as /results.json
	Charts     []html.Chart        `json:"charts"`
}

func (x *Explorer) serveRun(w http.ResponseWriter, r *http.Request) {
	state, err := parseState(r.URL.RawQuery)
	var answer *reply
	if err == nil {
		answer, err = x.reply(r.Context(), state)
	}
	if err != nil {
		x.fail(w, r, err, func(status int, text string) {
			writeJSON(w, status, map[string]string{"error": text})
		})
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// answered is a setting with its answer and the sums of its ledger. It is not
// changed any more, and may be read by several requests.
type answered struct {
	run    *run
	report *html.Report
}

// answersOf returns what is known of settings, running those that were not asked
// for lately, and how long that took.
func (x *Explorer) answersOf(ctx context.Context, settings []Setting) (list []answered, took time.Duration, err error) {
	list = make([]answered, len(settings))
	var missing []Setting
	var places []int
	for i, s := range settings {
		var ok bool
		if list[i], ok = x.answers.find(s.withDefaults(x.catalog).Query()); !ok {
			missing, places = append(missing, s), append(places, i)
		}
	}
	if len(missing) == 0 {
		return list, 0, nil
	}
	var reports []*html.Report
	runs, err := x.answer(ctx, missing, func(r *run) []study.View {
		report := newReport(r)
		reports = append(reports, report)
		return []study.View{report.Model(r.trace.Head)}
	})
	if err != nil && len(missing) < len(settings) {
		err = sided(err, places[0], len(settings))
	}
	if err != nil {
		return nil, 0, err
	}
	for i, r := range runs {
		took += r.took
		r.trace = &traces.Trace{Head: r.trace.Head} // its events are done with
		list[places[i]] = answered{r, reports[i]}
		x.answers.keep(r.Query(), list[places[i]])
	}
	return list, took, nil
}

// reply answers a state.
func (x *Explorer) reply(ctx context.Context, state State) (*reply, error) {
	list, took, err := x.answersOf(ctx, state.settings())
	if err != nil {
		return nil, err
	}
	var runs []*run
	var reports []*html.Report
	for _, a := range list {
		runs, reports = append(runs, a.run), append(reports, a.report)
	}
	a := &reply{SameMachine: true, Milliseconds: float64(took) / float64(time.Millisecond)}
	if state.B != nil {
		a.SameMachine = sameMachine(runs[0].Setting, runs[1].Setting)
	}
	labels := labels(runs)
	var results []sim.Result
	for i, r := range runs {
		c, err := x.comparison(r)
		if err != nil {
			return nil, err
		}
		a.Sides = append(a.Sides, side{Query: r.Query(), Label: labels[i], Comparison: c})
		labelled := r.result
		if state.B != nil {
			labelled.Model = string(rune('A' + i)) // beside a bar there is no room for more
		}
		results = append(results, labelled)
	}
	var charts [][]html.Chart
	if a.Overview, charts, err = html.Charts(results, reports...); err != nil {
		return nil, err
	}
	for i := range a.Sides {
		a.Sides[i].Charts = charts[i]
	}
	a.Answer = html.Answer(a.Sides[0].Comparison)
	if state.B != nil {
		a.Answer = []string{difference(&runs[0].result, &runs[1].result),
			"A: " + a.Answer[0], "B: " + html.Answer(a.Sides[1].Comparison)[0]}
	}
	return a, nil
}

func newReport(r *run) *html.Report {
	return html.New(r.machine.Device(), r.machine.Unit().Name, r.machine.Runtime().Name)
}

// labels name settings by the model, and what of the machines differs.
func labels(runs []*run) []string {
	list := make([]string, len(runs))
	for i, r := range runs {
		list[i] = r.result.Model
		if len(runs) == 1 {
			continue
		}
		list[i] = fmt.Sprintf("%c: %s", 'A'+i, list[i])
		other := runs[1-i]
		for _, text := range []struct{ own, theirs string }{
			{r.result.Quant, other.result.Quant},
			{r.machine.Device().Name, other.machine.Device().Name},
			{r.machine.Unit().Name, other.machine.Unit().Name},
			{r.machine.Runtime().Name, other.machine.Runtime().Name},
		} {
			if text.own != text.theirs {
				list[i] += " / " + text.own
			}
		}
	}
	return list
}

// difference says in a sentence how b compares with a.
func difference(a, b *sim.Result) string {
	var parts []string
	for _, f := range []struct {
		a, b       float64
		more, less string
	}{
		{a.LatencyMS, b.LatencyMS, "more time", "less time"},
		{a.DRAMBytesPerToken, b.DRAMBytesPerToken, "more DRAM traffic", "less DRAM traffic"},
		{a.PhoneEnergyMJ, b.PhoneEnergyMJ, "more energy", "less energy"},
	} {
		if f.a <= 0 {
			continue
		}
		percent := tenth(100 * (f.b/f.a - 1))
		switch {
		case percent == 0:
			parts = append(parts, "no "+f.more)
		case percent > 0:
			parts = append(parts, fmt.Sprintf("%v %% %s", percent, f.more))
		default:
			parts = append(parts, fmt.Sprintf("%v %% %s", -percent, f.less))
		}
	}
	if len(parts) == 0 {
		return "Nothing that could be compared was simulated."
	}
	last := len(parts) - 1
	list := parts[last]
	if last > 0 {
		list = strings.Join(parts[:last], ", ") + " and " + list
	}
	return "A token of B takes " + list + " than one of A."
}

// tenth rounds a percentage to what a reader takes in.
func tenth(v float64) float64 {
	if math.Abs(v) >= 10 {
		return math.Round(v)
	}
	return math.Round(v*10) / 10
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "the answer cannot be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

// fail answers a request that err ended. Where the client went away, nobody
// reads an answer.
func (x *Explorer) fail(w http.ResponseWriter, r *http.Request, err error, write func(status int, text string)) {
	switch {
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		write(http.StatusServiceUnavailable, err.Error())
	case fault.IsUser(err):
		write(http.StatusBadRequest, err.Error())
	case r.Context().Err() != nil:
		write(http.StatusServiceUnavailable, "the request was cancelled")
	default:
		if x.config.Log != nil {
			x.config.Log.Printf("%s: %v", profiles.Clean(r.URL.Path), err)
		}
		write(http.StatusInternalServerError, err.Error())
	}
}

// failText answers with a line of text.
func (x *Explorer) failText(w http.ResponseWriter, r *http.Request, err error) {
	x.fail(w, r, err, func(status int, text string) { http.Error(w, text, status) })
}
