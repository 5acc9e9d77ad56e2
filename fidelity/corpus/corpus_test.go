package corpus

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

func shipped(t *testing.T) []Row {
	t.Helper()
	rows, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheTablesOfNamesAreWhole(t *testing.T) {
	if _, err := loadTables(); err != nil {
		t.Fatal(err)
	}
	for _, f := range names().formats {
		if _, ok := plainFormat(f); !ok {
			t.Errorf("formats.csv leads to %q, which is no format", f)
		}
	}
	for _, n := range names().notes {
		if _, ok := names().flags[n.flag]; !ok {
			t.Errorf("notes.csv sets the flag %q, which flags.csv does not hold", n.flag)
		}
		if n.phrase != strings.ToLower(n.phrase) {
			t.Errorf("phrase %q would never be found: remarks are compared in small letters", n.phrase)
		}
	}
	for _, s := range names().sources {
		if _, ok := names().flags[s.flag]; !ok {
			t.Errorf("sources.csv sets the flag %q, which flags.csv does not hold", s.flag)
		}
	}
	for name, m := range names().metrics {
		if m.metric != prefillMS && !slices.Contains(Metrics, m.metric) {
			t.Errorf("metrics.csv leads from %s to %q, which is no metric", name, m.metric)
		}
	}
}

func TestEveryRowIsPredictableOrSaysWhyNot(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range shipped(t) {
		if ids[r.ID] {
			t.Errorf("%s stands twice", r.ID)
		}
		ids[r.ID] = true
		if r.Source == "" {
			t.Errorf("%s has no source", r.ID)
		}
		if e := r.Exclude; e != nil {
			if e.Reason == "" || !slices.Contains(Kinds, e.Kind) {
				t.Errorf("%s is left out as %q, %q", r.ID, e.Kind, e.Reason)
			}
			continue
		}
		checkRow(t, r)
	}
}

func checkRow(t *testing.T, r Row) {
	t.Helper()
	if r.Phone == "" || r.Runtime == "" || r.Unit == "" || r.Model == "" || r.Quant == "" {
		t.Errorf("%s lacks a name: %+v", r.ID, r)
	}
	if !slices.Contains(Metrics, r.Metric) || !(r.Value > 0) || math.IsInf(r.Value, 0) {
		t.Errorf("%s: %v %s", r.ID, r.Value, r.Metric)
	}
	if r.Phase() == prefill && (r.Prompt < 1 || r.Context != 0 || r.Tokens != 0) {
		t.Errorf("%s measures a prompt of %d tokens, %d, %d", r.ID, r.Prompt, r.Context, r.Tokens)
	}
	if r.Phase() != prefill && (r.Prompt != 0 || r.Held() < 1) {
		t.Errorf("%s measures decode behind %d of a prompt of %d", r.ID, r.Context, r.Prompt)
	}
	if r.Spread < 0 || math.IsInf(r.Spread, 0) || math.IsNaN(r.Spread) {
		t.Errorf("%s has a spread of %v", r.ID, r.Spread)
	}
}

// The rows of the sources' own tables that are counted; a change of a table of
// names that loses rows shows here.
func TestTheShippedRowsAreCounted(t *testing.T) {
	rows := shipped(t)
	held := 0
	for _, r := range rows {
		if r.Exclude == nil {
			held++
		}
	}
	if len(rows) != 1814 {
		t.Errorf("%d rows, not the 1781 that were collected and 33 of papers", len(rows))
	}
	if held < 1100 {
		t.Errorf("only %d rows are held against predictions", held)
	}
}

func TestRowsThatAreNotToBeCountedAreNot(t *testing.T) {
	for _, r := range shipped(t) {
		note := strings.ToLower(r.Record.Note + " " + r.Record.Flags)
		for _, word := range []string{"known", "repeat", "implausible", "unfit"} {
			if slices.ContainsFunc(strings.Fields(r.Record.Flags), func(f string) bool { return strings.HasPrefix(f, word) }) && r.Exclude == nil {
				t.Errorf("%s is counted though its flags are %s", r.ID, note)
			}
		}
	}
}

func TestMachinesAreReadAsPhonesAre(t *testing.T) {
	rows, err := Machines()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 300 {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.Record.Device == "" || r.Source == "" {
			t.Errorf("%s: %+v", r.ID, r.Record)
		}
	}
}

func TestSpellingsOfDevicesLeadToPhones(t *testing.T) {
	for _, c := range []struct {
		device, soc, phone string
		standIn            bool
	}{
		{"Galaxy S23", "Snapdragon 8 Gen 2", "galaxys23", false},
		{"Samsung Galaxy S25 Ultra", "", "galaxys25ultra", false},
		{"SAMSUNG Galaxy S25 Ultra (SM-S938B)", "", "galaxys25ultra", false},
		{"Galaxy S26", "Snapdragon 8 Elite Gen 5", "galaxys26", false},
		{"Samsung Galaxy S24 Ultra 12GB", "", "galaxys24ultra", false},
		{"POCO (codename myron)", "Snapdragon 8 Elite Gen 5", "poco-8elitegen5", false},
		{"POCO X7 series (codename klee)", "MediaTek MT6899", "poco-dimensity", false},
		{"RK3588 board, maximum clocks (board not named)", "RK3588", "rk3588", false},
		{"Radxa ROCK 5B", "RK3588", "rk3588", false},
		{"Snapdragon 8 Elite Gen 5 QRD", "Snapdragon 8 Elite Gen 5", "qrd-8elitegen5", false},
		{"Snapdragon 8 Elite QRD", "Snapdragon 8 Elite", "qrd-8elite", false},
		{"Snapdragon 8 Elite Gen 5 device", "", "qrd-8elitegen5", true},
		{"Snapdragon 8 Elite device (SM8750)", "Snapdragon 8 Elite", "qrd-8elite", true},
		{"Adreno 830 phone", "", "qrd-8elite", true},
		{"Tensor G5 phone", "Tensor G5", "pixel10", false},
		{"Raspberry Pi 4 Model B Rev 1.1", "BCM2711", "raspberrypi4", false},
		{"Raspberry Pi 5 (16GB)", "", "raspberrypi5", false},
		{"Raspberry Pi 5 8 GB", "", "raspberrypi5", false},
		{"Jetson Orin Nano Super Developer Kit", "", "jetson-orin-nano", false},
		{"NVIDIA Jetson Orin Nano Super 8GB", "", "jetson-orin-nano", false},
		{"Apple iPhone 16 Pro", "A18 Pro", "iphone16pro", false},
		{"iPhone 16 Pro Max", "", "iphone16pro", false},
		{"Google Pixel 6 Pro", "", "pixel6pro", false},
		{"vivo X300", "Dimensity 9500", "vivo-x300", false},
		{"Vivo X300 Pro", "Dimensity 9500", "vivo-x300", true},
		{"Xiaomi 17", "Snapdragon 8 Elite Gen 5", "xiaomi17", false},
		{"Xiaomi 17 Pro", "Snapdragon 8 Elite Gen 5", "qrd-8elitegen5", true},
		{"iPhone 17 Pro class", "A19 Pro", "iphone17pro", false},
		{"mine/phone.yaml", "", "mine/phone.yaml", false},
	} {
		phone, standIn, err := names().phone(c.device, c.soc)
		if err != nil || phone != c.phone || standIn != c.standIn {
			t.Errorf("%s with %s is %s (stand-in %v), %v; want %s (%v)", c.device, c.soc, phone, standIn, err, c.phone, c.standIn)
		}
	}
	for _, c := range [][2]string{{"Frobnicator 3", "Frob 8"}, {"Galaxy S25 FE", ""}, {"Samsung Galaxy A07", "Snapdragon 8 Gen 1 or Exynos 2200"}} {
		if phone, _, err := names().phone(c[0], c[1]); err == nil {
			t.Errorf("%s with %s is %s", c[0], c[1], phone)
		}
	}
}

func TestSpellingsOfModelsLeadToPresets(t *testing.T) {
	for spelling, preset := range map[string]string{
		"Llama-3.2-1B-Instruct":                           "llama3.2-1b",
		"Llama-v3.2-3B-Instruct":                          "llama3.2-3b",
		"meta-llama/Llama-3.1-8B-Instruct":                "llama3.1-8b",
		"Meta-Llama-3-8B-Instruct-Q4_0.gguf":              "llama3-8b",
		"bartowski/Llama-3.2-1B-Instruct-GGUF/Q4_K_M":     "llama3.2-1b",
		"Llama-3.2-1B-Instruct-SpinQuant_INT4_EO8":        "llama3.2-1b",
		"qwen2_5_1_5b_instruct":                           "qwen2.5-1.5b",
		"Qwen2.5 1.5B":                                    "qwen2.5-1.5b",
		"Qwen2.5-7B-Instruct":                             "qwen2.5-7b",
		"Qwen2-0.5b-instruct":                             "qwen2-0.5b",
		"mlx-community/Qwen3-0.6B-4bit":                   "qwen3-0.6b",
		"core-ai/qwen3-4b-ane":                            "qwen3-4b",
		"DeepSeek-R1-Distill-Qwen-1.5B":                   "deepseek-r1-distill-qwen-1.5b",
		"Gemma3-1B-IT":                                    "gemma3-1b",
		"Gemma-2-2B-it":                                   "gemma2-2b",
		"litert-community/gemma-4-E2B-it-litert-lm":       "gemma-4-e2b",
		"Phi-3.5-mini-instruct":                           "phi-3.5-mini",
		"Phi3 3.8B":                                       "phi-3.5-mini",
		"Phi-4-mini-instruct":                             "phi-4-mini",
		"SmolLM2-1.7B-Instruct":                           "smollm2-1.7b",
		"SmolLM-135M":                                     "smollm-135m",
		"TinyLlama-1.1B-Chat-v1.0":                        "tinyllama-1.1b",
		"Mistral-7B-Instruct-v0.3":                        "mistral-7b-v0.3",
		"mistral_7b_instruct_v0_3_quantized":              "mistral-7b-v0.3",
		"Llama-v3-ELYZA-JP-8B":                            "llama3-8b",
		"TinySwallow-1.5B":                                "qwen2.5-1.5b",
		"LFM2.5-1.2B-Instruct":                            "lfm2.5-1.2b",
		"mobilellm-ls-125m":                               "mobilellm-ls-125m",
		"my/model.gguf":                                   "my/model.gguf",
		"./folder":                                        "./folder",
		"unsloth/Qwen3.5-2B-GGUF/Q4_K_M":                  "qwen3.5-2b",
		"Qwen3-30B-A3B-Q4_K_M.gguf":                       "qwen3-30b-a3b",
		"ibm-granite/granite-3.1-8b-instruct":             "granite-3.1-8b",
		"Dolphin3.0-Llama3.2-3B":                          "llama3.2-3b",
		"Hermes-3-Llama-3.1-8B-Q4_K_M.gguf":               "llama3.1-8b",
		"Qwen2.5-Coder-1.5B-Instruct":                     "qwen2.5-1.5b",
		"Qwen3-4B-Instruct-2507":                          "qwen3-4b",
		"TinyLLAMA 1.1B":                                  "tinyllama-1.1b",
		"Qwen2.5VL 3B":                                    "qwen2.5-3b",
		"Gemma2 2B":                                       "gemma2-2b",
		"orca-mini (3B tag by default)":                   "open-llama-3b",
		"Llama-3.1-8B (size by speed; source: Llama 3.1)": "llama3.1-8b",
	} {
		if got, err := names().model(spelling); err != nil || got != preset {
			t.Errorf("%s is %q, %v; want %s", spelling, got, err, preset)
		}
	}
	for spelling, reason := range map[string]string{"RWKV7 1.5B": "recurrent", "Frobnicator-9B": "no preset has the shape", "gemma-3-12b-it": "no preset has the shape", "DeepSeek-R1-Distill-Qwen-32B": "no preset"} {
		if got, err := names().model(spelling); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s is %q, %v", spelling, got, err)
		}
	}
}

