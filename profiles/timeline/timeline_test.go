package timeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/profiles/internal/ledgertest"
	"github.com/memsim/memsim/profiles/timeline"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

type event struct {
	Name string
	Ph   string
	TS   *float64
	Dur  *float64
	PID  int
	TID  int
	ID   int64
	Args map[string]any
}

type failer interface{ Fatalf(string, ...any) }

func parse(t failer, b []byte) []event {
	var file struct{ TraceEvents []event }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return file.TraceEvents
}

// checkFormat holds a trace to the rules of the trace event format: times are
// finite and rise on each track, begins and ends balance by name, slices of one
// track do not overlap, counters are finite numbers, and each flow ends once.
func checkFormat(t failer, events []event) {
	now := map[int]float64{}
	until := map[int]float64{}
	open := map[int][]string{}
	started, ended := map[int64]int{}, map[int64]int{}
	last := 0.0
	for _, e := range events {
		if e.TS == nil || *e.TS < 0 || math.IsInf(*e.TS, 0) {
			t.Fatalf("%s: no time", e.Name)
		}
		if *e.TS < last {
			t.Fatalf("%s at %v after %v", e.Name, *e.TS, last)
		}
		last = *e.TS
		if e.Ph != "M" && e.Ph != "C" {
			if *e.TS < now[e.TID] {
				t.Fatalf("%s goes back on track %d", e.Name, e.TID)
			}
			now[e.TID] = *e.TS
		}
		switch e.Ph {
		case "M":
		case "B":
			open[e.TID] = append(open[e.TID], e.Name)
		case "E":
			stack := open[e.TID]
			if len(stack) == 0 || stack[len(stack)-1] != e.Name {
				t.Fatalf("end of %s, open are %v", e.Name, stack)
			}
			open[e.TID] = stack[:len(stack)-1]
		case "X":
			if e.Dur == nil || *e.Dur <= 0 {
				t.Fatalf("%s has no duration", e.Name)
			}
			if *e.TS < until[e.TID]-1e-6 {
				t.Fatalf("%s at %v overlaps a slice until %v on track %d", e.Name, *e.TS, until[e.TID], e.TID)
			}
			until[e.TID] = *e.TS + *e.Dur
		case "C":
			for key, v := range e.Args {
				if n, ok := v.(float64); !ok || n < 0 || math.IsInf(n, 0) {
					t.Fatalf("counter %s.%s is %v", e.Name, key, v)
				}
			}
		case "s":
			started[e.ID]++
		case "f":
			if started[e.ID] != 1 {
				t.Fatalf("flow %d ends before it starts", e.ID)
			}
			ended[e.ID]++
		default:
			t.Fatalf("phase %q", e.Ph)
		}
	}
	for track, stack := range open {
		if len(stack) > 0 {
			t.Fatalf("track %d is left with %v", track, stack)
		}
	}
	for id, n := range started {
		if n != 1 || ended[id] != 1 {
			t.Fatalf("flow %d: %d starts, %d ends", id, n, ended[id])
		}
	}
}

func TestFormatHoldsForAnyLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		rows := ledgertest.Random(rng, rapid.IntRange(1, 60).Draw(t, "rows"))
		drawChannels(rng, rows)
		var b bytes.Buffer
		line := timeline.New(&b, "m", "d")
		for i := range rows {
			line.Add(&rows[i])
		}
		if err := line.Close(); err != nil {
			t.Fatal(err)
		}
		events := parse(t, b.Bytes())
		checkFormat(t, events)
		checkChannels(t, events, rows)
	})
}

