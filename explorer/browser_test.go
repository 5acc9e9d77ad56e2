package explorer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
)

// browser is a tab on a server of this test, without any other network.
type browser struct {
	*testing.T
	ctx        context.Context
	server     string
	mu         sync.Mutex
	complaints []string // console errors, exceptions, violations of the policy
	requests   []string
}

// openBrowser starts Chromium. It skips the test where there is none.
func openBrowser(t *testing.T, server string) *browser {
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
		chromedp.WindowSize(1440, 900), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx, server: server}
	chromedp.ListenTarget(ctx, b.listen)
	b.run(network.Enable(), log.Enable(), runtime.Enable())
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

// settled waits until the page shows the answer for its address.
func (b *browser) settled() {
	b.Helper()
	err := chromedp.Run(b.ctx, chromedp.Poll(`document.body.dataset.query !== undefined && document.body.dataset.query === location.search.slice(1)`, nil, chromedp.WithPollingTimeout(30*time.Second)))
	if err != nil {
		b.Fatalf("%v: the address is %s, the answer that of %s", err, b.query(), eval[string](b, `document.body.dataset.query || "nothing"`))
	}
	b.run(chromedp.Sleep(100 * time.Millisecond)) // charts below the screen are drawn behind those on it
}

func (b *browser) visit(path string) {
	b.Helper()
	b.run(chromedp.Navigate(b.server + path))
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

// drawn says for each chart which of its series left no shape in their colour.
const drawn = `Object.fromEntries([...document.querySelectorAll(".chart")].map(e => {
	const chart = echarts.getInstanceByDom(e);
	if (!chart) return [e.id, ["all"]];
	const colors = new Set([...e.querySelectorAll("svg path")].flatMap(p => [p.getAttribute("fill"), p.getAttribute("stroke")]));
	return [e.id, chart.getOption().series.filter(s => s.name && !colors.has(s.itemStyle.color)).map(s => s.name)];
}))`

func (b *browser) checkMarks(want int) {
	b.Helper()
	missing := eval[map[string][]string](b, drawn)
	if len(missing) != want {
		b.Errorf("%d charts are drawn, want %d: %v", len(missing), want, missing)
	}
	for id, names := range missing {
		if len(names) > 0 {
			b.Errorf("chart %s shows nothing of %v", id, names)
		}
	}
}

// checkFigures compares every cell of a side with what the server gives scripts.
func (b *browser) checkFigures(column int, query string) {
	b.Helper()
	response, err := http.Get(b.server + "/results.json?" + query)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%v %s", err, text)
	}
	var want struct{ Results []map[string]any }
	if err := json.Unmarshal(text, &want); err != nil {
		b.Fatal(err)
	}
	cells := eval[map[string][]float64](b, `Object.fromEntries([...document.querySelectorAll("#figures tr[data-key]")]
		.map(row => [row.dataset.key, [...row.querySelectorAll("[data-value]")].map(cell => Number(cell.dataset.value))]))`)
	if len(cells) < 20 {
		b.Errorf("only %d figures are shown", len(cells))
	}
	for key, row := range cells {
		var v any = want.Results[0]
		for part := range strings.SplitSeq(key, ".") {
			v = v.(map[string]any)[part]
		}
		if v == nil {
			v = 0.0
		}
		if v != row[column] {
			b.Errorf("%s: the page says %v, JSON %v", key, row[column], v)
		}
	}
}

// choose sets a control as a hand does: a value and the events it fires.
func (b *browser) choose(id, value string) {
	b.Helper()
	eval[bool](b, fmt.Sprintf(`(() => { const c = document.getElementById(%q); c.value = %q;
		c.dispatchEvent(new Event("input", { bubbles: true })); c.dispatchEvent(new Event("change", { bubbles: true })); return c.value === %q; })()`, id, value, value))
	b.settled()
}

// figure is a value of the table.
func (b *browser) figure(key string, column int) float64 {
	b.Helper()
	return eval[float64](b, fmt.Sprintf(`Number(document.querySelectorAll('#figures tr[data-key="%s"] [data-value]')[%d].dataset.value)`, key, column))
}

func (b *browser) query() string {
	b.Helper()
	return eval[string](b, `location.search.slice(1)`)
}

