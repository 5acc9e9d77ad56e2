package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/flash"
)

// sequentialReads is a trace of n bursts of 32 bytes in a row.
func sequentialReads(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "LD %d\n", 32*i)
	}
	return b.String()
}

func TestProbeDRAM(t *testing.T) {
	inFolder(t)
	writeText(t, "reads.txt", sequentialReads(20000))
	args := []string{"probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt", "--refresh", "none", "--format", "json"}
	r := decode[dram.Figures](t, mustMemsim(t, args...))
	if r.Requests != 20000 || r.RowHits+r.RowMisses+r.RowConflicts != r.Requests {
		t.Errorf("%+v: hits, misses and conflicts are not its requests", r)
	}
	const peak = 12.8 // 16 bits at 6400 MT/s
	if r.GBps > peak || r.GBps < 0.75*peak {
		t.Errorf("sequential reads reach %g GB/s of %g", r.GBps, peak)
	}
	if ns := float64(r.Cycles) * 1.25; math.Abs(20000*32/ns-r.GBps) > 0.01 {
		t.Errorf("%d cycles of 1.25 ns are not %g GB/s", r.Cycles, r.GBps)
	}
	slow := decode[dram.Figures](t, mustMemsim(t, append(args, "--command-level")...))
	slow.RequestsPerS, r.RequestsPerS = 0, 0
	if !reflect.DeepEqual(slow, r) {
		t.Errorf("command by command: %+v, fast: %+v", slow, r)
	}
	if out := mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt", "--policy", "closed", "--mapping", "ChRaBaRoCo").out; !strings.Contains(out, "row hits") {
		t.Errorf("table:\n%s", out)
	}
}

func TestProbeDRAMTakesBothFormsOfAddresses(t *testing.T) {
	inFolder(t)
	writeText(t, "a.txt", "LD 0x1000\nST 8192\n\n# a comment\nLD 0x20\n")
	if r := decode[dram.Figures](t, mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "a.txt", "--format", "json")); r.Requests != 3 {
		t.Errorf("%d requests, want 3", r.Requests)
	}
}

// A trace may have been compressed, written on Windows, with tabs, or by memsim export
// for DRAMsim3: its requests are the same.
func TestProbeDRAMReadsTracesAsPeopleHaveThem(t *testing.T) {
	inFolder(t)
	const plain = "LD 0x40\nST 8192\nLD 0x2000\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(plain)) // into memory
	_ = z.Close()
	want := dram.Figures{}
	for i, text := range []string{
		plain, packed.String(), "\ufeff" + plain, strings.ReplaceAll(plain, "\n", "\r\n"), strings.ReplaceAll(plain, " ", "\t"),
		"0x40 READ 0\n0x2000 WRITE 0\n0x2000 READ 0\n",
	} {
		writeText(t, "t.txt", text)
		got := decode[dram.Figures](t, mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "t.txt", "--format", "json"))
		got.RequestsPerS = 0
		if i == 0 {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	writeText(t, "cut.gz", packed.String()[:packed.Len()-9])
	wantMistake(t, memsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", "cut.gz"), "damaged or cut short")
}

// Addresses beyond the memory wrap around, and the command says so.
func TestProbeDRAMWarnsOfAddressesBeyondCapacity(t *testing.T) {
	inFolder(t)
	writeText(t, "b.txt", "LD 0\n\nLD 0x80000000\n")
	args := []string{"probe", "dram", "--part", "lpddr5-6400", "--trace", "b.txt"}
	if r := mustMemsim(t, args...); !strings.Contains(r.err, "1 of 2 requests (the first on line 3, 0x80000000) lie beyond the 2.0 GiB") {
		t.Errorf("one channel: %q", r.err)
	}
	if r := mustMemsim(t, append(args, "--channels", "2")...); strings.Contains(r.err, "beyond") {
		t.Errorf("two channels: %q", r.err)
	}
}

// Requests that give a clock arrive at it, and their latency is that of a memory that
// is at rest.
func TestProbeDRAMPacesAndTimesRequests(t *testing.T) {
	inFolder(t)
	var paced, at strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&paced, "LD %d %d\n", i*4096*17, i*400)
		fmt.Fprintf(&at, "LD %d\n", i*4096*17)
	}
	writeText(t, "paced.txt", paced.String())
	writeText(t, "burst.txt", at.String())
	probe := func(file string) dram.Figures {
		return decode[dram.Figures](t, mustMemsim(t, "probe", "dram", "--part", "lpddr5-6400", "--trace", file, "--refresh", "none", "--latency", "--format", "json"))
	}
	slow, fast := probe("paced.txt"), probe("burst.txt")
	if slow.Cycles < 999*400 || slow.Cycles > 999*400+100 || slow.Latency.P50*3 > fast.Latency.P50 {
		t.Errorf("paced: %d cycles, %+v; in a burst: %d cycles, %+v", slow.Cycles, slow.Latency, fast.Cycles, fast.Latency)
	}
	if l := slow.Latency; l.P50 > l.P99 || l.P99 > l.Max || l.Mean > l.Max || l.P50 < 20 {
		t.Errorf("%+v", l)
	}
}

