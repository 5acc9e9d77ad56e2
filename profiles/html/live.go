package html

import (
	"encoding/json"
	"fmt"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
)

// Chart is a chart of a report for a page that is served and draws it anew when
// its reader asks for something else. The script among Assets draws it.
type Chart struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Caption string          `json:"caption"`
	Unit    string          `json:"unit"`
	Kind    string          `json:"kind"`
	Height  int             `json:"height"`           // pixels
	Wide    bool            `json:"wide,omitempty"`   // as wide as the page
	Option  json.RawMessage `json:"option,omitempty"` // of ECharts
	Markup  string          `json:"markup,omitempty"` // a drawing in HTML, instead of options
}

// Charts returns the charts of reports that may be of several devices: those of
// all models side by side, and for each model those of what a token costs. The
// results are those of the models in their order; their names are the labels.
func Charts(results []sim.Result, reports ...*Report) (overview []Chart, models [][]Chart, err error) {
	all := New(nil, "", "")
	for _, r := range reports {
		for _, m := range r.models {
			if len(all.models) >= len(results) {
				return nil, nil, fmt.Errorf("charts: more models than the %d results", len(results))
			}
			p, err := r.panel(len(all.models), m, profiles.Clean(results[len(all.models)].Model))
			if err != nil {
				return nil, nil, err
			}
			models = append(models, served(p.Views[0].Charts))
			all.models = append(all.models, m)
		}
	}
	side, err := all.overview(results)
	return served(side), models, err
}

func served(charts []page.Chart) []Chart {
	list := make([]Chart, len(charts))
	for i, c := range charts {
		list[i] = Chart{c.ID, c.Title, c.Caption, c.Unit, c.Kind, c.Height, c.Wide, c.Option, string(c.Markup)}
	}
	return list
}

// Answer says in sentences what the figures of c mean, as the report does.
func Answer(c profiles.Comparison) []string { return answer(c) }

// Assets are the chart library, the script and the style of the report, by the
// names of files under which a served page links them.
func Assets() map[string]string { return page.Assets() }
