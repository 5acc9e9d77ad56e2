package explorer_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/explorer"
	"github.com/memsim/memsim/profiles"
)

// reply is what /api/run answers.
type reply struct {
	Answer      []string
	SameMachine bool `json:"same_machine"`
	Sides       []struct {
		Query      string
		Label      string
		Comparison profiles.Comparison `json:"results"`
		Charts     []chart
	}
	Overview []chart
}

type chart struct {
	ID     string
	Markup string
	Kind   string
	Option struct{ Series []any }
}

// drawn is what the page draws without axes.
func (c chart) drawn() bool { return c.Markup != "" || c.Kind == "icicle" }

func answer(t *testing.T, x *explorer.Explorer, query string) reply {
	t.Helper()
	w := get(x, "/api/run?"+query)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", query, w.Code, w.Body)
	}
	var r reply
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnAnswerHasFiguresChartsAndWords(t *testing.T) {
	r := answer(t, standard(t), strings.Replace(small, "layers=2", "layers=6", 1)) // more than the SRAM holds
	if len(r.Sides) != 1 || len(r.Answer) < 2 || !strings.Contains(r.Answer[0], "mobilellm-125m+layers=6") {
		t.Fatalf("the answer is %+v", r.Answer)
	}
	result := r.Sides[0].Comparison.Results[0]
	if result.LatencyMS <= 0 || result.LayersExecuted != 6 || result.PromptTokens != 4 || result.Tokens != 2 {
		t.Errorf("the result is %+v", result)
	}
	for _, c := range append(r.Overview, r.Sides[0].Charts...) {
		if len(c.Option.Series) == 0 && !c.drawn() {
			t.Errorf("chart %s is empty", c.ID)
		}
	}
	if len(r.Overview) != 7 || len(r.Sides[0].Charts) != 8 { // of which four are drawings
		t.Errorf("%d charts of all, %d of the model", len(r.Overview), len(r.Sides[0].Charts))
	}
}

func TestBIsAWithItsOwnFields(t *testing.T) {
	r := answer(t, standard(t), small+"&quant=f16&set=dram.latency%3D90ns&compare=1&b.sharing=immediate&b.quant=&b.set=")
	a, b := r.Sides[0].Comparison.Results[0], r.Sides[1].Comparison.Results[0]
	if a.LayersExecuted != 2 || b.LayersExecuted != 4 || b.PromptTokens != a.PromptTokens {
		t.Errorf("B runs %d layers, A %d", b.LayersExecuted, a.LayersExecuted)
	}
	if a.Quant != "f16" || b.Quant != "q8_0" {
		t.Errorf("B is in %s, A in %s", b.Quant, a.Quant)
	}
	if r.SameMachine {
		t.Error("a field of the device is set for A alone, and both are of one machine")
	}
	if !strings.Contains(r.Answer[0], "A token of B takes") || r.Overview[0].Markup == "" {
		t.Errorf("the answer begins with %q", r.Answer[0])
	}
}

func TestRequestsAtTheSameTimeGetTheSame(t *testing.T) {
	x := standard(t)
	const query = "device=iphone15&model=mobilellm-125m&layers=1&dim=64&vocab=64&compare=1&b.layers=2"
	var group sync.WaitGroup
	texts := make([]string, 6)
	for i := range texts {
		group.Go(func() {
			file := []string{"/results.json?side=b&", "/report.html?", "/results.json?side=b&"}[i%3]
			texts[i] = get(x, file+query).Body.String()
		})
	}
	group.Wait()
	if texts[0] != texts[2] || texts[0] != texts[3] || texts[1] != texts[4] || !strings.Contains(texts[0], "mobilellm-125m") {
		t.Error("answers to one question differ")
	}
}

func TestLabelsNameWhatDiffers(t *testing.T) {
	const query = "device=iphone13&model=mobilellm-125m&layers=1&dim=64&vocab=64&prompt_tokens=1&tokens=1"
	r := answer(t, standard(t), query+"&compare=1&b.quant=f16&b.unit=cpu")
	a, b := r.Sides[0].Label, r.Sides[1].Label
	for _, part := range []string{" / q8_0", " / gpu", " / executorch-mps"} {
		if !strings.Contains(a, part) || strings.Contains(b, part) {
			t.Errorf("%q is to be in %q, not in %q", part, a, b)
		}
	}
	if !strings.HasPrefix(a, "A: mobilellm-125m") || !strings.HasPrefix(b, "B: mobilellm-125m") || strings.Contains(a, "iphone13") {
		t.Errorf("labels are %q and %q", a, b)
	}
}