// quick is a small model whose weights do not stay on chip.
const quick = "device=iphone13&sram_mib=1&model=mobilellm-125m&layers=2&vocab=2000&prompt_tokens=4"

// looks is one that is worth a picture.
const looks = "device=iphone13&model=mobilellm-ls-125m&layers=8&prompt_tokens=4"

func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(standard(t))
	t.Cleanup(server.Close)
	return server.URL
}

func TestExplorerInABrowserWithoutANetwork(t *testing.T) {
	b := openBrowser(t, serve(t))
	b.visit("/?" + quick)
	b.settled()
	b.checkMarks(5 + 7)
	b.checkFigures(0, b.query())
	b.screenshot("explorer-light")

	b.checkControlsMoveFigures()
	b.checkComparison()
	b.checkMistake()
	b.checkKeyboard()
	b.checkLooks()
	b.checkQuiet("the page")
}

// checkControlsMoveFigures turns each kind of control and wants the figures,
// and a chart, to follow.
func (b *browser) checkControlsMoveFigures() {
	b.Helper()
	for _, c := range []struct{ control, value, figure string }{
		{"a-layers", "3", "layers_executed"},
		{"a-quant", "q4_0", "model_bytes"},
		{"a-sharing", "immediate", "layers_executed"},
		{"a-sram_mib", "0.5", "dram_bytes_per_token"},
		{"a-prompt_tokens", "8", "prefill_ms"},
		{"a-set", "dram.latency=900ns", "latency_ms_per_token"},
		{"a-unit", "cpu", "latency_ms_per_token"},
		{"a-device", "iphone15", "latency_ms_per_token"},
		{"a-model", "mobilellm-350m", "dim"},
	} {
		before, bars := b.figure(c.figure, 0), eval[string](b, `JSON.stringify(echarts.getInstanceByDom(document.getElementById("latency")).getOption().series.map(s => s.data))`)
		b.choose(c.control, c.value)
		if message := eval[string](b, `document.getElementById("error").hidden ? "" : document.getElementById("error").textContent`); message != "" {
			b.Fatalf("%s=%s: %s", c.control, c.value, message)
		}
		if after := b.figure(c.figure, 0); after == before {
			b.Errorf("%s=%s leaves %s at %v", c.control, c.value, c.figure, after)
		}
		if eval[string](b, `JSON.stringify(echarts.getInstanceByDom(document.getElementById("latency")).getOption().series.map(s => s.data))`) == bars {
			b.Errorf("%s=%s leaves the chart of latency as it is", c.control, c.value)
		}
		b.checkFigures(0, b.query())
	}
	b.run(chromedp.Evaluate(`history.back()`, nil))
	b.run(chromedp.Poll(`document.getElementById("a-model").value === "mobilellm-125m"`, nil))
	b.settled()
}

// checkComparison opens B, changes it, and wants the address to bring both back.
func (b *browser) checkComparison() {
	b.Helper()
	b.visit("/?device=iphone13&sram_mib=10&model=mobilellm-125m&layers=4&vocab=4000&prompt_tokens=4")
	b.settled()
	b.run(chromedp.Click("#compare"), chromedp.WaitVisible("#b-sharing"))
	b.settled()
	b.choose("b-sharing", "immediate")
	b.checkMarks(5 + 2*7)
	b.choose("a-tokens", "3") // B follows where it was as A
	if tokens := b.figure("tokens", 1); tokens != 3 {
		b.Errorf("B decodes %v tokens, A 3", tokens)
	}
	if a, other := b.figure("latency_ms_per_token", 0), b.figure("latency_ms_per_token", 1); !(other > a && other < 1.4*a) {
		b.Errorf("shared layers run twice take %v ms, run once %v", other, a)
	}
	query := b.query()
	b.checkFigures(0, query+"&side=a")
	b.checkFigures(1, query+"&side=b")
	answer := eval[string](b, `document.getElementById("answer").textContent`)
	b.visit("/?" + query)
	b.settled()
	if again := eval[string](b, `document.getElementById("answer").textContent`); again != answer {
		b.Errorf("the address brings back %q, not %q", again, answer)
	}
	if !eval[bool](b, `document.getElementById("b-sharing").classList.contains("differs") && document.getElementById("b-sharing").value === "immediate"`) {
		b.Error("the controls do not show in what B differs")
	}
	b.screenshot("explorer-compare")
}

