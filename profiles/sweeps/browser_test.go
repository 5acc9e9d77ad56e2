package sweeps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/memsim/memsim/internal/browsertest"
	"github.com/memsim/memsim/sim/sweep"
)

// Every chart draws marks, no script fails, and the pointer finds the shape of a
// point.
func TestAPageIsDrawnByABrowser(t *testing.T) {
	rows := sample(t, axis(t, "layers", "15,30,60"), axis(t, "dim", "512,576"), axis(t, "sharing", "none,immediate"), axis(t, "device", "one,two"))
	path := filepath.Join(t.TempDir(), "sweep.html")
	html := write(t, rows, About{Title: "two phones", Model: "m", Figure: "latency_ms_per_token", Spec: []Setting{{"layers", "15,30,60"}},
		Effects: []sweep.Effect{{Path: "dram.channels", Low: "2", High: "8", AtLow: 20, AtHigh: 8, Base: 10}}})
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	b := browsertest.Open(t, "file://"+path)
	b.Run(chromedp.WaitReady("footer"))
	marks := browsertest.Eval[map[string]int](b, `Object.fromEntries([...document.querySelectorAll(".chart")].map(e => [e.id, e.querySelectorAll("svg path").length]))`)
	tip := browsertest.Eval[string](b, `(() => { const c = echarts.getInstanceByDom(document.getElementById("trade"));
		c.dispatchAction({type: "showTip", seriesIndex: 0, dataIndex: 0});
		return [...document.querySelectorAll("#trade div")].map(d => d.textContent).join(" "); })()`)
	for _, id := range []string{"trade", "depth", "map0", "accuracy-latency", "accuracy-energy", "devices", "tornado"} {
		if marks[id] < 4 {
			t.Errorf("chart %s draws %d marks", id, marks[id])
		}
	}
	if want := "15 layers × 512"; !strings.Contains(tip, want) {
		t.Errorf("the tooltip says %q, want %q", tip, want)
	}
	b.CheckQuiet()
	b.Screenshot("sweep")
}
