package html_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/profiles/internal/ledgertest"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// models are the three of the main job.
var models = []ledgertest.Model{
	ledgertest.MobileLLM("mobilellm-125m", 30, 1),
	ledgertest.MobileLLM("mobilellm-ls-125m", 30, 2),
	ledgertest.MobileLLM("mobilellm-125m-60-layers", 60, 1),
}

type tb interface {
	Helper()
	Fatal(...any)
}

// standard is the report of models, made once for all tests that only look.
var standard = sync.OnceValues(func() ([]byte, profiles.Comparison) { return report(failing{}, models) })

// failing is a test outside of a test.
type failing struct{}

func (failing) Helper()        {}
func (failing) Fatal(v ...any) { panic(fmt.Sprint(v...)) }

// report renders models on an iPhone 13.
func report(t tb, models []ledgertest.Model) (page []byte, c profiles.Comparison) {
	t.Helper()
	device, err := devices.Load("iphone13", nil)
	if err != nil {
		t.Fatal(err)
	}
	c = profiles.Comparison{Memsim: "0.1.0", Device: device.Name, Title: device.Title, Unit: "gpu", Runtime: "executorch-mps", Energy: "device",
		Notes: []string{"Weights are seeded noise; shapes, and so bytes, are those of the real models."}}
	r := html.New(device, "gpu", "executorch-mps")
	for _, m := range models {
		panel := r.Model(m.Header())
		for row := range m.Rows {
			panel.Add(row)
		}
		c.Results = append(c.Results, m.Result())
	}
	var b bytes.Buffer
	if err := r.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), c
}

func TestReportIsOneFileThatAsksForNothing(t *testing.T) {
	page, _ := report(t, models[:1])
	text := string(page)
	own := text[:strings.Index(text, `<script type="application/json"`)]
	for _, forbidden := range []string{"http://", "https://", "src=", "@import", "url("} {
		if strings.Contains(own, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}
	if !strings.Contains(own, "default-src &#39;none&#39;") && !strings.Contains(own, "default-src 'none'") {
		t.Error("no content security policy")
	}
	if n := strings.Count(text, "Licensed to the Apache Software Foundation"); n != 1 {
		t.Errorf("the chart library is there %d times, with its license", n)
	}
}

func TestSameLedgerSameBytes(t *testing.T) {
	two := []ledgertest.Model{ledgertest.MobileLLM("a", 3, 1), ledgertest.MobileLLM("b", 3, 2)}
	a, _ := report(t, two)
	b, _ := report(t, two)
	if !bytes.Equal(a, b) {
		t.Error("two reports of one ledger differ")
	}
}

func TestNamesOfTensorsCannotBreakOut(t *testing.T) {
	evil := `</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>`
	m := ledgertest.MobileLLM(evil, 2, 2)
	c := profiles.Comparison{Memsim: evil, Device: evil, Title: evil, Unit: evil, Notes: []string{evil}}
	r := html.New(nil, "", "")
	panel := r.Model(m.Header())
	for row := range m.Rows {
		row.Op += evil
		for i := range row.Operands {
			row.Operands[i].Tensor += evil
			row.Operands[i].DType = evil
		}
		panel.Add(row)
	}
	c.Results = append(c.Results, m.Result())
	var b bytes.Buffer
	if err := r.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"<script>alert", "<img src=x"} {
		if strings.Contains(b.String(), s) {
			t.Errorf("%s came through", s)
		}
	}
	if n := strings.Count(b.String(), "</script>"); n != 4 {
		t.Errorf("%d script elements, want data, library, frame and report", n)
	}
}

// embedded is the data element of a page.
func embedded(t tb, page []byte) (data struct {
	Charts []struct {
		ID     string
		Option struct{ Series []map[string]any }
	}
	Data struct {
		Results profiles.Comparison
		Models  []struct {
			Name      string
			Operators []map[string]any
			Tensors   []map[string]any
		}
	}
}) {
	t.Helper()
	_, rest, ok := bytes.Cut(page, []byte(`<script type="application/json" id="data">`))
	raw, _, ok2 := bytes.Cut(rest, []byte("</script>"))
	if !ok || !ok2 {
		t.Fatal("no data element")
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDataHoldsTheResultsAndSumsToThem(t *testing.T) {
	page, c := standard()
	data := embedded(t, page).Data
	for i, r := range c.Results {
		if !reflect.DeepEqual(data.Results.Results[i], r) {
			t.Errorf("result %d differs: %+v", i, data.Results.Results[i])
		}
		var dram, time, energy, operatorTime float64
		for _, tensor := range data.Models[i].Tensors {
			dram += tensor["dram_bytes_per_token"].(float64)
			time += tensor["time_us_per_token"].(float64)
			energy += tensor["energy_uj_per_token"].(float64)
		}
		for _, op := range data.Models[i].Operators {
			operatorTime += op["time_us_per_token"].(float64)
		}
		for what, pair := range map[string][2]float64{
			"DRAM bytes": {dram, r.DRAMBytesPerToken}, "time of tensors": {time, r.LatencyMS * 1e3},
			"energy": {energy, r.EnergyMJPerToken * 1e3}, "time of operators": {operatorTime, r.LatencyMS * 1e3},
		} {
			if d := pair[0] - pair[1]; d > 1e-3 || d < -1e-3 {
				t.Errorf("%s: %s sum to %v, the result says %v", r.Model, what, pair[0], pair[1])
			}
		}
	}
}

func TestEveryModelHasEveryChart(t *testing.T) {
	page, _ := standard()
	charts := map[string]bool{}
	for _, c := range embedded(t, page).Charts {
		charts[c.ID] = len(c.Option.Series) > 0
	}
	for _, id := range []string{"latency", "energy", "traffic-0", "layers-1", "time-2", "joules-0", "roofline-1", "misses-2"} {
		if !charts[id] {
			t.Errorf("chart %s is missing or has no series", id)
		}
	}
}

func TestTheTopLineAnswers(t *testing.T) {
	page, _ := standard()
	_, rest, _ := strings.Cut(string(page), `<div id="answer">`)
	answer, _, _ := strings.Cut(rest, "</div>")
	for _, want := range []string{"waiting for DRAM", "runs 60 layers with the weights of 30", "slower", "per battery charge"} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer does not say %q: %s", want, answer)
		}
	}
}

func TestResultsMustBelongToModels(t *testing.T) {
	r := html.New(nil, "", "")
	r.Model(models[0].Header())
	if err := r.Write(&bytes.Buffer{}, profiles.Comparison{}); err == nil {
		t.Error("a model without a result is accepted")
	}
}

func TestRunsWithoutDecodeOrWithoutRowsStillGiveAReport(t *testing.T) {
	prompt := ledgertest.MobileLLM("prompt-only", 3, 1)
	r := html.New(nil, "", "")
	panel := r.Model(prompt.Header())
	for row := range prompt.Rows {
		if row.Phase == traces.Prefill {
			panel.Add(row)
		}
	}
	r.Model(prompt.Header())
	result := sim.Result{Model: "prompt-only", PromptTokens: 16, PrefillMS: 12.5}
	var b bytes.Buffer
	if err := r.Write(&b, profiles.Comparison{Results: []sim.Result{result, {Model: "nothing"}}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a prompt of 16 tokens in 12.5 ms", "Operators of prefill, per token"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}
