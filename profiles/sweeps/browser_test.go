package sweeps

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/memsim/memsim/sim/sweep"
)

// tab starts Chromium without a network on the file at path. It skips the test
// where there is none. What the page complains of lands in complaints.
func tab(t *testing.T, path string) (ctx context.Context, complaints func() []string) {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
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
	var mu sync.Mutex
	var list []string
	chromedp.ListenTarget(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			list = append(list, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			list = append(list, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), log.Enable(), runtime.Enable(), chromedp.Navigate("file://"+path), chromedp.WaitReady("footer")); err != nil {
		t.Fatal(err)
	}
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// Every chart draws marks, no script fails, and the pointer finds the shape of a
// point.
func TestAPageIsDrawnByABrowser(t *testing.T) {
	rows := sample(t, axis(t, "layers", "15,30,60"), axis(t, "dim", "512,576"), axis(t, "sharing", "none,immediate"), axis(t, "device", "one,two"))
	path := filepath.Join(t.TempDir(), "sweep.html")
	html := write(t, rows, About{Title: "two phones", Model: "m", Figure: "latency_ms_per_token", Spec: []Setting{{"layers", "15,30,60"}},
		Effect: []sweep.Effect{{Path: "dram.channels", Low: "2", High: "8", AtLow: 20, AtHigh: 8, Base: 10}}})
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, complaints := tab(t, path)
	var marks map[string]int
	var tip string
	if err := chromedp.Run(ctx,
		chromedp.Evaluate(`Object.fromEntries([...document.querySelectorAll(".chart")].map(e => [e.id, e.querySelectorAll("svg path").length]))`, &marks),
		chromedp.Evaluate(`(() => { const c = echarts.getInstanceByDom(document.getElementById("trade"));
			c.dispatchAction({type: "showTip", seriesIndex: 0, dataIndex: 0});
			return [...document.querySelectorAll("#trade div")].map(d => d.textContent).join(" "); })()`, &tip)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"trade", "depth", "map0", "accuracy-latency", "accuracy-energy", "devices", "tornado"} {
		if marks[id] < 4 {
			t.Errorf("chart %s draws %d marks", id, marks[id])
		}
	}
	if want := "15 layers × 512"; !strings.Contains(tip, want) {
		t.Errorf("the tooltip says %q, want %q", tip, want)
	}
	if list := complaints(); len(list) > 0 {
		t.Errorf("the page complains: %v", list)
	}
	screenshot(t, ctx)
}

// screenshot keeps what the page looks like where MEMSIM_SCREENSHOTS names a
// folder, for people to look at.
func screenshot(t *testing.T, ctx context.Context) {
	dir := os.Getenv("MEMSIM_SCREENSHOTS")
	if dir == "" {
		return
	}
	err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		png, err := page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "sweep.png"), png, 0o644)
	}))
	if err != nil {
		t.Fatal(err)
	}
}