// The commands and the parts of energy sum to what the other figures say.
func TestProbeDRAMSaysItsCommands(t *testing.T) {
	inFolder(t)
	writeText(t, "reads.txt", sequentialReads(5000)+"ST 64\n")
	for _, policy := range []string{"open", "closed"} {
		args := []string{"probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt", "--policy", policy, "--channels", "2", "--ranks", "2"}
		f := decode[dram.Figures](t, mustMemsim(t, append(args, "--format", "json")...))
		if c := f.Commands; c["RD"]+c["RDA"] != 5000 || c["WR"]+c["WRA"] != 1 || c["ACT1"] != c["ACT2"] || policy == "closed" && c["RDA"] == 0 {
			t.Errorf("%s: %v", policy, c)
		}
		sum := 0.0
		for _, nj := range f.EnergyParts {
			sum += nj
		}
		if math.Abs(sum-f.EnergyNJ) > 1e-6*f.EnergyNJ {
			t.Errorf("%s: parts of energy sum to %g nJ, not %g", policy, sum, f.EnergyNJ)
		}
		if out := mustMemsim(t, append(args, "--commands", "--latency")...).out; !strings.Contains(out, "PREpb") || !strings.Contains(out, "active_standby") || !strings.Contains(out, "p99 ns") {
			t.Errorf("table:\n%s", out)
		}
		if out := mustMemsim(t, append(args, "--commands", "--format", "csv")...).out; !strings.HasPrefix(out, "cycles,row_hits,") || !strings.Contains(out, "commands.RD,") {
			t.Errorf("csv:\n%s", out)
		}
	}
}

func TestProbeMistakes(t *testing.T) {
	inFolder(t)
	writeText(t, "bad.txt", "LD 0\nMV 3\n")
	writeText(t, "empty.txt", "")
	for args, want := range map[string]string{
		"probe":      "dram, flash or sram",
		"probe dram": "--part",
		"probe dram --part lpddr5 --trace bad.txt":                      "lpddr5-6400",
		"probe dram --part lpddr5-6400 --trace bad.txt":                 "bad.txt: line 2",
		"probe dram --part lpddr5-6400 --trace empty.txt":               "holds no request",
		"probe dram --part lpddr5-6400 --trace missing.txt":             "missing.txt",
		"probe dram --part lpddr5-6400 --trace bad.txt --mapping RoXx":  "mapping",
		"probe dram --part lpddr5-6400 --trace bad.txt --refresh often": "none, all, per",
		"probe flash": "--part",
		"probe flash --part ufs-4.0 --block much":      "--block",
		"probe flash --part ufs-4.0 --block 1000":      "1000",
		"probe flash --part ufs-4.0 --depth 0":         "depth 0",
		"probe sram missing.parquet":                   "missing.parquet",
		"probe sram missing.parquet --line 48":         "--line 48",
		"probe sram missing.parquet --by operand_name": "kind, layer, tensor",
	} {
		wantMistake(t, memsim(t, strings.Fields(args)...), want)
	}
}

func TestProbeFlashIsFasterInLargeBlocks(t *testing.T) {
	inFolder(t)
	probe := func(args ...string) flash.Report {
		return decode[flash.Report](t, mustMemsim(t, append([]string{"probe", "flash", "--part", "ufs-4.0", "--format", "json"}, args...)...))
	}
	large, small := probe("--block", "512KiB"), probe("--block", "4KiB", "--pattern", "rand")
	if large.GBps <= small.GBps || small.IOPS <= large.IOPS {
		t.Errorf("512 KiB in sequence: %+v, 4 KiB at random: %+v", large, small)
	}
}

func TestProbeSRAMShowsWhenSharingPays(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "--sharing", "immediate", "--tokens", "3", "-o", "t.parquet")
	for _, by := range curveGroups {
		r := decode[sramReply](t, mustMemsim(t, "probe", "sram", "t.parquet", "--by", by, "--format", "json"))
		all := r.Curves[0]
		for i, p := range all.Points {
			if i > 0 && p.MissedBytes > all.Points[i-1].MissedBytes {
				t.Errorf("%d bytes miss more than %d", p.CapacityBytes, all.Points[i-1].CapacityBytes)
			}
			sum := 0.0
			for _, c := range r.Curves[1:] {
				sum += c.Points[i].MissedBytes
			}
			if math.Abs(sum-p.MissedBytes) > 1e-6*all.RequestedBytes {
				t.Errorf("by %s at %d bytes: groups miss %g, all %g", by, p.CapacityBytes, sum, p.MissedBytes)
			}
		}
		if last := all.Points[len(all.Points)-1]; math.Abs(last.MissedBytes-all.ColdBytes) > 1e-6 {
			t.Errorf("the largest capacity misses %g bytes, first uses are %g", last.MissedBytes, all.ColdBytes)
		}
	}
	mustMemsim(t, "probe", "sram", "t.parquet")
	mustMemsim(t, "probe", "sram", "t.parquet", "--by", "layer", "--phase", "prefill")
}
