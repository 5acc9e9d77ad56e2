package main

import (
	"slices"
	"strings"
	"testing"
)

// completed returns what the shell is offered for the last of args.
func completed(t *testing.T, args ...string) []string {
	t.Helper()
	r := mustMemsim(t, append([]string{"__completeNoDesc"}, args...)...)
	offered, _, _ := strings.Cut(r.out, ":")
	return strings.Fields(offered)
}

func TestShellsCompleteNames(t *testing.T) {
	inFolder(t)
	for args, want := range map[string]string{
		"--device":                     "pixel8pro",
		"--model":                      "mobilellm-ls-125m",
		"--quant":                      "q4_k_m",
		"--format":                     "csv",
		"--runtime":                    "llama.cpp-metal",
		"replay --energy":              "paper",
		"inspect --by":                 "tensor",
		"run --sharing":                "immediate",
		"bench --model":                "tinyllama-1.1b",
		"devices show":                 "iphone13",
		"models show":                  "mobilellm-125m",
		"replay t --device":            "iphone13",
		"sweep --sharing":              "immediate",
		"sweep --axis":                 "dram.channels=",
		"sweep --where":                "fits_dram_budget",
		"sweep --best":                 "latency_ms_per_token",
		"sweep --sensitivity":          "energy_parts_mj.dram",
		"devices show pixel8pro --set": "dram.channels=",
		"probe dram --part":            "lpddr5-6400",
		"probe dram --mapping":         "RoBaRaCoCh",
		"probe flash --part":           "ufs-4.0",
		"export t --to":                "ramulator2",
		"validate --device":            "host",
		"completion":                   "fish",
	} {
		if got := completed(t, append(strings.Fields(args), "")...); !slices.Contains(got, want) {
			t.Errorf("completion of %q is %q, want %s among it", args, got, want)
		}
	}
}

func TestShellsCompleteWhatBeginsAsTyped(t *testing.T) {
	inFolder(t)
	for args, want := range map[string]string{
		"--device pixel7":                       "pixel7 pixel7pro",
		"--device pixel8":                       "pixel8pro",
		"--device pixel8pro --runtime litert-c": "litert-cpu",
		"--device pixel8pro --set dram.chann":   "dram.channels=",
		"sweep --quant q8_0,q4_k":               "q8_0,q4_k_m q8_0,q4_k_s",
		"sweep --sharing none,im":               "none,immediate",
		"sweep --where energy_m":                "energy_mj_per_token",
		"sweep --pareto energy_m":               "energy_mj_per_token",
		"sweep --pareto params,+energy_m":       "params,+energy_mj_per_token",
		"sweep --pareto params,-energy_m":       "params,-energy_mj_per_token",
		"devices show iphone15p":                "iphone15plus iphone15pro iphone15promax",
		"models make tiny":                      "tinyllama-1.1b",
		"rep":                                   "replay",
	} {
		got := completed(t, strings.Fields(args)...)
		if want := strings.Fields(want); !slices.Equal(got, want) {
			t.Errorf("completion of %q is %q, want %q", args, got, want)
		}
	}
}

func TestTracesAreCompletedWithTraces(t *testing.T) {
	inFolder(t)
	for _, command := range []string{"inspect", "replay", "export", "probe sram"} {
		if got := completed(t, append(strings.Fields(command), "")...); !slices.Equal(got, []string{"parquet"}) {
			t.Errorf("%s is completed with %q", command, got)
		}
	}
}

func TestFaultsInSettingsDoNotStopCompletion(t *testing.T) {
	inFolder(t)
	writeText(t, "memsim.yaml", "devise: pixel8pro\n")
	if got := completed(t, "--device", "pixel8"); !slices.Equal(got, []string{"pixel8pro"}) {
		t.Errorf("completion is %q", got)
	}
	mustMemsim(t, "completion", "bash")
}

func TestThereIsACompletionForEachShell(t *testing.T) {
	inFolder(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := mustMemsim(t, "completion", shell); !strings.Contains(r.out, "memsim") || r.err != "" {
			t.Errorf("%s: %d bytes, stderr %q", shell, len(r.out), r.err)
		}
	}
}