func TestSpellingsOfRuntimesLeadToRuntimes(t *testing.T) {
	for _, c := range []struct{ spelling, unit, phone, runtime string }{
		{"llama.cpp (llama.rn) CPU", "cpu", "galaxys23", "llama.cpp-cpu"},
		{"llama.cpp (llama.rn) OpenCL", "gpu", "galaxys23", "llama.cpp-opencl"},
		{"llama.cpp (llama.rn) Hexagon", "npu", "galaxys23", "llama.cpp-hexagon"},
		{"llama.cpp", "gpu", "iphone16pro", "llama.cpp-metal"},
		{"llama.cpp 983df14 CPU", "cpu", "galaxys25", "llama.cpp-cpu"},
		{"ollama (llama.cpp)", "cpu", "raspberrypi4", "llama.cpp-cpu"},
		{"ExecuTorch 1.4.0 XNNPACK (KleidiAI)", "cpu", "poco-x8pro", "executorch-xnnpack"},
		{"executorch-cpu", "cpu", "oneplus12", "executorch-xnnpack"},
		{"ExecuTorch QNN", "npu", "qrd-8elite", "executorch-qnn"},
		{"LiteRT-LM in the Box app", "gpu", "pixel10", "litert-gpu"},
		{"LiteRT / MediaPipe", "cpu", "galaxys24ultra", "litert-cpu"},
		{"Qualcomm QNN context binary (torchscript_onnx_qnn)", "npu", "galaxys24", "qnn-genie"},
		{"Qualcomm Genie", "npu", "qrd-8elitegen5", "qnn-genie"},
		{"MLC LLM OpenCL", "gpu", "pixel8pro", "mlc-gpu"},
		{"mlx-swift", "gpu", "iphone17pro", "mlx"},
		{"rkllm", "npu", "rk3588", "rkllm"},
		{"coreml-llm", "npu", "iphone17pro", "coreml"},
		{"MNN Metal", "gpu", "ipad-m5", "mnn-gpu"},
		{"", "cpu", "pixel8pro", ""},
	} {
		if got, err := names().runtime(c.spelling, c.unit, c.phone, "decode"); err != nil || got != c.runtime {
			t.Errorf("%s on the %s is %q, %v; want %s", c.spelling, c.unit, got, err, c.runtime)
		}
	}
	for _, spelling := range []string{"llama2.c", "cactus (own kernels)", "llama.cpp CPU repack off", "frobnicator"} {
		if got, err := names().runtime(spelling, "cpu", "pixel8pro", "decode"); err == nil {
			t.Errorf("%s is %s", spelling, got)
		}
	}
}

