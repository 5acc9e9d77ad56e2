package dram

import (
	"maps"
	"slices"
)

// Latency is how long requests took in nanoseconds, from when they arrived, or asked
// to if they are paced, to the end of their data on the bus: those of reads, or of
// writes if nothing was read.
type Latency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// A stopwatch observes one channel and counts how many of its requests took how many
// clocks.
type stopwatch struct {
	channel *Channel
	since   map[uint64]int64 // by the age of a request that waits: clock of its arrival
	reads   map[int64]int64  // by clocks
	writes  map[int64]int64
}

// timeRequests has each request of a memory timed from now on.
func (m *Memory) timeRequests() (list []*stopwatch) {
	for _, c := range m.channels {
		w := &stopwatch{c, map[uint64]int64{}, map[int64]int64{}, map[int64]int64{}}
		w.channel.Observer = w
		list = append(list, w)
	}
	return list
}

func (w *stopwatch) Arrived(clock int64, age uint64, _ bool, _ Place) {
	if stamp := w.channel.stamp; stamp > 0 {
		clock = min(clock, stamp)
	}
	w.since[age] = clock
}

func (w *stopwatch) Issued(int64, Command, int, int32) {}
func (w *stopwatch) Entered(PowerState)                {}

func (w *stopwatch) Served(_ int64, age uint64, write bool, end int64) {
	counts := w.reads
	if write {
		counts = w.writes
	}
	counts[end-w.since[age]]++
	delete(w.since, age)
}

// latencyOf sums up what stopwatches counted.
func latencyOf(s *Spec, stopwatches []*stopwatch) *Latency {
	reads, writes := map[int64]int64{}, map[int64]int64{}
	for _, w := range stopwatches {
		for clocks, n := range w.reads {
			reads[clocks] += n
		}
		for clocks, n := range w.writes {
			writes[clocks] += n
		}
		if n := w.channel.Counters[countForwarded]; n > 0 { // from the write queue, in a clock
			reads[1] += n
		}
	}
	if len(reads) == 0 {
		reads = writes
	}
	return histogram(reads).latency(s)
}

// A histogram counts requests by the clocks that they took.
type histogram map[int64]int64

func (h histogram) latency(s *Spec) *Latency {
	var n, sum int64
	for clocks, count := range h {
		n += count
		sum += clocks * count
	}
	if n == 0 {
		return &Latency{}
	}
	ns := func(clocks float64) float64 { return clocks * float64(s.Clock.Num) / float64(s.Clock.Den) / 1e3 }
	sorted := slices.Sorted(maps.Keys(h))
	return &Latency{
		Mean: ns(float64(sum) / float64(n)),
		P50:  ns(float64(h.rank(sorted, (n+1)/2))),
		P99:  ns(float64(h.rank(sorted, (99*n+99)/100))),
		Max:  ns(float64(sorted[len(sorted)-1])),
	}
}

// rank returns the clocks of the k-th fastest request, from 1.
func (h histogram) rank(sorted []int64, k int64) int64 {
	for _, clocks := range sorted {
		if k -= h[clocks]; k <= 0 {
			return clocks
		}
	}
	return sorted[len(sorted)-1]
}
