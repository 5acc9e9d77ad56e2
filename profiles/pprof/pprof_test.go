package pprof_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"pgregory.net/rapid"

	"github.com/memsim/memsim/profiles/internal/ledgertest"
	"github.com/memsim/memsim/profiles/pprof"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

func encode(t interface{ Fatal(...any) }, p *pprof.Profile) []byte {
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func of(m ledgertest.Model) *pprof.Profile {
	p := pprof.New(m.Name, "iphone13")
	for r := range m.Rows {
		p.Add(r)
	}
	return p
}

func TestValuesSumToTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := ledgertest.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)), rapid.IntRange(1, 100).Draw(t, "rows"))
		p := pprof.New("m", "d")
		byToken := rapid.Bool().Draw(t, "by token")
		if byToken {
			p.LabelTokens()
		}
		var want [15]int64
		steps := map[int32]bool{}
		for i := range rows {
			r := &rows[i]
			p.Add(r)
			first, moved := 0, r.Bytes()
			if r.Phase == traces.Prefill {
				first = 5
			} else {
				steps[r.Token] = true
			}
			for j, v := range []int64{int64(r.Time.Total()), int64(moved.DRAMRead + moved.DRAMWrite), int64(moved.SRAMHit), int64(moved.FlashRead), int64(r.Energy.Total())} {
				want[first+j] += v
			}
		}
		prof, err := profile.ParseData(encode(t, p))
		if err != nil {
			t.Fatal(err)
		}
		var got [15]int64
		for _, s := range prof.Sample {
			for i, v := range s.Value {
				if v < 0 {
					t.Fatalf("negative value %d", v)
				}
				got[i] += v
			}
		}
		for i := range want {
			divisor := []int64{int64(units.Nanosecond), 1, 1, 1, int64(units.Nanojoule)}[i%5]
			if i < 5 && !byToken {
				divisor *= max(1, int64(len(steps)))
			}
			if got[i] != want[i]/divisor {
				t.Fatalf("%s: samples sum to %d, the ledger to %d", prof.SampleType[i].Type, got[i], want[i]/divisor)
			}
		}
	})
}

func TestStackIsModelPhaseOperatorLayerTensor(t *testing.T) {
	prof, err := profile.ParseData(encode(t, of(ledgertest.MobileLLM("mobilellm-ls-125m", 2, 2))))
	if err != nil {
		t.Fatal(err)
	}
	const want = "mobilellm-ls-125m;decode;ffn_down;layer 3;ffn_down.weight"
	for _, s := range prof.Sample {
		var names []string
		for _, l := range s.Location {
			names = append([]string{l.Line[0].Function.Name}, names...)
		}
		if strings.Join(names, ";") != want {
			continue
		}
		if s.Label["phase"][0] != "decode" || s.Label["device"][0] != "iphone13" || s.Label["pass"][0] != "repeat" || s.Label["tensor"][0] != "blk.1.ffn_down.weight" || s.NumLabel["layer"][0] != 3 || s.NumLabel["block"][0] != 1 {
			t.Errorf("labels %v, %v", s.Label, s.NumLabel)
		}
		return
	}
	t.Errorf("no sample has the stack %s", want)
}

func TestSameLedgerSameBytes(t *testing.T) {
	a, b := encode(t, of(ledgertest.MobileLLM("m", 3, 2))), encode(t, of(ledgertest.MobileLLM("m", 3, 2)))
	if !bytes.Equal(a, b) {
		t.Error("two profiles of one ledger differ")
	}
}

// pprofTool runs go tool pprof on profiles of a shared and an unshared model.
func pprofTool(t *testing.T, arguments ...string) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command (Debian package golang-go)")
	}
	dir := t.TempDir()
	for name, m := range map[string]ledgertest.Model{
		"shared.pb.gz":   ledgertest.MobileLLM("mobilellm-ls-125m", 4, 2),
		"unshared.pb.gz": ledgertest.MobileLLM("mobilellm-125m-8l", 8, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), encode(t, of(m)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(goTool, append([]string{"tool", "pprof"}, arguments...)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "PPROF_TMPDIR="+dir, "PPROF_NO_BROWSER=1", "GOFLAGS=")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go tool pprof %v: %v\n%s", arguments, err, out)
	}
	return string(out)
}

