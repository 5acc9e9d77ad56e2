package dram

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memsim/memsim/internal/fault"
)

// readAll reads a whole raw trace of LPDDR5's bursts.
func readAll(text string) (all []Request, err error) {
	for list, err := range ReadTrace(strings.NewReader(text), 32) {
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func TestReadTrace(t *testing.T) {
	got, err := readAll("LD 0x40\n\n# a comment\nST 100 # another\r\nLD 0X7F\n")
	want := []Request{{Extent{64, 32, false}, 0, 1}, {Extent{96, 32, true}, 0, 4}, {Extent{96, 32, false}, 0, 5}}
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
		"LD 99999999999999999999\n": "line 1", "": "no request", "LD 1 x\n": "is not a clock", "LD 1 2 3\n": "\"3\" follows",
		"LD 1\n\x00\x01\xff\n": "line 2: is not text", "0x40 READ -1\n": "is not a clock", "\x1f\x8bjunk": "gzip",
	} {
		if _, err := readAll(text); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
}

// A long trace comes in lists, of which one is held at a time.
func TestALongTraceComesInLists(t *testing.T) {
	const requests = 2*readAhead + 5
	var text strings.Builder
	for i := range requests {
		fmt.Fprintf(&text, "LD %d\n", i*32)
	}
	var lengths []int
	next := uint64(0)
	for list, err := range ReadTrace(strings.NewReader(text.String()), 32) {
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, len(list))
		for _, e := range list {
			if e.Addr != next {
				t.Fatalf("address %d, want %d", e.Addr, next)
			}
			next += 32
		}
	}
	if !slices.Equal(lengths, []int{readAhead, readAhead, 5}) {
		t.Errorf("lists of %v", lengths)
	}
}

func TestProbe(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", NoRefresh, Open)
	clock := time.Unix(0, 0)
	now := func() time.Time { clock = clock.Add(time.Millisecond); return clock }
	lists := func(yield func([]Request, error) bool) {
		for i := range uint64(4) {
			clock = clock.Add(time.Hour) // making them does not count
			if !yield([]Request{{Extent: Extent{Addr: i << 18, Bytes: 1 << 18}}}, nil) {
				return
			}
		}
	}
	f, err := Probe(New(s), lists, false, now)
	if err != nil {
		t.Fatal(err)
	}
	if f.Requests != 1<<15 || f.RequestsPerS != float64(1<<15)*1000/6 { // six of the clock's steps lie outside of making lists
		t.Errorf("%+v", f)
	}
	if f.RowHits+f.RowMisses+f.RowConflicts != f.Requests {
		t.Errorf("rows do not sum: %+v", f)
	}
	if f.GBps < 10 || f.GBps > 12.8 || f.EnergyNJ <= 0 {
		t.Errorf("%+v", f)
	}
	broken := errors.New("broken")
	if _, err := Probe(New(s), func(yield func([]Request, error) bool) { yield(nil, broken) }, false, now); !errors.Is(err, broken) {
		t.Errorf("a list that fails: %v", err)
	}
}

// A read of a closed row takes as many clocks as its parts, whether or not the clock
// is a whole number of picoseconds.
func TestProbeCountsClocks(t *testing.T) {
	for _, part := range []string{"lpddr5-6400", "lpddr5x-8533", "lpddr5x-9600"} {
		s := partSpec(t, part, "RoBaRaCoCh", NoRefresh, Open)
		one := func(yield func([]Request, error) bool) { yield([]Request{{Extent: Extent{Bytes: s.BurstBytes}}}, nil) }
		f, err := Probe(New(s), one, false, time.Now)
		if want := s.Timing["RCD"] + 1 + s.ReadLatency(); err != nil || f.Cycles != want {
			t.Errorf("%s: %d cycles (%v), want %d", part, f.Cycles, err, want)
		}
	}
}
