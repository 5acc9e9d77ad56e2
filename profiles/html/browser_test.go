package html_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/memsim/memsim/internal/browsertest"
	"github.com/memsim/memsim/profiles"
)

// browser is a tab that shows a report.
type browser struct{ *browsertest.Tab }

func write(t *testing.T) (path string, c profiles.Comparison) {
	t.Helper()
	page, c := standard()
	path = filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		t.Fatal(err)
	}
	return path, c
}

func TestReportInABrowserWithoutANetwork(t *testing.T) {
	path, c := write(t)
	b := browser{browsertest.Open(t, "file://"+path)}
	b.Run(chromedp.WaitReady("footer"))

	b.CheckCharts(11) // five of all models, six of the first
	b.checkFigures(c)
	b.Screenshot("report-light")

	b.Run(chromedp.Click("#tab-1"), chromedp.WaitVisible("#panel-1"))
	b.CheckCharts(11)
	if browsertest.Eval[bool](b.Tab, `document.querySelector("#panel-0").offsetParent !== null`) {
		t.Error("two models are shown at once")
	}
	b.Run(chromedp.SendKeys("#tab-1", kb.ArrowRight), chromedp.WaitVisible("#panel-2"))
	b.CheckCharts(11)

	b.Run(chromedp.Click("#panel-2 details:not(.tensors) summary"), chromedp.WaitVisible("#time-prompt-2 svg"))
	b.CheckCharts(13)
	b.checkSorting()
	b.checkTensors()
	b.checkDownloads(c)

	b.Run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.CheckCharts(13)
	if ground := browsertest.Eval[string](b.Tab, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(20, 23, 27)" {
		t.Errorf("the ground in the dark scheme is %s", ground)
	}
	b.Screenshot("report-dark")

	b.Run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)), chromedp.Sleep(100*time.Millisecond))
	b.CheckCharts(13)
	if width := browsertest.Eval[int](b.Tab, `document.documentElement.scrollWidth`); width > 390 {
		t.Errorf("the page is %d pixels wide on a phone of 390", width)
	}
	b.Screenshot("report-phone")

	b.CheckQuiet()
}

// checkFigures compares each cell of the table with the JSON of the results.
func (b browser) checkFigures(c profiles.Comparison) {
	b.Helper()
	cells := browsertest.Eval[map[string][]float64](b.Tab, `Object.fromEntries([...document.querySelectorAll("#figures tr[data-key]")]
		.map(row => [row.dataset.key, [...row.querySelectorAll("[data-value]")].map(cell => Number(cell.dataset.value))]))`)
	for i := range c.Results {
		raw, err := json.Marshal(c.Results[i])
		if err != nil {
			b.Fatal(err)
		}
		var values map[string]any
		if err := json.Unmarshal(raw, &values); err != nil {
			b.Fatal(err)
		}
		for key, row := range cells {
			var v any = values
			for part := range strings.SplitSeq(key, ".") {
				v = v.(map[string]any)[part]
			}
			if v != row[i] {
				b.Errorf("%s of %s: the page says %v, JSON %v", key, c.Results[i].Model, row[i], v)
			}
		}
	}
	if len(cells) < 20 {
		b.Errorf("only %d figures are shown", len(cells))
	}
}

func (b browser) checkSorting() {
	b.Helper()
	const column = `[...document.querySelectorAll("#numbers tbody tr")].map(row => row.cells[2].textContent)`
	b.Run(chromedp.Click("#numbers thead th:nth-child(3) button"))
	kinds := browsertest.Eval[[]string](b.Tab, column)
	for i := 1; i < len(kinds); i++ {
		if kinds[i] < kinds[i-1] {
			b.Errorf("sorted by kind, %s stands behind %s", kinds[i], kinds[i-1])
			return
		}
	}
}

func (b browser) checkTensors() {
	b.Helper()
	const table = "#panel-2 details.tensors table"
	b.Run(chromedp.Click("#panel-2 details.tensors summary"), chromedp.WaitVisible(table))
	if first := browsertest.Eval[string](b.Tab, `document.querySelector("`+table+` tbody td").textContent`); first != "token_embd.weight" {
		b.Errorf("%s leads the tensors by DRAM traffic", first)
	}
}

// checkDownloads presses the buttons and reads what they would save.
func (b browser) checkDownloads(c profiles.Comparison) {
	b.Helper()
	browsertest.Eval[bool](b.Tab, `(window.saved = [], URL.createObjectURL = blob => (window.saved.push(blob), "about:blank"),
		HTMLAnchorElement.prototype.click = () => {}, document.querySelectorAll("[data-download]").forEach(b => b.click()), true)`)
	var saved []string
	b.Run(chromedp.Evaluate(`Promise.all(window.saved.map(blob => blob.text()))`, &saved,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if len(saved) != 2+2*len(c.Results) {
		b.Fatalf("%d downloads", len(saved))
	}
	var got profiles.Comparison
	if err := json.Unmarshal([]byte(saved[0]), &got); err != nil || len(got.Results) != len(c.Results) || !reflect.DeepEqual(got.Results[1], c.Results[1]) {
		b.Errorf("the downloaded JSON is not that of the results: %v", err)
	}
	var csv bytes.Buffer
	if err := profiles.WriteCSV(&csv, c); err != nil || saved[1] != csv.String() {
		b.Errorf("the downloaded CSV is not that of the results: %v", err)
	}
	for _, table := range saved[2:] {
		if strings.Count(table, "\n") < 10 {
			b.Errorf("a table of few lines: %q", table)
		}
	}
}
