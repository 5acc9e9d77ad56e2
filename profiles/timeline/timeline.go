// Package timeline writes a ledger as a Chrome trace, which Perfetto
// (ui.perfetto.dev) and chrome://tracing open.
//
// The mental model: one track shows the run as it nests, one track for each
// resource shows when an operator waited for it, the DMA's when its operands
// streamed in, and one track for each DRAM channel when it moved data; counters
// show how hard the memories worked.
//
//	run       [decode                                      ]
//	          [token 16                    ][token 17      ]
//	          [layer 0      ][layer 1      ]...
//	          [attn_q][attn_k]...
//	dispatch  [-]     [-]
//	flash
//	DRAM       [--]    [-]         an arrow leads from a fetch
//	SRAM                           to the arithmetic that waited for it
//	compute       [-]    [-]
//	DMA        [--]    [-]         operands stream in
//	DRAM ch 0  [--]    [-]         with bytes and row hits
//	DRAM ch 1  [--]    [-]
//	counters  DRAM GB/s, row hits, SRAM hits, watts
//
// Rows are written as they come, the last one's events after the next row has come:
// memory stays small however long the run.
//
// # Caveats
//
// The ledger says how long an operator waited for each resource and not when:
// within an operator the waits are drawn one after another, in the order in
// which data flows. When operands streamed in it does know: see the DMA. DRAM
// that overlaps compute and delays nothing shows in the tracks of its channels;
// other work that does shows in the counters only, which are means over an
// operator.
//
// A channel's slice reaches from the start of the operator's transfer to the
// channel's last data, with the refreshes and turnarounds on the way. It begins
// before the operator where weights are prefetched, and ends before the operator's
// wait does where the unit draws more slowly than the memory delivers.
//
// The format has whole nanoseconds; what rounds to none is not drawn.
package timeline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// The tracks, in the order in which they are shown.
const (
	runTrack = 1 + iota
	dispatchTrack
	flashTrack
	dramTrack
	sramTrack
	computeTrack
	dmaTrack
	channelTrack // of DRAM channel 0; those of the others follow
)

var trackNames = []string{runTrack: "run", dispatchTrack: "dispatch", flashTrack: "flash", dramTrack: "DRAM", sramTrack: "SRAM", computeTrack: "compute", dmaTrack: "DMA"}

// process is the one process of the trace.
const process = 1

// event is an entry of traceEvents, as the trace event format names it.
type event struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	TS       json.Number    `json:"ts"` // microseconds
	Duration json.Number    `json:"dur,omitempty"`
	PID      int            `json:"pid"`
	TID      int            `json:"tid"`
	ID       int64          `json:"id,omitempty"`
	Binding  string         `json:"bp,omitempty"`
	Args     map[string]any `json:"args,omitempty"`

	at units.Picoseconds // TS
}

// Timeline writes a trace. Close completes it.
type Timeline struct {
	w     *bufio.Writer
	err   error
	some  bool     // an event is written
	open  []string // slices of the run track: the phase, the token, the layer
	now   units.Picoseconds
	flows int64

	held     []event           // those of the last row, by time: a transfer of the next row may begin among them
	written  units.Picoseconds // up to here: no event can come before
	channels int               // that have a track

	counted map[string]map[string]any // the last values of each counter
}

// New begins a trace of a model on a device.
func New(w io.Writer, model, device string) *Timeline {
	t := &Timeline{w: bufio.NewWriterSize(w, 1<<16), counted: map[string]map[string]any{}}
	t.text(`{"displayTimeUnit":"ns","otherData":`)
	t.json(map[string]string{"model": profiles.Clean(model), "device": profiles.Clean(device)})
	t.text(`,"traceEvents":[`)
	t.metadata("process_name", 0, "name", profiles.Clean(model+" on "+device))
	for track := runTrack; track <= dmaTrack; track++ {
		t.track(track, trackNames[track])
	}
	return t
}

// Add adds a row. Rows must come in the ledger's order; an error of the writer is
// kept for Close.
func (t *Timeline) Add(r *sim.Row) {
	if r.Start < t.now || r.End < r.Start {
		t.fail(fmt.Errorf("timeline: row %d spans %d to %d ps after time %d: rows must follow each other", r.Seq, r.Start, r.End, t.now))
		return
	}
	t.nameChannels(len(r.Channels))
	t.enter(r)
	t.begin(r.Op, r.Start, operatorArgs(r))
	t.counters(r)
	t.waits(r)
	t.end(r.Op, r.End)
	t.now = r.End
	t.transfers(r)
	t.write(r.Start)
}

// Close ends what is open, and returns the first error of the whole trace.
func (t *Timeline) Close() error {
	t.leave(0)
	t.zeroCounters()
	t.write(math.MaxInt64)
	t.text("\n]}\n")
	t.fail(t.w.Flush())
	return t.err
}

