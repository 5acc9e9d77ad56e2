package devices

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

// partWith returns a shipped DRAM part with timings replaced: pairs of a name and
// a value.
func partWith(t *testing.T, part string, edits ...string) []byte {
	t.Helper()
	content, err := os.ReadFile("parts/dram/" + part + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		line := regexp.MustCompile(`(?m)^  - \{name: ` + edits[i] + `, value: [^,]*,`)
		if !line.Match(content) {
			t.Fatalf("%s has no timing %s", part, edits[i])
		}
		content = line.ReplaceAll(content, []byte("  - {name: "+edits[i]+", value: "+edits[i+1]+","))
	}
	return content
}

// Timings that cannot hold together are refused with both numbers: in a part, and
// where a run overrides them.
func TestImpossibleTimingIsRefused(t *testing.T) {
	for _, c := range []struct {
		part  string
		edits []string
		want  []string
	}{
		{"lpddr5-6400", []string{"REFI", "50 ns"}, []string{"timing.REFI: tREFI is 50 ns", "tRFCab (280 ns) + tRC (49 nCK)"}},
		{"lpddr5-6400", []string{"RFCab", "3906 ns"}, []string{"tREFI is 3906 ns", "tRFCab (3906 ns)"}},
		{"lpddr5-6400", []string{"REFIpb", "61 ns"}, []string{"tREFIpb is 61 ns", "tpbR2pbR (90 ns) + tRP"}},
		{"lpddr5-6400", []string{"REFIpb", "61 ns", "pbR2pbR", "1 ns", "RFCpb", "270 ns", "RC", "900 nCK"}, []string{"16 banks × tREFIpb is 784 nCK", "tRFCpb (270 ns) + tRC (900 nCK)"}},
		{"lpddr5-6400", []string{"REFI", "0 ns"}, []string{"tREFI is 0 nCK; it must be at least 1 nCK"}},
		{"lpddr5-6400", []string{"RC", "48 nCK"}, []string{"tRC is 48 nCK", "tRAS (34 nCK) + tRP (15 nCK)"}},
		{"lpddr5-6400", []string{"RCD", "35 nCK"}, []string{"tRAS is 34 nCK", "tRCD, 35 nCK"}},
		{"lpddr5-6400", []string{"BLmin", "1 nCK"}, []string{"tBLmin is 1 nCK, in which a pin moves 8 transfers at 8 a clock, and burst_length is 16"}},
		{"lpddr5-6400", []string{"CCD_L", "1 nCK"}, []string{"tCCD_L is 1 nCK", "tCCD_S, 2 nCK"}},
		{"lpddr5-6400", []string{"FAW", "4 ns"}, []string{"tFAW is 4 ns", "tRRD, 5 ns"}},
		{"lpddr4x-4266", []string{"REFIpb", "150 ns"}, []string{"tREFIpb is 150 ns", "tRFCpb (140 ns) + tRP (18 ns)"}},
		{"ddr5-4800", []string{"BL", "4 nCK"}, []string{"tBL is 4 nCK", "burst_length is 16"}},
	} {
		_, doc := dramForm.parse("part.yaml", partWith(t, c.part, c.edits...), "", nil)
		err := asError(doc.problems)
		for _, want := range c.want {
			if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %v: %v does not say %q", c.part, c.edits, err, want)
			}
		}
	}
}

// A part that is refreshed four times as often, as hot parts are, is possible, and
// so are times that were rounded up to clocks beside times that were not.
func TestHotAndRoundedPartsArePossible(t *testing.T) {
	for _, edits := range [][]string{
		{"REFI", "976.5 ns", "REFIpb", "122 ns"},
		{"RAS", "45 nCK"}, // 42 ns at 937.5 ps, beside tRC of 60 ns
	} {
		_, doc := dramForm.parse("part.yaml", partWith(t, "lpddr5x-8533", edits...), "", nil)
		if len(doc.problems) > 0 {
			t.Errorf("%v: %v", edits, doc.problems)
		}
	}
}

// An override is named as what broke a rule, whichever side of it it stands on.
func TestAnOverrideThatBreaksTheTimingIsNamed(t *testing.T) {
	_, err := Load("pixel8pro", []string{"dram.part.timing.RFCab=5 us"})
	if !fault.IsUser(err) || !strings.HasPrefix(err.Error(), "--set dram.part.timing.RFCab=5 us: dram.part.timing.RFCab: tREFI is 3906 ns") {
		t.Error(err)
	}
}
