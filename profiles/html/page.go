package html

import (
	"bytes"
	_ "embed" // the assets
	"encoding/json"
	"sync"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
)

var (
	//go:embed assets/report.html
	reportMarkup string
	//go:embed assets/report.js
	reportScript string
)

// layout is made when the first report is written: most commands write none.
var layout = sync.OnceValue(func() *page.Layout { return page.NewLayout(reportMarkup, reportScript) })

// content is what the template shows.
type content struct {
	Models   []string
	Overview []page.Chart
	Figures  []figureRow
	Panels   []panel
	Notes    []string
	Numbers  []devices.NumberRow
}

// figureRow is a line of the table of models side by side.
type figureRow struct {
	profiles.Figure
	Group bool // the first of its group
	Cells []figureCell
}

type figureCell struct {
	Value float64 // as in JSON
	Text  string
	Ratio string
}

// panel is what the page shows of one model.
type panel struct {
	Index int
	Name  string
	Views []view // what a token costs, then what the prompt does
}

// view is what the page shows of one phase.
type view struct {
	Phase     string
	Per       string
	Charts    []page.Chart
	Operators []operator
	Repeats   bool // some operators are shared repeats
}

// data is what the page's script works with, and what can be downloaded.
type data struct {
	Results json.RawMessage `json:"results"`
	CSV     string          `json:"csv"`
	Models  []modelData     `json:"models"`
}

type modelData struct {
	Name      string     `json:"name"`
	Operators []operator `json:"operators"`
	Tensors   []tensor   `json:"tensors"`
}

func (r *Report) page(c profiles.Comparison) (page.Page, error) {
	show, err := r.content(c)
	if err != nil {
		return page.Page{}, err
	}
	p := page.Page{
		Version: profiles.Clean(c.Memsim),
		Title:   "memsim: " + profiles.Clean(c.Heading()),
		Eyebrow: eyebrow(c),
		Heading: heading(c),
		Answer:  answer(c),
		Tiles:   tiles(c.Results),
		Content: show,
		Charts:  show.Overview,
	}
	for i := range show.Panels {
		for _, v := range show.Panels[i].Views {
			p.Charts = append(p.Charts, v.Charts...)
		}
	}
	p.Data, err = r.data(show, c)
	return p, err
}

func (r *Report) content(c profiles.Comparison) (content, error) {
	show := content{Figures: figures(c.Results), Notes: c.Notes}
	if r.device != nil {
		show.Numbers = r.device.Numbers()
	}
	var err error
	if show.Overview, err = r.overview(c.Results); err != nil {
		return content{}, err
	}
	if err = show.whatIf(c); err != nil {
		return content{}, err
	}
	for i, m := range r.models {
		name := profiles.Clean(c.Results[i].Model)
		p, err := r.panel(i, m, name)
		if err != nil {
			return content{}, err
		}
		show.Models = append(show.Models, name)
		show.Panels = append(show.Panels, p)
	}
	return show, nil
}

func (r *Report) data(show content, c profiles.Comparison) (data, error) {
	var results, csv bytes.Buffer
	if err := profiles.WriteJSON(&results, c); err != nil {
		return data{}, err
	}
	if err := profiles.WriteCSV(&csv, c); err != nil {
		return data{}, err
	}
	d := data{Results: results.Bytes(), CSV: csv.String()}
	for i, m := range r.models {
		d.Models = append(d.Models, modelData{Name: show.Models[i], Operators: show.Panels[i].Views[0].Operators, Tensors: m.focus().tensors()})
	}
	return d, nil
}
