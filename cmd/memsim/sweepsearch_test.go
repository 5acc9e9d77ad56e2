package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBestFindsTheOptimumAndGoesOn(t *testing.T) {
	inFolder(t)
	smallShape(t)
	space := []string{"--device", "iphone13", "--model", "small.yaml", "--layers", "1:4", "--dim", "64,96,128", "--quant", "f16,q8_0,q4_0"}
	condition := "stored_params > 120e3"
	_, rows := sweepRowsOf(t, append(space, "--where", condition)...)
	least := math.Inf(1)
	for _, row := range rows {
		least = min(least, number(t, row["energy_mj_per_token"]))
	}
	search := append([]string{"sweep", "--tokens", "1", "--prompt-tokens", "1", "--best", "energy_mj_per_token", "--where", condition, "--format", "json", "--out", "best"}, space...)
	var reply struct {
		sweepReply
		Best map[string]any `json:"best"`
	}
	for _, evaluations := range []string{"24", "36"} {
		r := mustMemsim(t, append(search, "--evaluations", evaluations)...)
		if err := json.Unmarshal([]byte(r.out), &reply); err != nil {
			t.Fatal(err)
		}
		if reply.Best["energy_mj_per_token"] != least || reply.Points != int(number(t, evaluations)) {
			t.Errorf("%s evaluations find %v of %d points, the optimum is %v", evaluations, reply.Best["energy_mj_per_token"], reply.Points, least)
		}
	}
	want := sweepFiles(t, "best")
	mustMemsim(t, append(search, "--evaluations", "36")...)
	wantSameFiles(t, "best", want)
	if r := memsim(t, append(search, "--shard", "0/2")...); r.code != exitMistake {
		t.Errorf("a search in shards: exit code %d: %s", r.code, r.err)
	}
	if r := memsim(t, append(search, "--best", "speed")...); r.code != exitMistake {
		t.Errorf("an unknown figure: exit code %d: %s", r.code, r.err)
	}
}

func TestSensitivityIsPrintedAndDrawn(t *testing.T) {
	inFolder(t)
	smallShape(t)
	phone, err := os.ReadFile(filepath.Join(testdata, "..", "..", "devices", "phones", "pixel8pro.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, "phone.yaml", string(phone)+"runtimes: [llama.cpp-cpu, mlc-gpu]\n") // each step of each number loads the phone again
	r := mustMemsim(t, "sweep", "--device", "phone.yaml", "--model", "small.yaml", "--tokens", "1", "--layers", "2,3", "--sensitivity", "latency_ms_per_token")
	if !strings.Contains(r.out, "What moves latency_ms_per_token") || !strings.Contains(r.out, ".dispatch") {
		t.Errorf("printed is\n%s", r.out)
	}
	if page := sweepFiles(t, "memsim-sweep")[sweepHTML]; !strings.Contains(string(page), "Most uncertain input: ") {
		t.Error("the page does not say what moves it")
	}
}