func TestWithoutCompareFieldsOfBDoNotCount(t *testing.T) {
	if r := answer(t, standard(t), small+"&b.layers=3"); len(r.Sides) != 1 {
		t.Errorf("%d sides", len(r.Sides))
	}
}

// A link to one side asks for the same run.
func TestTheQueryOfASideIsThatOfItsSetting(t *testing.T) {
	x := standard(t)
	two := answer(t, x, small+"&compare=1&b.layers=3")
	for i := range two.Sides {
		one := answer(t, x, two.Sides[i].Query)
		if !reflect.DeepEqual(one.Sides[0].Comparison.Results, two.Sides[i].Comparison.Results) || one.Sides[0].Query != two.Sides[i].Query {
			t.Errorf("side %d: %s leads to another run", i, two.Sides[i].Query)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	x := standard(t)
	for query, want := range map[string]string{
		"modell=x":                        "modell",
		"device=nosuch":                   "pixel8pro",
		"device=iphone13&unit=tpu":        "tpu",
		"device=iphone13&runtime=rkllm":   "rkllm",
		"model=mobilelm":                  "mobilellm-125m",
		"quant=q9":                        "q8_0",
		"sharing=some":                    "immediate",
		"energy=free":                     "paper",
		"layers=0":                        "layers",
		"layers=-1":                       "layers",
		"layers=513":                      "512",
		"layers=2&layers=3":               "2 times",
		"dim=1000000":                     "16384",
		"dim=100":                         "dim",
		"vocab=99999999":                  "vocab",
		"prompt_tokens=100000":            "8192",
		"prompt_tokens=4000":              "context",
		"tokens=65":                       "64",
		"layers=500&tokens=64":            "fewer tokens",
		"layers=512&dim=8192&ffn=65536":   "billion",
		"sram_mib=-3":                     "sram_mib",
		"sram_mib=NaN":                    "sram_mib",
		"sram_mib=1e9":                    "sram_mib",
		"set=dram.channels%3D0":           "dram.channels",
		"set=nonsense":                    "path=value",
		"set=" + strings.Repeat("x", 201): "longer than",
		strings.Repeat("set=a%3Db&", 17):  "at most 16",
		"%zz":                             "cannot be read",
		"compare=1&b.layers=many":         "setting B",
		"compare=1&b.device=nosuch":       "setting B",
	} {
		w := get(x, "/api/run?"+query)
		var mistake struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &mistake); err != nil || w.Code != http.StatusBadRequest || !strings.Contains(mistake.Error, want) {
			t.Errorf("%.60s: status %d, %s, want %q in it", query, w.Code, w.Body, want)
		}
	}
}

func TestALongQueryIsRefusedUnread(t *testing.T) {
	if w := get(standard(t), "/api/run?set="+strings.Repeat("x", 9000)); w.Code != http.StatusRequestURITooLong {
		t.Errorf("status %d", w.Code)
	}
}

func TestSRAMIsTheOutermostMemoryOfTheUnit(t *testing.T) {
	x := standard(t)
	shared := "device=iphone13&model=mobilellm-ls-125m&layers=2&quant=f16&prompt_tokens=4"
	large, none := answer(t, x, shared+"&sram_mib=64"), answer(t, x, shared+"&sram_mib=0.25")
	if l, n := large.Sides[0].Comparison.Results[0], none.Sides[0].Comparison.Results[0]; l.DRAMBytesPerToken >= n.DRAMBytesPerToken {
		t.Errorf("%v bytes with 64 MiB, %v with 0.25", l.DRAMBytesPerToken, n.DRAMBytesPerToken)
	}
}

// Any size will do, whatever the ways of the memory.
func TestEveryDeviceTakesOtherSizesOfSRAM(t *testing.T) {
	x := standard(t)
	for _, device := range []string{"pixel8pro", "iphone13", "galaxys25", "raspberrypi5", "rk3588"} {
		for _, size := range []string{"0.5", "3", "17.3"} {
			w := get(x, "/results.json?model=mobilellm-125m&layers=1&dim=64&vocab=64&tokens=1&prompt_tokens=1&device="+device+"&sram_mib="+size)
			if w.Code != http.StatusOK {
				t.Errorf("%s with %s MiB: %s", device, size, w.Body)
			}
		}
	}
}

func TestExportsAreOfTheSetting(t *testing.T) {
	x := standard(t)
	want := answer(t, x, small).Sides[0].Comparison.Results[0]

	var got profiles.Comparison
	if err := json.Unmarshal(get(x, "/results.json?"+small).Body.Bytes(), &got); err != nil || len(got.Results) != 1 || !reflect.DeepEqual(got.Results[0], want) {
		t.Errorf("results.json holds %+v (%v)", got, err)
	}
	report := get(x, "/report.html?"+small)
	if report.Code != http.StatusOK || !strings.Contains(report.Body.String(), "What a token costs on Apple iPhone 13") {
		t.Errorf("the report is %.200s", report.Body)
	}
	p, err := profile.Parse(get(x, "/profile.pb.gz?"+small).Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Sample) == 0 || p.SampleType[0].Type != "time" {
		t.Errorf("the profile has %d samples of %v", len(p.Sample), p.SampleType)
	}
}

func TestOneFileHoldsTwoSettingsOfOneMachine(t *testing.T) {
	x := standard(t)
	const tiny = small + "&dim=64&vocab=64&tokens=1"
	for query, want := range map[string]int{
		tiny + "&compare=1&b.layers=3":                http.StatusOK,
		tiny + "&compare=1&b.unit=gpu":                http.StatusOK, // which is the default
		tiny + "&compare=1&b.device=pixel8pro":        http.StatusBadRequest,
		tiny + "&compare=1&b.device=pixel8pro&side=a": http.StatusOK,
		tiny + "&compare=1&b.device=pixel8pro&side=b": http.StatusOK,
		tiny + "&compare=1&b.device=pixel8pro&side=c": http.StatusBadRequest,
		tiny + "&side=b":                              http.StatusBadRequest,
	} {
		for _, file := range []string{"/report.html?", "/results.json?", "/profile.pb.gz?"} {
			if w := get(x, file+query); w.Code != want {
				t.Errorf("%s%s: status %d: %.200s", file, query, w.Code, w.Body)
			}
		}
	}
}

func TestPProfsPagesOfASetting(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "PPROF_TMPDIR"} {
		t.Setenv(name, home)
	}
	x := standard(t)
	base := "/pprof/" + url.PathEscape(small+"&tokens=1") + "/"
	for page, want := range map[string]int{
		"":                         http.StatusMovedPermanently,
		"flamegraph":               http.StatusOK,
		"flamegraph?si=dram_bytes": http.StatusOK,
		"top?f=ffn":                http.StatusOK,
		"peek?f=output":            http.StatusOK,
		"download":                 http.StatusOK,
		"top?f=(":                  http.StatusBadRequest,
		"source?f=.":               http.StatusNotFound,
		"disasm?f=.":               http.StatusNotFound,
		"saveconfig?config=x":      http.StatusNotFound,
		"deleteconfig?config=x":    http.StatusNotFound,
	} {
		w := get(x, base+page)
		if w.Code != want {
			t.Errorf("%s: status %d: %.200s", page, w.Code, w.Body)
		}
	}
	if w := get(x, base+"flamegraph"); !bytes.Contains(w.Body.Bytes(), []byte("ffn_down")) {
		t.Error("the flame graph does not name the operators")
	}
	if w := get(x, "/pprof/device%3Dnosuch/flamegraph"); w.Code != http.StatusBadRequest {
		t.Errorf("an unknown device: status %d", w.Code)
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) > 0 {
		t.Errorf("pprof left %v (%v)", entries, err)
	}
}

func TestAssetsAreKeptByTheBrowser(t *testing.T) {
	x := standard(t)
	for _, path := range []string{"/", "/assets/echarts.min.js", "/assets/explorer.css"} {
		w := get(x, path)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Fatalf("%s: status %d", path, w.Code)
		}
		if again := get(x, path, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s again: status %d", path, again.Code)
		}
	}
}
