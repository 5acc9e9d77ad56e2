package main

import (
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/dram"
)

func TestExportedRequestsProbeDRAM(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "--prompt-tokens", "2", "--tokens", "2", "-o", "t.parquet")
	r := mustMemsim(t, "export", "t.parquet", "--to", "ramulator2", "--token", "3", "-o", "reads.txt")
	if r.out != "" || !strings.Contains(r.err, "reads.txt") {
		t.Errorf("stdout %q, stderr %q", r.out, r.err)
	}
	text, err := os.ReadFile("reads.txt")
	if err != nil {
		t.Fatal(err)
	}
	probe := decode[dram.Figures](t, mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt", "--format", "json"))
	if n := int64(strings.Count(string(text), "\n")); n == 0 || probe.Requests != n {
		t.Errorf("%d lines, %d requests", n, probe.Requests)
	}
	mustMemsim(t, "export", "t.parquet", "--to", "dramsim3", "--token", "3", "-o", "reads.trc")
	same := decode[dram.Figures](t, mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.trc", "--format", "json"))
	if same.Requests != probe.Requests || same.Cycles != probe.Cycles {
		t.Errorf("as DRAMsim3 reads them: %+v, as Ramulator does: %+v", same, probe)
	}
	for _, format := range []string{"dramsim3", "chrome", "csv"} {
		if r := mustMemsim(t, "export", "t.parquet", "--to", format, "-o", "-"); r.out == "" {
			t.Errorf("%s to stdout is empty", format)
		}
	}
}

func TestExportMistakes(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "--prompt-tokens", "2", "--tokens", "1", "-o", "t.parquet", "--shape-only")
	for args, want := range map[string]string{
		"export t.parquet -o x":                           "--to",
		"export t.parquet --to vcd -o x":                  "ramulator2",
		"export t.parquet --to csv":                       "--out",
		"export t.parquet --to csv -o missing/x":          "cannot write",
		"export t.parquet --to csv --token 77 -o x":       "no operator",
		"export t.parquet --to chrome -o x":               "shape-only",
		"export t.parquet --to ramulator2 --burst 3 -o x": "power of two",
		"export small.yaml --to csv -o x":                 "small.yaml",
	} {
		wantMistake(t, memsim(t, strings.Fields(args)...), want)
	}
	wantEmpty(t, "small.yaml", "t.parquet")
}
