// Package page lays out the HTML files of memsim: one self-contained document
// with words on top, charts, sortable tables and data.
//
// The mental model: a Layout is a kind of page (its content as a template, and a
// script of its own); a Page is one document of that kind. The frame is the
// same for all: the chart library, a style for light and dark, and a script
// that draws each Chart where the template puts it, switches tabs, sorts tables
// and saves data.
//
//	Layout ──Write(Page)──▶ <head> policy, style
//	                        <header> eyebrow, heading, answer, tiles
//	                        <main> the layout's content; {{template "chart" .}} places a Chart
//	                        <script> data as JSON, ECharts, page.js, the layout's script
//
// Nothing is loaded from elsewhere, and a content security policy allows only
// the scripts written here, by their hashes. Texts pass through html/template;
// options of charts and data are JSON with its angle brackets escaped.
//
// A layout's script sees a global named memsim: {data, number, sortable, csv,
// save, show}; see assets/page.js.
//
// # Caveats
//
// Colours of series must be names of CSS variables ("--dram"), so that they
// follow the scheme; see assets/page.css for those there are.
package page

import (
	"crypto/sha256"
	_ "embed" // the assets
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"strings"

	"github.com/memsim/memsim/profiles"
)

var (
	//go:embed assets/echarts/echarts.min.js
	echartsScript string
	//go:embed assets/page.js
	pageScript string
	//go:embed assets/page.css
	pageStyle string
	//go:embed assets/page.html
	pageMarkup string
)

// Layout is a kind of page. It is immutable and may be used concurrently.
type Layout struct {
	template *template.Template
	scripts  []template.JS
	policy   string
}

// NewLayout makes a layout of a content template and a script, which may be
// empty. The template has the functions number and clean of package profiles,
// and the template "chart". It panics on a template that does not parse: both
// are part of the program.
func NewLayout(content, script string) *Layout {
	t := template.New("page").Funcs(template.FuncMap{"number": profiles.Number, "clean": profiles.Clean})
	template.Must(t.Parse(pageMarkup))
	template.Must(t.New("content").Parse(content))
	l := &Layout{template: t}
	var hashes []string
	for _, s := range []string{echartsScript, pageScript, script} {
		if s != "" {
			l.scripts = append(l.scripts, template.JS(s))
			hashes = append(hashes, hash(s))
		}
	}
	// Images are those that a chart makes of itself.
	l.policy = "default-src 'none'; script-src " + strings.Join(hashes, " ") +
		"; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
	return l
}

func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Page is one document.
type Page struct {
	Version string   // of the program
	Title   string   // of the browser's window
	Eyebrow string   // small, above the heading
	Heading string   //
	Answer  []string // sentences below, the first one large
	Tiles   []Tile   // headline figures
	Content any      // what the layout's template shows
	Charts  []Chart  // those that the template places
	Data    any      // what the layout's script sees as memsim.data, encoded as JSON
}

// Tile is a headline figure.
type Tile struct {
	Value, Unit, Label string
}

// Write writes p as a document of layout l.
func (l *Layout) Write(w io.Writer, p Page) error {
	charts := []Chart{}
	for _, c := range p.Charts {
		if c.Option != nil {
			charts = append(charts, c)
		}
	}
	// json.Marshal escapes angle brackets, so that no name can end the element.
	data, err := json.Marshal(struct {
		Charts []Chart `json:"charts"`
		Data   any     `json:"data"`
	}{charts, p.Data})
	if err != nil {
		return err
	}
	return l.template.Execute(w, struct {
		Page
		Policy  string
		Style   template.CSS
		Scripts []template.JS
		Data    template.JS
	}{p, l.policy, template.CSS(pageStyle), l.scripts, template.JS(data)})
}
