package corpus

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

func TestLengthsAreReadInTheWaysOfSources(t *testing.T) {
	for text, want := range map[string][4]int{
		"tg64 after empty context":      {0, 0, 64, 0},
		"pp512":                         {512, 0, 0, 0},
		"tg128 after pp131":             {0, 131, 128, 0},
		"prompt 128, 64 new tokens":     {128, 128, 64, 0},
		"KV 1280":                       {0, 0, 0, 1280},
		"100 after 1k":                  {0, 1000, 100, 0},
		"image prompt, 265-284 tokens":  {275, 0, 0, 0},
		"128-256 tokens behind 265-284": {0, 275, 192, 0},
		"prompts of about 90 tokens, replies to 640; window 2048": {90, 90, 640, 2048},
		"63 tokens behind 740": {0, 740, 63, 0},
		"929-token prompt":     {929, 929, 0, 0},
		"256":                  {256, 0, 256, 0},
		"not stated":           {},
	} {
		r := Record{Length: text}
		if !names().length(&r) {
			t.Errorf("%q is not understood", text)
		}
		if got := [4]int{r.Prompt, r.Context, r.Tokens, r.Window}; got != want {
			t.Errorf("%q: prompt, context, tokens, window are %v, want %v", text, got, want)
		}
	}
	if r := (Record{Length: "between meals"}); names().length(&r) {
		t.Errorf("between meals: %+v", r)
	}
}

func TestSpreadsAreRelative(t *testing.T) {
	for text, want := range map[string]float64{"± 3": 0.03, "±3.0": 0.03, "90..110": 0.1, "median of 6, 95 to 105": 0.05, "98–102": 0.02, "CV 1.5 %": 0.015, "": 0, "about": 0, "mean of 3": 0} {
		if got := spread(text, 100); math.Abs(got-want) > 1e-12 {
			t.Errorf("spread of %q is %v, want %v", text, got, want)
		}
	}
}

func TestATableInTheColumnsOfCollectorsIsRead(t *testing.T) {
	rows, err := Read("theirs.csv", strings.NewReader(`id,device,soc,ram_gb,runtime,runtime_version_or_date,unit,threads,model,arch_note,quant,weight_bytes,metric,value,stddev_or_range,context_or_prompt_tokens,source_repo_or_url,file_or_issue,commit_or_date,grade,note
x-1,Galaxy S23,Snapdragon 8 Gen 2,8,llama.cpp (llama.rn) CPU,2026,cpu,6,Qwen2.5-1.5B-Instruct,,Q4_K - Medium,986048768,decode_tps,20,mean of 3,tg64 after empty context,github a/b,f.json,c0ffee,P,weights MiB by buffer CPU:182.57 CPU_REPACK:934.69 (embedding may be counted in two buffers); KV f16 56 MiB at n_ctx 2048; flash_attn on
x-2,Galaxy S23,Snapdragon 8 Gen 2,8,llama.cpp (llama.rn) CPU,2026,cpu,6,Qwen2.5-1.5B-Instruct,,Q4_K - Medium,986048768,ms_per_token,50,,tg64 after empty context,github a/b,f.json,c0ffee,P,known already
x-3,RK3588 board (not named),RK3588,,rkllm,,npu,,Qwen2 0.5B,,w8a8,,ttft_ms,200,,"prompt 128, 64 new tokens",github a/b,f.md,,P,
x-4,iPhone 16 Pro,A18 Pro,8,mlx-swift,,gpu,,mlx-community/Qwen3-4B-4bit,,Q4,,J_per_token,0.25,,"sustained, 12288 tokens",github a/b,,,P,
`))
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	if r.Phone != "galaxys23" || r.Runtime != "llama.cpp-cpu" || r.Model != "qwen2.5-1.5b" || r.Quant != "q4_k_m" || r.Threads != 6 ||
		r.KVDType != "f16" || r.Window != 2048 || r.Context != 0 || r.Tokens != 64 || len(r.Buffers) != 2 || r.Exclude != nil {
		t.Errorf("first row: %+v", r)
	}
	if share, ok := r.Offloaded(); share != 0 || !ok || !r.OnCPU() {
		t.Errorf("offloaded %v, %v", share, ok)
	}
	if r := (Row{Unit: "npu", Buffers: []Buffer{{"cpu", 100}, {"htp0_repack", 300}}}); r.OnCPU() {
		t.Errorf("%+v is computed on the CPU", r)
	}
	if r := (Row{Unit: "npu", Buffers: []Buffer{{"cpu_repack", 300}, {"htp0", 0.1}}}); !r.OnCPU() {
		t.Errorf("%+v is computed on the NPU", r)
	}
	if rows[1].Exclude == nil || rows[1].Exclude.Kind != "repeat" {
		t.Errorf("second row: %+v", rows[1].Exclude)
	}
	if r := rows[2]; r.Metric != FirstTokenMS || r.Prompt != 128 || r.Quant != "w8" || r.Model != "qwen2-0.5b" {
		t.Errorf("third row: %+v", r)
	}
	if r := rows[3]; r.Metric != MJPerToken || r.Value != 250 || r.Tokens != 12288 || !slices.Contains(r.Assumed, "context") {
		t.Errorf("fourth row: %+v", r)
	}
}

