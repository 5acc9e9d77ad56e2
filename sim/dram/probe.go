package dram

import (
	"iter"
	"time"

	"github.com/memsim/memsim/units"
)

// Figures are what a probe of a memory answers.
type Figures struct {
	Cycles       int64              `json:"cycles"` // clocks from the first request to the end of the last burst
	RowHits      int64              `json:"row_hits"`
	RowMisses    int64              `json:"row_misses"`
	RowConflicts int64              `json:"row_conflicts"`
	GBps         float64            `json:"gbps"`
	EnergyNJ     float64            `json:"energy_nj"`
	EnergyParts  map[string]float64 `json:"energy_parts_nj"` // by command and state, see Energy.Parts
	Requests     int64              `json:"requests"`
	RequestsPerS float64            `json:"requests_per_s"`       // simulated in a second of the host
	Commands     map[string]int64   `json:"commands"`             // by name, see Counts.Commands
	Latency      *Latency           `json:"latency_ns,omitempty"` // nil: not asked for
}

// A Mover is a memory that batches of extents are moved through: a Memory, or a fast one.
type Mover interface {
	MoveAll(at units.Picoseconds, batches iter.Seq2[Batch, error]) (Transfer, error)
	Now() units.Picoseconds
	Spec() *Spec
}

// Probe moves the requests of a trace through a memory as one transfer, and times that
// with the host's clock; making the requests does not count. A new memory starts at
// its clock 1, as Ramulator counts. With latency, which takes a Memory, each request is
// timed. An error of the requests ends it.
func Probe(m Mover, requests iter.Seq2[[]Request, error], latency bool, now func() time.Time) (Figures, error) {
	s := m.Spec()
	begin := now()
	var making time.Duration
	timed := func(yield func([]Request, error) bool) {
		asked := now()
		for list, err := range requests {
			making += now().Sub(asked)
			if !yield(list, err) {
				return
			}
			asked = now()
		}
		making += now().Sub(asked)
	}
	var stopwatches []*stopwatch
	if slow, ok := m.(*Memory); ok && latency {
		stopwatches = slow.timeRequests()
	}
	t, err := m.MoveAll(max(m.Now(), s.Clock.Time(1)), batches(timed))
	if err != nil {
		return Figures{}, err
	}
	wall := now().Sub(begin) - making
	f := Figures{
		Cycles:       s.Clock.Edge(t.Done) - s.Clock.Edge(t.Start),
		RowHits:      t.Counts.RowHits,
		RowMisses:    t.Counts.RowMisses,
		RowConflicts: t.Counts.RowConflicts,
		EnergyNJ:     float64(t.Energy.Total()) / float64(units.Nanojoule),
		EnergyParts:  map[string]float64{},
		Requests:     t.Counts.Requests(),
		Commands:     t.Counts.Commands(s),
	}
	for _, part := range t.Energy.Parts() {
		f.EnergyParts[part.Name] = float64(part.Energy) / float64(units.Nanojoule)
	}
	if span := (t.Done - t.Start).Seconds(); span > 0 {
		f.GBps = float64(f.Requests) * float64(s.BurstBytes) / span / 1e9
	}
	if wall > 0 {
		f.RequestsPerS = float64(f.Requests) / wall.Seconds()
	}
	if len(stopwatches) > 0 {
		f.Latency = latencyOf(s, stopwatches)
	}
	return f, nil
}
