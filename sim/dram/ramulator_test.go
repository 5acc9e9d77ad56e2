package dram

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/memsim/memsim/devices"
)

// A scenario is one run of Ramulator 2.1 and what it answered. The controller was
// LPDDR5 (or GenericDDR) with its defaults: FRFCFS, 32-entry buffers, requests
// offered at four a clock, one channel. Cycles count up to the clock in which the
// last request was taken in, and rows only for requests that were served by then:
// Ramulator stops without draining its queues.
type scenario struct {
	Kind    string `json:"kind"`
	N       int    `json:"n"`
	Part    string `json:"part"` // "": lpddr5-6400
	Mapper  string `json:"mapper"`
	Refresh string `json:"refresh"`
	Policy  string `json:"policy"`
	Cycles  int64  `json:"cycles"`
	Hits    int64  `json:"hits"`
	Misses  int64  `json:"misses"`
	Conf    int64  `json:"conf"`
}

// pattern returns the requests of a scenario's kind.
func pattern(kind string, n int) []Extent {
	list := make([]Extent, n)
	r := splitmix(1)
	for i := range list {
		list[i] = Extent{Bytes: 32}
		x := &list[i]
		at := uint64(i)
		switch kind {
		case "seq":
			x.Addr = at * 32
		case "rand":
			x.Addr = r.next() % (1 << 31) &^ 31
		case "rand30":
			x.Addr = r.next() % (1 << 30) &^ 31
		case "two":
			x.Addr = at/2*32 + at%2<<28
		case "copy": // one stream is read, another written
			x.Addr, x.Write = at/2*32+at%2<<28, at%2 == 1
		case "copy29":
			x.Addr, x.Write = at/2*32+at%2<<29, at%2 == 1
		case "write":
			x.Addr, x.Write = at*32, true
		case "mix": // random, one write for two reads
			x.Addr, x.Write = r.next()%(1<<31)&^31, r.next()%3 == 0
		case "hot": // random within 256 KiB, with reuse of queued writes
			x.Addr, x.Write = r.next()%(1<<18)&^31, r.next()%4 == 0
		case "tiles": // 4 KiB pieces at random places
			if i%128 == 0 {
				r.place = r.next() % (1 << 31) &^ 4095
			}
			x.Addr = r.place + at%128*32
		default: // stride64, stride2048, ...
			x.Addr = at * stride(kind) % (1 << 31)
		}
	}
	return list
}

func stride(kind string) (n uint64) {
	for _, c := range strings.TrimPrefix(kind, "stride") {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// splitmix is the generator SplitMix64, the same in every language.
type mixer struct{ state, place uint64 }

func splitmix(seed uint64) *mixer { return &mixer{state: seed} }

func (m *mixer) next() uint64 {
	m.state += 0x9e3779b97f4a7c15
	z := m.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// answer runs a scenario here. Ramulator's front end offers one request before
// the first clock, and four before each later one.
func (s scenario) answer(t *testing.T) (cycles int64, counts Counts) {
	name := s.Part
	if name == "" {
		name = "lpddr5-6400"
	}
	part, err := devices.LoadDRAMPart(name)
	if err != nil {
		t.Fatal(err)
	}
	if part.Standard == "DDR5" { // its clock of 416.67 ps is 416 ps there
		for i := range part.Timing {
			switch p := &part.Timing[i]; p.Name {
			case "RFCab":
				p.Quantity.Value = devices.Cycles{Clocks: 710}
			case "REFI":
				p.Quantity.Value = devices.Cycles{Clocks: 9375}
			}
		}
	}
	spec, err := PartSpec(part, s.Mapper, Refresh(s.Refresh), Policy(s.Policy))
	if err != nil {
		t.Fatal(err)
	}
	m := New(spec)
	c := m.channels[0]
	c.Now, c.arrived = 1, 3
	list := pattern(s.Kind, s.N)
	for i := range list { // a burst of DDR5's 32-bit channel holds 64 bytes
		list[i].Addr = list[i].Addr / 32 * uint64(spec.BurstBytes)
		list[i].Bytes = spec.BurstBytes
	}
	transfer := m.Move(0, list)
	return c.LastArrival - 1, transfer.Counts
}

func readScenarios(t *testing.T, name string) (list []scenario) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var s scenario
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		list = append(list, s)
	}
	return list
}

func (s scenario) String() string {
	return strings.Join([]string{s.Part, s.Mapper, s.Refresh, s.Policy, s.Kind}, "/")
}

// check compares cycles within a tolerance in percent, and row counts but for
// the requests that Ramulator left in its queues.
func (s scenario) check(t *testing.T, cycles int64, c Counts, percent float64) {
	t.Helper()
	if off := 100 * math.Abs(float64(cycles-s.Cycles)) / float64(s.Cycles); off > percent {
		t.Errorf("%s: %d cycles, Ramulator %d: %.2f %% apart, more than %g", s, cycles, s.Cycles, off, percent)
	}
	queued := s.N - int(s.Hits+s.Misses+s.Conf+c.Forwarded+c.Coalesced)
	for _, rows := range []struct {
		name      string
		got, want int64
	}{{"hits", c.RowHits, s.Hits}, {"misses", c.RowMisses, s.Misses}, {"conflicts", c.RowConflicts, s.Conf}} {
		slack := int64(queued) + int64(percent/100*float64(s.N))
		if d := rows.got - rows.want; d > slack || d < -slack {
			t.Errorf("%s: %d row %s, Ramulator %d, which left %d requests", s, rows.got, rows.name, rows.want, queued)
		}
	}
}

// TestReference replays the reference runs. Cycles of streams are equal; the
// addresses of the random run are others of the same distribution.
func TestReference(t *testing.T) {
	if raceDetector {
		t.Skip("millions of requests are too many for the race detector")
	}
	for _, s := range readScenarios(t, "ramulator2-lpddr5.jsonl") {
		percent := 0.0
		if s.Kind == "rand" {
			percent = 0.5
		}
		cycles, counts := s.answer(t)
		s.check(t, cycles, counts, percent)
	}
}

// TestLPDDR6 replays the reference runs of LPDDR6 with bursts of 24. Cycles are equal;
// the addresses of random runs are others of the same distribution.
func TestLPDDR6(t *testing.T) {
	for _, s := range readScenarios(t, "ramulator2-lpddr6.jsonl") {
		percent := 0.0
		if s.Kind == "rand30" {
			percent = 1
		}
		cycles, counts := s.answer(t)
		s.check(t, cycles, counts, percent)
	}
}

// TestPatterns replays other patterns, mappings and policies, and a DDR5 part.
// Cycles are equal but under the closed policy with per-bank refresh, for the
// reasons that DEVIATIONS.md gives.
func TestPatterns(t *testing.T) {
	for i, s := range readScenarios(t, "ramulator2-patterns.jsonl") {
		if raceDetector && i%7 != 0 {
			continue
		}
		percent := 0.0
		if s.Policy == "closed" && s.Refresh == "per" {
			percent = 1.5
		}
		cycles, counts := s.answer(t)
		s.check(t, cycles, counts, percent)
	}
}