// enter closes the slices that r is not part of and opens those that it is.
func (t *Timeline) enter(r *sim.Row) {
	want := []string{string(r.Phase)}
	if r.Phase != traces.Load {
		want = append(want, fmt.Sprintf("token %d", r.Token))
	}
	if r.Layer >= 0 {
		name := fmt.Sprintf("layer %d", r.Layer)
		if r.Repeated {
			name += fmt.Sprintf(" (block %d again)", r.Block)
		}
		want = append(want, name)
	}
	same := 0
	for same < len(want) && same < len(t.open) && t.open[same] == want[same] {
		same++
	}
	t.now = r.Start
	t.leave(same)
	for _, name := range want[same:] {
		t.begin(name, r.Start, nil)
		t.open = append(t.open, name)
	}
}

// leave closes the innermost slices until keep of them are open.
func (t *Timeline) leave(keep int) {
	for len(t.open) > keep {
		last := len(t.open) - 1
		t.end(t.open[last], t.now)
		t.open = t.open[:last]
	}
}

func (t *Timeline) begin(name string, at units.Picoseconds, args map[string]any) {
	t.event(event{Name: profiles.Clean(name), Phase: "B", at: at, TID: runTrack, Args: args})
}

func (t *Timeline) end(name string, at units.Picoseconds) {
	t.event(event{Name: profiles.Clean(name), Phase: "E", at: at, TID: runTrack})
}

// operatorArgs are what an operator moved and cost; what is zero is left out.
func operatorArgs(r *sim.Row) map[string]any {
	b := r.Bytes()
	args := map[string]any{}
	for _, a := range []struct {
		name  string
		value int64
	}{
		{"macs", r.MACs}, {"dram_read_bytes", int64(b.DRAMRead)}, {"dram_write_bytes", int64(b.DRAMWrite)},
		{"sram_hit_bytes", int64(b.SRAMHit)}, {"flash_read_bytes", int64(b.FlashRead)}, {"energy_nj", int64(r.Energy.Total() / units.Nanojoule)},
	} {
		if a.value != 0 {
			args[a.name] = a.value
		}
	}
	for i := range r.Operands {
		if o := &r.Operands[i]; o.Kind == traces.Weight {
			args["tensor"] = profiles.Clean(o.Tensor)
			break
		}
	}
	return args
}

// waits draws what the operator waited for, and the arrows from a fetch to the
// arithmetic.
func (t *Timeline) waits(r *sim.Row) {
	at := r.Start
	fetched := false
	for _, part := range []struct {
		track int
		span  units.Picoseconds
	}{
		{dispatchTrack, r.Time.Dispatch}, {flashTrack, r.Time.Flash}, {dramTrack, r.Time.DRAM},
		{sramTrack, r.Time.SRAM}, {computeTrack, r.Time.Compute},
	} {
		from, to := at, at+part.span
		at = to
		if !visible(from, to) {
			continue
		}
		t.event(event{Name: profiles.Clean(r.Op), Phase: "X", at: from, Duration: span(from, to), TID: part.track})
		switch part.track {
		case dramTrack:
			fetched = visible(r.End-r.Time.Compute, r.End) // else nothing waits for it
			if fetched {
				t.flows++
				t.event(event{Name: "fetch", Category: "fetch", Phase: "s", at: from, TID: dramTrack, ID: t.flows})
			}
		case computeTrack:
			if fetched {
				t.event(event{Name: "fetch", Category: "fetch", Phase: "f", Binding: "e", at: from, TID: computeTrack, ID: t.flows})
			}
		}
	}
}

// track names a track, and has tracks shown in the order of their numbers.
func (t *Timeline) track(number int, name string) {
	t.metadata("thread_name", number, "name", name)
	t.metadata("thread_sort_index", number, "sort_index", number)
}

func (t *Timeline) metadata(kind string, track int, key string, value any) {
	t.event(event{Name: kind, Phase: "M", at: t.written, TID: track, Args: map[string]any{key: value}})
}

// event holds an event until no earlier one can come; of one time's events the
// order stays.
func (t *Timeline) event(e event) {
	i := len(t.held)
	for i > 0 && t.held[i-1].at > e.at {
		i--
	}
	t.held = slices.Insert(t.held, i, e)
}

// write writes the events up to a time.
func (t *Timeline) write(until units.Picoseconds) {
	n := 0
	for ; n < len(t.held) && t.held[n].at <= until; n++ {
		if t.some {
			t.text(",")
		}
		t.text("\n")
		t.some = true
		e := &t.held[n]
		e.PID, e.TS = process, microseconds(e.at)
		t.json(e)
	}
	t.held = slices.Delete(t.held, 0, n)
	t.written = until
}

func (t *Timeline) json(v any) {
	b, err := json.Marshal(v)
	t.fail(err)
	t.text(string(b))
}

func (t *Timeline) text(s string) {
	_, err := t.w.WriteString(s)
	t.fail(err)
}

// fail keeps the first error.
func (t *Timeline) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// microseconds writes a time with its nanoseconds, rounded down so that what
// touches in the ledger touches in the trace.
func microseconds(t units.Picoseconds) json.Number {
	ns := t / units.Nanosecond
	return json.Number(fmt.Sprintf("%d.%03d", ns/1000, ns%1000))
}

func span(from, to units.Picoseconds) json.Number {
	return microseconds((to/units.Nanosecond - from/units.Nanosecond) * units.Nanosecond)
}

func visible(from, to units.Picoseconds) bool { return to/units.Nanosecond > from/units.Nanosecond }