func TestATableOfValidateIsRead(t *testing.T) {
	rows, err := Read("mine.csv", strings.NewReader("\ufeffmetric,value,model,device,fitted,context,bytes\n# a remark\nms_per_token,12.5,smollm-135m,iphone13,yes,7,\nprefill_tokens_per_s, 3 ,smollm-135m,iphone13,,64,90000000\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r := rows[0]; r.ID != "mine.csv:3" || !r.Fitted || r.Context != 7 || r.Tokens != 0 || len(r.Assumed) != 0 || r.Exclude != nil || r.Runtime != "" {
		t.Errorf("first row: %+v", r)
	}
	if r := rows[1]; r.Prompt != 64 || r.Context != 0 || r.Resize != 90000000 {
		t.Errorf("second row: %+v", r)
	}
}

func TestWrongTablesAreRefusedWithEveryLine(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"empty":           {"", "is empty"},
		"column":          {"device,modle,metric,value\n", `column "modle" is not known`},
		"missing":         {"device,model,value\n", "column metric is missing"},
		"twice":           {"device,device,model,metric,value\n", "column device stands twice"},
		"also twice":      {"device,phone,model,metric,value\n", "column device stands twice"},
		"value":           {"device,model,metric,value\nd,m,tokens_per_s,fast\n", `t.csv:2: value "fast" is not a number`},
		"negative":        {"device,model,metric,value\nd,m,tokens_per_s,-1\n", "not above zero"},
		"no value":        {"device,model,metric,value\nd,m,tokens_per_s,\n", "value is empty"},
		"metric":          {"device,model,metric,value\nd,m,token_per_s,1\n", "nearest: tokens_per_s"},
		"context":         {"device,model,metric,value,context\nd,m,tokens_per_s,1,2.5\n", "not a whole number of tokens"},
		"two lines":       {"device,model,metric,value\nd,m,tokens_per_s,x\n,m,tokens_per_s,1\n", "t.csv:3: device is empty"},
		"cells":           {"device,model,metric,value\nd,m\n", "wrong number of fields"},
		"neither":         {"device,model,metric,value,fitted\nd,m,tokens_per_s,1,perhaps\n", "neither true nor false"},
		"negative length": {"device,model,metric,value,prompt\nd,m,tokens_per_s,1,-5\n", "not a whole number"},
	} {
		_, err := Read("t.csv", strings.NewReader(c.text))
		if err == nil || !fault.IsUser(err) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "t.csv") {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestOneFigureUnderTwoNamesCountsOnce(t *testing.T) {
	rows, err := Read("t.csv", strings.NewReader(`device,runtime,unit,model,quant,metric,value,context,source
iphone17pro,mlx,gpu,Qwen2.5-1.5B,Q4,tokens_per_s,74.95,32,github a/b
iphone17pro,mlx,gpu,TinySwallow-1.5B,Q4,tokens_per_s,74.9512,32,github a/b
iphone17pro,mlx,gpu,TinySwallow-1.5B,Q4,tokens_per_s,74.9512,32,github c/d
iphone17pro,mlx,gpu,Qwen2.5-1.5B,Q4,tokens_per_s,71.6,32,github a/b
iphone17pro,mlx,gpu,Qwen3-0.6B,Q4,tokens_per_s,12,32,github a/b
iphone17pro,mlx,gpu,Qwen3-0.6B,Q4,tokens_per_s,12,32,github a/b
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range []bool{false, true, false, false, false, false} {
		if got := rows[i].Exclude; (got != nil) != out {
			t.Errorf("row %d: %+v", i+1, got)
		}
	}
}

func TestRowsOfUnknownNamesAreLeftOut(t *testing.T) {
	rows := []Row{{Phone: "a", Model: "m", Runtime: "r", Quant: "q"}, {Phone: "b"}, {Phone: "a", Model: "n"}, {Phone: "a", Model: "m", Runtime: "s"}, {Phone: "a", Model: "m", Quant: "p"}}
	is := func(want string) func(string) bool { return func(s string) bool { return s == want } }
	Hold(rows, Known{Phone: is("a"), Model: is("m"), Quant: is("q"), Runtime: func(_, r string) bool { return r == "r" }})
	for i, kind := range []string{"", "phone", "model", "runtime", "quant"} {
		if got := ByReason(rows[i]); got != kind {
			t.Errorf("row %d is left out as %q, want %q", i, got, kind)
		}
	}
	own, err := Read("t.csv", strings.NewReader("device,runtime,model,metric,value\npixel8pro,mlc-gpu,tinyllama-1.1b,tokens_per_s,5\npixel8pro,rkllm,tinyllama-1.1b,tokens_per_s,5\n"))
	if err != nil {
		t.Fatal(err)
	}
	Hold(own, Shipped())
	if own[0].Exclude != nil || ByReason(own[1]) != "runtime" {
		t.Errorf("%+v, %+v", own[0].Exclude, own[1].Exclude)
	}
}

// FuzzRead looks for tables that panic, or whose rows hold what no prediction
// can be made for.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\ufeffmetric,value,model,device,fitted,context\n# a remark\nms_per_token,12.5,smollm-135m,iphone13,yes,7\n"))
	f.Add([]byte("device,model,metric,value,length,spread,note\nd (x,m/y/z.gguf,ttft_ms,1e-300,prompt 9999999999k,1..2..3,KV f16 1..2 MiB at n_ctx 99999999999999999999\n"))
	f.Add([]byte("device,model,metric,value,quant,buffers\n\"d,\n\",v2,W,5,q4_0/,cpu=1 htp=x =\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 8<<20, 1<<12, len(data), func() {
			rows, err := Read("p.csv", strings.NewReader(string(data)))
			if err != nil {
				faulttest.Refused(t, err, "p.csv")
				return
			}
			for _, r := range rows {
				if r.Exclude == nil && (r.Phone == "" || r.Model == "" || r.Held() < 1 || r.Prompt < 0 || !slices.Contains(Metrics, r.Metric)) {
					t.Fatalf("%+v", r)
				}
			}
		})
	})
}

// A prompt is no more work than its tokens one by one.
func TestAPromptSlowerThanDecodingIsLeftOut(t *testing.T) {
	rows, err := Read("mine.csv", strings.NewReader(`device,runtime,unit,model,quant,prompt,context,metric,value,source
pixel8pro,llama.cpp,cpu,llama3.2-1b,q4_0,0,64,tokens_per_s,20,me
pixel8pro,llama.cpp,cpu,llama3.2-1b,q4_0,256,0,prefill_tokens_per_s,60,me
pixel8pro,llama.cpp,cpu,llama3.2-1b,q4_0,256,0,prefill_tokens_per_s,6,me
pixel8pro,llama.cpp,cpu,llama3.2-1b,q8_0,256,0,prefill_tokens_per_s,6,me
`))
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range []bool{false, false, true, false} {
		if got := rows[i].Exclude != nil; got != out {
			t.Errorf("row %d: left out is %t, want %t (%+v)", i, got, out, rows[i].Exclude)
		}
	}
}