func TestSpellingsOfFormatsLeadToFormats(t *testing.T) {
	for _, c := range [][3]string{
		{"Q4_K_M", "llama.cpp-cpu", "q4_k_m"}, {"Q4_K - Medium", "", "q4_k_m"}, {"q4_k_medium", "", "q4_k_m"}, {"Q5_K - Small", "", "q5_k_s"},
		{"IQ2_M", "", "iq2_m"}, {"Q4_0 (default tag)", "llama.cpp-cpu", "q4_0"}, {"FP16", "", "f16"}, {"bf16", "", "bf16"},
		{"Q4_K_M (ollama's default)", "llama.cpp-cpu", "q4_k_m"}, {"q4_0/q8_0", "executorch-xnnpack", "q4_0/q8_0"},
		{"w4a16", "rkllm", "w4"}, {"w4a16_g128", "rkllm", "w4_g128"}, {"w8a8", "rkllm", "w8"}, {"w4a16", "qnn-genie", "w4a16"},
		{"w4a16 (file of the quantized model)", "qnn-genie", "w4a16"}, {"dynamic_int8", "litert-cpu", "w8"}, {"dynamic_int4 block 32", "litert-cpu", "w4_g32"},
		{"8da4w g32 + int8 embedding", "executorch-xnnpack", "8da4w"}, {"Q4", "mlx", "w4_g64_zp"}, {"INT4", "mlc-gpu", "w4_g32"}, {"w4_g128", "", "w4_g128"}, {"", "mlx", ""},
	} {
		if got, err := names().format(c[0], c[1]); err != nil || got != c[2] {
			t.Errorf("%s under %s is %q, %v; want %s", c[0], c[1], got, err, c[2])
		}
	}
	if got, err := names().format("zz9", "mlx"); err == nil {
		t.Errorf("zz9 is %s", got)
	}
}

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
	if share, ok := r.Offloaded(); share != 0 || !ok {
		t.Errorf("offloaded %v, %v", share, ok)
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
