package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
)

var (
	//go:embed assets/echarts/echarts.min.js
	echartsScript string
	//go:embed assets/report.js
	reportScript string
	//go:embed assets/report.css
	reportStyle string
	//go:embed assets/report.html
	reportMarkup string
)

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"number": profiles.Number,
	"clean":  profiles.Clean,
}).Parse(reportMarkup))

// policy forbids everything but the two scripts of the page, by their hashes,
// its own styles, and images from the page itself (the charts' exports).
var policy = "default-src 'none'; script-src " + hash(echartsScript) + " " + hash(reportScript) +
	"; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"

func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page is what the template shows.
type page struct {
	Policy   string
	Title    string
	Heading  string
	Eyebrow  string
	Version  string
	Answer   []string
	Tiles    []tile
	Models   []string
	Overview []chart
	Figures  []figureRow
	Panels   []panel
	Notes    []string
	Numbers  []devices.NumberRow
	ECharts  template.JS
	Script   template.JS
	Style    template.CSS
	Data     template.JS
}

// tile is a headline figure of the first model.
type tile struct {
	Value, Unit, Label string
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
	Index     int
	Name      string
	Phase     string
	Synthetic bool
	Charts    []chart
	Operators []operator
}

// data is what the page's script works with, and what can be downloaded.
type data struct {
	Charts  []chart         `json:"charts"`
	Results json.RawMessage `json:"results"`
	CSV     string          `json:"csv"`
	Models  []modelData     `json:"models"`
}

type modelData struct {
	Name      string     `json:"name"`
	Operators []operator `json:"operators"`
	Tensors   []tensor   `json:"tensors"`
}

func (r *Report) page(c profiles.Comparison) (*page, error) {
	p := &page{
		Policy:  policy,
		Heading: heading(c),
		Eyebrow: eyebrow(c),
		Title:   "memsim: " + profiles.Clean(c.Heading()),
		Version: profiles.Clean(c.Memsim),
		Answer:  answer(c),
		Tiles:   tiles(c.Results),
		Figures: figures(c.Results),
		Notes:   c.Notes,
		ECharts: template.JS(echartsScript),
		Script:  template.JS(reportScript),
		Style:   template.CSS(reportStyle),
	}
	if r.device != nil {
		p.Numbers = r.device.Numbers()
	}
	var err error
	if p.Overview, err = r.overview(c.Results); err != nil {
		return nil, err
	}
	for i, m := range r.models {
		p.Models = append(p.Models, profiles.Clean(c.Results[i].Model))
		panel, err := r.panel(i, m, c.Results[i].Model)
		if err != nil {
			return nil, err
		}
		p.Panels = append(p.Panels, panel)
	}
	p.Data, err = r.data(p, c)
	return p, err
}

// data encodes what the script needs. json.Marshal escapes angle brackets and
// ampersands, so that no name can end the element that holds it.
func (r *Report) data(p *page, c profiles.Comparison) (template.JS, error) {
	var results, csv bytes.Buffer
	if err := profiles.WriteJSON(&results, c); err != nil {
		return "", err
	}
	if err := profiles.WriteCSV(&csv, c); err != nil {
		return "", err
	}
	d := data{Results: results.Bytes(), CSV: csv.String(), Charts: p.Overview}
	for i, m := range r.models {
		d.Charts = append(d.Charts, p.Panels[i].Charts...)
		d.Models = append(d.Models, modelData{Name: p.Models[i], Operators: p.Panels[i].Operators, Tensors: m.tensors()})
	}
	encoded, err := json.Marshal(d)
	return template.JS(encoded), err
}
