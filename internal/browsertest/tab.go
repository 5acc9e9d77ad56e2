// Package browsertest opens the pages that memsim makes in Chromium, without any
// network, and holds them to what every page promises: all charts draw marks, no
// script fails, and nothing is asked of anybody else.
//
// A test that opens a tab is skipped where there is no browser; the Debian package
// chromium has one.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is a tab of a browser of its own, 1440 by 900 pixels. What goes wrong in it
// fails its test.
type Tab struct {
	*testing.T
	ctx  context.Context
	site string // what addresses that may be asked for begin with

	mu         sync.Mutex
	complaints []string // console errors, exceptions, violations of the policy
	requests   []string // addresses asked for
}

// Open starts Chromium on a page: a file:// address, or one of a server of the
// test at 127.0.0.1, such as "http://127.0.0.1:8080". The browser ends with the
// test. It may take three minutes in all.
func Open(t *testing.T, address string) *Tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1440, 900), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	tab := &Tab{T: t, ctx: ctx, site: siteOf(t, address)}
	chromedp.ListenTarget(ctx, tab.listen)
	tab.Run(network.Enable(), log.Enable(), runtime.Enable(), chromedp.Navigate(address))
	return tab
}

// siteOf returns what addresses of a page's own site begin with: a file is alone,
// a server answers for all of its paths.
func siteOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if u.Host == "" {
		return address
	}
	return u.Scheme + "://" + u.Host + "/"
}

// chromium returns the path of a browser. It skips the test where there is none.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("needs a browser (Debian package chromium)")
	return ""
}

func (b *Tab) listen(event any) {
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

// Try does actions in turn and returns the error of the first that fails.
func (b *Tab) Try(actions ...chromedp.Action) error { return chromedp.Run(b.ctx, actions...) }

// Run does actions in turn; one that fails ends the test.
func (b *Tab) Run(actions ...chromedp.Action) {
	b.Helper()
	if err := b.Try(actions...); err != nil {
		b.Fatal(err)
	}
}

// Eval returns the value of a JavaScript expression.
func Eval[T any](b *Tab, expression string) T {
	b.Helper()
	var v T
	b.Run(chromedp.Evaluate(expression, &v))
	return v
}

// Screenshot keeps what the page looks like where MEMSIM_SCREENSHOTS names a
// folder, for people to look at.
func (b *Tab) Screenshot(name string) {
	b.Helper()
	dir := os.Getenv("MEMSIM_SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.Run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
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

// CheckCharts wants so many charts to be visible, and each to show all of its
// series.
func (b *Tab) CheckCharts(want int) {
	b.Helper()
	missing := Eval[map[string][]string](b, drawn)
	if len(missing) != want {
		b.Errorf("%d charts are visible, want %d: %v", len(missing), want, missing)
	}
	for id, names := range missing {
		if len(names) > 0 {
			b.Errorf("chart %s shows nothing of %v", id, names)
		}
	}
}

// Complaints returns what the browser has complained of since it was last asked.
func (b *Tab) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.complaints
	b.complaints = nil
	return list
}

// CheckQuiet wants a browser that complains of nothing and has asked nobody but
// the page's own site.
func (b *Tab) CheckQuiet() {
	b.Helper()
	for _, complaint := range b.Complaints() {
		b.Errorf("the browser complains: %s", complaint)
	}
	for _, address := range b.strangers() {
		b.Errorf("the page asks for %s", address)
	}
}

// strangers returns the addresses asked for that are not of the page's own site.
func (b *Tab) strangers() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.requests), func(address string) bool {
		begins := func(with string) bool { return strings.HasPrefix(address, with) }
		return slices.ContainsFunc([]string{b.site, "data:", "blob:", "about:"}, begins)
	})
}
