package explorer_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/memsim/memsim/internal/browsertest"
)

// browser is a tab on a server of this test.
type browser struct {
	*browsertest.Tab
	server string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	server := httptest.NewServer(standard(t))
	t.Cleanup(server.Close)
	return &browser{browsertest.Open(t, server.URL+"/?"+quick), server.URL}
}

// settled waits until the page shows the answer for its address.
func (b *browser) settled() {
	b.Helper()
	err := b.Try(chromedp.Poll(`document.body.dataset.query !== undefined && document.body.dataset.query === location.search.slice(1)`, nil, chromedp.WithPollingTimeout(30*time.Second)))
	if err != nil {
		b.Fatalf("%v: the address is %s, the answer that of %s", err, b.query(), browsertest.Eval[string](b.Tab, `document.body.dataset.query || "nothing"`))
	}
	b.Run(chromedp.Sleep(100 * time.Millisecond)) // charts below the screen are drawn behind those on it
}

func (b *browser) visit(path string) {
	b.Helper()
	b.Run(chromedp.Navigate(b.server + path))
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
	cells := browsertest.Eval[map[string][]float64](b.Tab, `Object.fromEntries([...document.querySelectorAll("#figures tr[data-key]")]
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
	browsertest.Eval[bool](b.Tab, fmt.Sprintf(`(() => { const c = document.getElementById(%q); c.value = %q;
		c.dispatchEvent(new Event("input", { bubbles: true })); c.dispatchEvent(new Event("change", { bubbles: true })); return c.value === %q; })()`, id, value, value))
	b.settled()
}

// figure is a value of the table.
func (b *browser) figure(key string, column int) float64 {
	b.Helper()
	return browsertest.Eval[float64](b.Tab, fmt.Sprintf(`Number(document.querySelectorAll('#figures tr[data-key="%s"] [data-value]')[%d].dataset.value)`, key, column))
}

func (b *browser) query() string {
	b.Helper()
	return browsertest.Eval[string](b.Tab, `location.search.slice(1)`)
}

// An address that the controls cannot take is refused as it is, not shown without
// what they dropped.
func TestAnAddressThatCannotBeIsRefused(t *testing.T) {
	b := openBrowser(t)
	for query, want := range map[string]string{
		"?layers=abc&model=mobilellm-125m":    "layers",
		"?" + quick + "&compare=1&b.dim=wide": "dim",
		"?" + quick + "&depth=3":              "depth",
		"?" + quick + "&prompt_tokens=1e":     "prompt_tokens",
	} {
		b.visit("/" + query)
		b.settled()
		if text := browsertest.Eval[string](b.Tab, `document.getElementById("error").hidden ? "" : document.getElementById("error").textContent`); !strings.Contains(text, want) {
			t.Errorf("%s: the page says %q", query, text)
		}
	}
}

// quick is a small model whose weights do not stay on chip.
const quick = "device=iphone13&sram_mib=1&model=mobilellm-125m&layers=2&vocab=2000&prompt_tokens=4"

// looks is one that is worth a picture.
const looks = "device=iphone13&model=mobilellm-ls-125m&layers=8&prompt_tokens=4"

func TestExplorerInABrowserWithoutANetwork(t *testing.T) {
	b := openBrowser(t)
	b.settled()
	b.CheckCharts(5 + 6)
	b.checkFigures(0, b.query())
	b.Screenshot("explorer-light")

	b.checkControlsMoveFigures()
	b.checkComparison()
	b.checkMistake()
	b.checkKeyboard()
	b.checkLooks()
	b.CheckQuiet()
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
		before, bars := b.figure(c.figure, 0), browsertest.Eval[string](b.Tab, `JSON.stringify(echarts.getInstanceByDom(document.getElementById("latency")).getOption().series.map(s => s.data))`)
		b.choose(c.control, c.value)
		if message := browsertest.Eval[string](b.Tab, `document.getElementById("error").hidden ? "" : document.getElementById("error").textContent`); message != "" {
			b.Fatalf("%s=%s: %s", c.control, c.value, message)
		}
		if after := b.figure(c.figure, 0); after == before {
			b.Errorf("%s=%s leaves %s at %v", c.control, c.value, c.figure, after)
		}
		if browsertest.Eval[string](b.Tab, `JSON.stringify(echarts.getInstanceByDom(document.getElementById("latency")).getOption().series.map(s => s.data))`) == bars {
			b.Errorf("%s=%s leaves the chart of latency as it is", c.control, c.value)
		}
		b.checkFigures(0, b.query())
	}
	b.Run(chromedp.Evaluate(`history.back()`, nil))
	b.Run(chromedp.Poll(`document.getElementById("a-model").value === "mobilellm-125m"`, nil))
	b.settled()
}

// checkComparison opens B, changes it, and wants the address to bring both back.
func (b *browser) checkComparison() {
	b.Helper()
	b.visit("/?device=iphone13&sram_mib=10&model=mobilellm-125m&layers=4&vocab=4000&prompt_tokens=4")
	b.settled()
	b.Run(chromedp.Click("#compare"), chromedp.WaitVisible("#b-sharing"))
	b.settled()
	b.choose("b-sharing", "immediate")
	b.CheckCharts(5 + 2*6)
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
	answer := browsertest.Eval[string](b.Tab, `document.getElementById("answer").textContent`)
	b.visit("/?" + query)
	b.settled()
	if again := browsertest.Eval[string](b.Tab, `document.getElementById("answer").textContent`); again != answer {
		b.Errorf("the address brings back %q, not %q", again, answer)
	}
	if !browsertest.Eval[bool](b.Tab, `document.getElementById("b-sharing").classList.contains("differs") && document.getElementById("b-sharing").value === "immediate"`) {
		b.Error("the controls do not show in what B differs")
	}
	b.Screenshot("explorer-compare")
}

// checkMistake wants a wrong value to be answered with what is wrong.
func (b *browser) checkMistake() {
	b.Helper()
	b.visit("/?" + quick)
	b.settled()
	b.CheckQuiet()
	b.choose("a-set", "dram.channels=0")
	if text := browsertest.Eval[string](b.Tab, `document.getElementById("error").textContent`); !strings.Contains(text, "dram.channels") {
		b.Errorf("the page says %q", text)
	}
	b.choose("a-set", "")
	if !browsertest.Eval[bool](b.Tab, `document.getElementById("error").hidden && !document.getElementById("shown").classList.contains("stale")`) {
		b.Error("the mistake stays after it was undone")
	}
	if complaints := b.Complaints(); len(complaints) > 1 { // Chromium logs every answer of status 400
		b.Errorf("the browser complains more than once of one refused request: %q", complaints)
	}
}

// checkKeyboard walks the page with the tab key and wants to come by every
// control and link.
func (b *browser) checkKeyboard() {
	b.Helper()
	b.visit("/?" + quick + "&compare=1&b.layers=3")
	b.settled()
	missing := browsertest.Eval[[]string](b.Tab, `(window.wanted = new Set([...document.querySelectorAll("a, button, select, input, textarea, summary, [tabindex]")].filter(e => e.checkVisibility())), ["", ...[...window.wanted].map(e => e.id)])`)
	browsertest.Eval[bool](b.Tab, `(document.addEventListener("focusin", e => window.wanted.delete(e.target)), true)`)
	for range len(missing) + 3 {
		b.Run(chromedp.KeyEvent(kb.Tab))
	}
	if left := browsertest.Eval[[]string](b.Tab, `["", ...[...window.wanted].map(e => e.id || e.outerHTML)].slice(1)`); len(left) > 0 {
		b.Errorf("the tab key does not reach %q", left)
	}
	b.Run(chromedp.Focus("#a-sharing"), chromedp.KeyEvent(kb.ArrowDown))
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
	b.Run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.CheckCharts(5 + 6)
	if ground := browsertest.Eval[string](b.Tab, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(20, 23, 27)" {
		b.Errorf("the ground in the dark scheme is %s", ground)
	}
	b.Screenshot("explorer-dark")
	b.Run(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)), chromedp.Sleep(100*time.Millisecond))
	b.checkWidth("explorer-phone")
	b.visit("/?" + quick + "&compare=1&b.sharing=immediate&b.device=iphone15")
	b.settled()
	b.checkWidth("explorer-phone-compare")
}

func (b *browser) checkWidth(name string) {
	b.Helper()
	if width := browsertest.Eval[float64](b.Tab, `document.documentElement.scrollWidth`); math.Round(width) > 390 {
		b.Errorf("%s is %v pixels wide on a phone of 390", name, width)
	}
	b.Screenshot(name)
}

func TestFlameGraphInABrowser(t *testing.T) {
	b := openBrowser(t)
	b.settled()
	href := browsertest.Eval[string](b.Tab, `[...document.querySelectorAll("#exports a")].find(a => a.textContent === "Flame graph").href`)
	b.Run(chromedp.Navigate(href), chromedp.WaitReady("#stack-chart"), chromedp.Poll(`document.querySelectorAll("#stack-chart .boxtext").length > 5`, nil))
	if text := browsertest.Eval[string](b.Tab, `document.querySelector("#stack-chart").textContent`); !strings.Contains(text, "decode") || !strings.Contains(text, "layer 0") {
		t.Errorf("the flame graph holds %.200q", text)
	}
	b.Screenshot("explorer-flame")
	b.CheckQuiet()
}
