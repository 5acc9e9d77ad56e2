package main

import (
	"os"
	"strings"
	"testing"
)

// What no point could be evaluated with is the user's mistake, and leaves no folder
// that would refuse the corrected command.
func TestASweepThatCannotBeIsAMistakeAndLeavesNothing(t *testing.T) {
	inFolder(t)
	smallShape(t)
	for _, c := range []struct{ args, want string }{
		{"--layers abc", "--layers abc"},
		{"--layers nan", "--layers nan"},
		{"--layers 1,2,abc", "--layers abc"},
		{"--quant zz", "zz"},
		{"--quant q8_0,zz", "zz"},
		{"--sharing none,sometimes", "sometimes"},
		{"--ffn-ratio 2,-1", "-1"},
		{"--context 1,0", "--context 0"},
		{"--layers 1 --axis device=iphone13,nophone", "nophone"},
		{"--axis dram.channels=2,-1", "dram.channels: -1"},
		{"--axis sram.slc.capacity=abc,8MiB", "abc"},
		{"--layers 1 --axis dram.latency=80ns,-3ns --axis dram.channels=2,4", "-3ns"},
		{"--layers 1 --axis dram.part.timing.REFI=281ns,3906ns", "tREFI is 281 ns"},
		{"--layers 1 --where energy_parts_mj.magic>1", "energy_parts_mj.magic"},
		{"--layers 1 --where latency_ms>1", "latency_ms_per_token"},
		{"--layers 1 --best energy_parts_mj.magic*2", "energy_parts_mj.magic"},
		{"--layers 1 --device pixel8pro,iphone15", "--axis device=pixel8pro,iphone15"},
	} {
		args := append([]string{"sweep", "--model", "small.yaml", "--tokens", "1", "--device", "iphone13"}, strings.Fields(c.args)...)
		r := memsim(t, args...)
		if r.code != exitMistake || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit code %d: %s", c.args, r.code, r.err)
		}
		if _, err := os.Stat(defaultSweepOut); err == nil {
			t.Errorf("%s left %s", c.args, defaultSweepOut)
			os.RemoveAll(defaultSweepOut)
		}
	}
	mustMemsim(t, "sweep", "--model", "small.yaml", "--tokens", "1", "--device", "iphone13", "--layers", "1,2", "--where", "latency_ms_per_token/dram_bytes_per_token > 0")
}

func TestCompletionOfAnUnknownShellIsAMistake(t *testing.T) {
	inFolder(t)
	if r := memsim(t, "completion", "tcsh"); r.code != exitMistake || !strings.Contains(r.err, "tcsh") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	mustMemsim(t, "completion", "bash")
	mustMemsim(t, "completion")
}
