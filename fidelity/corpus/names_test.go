package corpus

import (
	"strings"
	"testing"
)

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
