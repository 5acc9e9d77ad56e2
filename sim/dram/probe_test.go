package dram

import (
	"strings"
	"testing"
	"time"

	"github.com/memsim/memsim/fault"
)

func TestReadTrace(t *testing.T) {
	got, err := ReadTrace(strings.NewReader("LD 0x40\n\n# a comment\nST 100 # another\r\nLD 0X7F\n"), 32)
	want := []Extent{{64, 32, false}, {96, 32, true}, {96, 32, false}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%+v, error %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("request %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestReadTraceFaults(t *testing.T) {
	for text, want := range map[string]string{
		"LD 1\nRD 2\n": "line 2", "LD x\n": "line 1", "LD 0xzz\n": "line 1", "LD\n": "line 1", "LD -3\n": "line 1",
		"LD 99999999999999999999\n": "line 1", "": "no request", "LD 1 2\n": "line 1",
	} {
		if _, err := ReadTrace(strings.NewReader(text), 32); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
}

func TestProbe(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", NoRefresh, Open)
	clock := time.Unix(0, 0)
	f := Probe(New(s), []Extent{{Bytes: 1 << 20}}, func() time.Time { clock = clock.Add(time.Millisecond); return clock })
	if f.Requests != 1<<15 || f.RequestsPerS != float64(1<<15)*1000 {
		t.Errorf("%+v", f)
	}
	if f.RowHits+f.RowMisses+f.RowConflicts != f.Requests {
		t.Errorf("rows do not sum: %+v", f)
	}
	if f.GBps < 10 || f.GBps > 12.8 || f.EnergyNJ <= 0 {
		t.Errorf("%+v", f)
	}
}