// checkMistake wants a wrong value to be answered with what is wrong.
func (b *browser) checkMistake() {
	b.Helper()
	b.visit("/?" + quick)
	b.settled()
	b.mu.Lock()
	quiet := len(b.complaints)
	b.mu.Unlock()
	b.choose("a-set", "dram.channels=0")
	if text := eval[string](b, `document.getElementById("error").textContent`); !strings.Contains(text, "dram.channels") {
		b.Errorf("the page says %q", text)
	}
	b.choose("a-set", "")
	if !eval[bool](b, `document.getElementById("error").hidden && !document.getElementById("shown").classList.contains("stale")`) {
		b.Error("the mistake stays after it was undone")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > quiet+1 {
		b.Errorf("the browser complains more than once of one refused request: %q", b.complaints[quiet:])
	}
	b.complaints = b.complaints[:quiet] // Chromium logs every answer of status 400
}

// checkKeyboard walks the page with the tab key and wants to come by every
// control and link.
func (b *browser) checkKeyboard() {
	b.Helper()
	b.visit("/?" + quick + "&compare=1&b.layers=3")
	b.settled()
	missing := eval[[]string](b, `(window.wanted = new Set([...document.querySelectorAll("a, button, select, input, textarea, summary, [tabindex]")].filter(e => e.checkVisibility())), ["", ...[...window.wanted].map(e => e.id)])`)
	eval[bool](b, `(document.addEventListener("focusin", e => window.wanted.delete(e.target)), true)`)
	for range len(missing) + 3 {
		b.run(chromedp.KeyEvent(kb.Tab))
	}
	if left := eval[[]string](b, `["", ...[...window.wanted].map(e => e.id || e.outerHTML)].slice(1)`); len(left) > 0 {
		b.Errorf("the tab key does not reach %q", left)
	}
	b.run(chromedp.Focus("#a-sharing"), chromedp.KeyEvent(kb.ArrowDown))
	b.settled()
	if !strings.Contains(b.query(), "sharing=") {
		b.Errorf("an arrow key on a select leaves the query %s", b.query())
	}
}

// checkLooks looks at the page in the dark, and on a phone.
func (b *browser) checkLooks() {
	b.Helper()
	b.visit("/?" + looks)
	b.settled()
	b.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.checkMarks(5 + 7)
	if ground := eval[string](b, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(20, 23, 27)" {
		b.Errorf("the ground in the dark scheme is %s", ground)
	}
	b.screenshot("explorer-dark")
	b.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)), chromedp.Sleep(100*time.Millisecond))
	b.checkWidth("explorer-phone")
	b.visit("/?" + quick + "&compare=1&b.sharing=immediate&b.device=iphone15")
	b.settled()
	b.checkWidth("explorer-phone-compare")
}

func (b *browser) checkWidth(name string) {
	b.Helper()
	if width := eval[float64](b, `document.documentElement.scrollWidth`); math.Round(width) > 390 {
		b.Errorf("%s is %v pixels wide on a phone of 390", name, width)
	}
	b.screenshot(name)
}

func TestFlameGraphInABrowser(t *testing.T) {
	b := openBrowser(t, serve(t))
	b.visit("/?" + quick)
	b.settled()
	href := eval[string](b, `[...document.querySelectorAll("#exports a")].find(a => a.textContent === "Flame graph").href`)
	b.run(chromedp.Navigate(href), chromedp.WaitReady("#stack-chart"), chromedp.Poll(`document.querySelectorAll("#stack-chart .boxtext").length > 5`, nil))
	if text := eval[string](b, `document.querySelector("#stack-chart").textContent`); !strings.Contains(text, "decode") || !strings.Contains(text, "layer 0") {
		t.Errorf("the flame graph holds %.200q", text)
	}
	b.screenshot("explorer-flame")
	b.checkQuiet("pprof")
}

// checkQuiet wants a browser that complained of nothing and asked nobody else.
func (b *browser) checkQuiet(what string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.Errorf("%s: the browser complains: %s", what, complaint)
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.server+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "about:") {
			b.Errorf("%s asks for %s", what, url)
		}
	}
}
