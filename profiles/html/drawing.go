package html

import (
	_ "embed" // the templates
	"fmt"
	"html/template"
	"strings"
	"sync"

	"github.com/memsim/memsim/profiles"
)

//go:embed assets/drawings.html
var drawingMarkup string

// drawings are the templates of what is drawn without the page's script.
var drawings = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("drawings").Parse(drawingMarkup))
})

// drawing executes a template of drawings.html.
func drawing(name string, content any) (template.HTML, error) {
	var b strings.Builder
	if err := drawings().ExecuteTemplate(&b, name, content); err != nil {
		return "", fmt.Errorf("drawing of %s: %w", name, err)
	}
	return template.HTML(b.String()), nil //nolint:gosec // the template has escaped it
}

// megabytes writes a number of bytes in MB; less than a kilobyte is none.
func megabytes(n float64) string {
	if n < 1000 {
		return "0 MB"
	}
	return profiles.Number(n/1e6) + " MB"
}