func TestGoToolPprofListsTensorsByDRAMBytes(t *testing.T) {
	out := pprofTool(t, "-top", "-sample_index=dram_bytes", "-tagfocus=phase=decode", "shared.pb.gz")
	lines := strings.Split(out, "\n")
	for i, l := range lines {
		if !strings.Contains(l, "flat%") {
			continue
		}
		if !strings.Contains(lines[i+1], "token_embd.weight") {
			t.Errorf("the output matrix should lead:\n%s", out)
		}
		return
	}
	t.Errorf("no table:\n%s", out)
}

func TestDiffOfUnsharedAndSharedIsTheBlocksNotShared(t *testing.T) {
	out := pprofTool(t, "-top", "-nodecount=400", "-sample_index=dram_bytes", "-tagfocus=kind=weight", "-tagleaf=tensor", "-diff_base=shared.pb.gz", "unshared.pb.gz")
	for l := range strings.Lines(out) {
		flat := strings.Fields(l)
		if len(flat) < 6 {
			continue
		}
		name := flat[5]
		shared := strings.HasPrefix(name, "blk.0.") || strings.HasPrefix(name, "token_embd")
		if shared && flat[0] != "0" {
			t.Errorf("%s moves as much in both, the difference says %s", name, flat[0])
		}
		if strings.HasPrefix(name, "blk.7.ffn") && (strings.HasPrefix(flat[0], "-") || flat[0] == "0") {
			t.Errorf("%s is moved by the unshared model alone, the difference says %s", name, flat[0])
		}
	}
	if !strings.Contains(out, "blk.7.ffn_down.weight") {
		t.Errorf("the last block is missing:\n%s", out)
	}
}

func TestDiffBelowTheModelShowsTheLayersThatShareABlock(t *testing.T) {
	out := pprofTool(t, "-top", "-cum", "-nodecount=400", "-sample_index=dram_bytes", "-show_from=decode", "-diff_base=shared.pb.gz", "unshared.pb.gz")
	for layer, differs := range map[string]bool{"layer 0": false, "layer 1": true, "layer 6": false, "layer 7": true} {
		found := false
		for l := range strings.Lines(out) {
			found = found || strings.HasSuffix(strings.TrimSpace(l), layer) && !strings.Contains(l, "%          0     0%")
		}
		if found != differs {
			t.Errorf("%s differs: %v, want %v\n%s", layer, found, differs, out)
		}
	}
}

// What stands in fewer than some hundredths of the time is dropped by pprof: so
// the names of tensors are those that all blocks have in common.
func TestTopAccountsForAllButTheSmallestPartsOfAToken(t *testing.T) {
	out := pprofTool(t, "-top", "-nodecount=60", "unshared.pb.gz")
	for l := range strings.Lines(out) {
		if after, ok := strings.CutPrefix(l, "Showing nodes accounting for "); ok {
			if _, share, _ := strings.Cut(after, ", "); share < "95" && !strings.HasPrefix(share, "100") {
				t.Errorf("%s", out)
			}
			return
		}
	}
	t.Errorf("no summary:\n%s", out)
}

// A box of pprof's flame graph needs 4 of some 1280 pixels.
func TestAnOperatorHoldsFewFramesOfManyLayers(t *testing.T) {
	for _, layers := range []int{3, 30, 120} {
		prof, err := profile.ParseData(encode(t, of(ledgertest.MobileLLM("m", layers, 1))))
		if err != nil {
			t.Fatal(err)
		}
		under := map[string]bool{}
		for _, s := range prof.Sample {
			for i, l := range s.Location {
				if l.Line[0].Function.Name == "ffn_down" && i > 0 {
					under[s.Location[i-1].Line[0].Function.Name] = true
				}
			}
		}
		if len(under) < 3 || len(under) > 6 {
			t.Errorf("%d layers: ffn_down holds %v", layers, under)
		}
	}
}
