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
	"github.com/memsim/memsim/sim"
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
		if rapid.Bool().Draw(t, "by token") {
			p.LabelTokens()
		}
		var time units.Picoseconds
		var energy units.Femtojoules
		var moved sim.BytesByLevel
		for i := range rows {
			p.Add(&rows[i])
			time += rows[i].Time.Total()
			energy += rows[i].Energy.Total()
			moved = moved.Plus(rows[i].Bytes())
		}
		prof, err := profile.ParseData(encode(t, p))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int64, 5)
		for _, s := range prof.Sample {
			for i, v := range s.Value {
				if v < 0 {
					t.Fatalf("negative value %d", v)
				}
				got[i] += v
			}
		}
		want := []int64{int64(time / units.Nanosecond), int64(moved.DRAMRead + moved.DRAMWrite), int64(moved.SRAMHit), int64(moved.FlashRead), int64(energy / units.Nanojoule)}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: samples sum to %d, ledger to %d", prof.SampleType[i].Type, got[i], want[i])
			}
		}
	})
}

func TestStackIsModelPhaseLayerOperatorTensor(t *testing.T) {
	prof, err := profile.ParseData(encode(t, of(ledgertest.MobileLLM("mobilellm-ls-125m", 2, 2))))
	if err != nil {
		t.Fatal(err)
	}
	const want = "mobilellm-ls-125m;decode;layer 3;ffn_down;blk.1.ffn_down.weight"
	for _, s := range prof.Sample {
		var names []string
		for _, l := range s.Location {
			names = append([]string{l.Line[0].Function.Name}, names...)
		}
		if strings.Join(names, ";") != want {
			continue
		}
		if s.Label["phase"][0] != "decode" || s.Label["device"][0] != "iphone13" || s.Label["pass"][0] != "repeat" || s.NumLabel["layer"][0] != 3 || s.NumLabel["block"][0] != 1 {
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
	out := pprofTool(t, "-top", "-nodecount=400", "-sample_index=dram_bytes", "-tagfocus=kind=weight", "-diff_base=shared.pb.gz", "unshared.pb.gz")
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
