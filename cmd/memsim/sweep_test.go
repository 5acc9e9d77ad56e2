package main

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sweepRowsOf runs a sweep and returns its CSV as maps by column.
func sweepRowsOf(t *testing.T, args ...string) (sweepReply, []map[string]string) {
	t.Helper()
	reply := decode[sweepReply](t, mustMemsim(t, append([]string{"sweep", "--format", "json", "--tokens", "1", "--prompt-tokens", "1"}, args...)...))
	f, err := os.Open(filepath.Join("memsim-sweep", sweepCSV))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return reply, rows
}

func TestSweepHoldsTheParametersOverDepths(t *testing.T) {
	inFolder(t)
	reply, rows := sweepRowsOf(t, "--device", "iphone13", "--layers", "4,8", "--sharing", "none,immediate", "--params", "20M", "--solve", "dim")
	if reply.Points != 4 || reply.Invalid != 0 || len(rows) != 4 {
		t.Fatalf("%+v, %d rows", reply, len(rows))
	}
	for _, row := range rows {
		params, err := strconv.ParseFloat(row["stored_params"], 64)
		if err != nil || math.Abs(params/20e6-1) > 0.01 {
			t.Errorf("%s layers have %s parameters", row["layers"], row["stored_params"])
		}
	}
	if _, err := os.Stat(filepath.Join("memsim-sweep", sweepParquet)); err != nil {
		t.Error(err)
	}
}

// A point of a sweep is the same model run alone.
func TestAPointOfASweepEqualsTheModelAlone(t *testing.T) {
	inFolder(t)
	smallShape(t)
	_, rows := sweepRowsOf(t, "--device", "iphone13", "--model", "small.yaml", "--layers", "2,3")
	alone := mustMemsim(t, "--device", "iphone13", "--model", "small.yaml", "--layers", "3", "--tokens", "1", "--prompt-tokens", "1", "--shape-only", "--format", "csv")
	path := writeText(t, "alone.csv", alone.out)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range lines[0] {
		if strings.HasSuffix(name, "_low90") || strings.HasSuffix(name, "_high90") {
			continue // a sweep draws no samples
		}
		if got := rows[1][name]; got != lines[1][i] {
			t.Errorf("%s is %q in the sweep, %q alone", name, got, lines[1][i])
		}
	}
}

func TestSweepCountsAndNamesInvalidPoints(t *testing.T) {
	inFolder(t)
	smallShape(t)
	reply, rows := sweepRowsOf(t, "--device", "iphone13", "--model", "small.yaml", "--dim", "64,70", "--layers", "1")
	if reply.Points != 2 || reply.Invalid != 1 || rows[0]["invalid"] != "" || rows[1]["invalid"] == "" {
		t.Errorf("%+v: %v", reply, rows)
	}
}

func TestSweepRefusesWhatItCannotWalk(t *testing.T) {
	inFolder(t)
	for _, args := range [][]string{
		{},
		{"--layers", "9:3"},
		{"--layers", "4", "--params", "much", "--solve", "dim"},
		{"--layers", "4", "--params", "125M"},
		{"--layers", "4", "--params", "125M", "--solve", "layers"},
		{"--layers", "4", "--tokens", "0"},
	} {
		if r := memsim(t, append([]string{"sweep", "--device", "iphone13"}, args...)...); r.code != exitMistake {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("refused sweeps left %v (%v)", entries, err)
	}
}

func TestAnInterruptedSweepLeavesNothing(t *testing.T) {
	inFolder(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := memsimContext(t, ctx, nil, "sweep", "--device", "iphone13", "--layers", "1:50")
	if r.code != exitInterrupted {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("an interrupted sweep left %v (%v)", entries, err)
	}
}

func TestSweepColumnsStartWithTheAxes(t *testing.T) {
	inFolder(t)
	smallShape(t)
	_, rows := sweepRowsOf(t, "--device", "iphone13", "--model", "small.yaml", "--kv-heads", "1,2", "--quant", "f16,q8_0")
	var got []string
	for _, row := range rows {
		got = append(got, row["kv_heads"]+" "+row["quant"])
	}
	if want := []string{"1 f16", "1 q8_0", "2 f16", "2 q8_0"}; !slices.Equal(got, want) {
		t.Errorf("rows are %v, want %v", got, want)
	}
}