// drawChannels gives rows transfers through three channels, some of which a
// prefetcher begins before the row.
func drawChannels(rng *rand.Rand, rows []sim.Row) {
	var free units.Picoseconds
	for i := range rows {
		r := &rows[i]
		if rng.IntN(4) == 0 {
			continue
		}
		start := r.Start + units.Picoseconds(rng.Int64N(int64(r.End-r.Start)+1))
		if i > 0 && rng.IntN(2) == 0 {
			start = rows[i-1].Start + units.Picoseconds(rng.Int64N(int64(r.Start-rows[i-1].Start)+1))
		}
		start = max(start, free)
		for range 3 {
			use := sim.ChannelUse{Start: start, End: start}
			if rng.IntN(3) > 0 {
				use.End += units.Picoseconds(rng.Int64N(max(1, int64(r.End-start))))
				use.DRAM = sim.DRAMCounts{Reads: 1 + rng.Int64N(50), RowHits: 1}
				use.Bytes = units.Bytes(32 * use.DRAM.Reads)
			}
			r.Channels = append(r.Channels, use)
			r.DMA = sim.Interval{Start: use.Start, End: max(r.DMA.End, use.End)}
			free = max(free, use.End)
		}
	}
}

// checkChannels holds the tracks of the DMA and of DRAM channels to the ledger:
// each use that a nanosecond can show is drawn, in its time and with its bytes.
func checkChannels(t failer, events []event, rows []sim.Row) {
	type use struct {
		name       string
		start, end int64 // ns
		bytes      float64
	}
	names := map[int]string{}
	drawn := map[string][]use{}
	for _, e := range events {
		switch {
		case e.Name == "thread_name":
			names[e.TID] = e.Args["name"].(string)
		case e.Ph == "X" && names[e.TID] == "DMA":
			from := int64(math.Round(*e.TS * 1e3))
			drawn["DMA"] = append(drawn["DMA"], use{e.Name, from, from + int64(math.Round(*e.Dur*1e3)), 0})
		case e.Ph == "X" && strings.HasPrefix(names[e.TID], "DRAM ch "):
			from := int64(math.Round(*e.TS * 1e3))
			drawn[names[e.TID]] = append(drawn[names[e.TID]], use{e.Name, from, from + int64(math.Round(*e.Dur*1e3)), e.Args["bytes"].(float64)})
		}
	}
	want := map[string][]use{}
	for _, r := range rows {
		if from, to := int64(r.DMA.Start/1000), int64(r.DMA.End/1000); from < to {
			want["DMA"] = append(want["DMA"], use{r.Op, from, to, 0})
		}
		for i, c := range r.Channels {
			if from, to := int64(c.Start/1000), int64(c.End/1000); from < to {
				name := fmt.Sprintf("DRAM ch %d", i)
				want[name] = append(want[name], use{r.Op, from, to, float64(c.Bytes)})
			}
		}
	}
	if !reflect.DeepEqual(drawn, want) {
		t.Fatalf("drawn: %v\nof %v", drawn, want)
	}
}

func TestWaitsCoverTheTimeOfTheLedger(t *testing.T) {
	m := ledgertest.MobileLLM("m", 3, 2)
	var b bytes.Buffer
	line := timeline.New(&b, m.Name, "iphone13")
	var want sim.TimeParts
	rows := 0
	for r := range m.Rows {
		line.Add(r)
		want = want.Plus(r.Time)
		rows++
	}
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	events := parse(t, b.Bytes())
	checkFormat(t, events)
	names := map[int]string{}
	drawn := map[string]float64{}
	flows := 0
	for _, e := range events {
		switch {
		case e.Name == "thread_name":
			names[e.TID] = e.Args["name"].(string)
		case e.Ph == "X":
			drawn[names[e.TID]] += *e.Dur
		case e.Ph == "s":
			flows++
		}
	}
	for track, span := range map[string]units.Picoseconds{"dispatch": want.Dispatch, "compute": want.Compute, "SRAM": want.SRAM, "DRAM": want.DRAM, "flash": want.Flash} {
		microseconds := float64(span) / float64(units.Microsecond)
		if math.Abs(drawn[track]-microseconds) > float64(rows)*1e-3 { // a nanosecond a row
			t.Errorf("%s: %v us are drawn, the ledger has %v", track, drawn[track], microseconds)
		}
	}
	if flows == 0 {
		t.Error("no flow from a fetch to the arithmetic that waited")
	}
	if !strings.Contains(b.String(), `"layer 1 (block 0 again)"`) {
		t.Error("a shared repeat is not named")
	}
}

