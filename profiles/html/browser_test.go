package html_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/memsim/memsim/profiles"
)

// browser is a tab that shows a report, without a network.
type browser struct {
	*testing.T
	ctx        context.Context
	mu         sync.Mutex
	complaints []string // console errors, exceptions, violations of the policy
	requests   []string
}

// open starts Chromium on the report. It skips the test where there is none.
func open(t *testing.T, path string) *browser {
	t.Helper()
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			binary = p
			break
		}
	}
	if binary == "" {
		t.Skip("needs a browser (Debian package chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1200, 900), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(network.Enable(), log.Enable(), runtime.Enable(), network.OverrideNetworkState(true, 0, 0, 0),
		chromedp.Navigate("file://"+path), chromedp.WaitReady("footer"))
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.complaints = append(b.complaints, fmt.Sprintf("console: %s", e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	}
}

func (b *browser) run(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](b *browser, expression string) T {
	b.Helper()
	var v T
	b.run(chromedp.Evaluate(expression, &v))
	return v
}

// screenshot keeps what the page looks like where MEMSIM_SCREENSHOTS names a
// folder, for people to look at.
func (b *browser) screenshot(name string) {
	b.Helper()
	dir := os.Getenv("MEMSIM_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}

// drawn says for each visible chart which of its series left no shape in their
// colour.
const drawn = `Object.fromEntries([...document.querySelectorAll(".chart")].filter(e => e.checkVisibility()).map(e => {
	const chart = echarts.getInstanceByDom(e);
	if (!chart) return [e.id, ["all"]];
	const colors = new Set([...e.querySelectorAll("svg path")].flatMap(p => [p.getAttribute("fill"), p.getAttribute("stroke")]));
	return [e.id, chart.getOption().series.filter(s => s.name && !colors.has(s.itemStyle.color)).map(s => s.name)];
}))`

func (b *browser) checkMarks(want int) {
	b.Helper()
	missing := eval[map[string][]string](b, drawn)
	if len(missing) != want {
		b.Errorf("%d charts are visible, want %d: %v", len(missing), want, missing)
	}
	for id, names := range missing {
		if len(names) > 0 {
			b.Errorf("chart %s shows nothing of %v", id, names)
		}
	}
}

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
	b := open(t, path)

	b.checkMarks(12) // five of all models, seven of the first
	b.checkFigures(c)
	b.screenshot("report-light")

	b.run(chromedp.Click("#tab-1"), chromedp.WaitVisible("#panel-1"))
	b.checkMarks(12)
	if eval[bool](b, `document.querySelector("#panel-0").offsetParent !== null`) {
		t.Error("two models are shown at once")
	}
	b.run(chromedp.SendKeys("#tab-1", kb.ArrowRight), chromedp.WaitVisible("#panel-2"))
	b.checkMarks(12)

	b.run(chromedp.Click("#panel-2 details:not(.tensors) summary"), chromedp.WaitVisible("#time-prompt-2 svg"))
	b.checkMarks(14)
	b.checkSorting()
	b.checkTensors()
	b.checkDownloads(c)

	b.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.checkMarks(14)
	if ground := eval[string](b, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(20, 23, 27)" {
		t.Errorf("the ground in the dark scheme is %s", ground)
	}
	b.screenshot("report-dark")

	b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)), chromedp.Sleep(100*time.Millisecond))
	b.checkMarks(14)
	if width := eval[int](b, `document.documentElement.scrollWidth`); width > 390 {
		t.Errorf("the page is %d pixels wide on a phone of 390", width)
	}
	b.screenshot("report-phone")

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		t.Errorf("the browser complains: %s", complaint)
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, "file://") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			t.Errorf("the page asks for %s", url)
		}
	}
}

// checkFigures compares each cell of the table with the JSON of the results.
func (b *browser) checkFigures(c profiles.Comparison) {
	b.Helper()
	cells := eval[map[string][]float64](b, `Object.fromEntries([...document.querySelectorAll("#figures tr[data-key]")]
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

func (b *browser) checkSorting() {
	b.Helper()
	const column = `[...document.querySelectorAll("#numbers tbody tr")].map(row => row.cells[2].textContent)`
	b.run(chromedp.Click("#numbers thead th:nth-child(3) button"))
	kinds := eval[[]string](b, column)
	for i := 1; i < len(kinds); i++ {
		if kinds[i] < kinds[i-1] {
			b.Errorf("sorted by kind, %s stands behind %s", kinds[i], kinds[i-1])
			return
		}
	}
}

func (b *browser) checkTensors() {
	b.Helper()
	const table = "#panel-2 details.tensors table"
	b.run(chromedp.Click("#panel-2 details.tensors summary"), chromedp.WaitVisible(table))
	if first := eval[string](b, `document.querySelector("`+table+` tbody td").textContent`); first != "token_embd.weight" {
		b.Errorf("%s leads the tensors by DRAM traffic", first)
	}
}

// checkDownloads presses the buttons and reads what they would save.
func (b *browser) checkDownloads(c profiles.Comparison) {
	b.Helper()
	eval[bool](b, `(window.saved = [], URL.createObjectURL = blob => (window.saved.push(blob), "about:blank"),
		HTMLAnchorElement.prototype.click = () => {}, document.querySelectorAll("[data-download]").forEach(b => b.click()), true)`)
	var saved []string
	b.run(chromedp.Evaluate(`Promise.all(window.saved.map(blob => blob.text()))`, &saved,
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
