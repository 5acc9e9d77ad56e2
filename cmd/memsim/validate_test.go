package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/profiles"
)

const pointsHead = "device,runtime,unit,model,quant,context,metric,value,fitted,source\n"

// measurements writes a table of points of a small model.
func measurements(t *testing.T, lines ...string) string {
	t.Helper()
	path := "mine.csv"
	if err := os.WriteFile(path, []byte(pointsHead+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestValidateHoldsDataToPredictions(t *testing.T) {
	inFolder(t)
	smallShape(t)
	data := measurements(t,
		"oneplus12,executorch-cpu,cpu,small.yaml,bf16,4,ms_per_token,1.5,true,me",
		"oneplus12,executorch-cpu,cpu,small.yaml,bf16,4,tokens_per_s,500,false,me",
		"oneplus12,executorch-cpu,cpu,smollm-135m,bf16,4,tokens_per_s,5000,false,a claim",
		"iphone13,,,small.yaml,f16,,mj_per_token,1,false,me")
	r := decode[validationReply](t, mustMemsim(t, "validate", "--data", data, "--published=false", "--device", "oneplus12", "--out", "page", "--format", "json"))
	if r.Memsim != version || len(r.Points) != 3 || r.MAEFitted == nil || r.MAEUnfitted == nil || r.LeftOut != 1 {
		t.Fatalf("%+v", r)
	}
	for _, o := range r.Points {
		if want := 100 * (o.Predicted/o.Measured - 1); o.Predicted <= 0 || o.Measured != o.Value || o.ErrorPct != want {
			t.Errorf("%+v", o)
		}
	}
	if !strings.Contains(r.Points[2].Implausible, "GB/s") || r.Points[0].Implausible != "" {
		t.Errorf("flags: %q and %q", r.Points[0].Implausible, r.Points[2].Implausible)
	}
	if e := r.Points[1].ErrorPct; *r.MAEUnfitted != max(e, -e) {
		t.Errorf("mean of the unfitted is %g, its only point %g", *r.MAEUnfitted, e)
	}
	page, err := os.ReadFile(filepath.Join("page", validationHTML))
	if err != nil || !strings.Contains(string(page), "a claim") {
		t.Errorf("the page lacks a source (%v)", err)
	}
	if _, err := os.Stat(filepath.Join("page", validationJSON)); err != nil {
		t.Error(err)
	}
}

func TestValidateTable(t *testing.T) {
	inFolder(t)
	smallShape(t)
	data := measurements(t, "oneplus12,executorch-cpu,cpu,small.yaml,bf16,4,ms_per_token,1.5,false,me")
	r := mustMemsim(t, "validate", "--data", data, "--published=false")
	for _, want := range []string{"small.yaml", "ms_per_token", "Mean absolute error"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the table lacks %q:\n%s", want, r.out)
		}
	}
}

func TestValidateRefusesWhatIsNotThere(t *testing.T) {
	inFolder(t)
	data := measurements(t, "pixel8por,,,smollm-135m,,,tokens_per_s,5,,me", "iphone13,,,smollm-135m,,,speed,5,,me")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", "none.csv"}, "none.csv"},
		{[]string{"--data", data}, "mine.csv:3"},
		{[]string{"--device", "pixel8por"}, "pixel8pro"},
		{[]string{"--runtime", "tinygrad"}, "no measurement of tinygrad"},
		{[]string{"--set", "dram.channels=2"}, "--device"},
		{[]string{"--published=false"}, "--data"},
		{[]string{"--device", "host", "--data", data}, "--data"},
	} {
		r := memsim(t, append([]string{"validate"}, test.args...)...)
		if r.code != exitMistake || !strings.Contains(r.err, test.want) {
			t.Errorf("%v: code %d, %q, want %q", test.args, r.code, r.err, test.want)
		}
	}
}

func TestCalibrateWritesAProfileThatPredictsBetter(t *testing.T) {
	inFolder(t)
	data := measurements(t,
		"oneplus12,executorch-cpu,cpu,smollm-135m,bf16,4,tokens_per_s,110,,me",
		"oneplus12,executorch-cpu,cpu,mobilellm-125m,q8_0,4,tokens_per_s,120,,me",
		"iphone13,,,smollm-135m,f16,4,tokens_per_s,5,,me")
	r := decode[calibrationReply](t, mustMemsim(t, "calibrate", "--device", "oneplus12", "--data", data, "--format", "json"))
	if len(r.Points) != 2 || len(r.Numbers) == 0 || len(r.Told) == 0 || r.After > r.Before || r.File != "oneplus12-calibrated.yaml" {
		t.Fatalf("%+v", r)
	}
	v := decode[validationReply](t, mustMemsim(t, "validate", "--device", r.File, "--data", data, "--published=false", "--format", "json"))
	if len(v.Points) != 2 || v.Points[0].UncertaintyPct <= 0 {
		t.Fatalf("%+v", v.Points)
	}
	for _, args := range [][]string{{}, {"--device", "oneplus12"}, {"--device", "pixel7", "--data", data}} {
		if r := memsim(t, append([]string{"calibrate"}, args...)...); r.code != exitMistake {
			t.Errorf("%v: code %d, %q", args, r.code, r.err)
		}
	}
}

func TestSustainedSpeedIsSaidWhenAskedFor(t *testing.T) {
	inFolder(t)
	smallShape(t)
	warm := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--sustained", "--format", "json")...)).Results[0]
	if warm.SustainedTokensPerS <= 0 || warm.SustainedTokensPerS > warm.TokensPerS {
		t.Errorf("%g token/s warm, %g cold", warm.SustainedTokensPerS, warm.TokensPerS)
	}
	cold := decode[profiles.Comparison](t, mustMemsim(t, append(quickJob, "--format", "json")...)).Results[0]
	if cold.SustainedTokensPerS != 0 || cold.ThrottlesAfterS != 0 {
		t.Errorf("%+v", cold)
	}
}

func TestPredictionsCarryTheErrorsOfCalibratedNumbers(t *testing.T) {
	inFolder(t)
	smallShape(t)
	args := []string{"--device", "oneplus12", "--model", "small.yaml", "--prompt-tokens", "2", "--tokens", "2"}
	r := mustMemsim(t, args...)
	for _, want := range []string{"  90 %", "of the latency's range is ", "are calibrated, by one fit to all"} {
		if !strings.Contains(strings.Join(strings.Fields(r.out), " "), strings.TrimSpace(want)) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	c := decode[profiles.Comparison](t, mustMemsim(t, append(args, "--format", "json")...)).Results[0]
	if span := c.Interval90["latency_ms_per_token"]; !(span[0] < c.LatencyMS && c.LatencyMS < span[1]) || c.MainUncertainty == nil {
		t.Errorf("%g ms in %v, by %+v", c.LatencyMS, span, c.MainUncertainty)
	}
	if r := mustMemsim(t, append(args, "--samples", "0")...); strings.Contains(r.out, "  90 %") {
		t.Errorf("no samples were asked for, and intervals are there:\n%s", r.out)
	}
}

func TestValidateHostRunsWhatItPredicts(t *testing.T) {
	inFolder(t)
	r := decode[hostReply](t, mustMemsim(t, "validate", "--device", "host", "--threads", "1", "--rounds", "1", "--out", "loop", "--format", "json"))
	if len(r.Points) != 24 || r.MAEFitted != nil || r.MAEUnfitted == nil || r.Pairs == 0 {
		t.Fatalf("%+v", r)
	}
	profile := mustMemsim(t, "devices", "check", filepath.Join("loop", hostProfile))
	if !strings.Contains(profile.out, "host") {
		t.Errorf("%q", profile.out)
	}
	if r := memsim(t, "validate", "--device", "host", "--rounds", "0"); r.code != exitMistake {
		t.Errorf("code %d, %q", r.code, r.err)
	}
}