// A transfer that began before the row before it is drawn from there on: what
// comes before is written.
func TestAnEarlyTransferIsCut(t *testing.T) {
	const us = units.Microsecond
	rows := []sim.Row{{Start: 0, End: 4 * us}, {Start: 4 * us, End: 6 * us}, {Start: 6 * us, End: 9 * us}}
	rows[2].Channels = []sim.ChannelUse{{Start: us, End: 7 * us, Bytes: 64}}
	var b bytes.Buffer
	line := timeline.New(&b, "m", "d")
	for i := range rows {
		line.Add(&rows[i])
	}
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	events := parse(t, b.Bytes())
	checkFormat(t, events)
	rows[2].Channels[0].Start = rows[1].Start
	checkChannels(t, events, rows)
}

// A load is of no token, and some operators are of no layer; the same layer of
// another token is another slice.
func TestTheRunNestsPhasesTokensAndLayers(t *testing.T) {
	rows := []sim.Row{
		{Phase: traces.Load, Op: "load", Layer: -1},
		{Phase: traces.Decode, Token: 4, Op: "embed", Layer: -1},
		{Phase: traces.Decode, Token: 4, Op: "attn_q", Layer: 0},
		{Phase: traces.Decode, Token: 4, Op: "attn_k", Layer: 0},
		{Phase: traces.Decode, Token: 5, Op: "attn_q", Layer: 0},
	}
	var b bytes.Buffer
	line := timeline.New(&b, "m", "d")
	for i := range rows {
		rows[i].Start, rows[i].End = units.Picoseconds(i)*units.Microsecond, units.Picoseconds(i+1)*units.Microsecond
		line.Add(&rows[i])
	}
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	var nested strings.Builder
	for _, e := range parse(t, b.Bytes()) {
		switch e.Ph {
		case "B":
			nested.WriteString("(" + e.Name)
		case "E":
			nested.WriteString(")")
		}
	}
	const want = "(load(load))(decode(token 4(embed)(layer 0(attn_q)(attn_k)))(token 5(layer 0(attn_q))))"
	if nested.String() != want {
		t.Errorf("the run is %s, want %s", &nested, want)
	}
}

// A run that reads nothing from flash has no counter of it.
func TestTheFlashCounterIsThereOnceFlashIsRead(t *testing.T) {
	var b bytes.Buffer
	line := timeline.New(&b, "m", "d")
	for i, read := range []units.Bytes{0, 2000, 0, 0} {
		line.Add(&sim.Row{
			Phase: traces.Decode, Layer: -1, Start: units.Picoseconds(i) * units.Microsecond, End: units.Picoseconds(i+1) * units.Microsecond,
			Time: sim.TimeParts{Flash: units.Microsecond}, Operands: []sim.Operand{{Bytes: sim.BytesByLevel{FlashRead: read}}},
		})
	}
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, e := range parse(t, b.Bytes()) {
		if e.Name == "flash (GB/s)" {
			steps = append(steps, fmt.Sprintf("%v GB/s from %v us", e.Args["read"], *e.TS))
		}
	}
	if want := []string{"2 GB/s from 1 us", "0 GB/s from 2 us"}; !slices.Equal(steps, want) {
		t.Errorf("the counter steps %q, want %q", steps, want)
	}
}

func TestRowsOutOfOrderAreAnError(t *testing.T) {
	for name, second := range map[string]sim.Row{
		"before the end of the last one": {Start: 15, End: 25},
		"ending before it starts":        {Start: 25, End: 24},
	} {
		line := timeline.New(&bytes.Buffer{}, "m", "d")
		line.Add(&sim.Row{Seq: 1, Phase: traces.Decode, Op: "a", Start: 10, End: 20})
		second.Seq, second.Phase, second.Op = 2, traces.Decode, "b"
		line.Add(&second)
		if err := line.Close(); err == nil || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("%s: error %v does not name row 2", name, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrorOfTheWriterSurvivesToClose(t *testing.T) {
	if err := timeline.New(full{}, "m", "d").Close(); err == nil || err.Error() != "disk full" {
		t.Errorf("Close returns %v", err)
	}
}
